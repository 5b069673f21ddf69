//! Where pointers lead to.

use crate::yaml::Value;

pub(super) const MISSING: &str = "the JSON patch points at something that is not there";

pub(super) fn find<'a>(
    root: &'a mut Value,
    path: &[String],
) -> Result<&'a mut Value, &'static str> {
    path.iter().try_fold(root, |place, part| match place {
        Value::Map(map) => map.get_mut(part).ok_or(MISSING),
        Value::List(items) => {
            let index = index(part, items.len())?;
            items.get_mut(index).ok_or(MISSING)
        }
        _ => Err(MISSING),
    })
}

/// The mapping or list that a pointer leads into, and the last part of the pointer.
pub(super) fn container<'a, 'p>(
    root: &'a mut Value,
    path: &'p [String],
) -> Result<(&'a mut Value, &'p str), &'static str> {
    let (last, parents) = path.split_last().ok_or(MISSING)?;
    match find(root, parents)? {
        found @ (Value::Map(_) | Value::List(_)) => Ok((found, last)),
        _ => Err(MISSING),
    }
}

/// What is there; null for a key that is not.
pub(super) fn get<'a>(container: &'a Value, key: &str) -> Result<&'a Value, &'static str> {
    match container {
        Value::Map(map) => Ok(map.get(key).unwrap_or(&Value::Null)),
        Value::List(items) => items.get(index(key, items.len())?).ok_or(MISSING),
        _ => Err(MISSING),
    }
}

/// A position in a list of `len` items; negative ones count from the end.
pub(super) fn index(part: &str, len: usize) -> Result<usize, &'static str> {
    const WRONG: &str = "the JSON patch needs a number for a list's item";
    let number: i64 = part.parse().map_err(|_| WRONG)?;
    let distance = usize::try_from(number.unsigned_abs()).map_err(|_| MISSING)?;
    if number < 0 {
        len.checked_sub(distance).ok_or(MISSING)
    } else {
        Ok(distance)
    }
}
