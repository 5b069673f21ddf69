use super::error::Fault;
use super::typed::Merger;
use crate::scalar;
use crate::tables::{ListKey, StructType, Type};
use crate::yaml::{Map, Value};

const NULL_ITEM: &str = "an item of this list is null, so the list cannot be merged";

/// Merges each item of `right` into the item of `left` that it matches, or appends it.
pub(super) fn merge(
    merger: &mut Merger<'_>,
    item: &Type,
    key: ListKey,
    left: &mut Vec<Value>,
    right: Vec<Value>,
) -> Result<(), Fault> {
    let Type::Struct(index) = item.pointee() else {
        return Ok(());
    };
    let ty = &merger.tables.structs[*index];
    let before = left.len();
    for (from, value) in right.into_iter().enumerate() {
        let Value::Map(new) = value else {
            // Official machinery looks at its key only if there is an item to compare it with.
            if left.is_empty() && value.is_null() && matches!(key, ListKey::Key(_)) {
                left.push(value);
                continue;
            }
            return Err(merger.within_item(from, from, |merger| merger.fault(NULL_ITEM)));
        };
        if let ListKey::Replace(name) = key {
            match last_like(&left[..before], name, &new) {
                Some(at) => left[at] = Value::Map(new),
                None => left.push(Value::Map(new)),
            }
            continue;
        }
        match find(merger, ty, key, left, &new)? {
            Some(at) => {
                if let Some(Value::Map(old)) = left.get_mut(at) {
                    merger.within_item(at, from, |merger| merger.structure(ty, old, new))?;
                }
            }
            None => left.push(Value::Map(new)),
        }
    }
    Ok(())
}

/// The last item that has the same text under a key; no text and an empty one are the same.
fn last_like(items: &[Value], key: &str, new: &Map) -> Option<usize> {
    let text = |map: &Map| {
        let value = map.get(key).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let wanted = text(new);
    items
        .iter()
        .rposition(|item| item.as_map().is_some_and(|map| text(map) == wanted))
}

fn find(
    merger: &Merger<'_>,
    ty: &StructType,
    key: ListKey,
    items: &[Value],
    new: &Map,
) -> Result<Option<usize>, Fault> {
    let matches: Box<dyn Fn(&Map) -> bool> = match key {
        ListKey::Key(name) | ListKey::Replace(name) => {
            let zero = ty.field(name).map(|f| scalar::zero(&f.ty, merger.tables));
            let wanted = new.get(name).cloned().or_else(|| zero.clone());
            Box::new(move |old| old.get(name).or(zero.as_ref()) == wanted.as_ref())
        }
        ListKey::Device => match (new.get("interface"), new.get("deviceSelector")) {
            (Some(Value::Str(name)), _) if !name.is_empty() => {
                let name = name.clone();
                Box::new(move |old| {
                    old.get("interface").and_then(Value::as_str) == Some(name.as_str())
                })
            }
            (_, Some(Value::Map(selector))) => {
                let selector = selector.clone();
                Box::new(
                    move |old| matches!(old.get("deviceSelector"), Some(Value::Map(s)) if same_selector(s, &selector)),
                )
            }
            _ => return Ok(None),
        },
    };
    for (index, item) in items.iter().enumerate() {
        let Value::Map(old) = item else {
            return Err(merger.fault(NULL_ITEM));
        };
        if matches(old) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Talos compares selectors by their texts, and one with `physical` is never equal to another.
fn same_selector(a: &Map, b: &Map) -> bool {
    const TEXTS: [&str; 5] = [
        "busPath",
        "hardwareAddr",
        "permanentAddr",
        "pciID",
        "driver",
    ];
    let text = |map: &Map, key: &str| {
        map.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    !a.contains_key("physical")
        && !b.contains_key("physical")
        && TEXTS.iter().all(|key| text(a, key) == text(b, key))
}
