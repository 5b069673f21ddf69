//! The tables compared with the schema that Proxmox VE 9.1 publishes.
//!
//! The schema is no part of this repository. `TALOS_STACK_PVE_SCHEMA` names the file (a list of
//! paths with their methods); without it the test says that it was skipped.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::table::{Guard, Kind, Method, Property, schema};

/// Parameters that the published file lost because their name is `description`.
const LOST: [&str; 1] = ["description"];
/// Paths that the file does not hold.
const ABSENT: [&str; 1] = ["/"];

#[test]
fn tables_are_those_that_are_published() {
    let Ok(path) = std::env::var("TALOS_STACK_PVE_SCHEMA") else {
        println!("skipped: 1 (TALOS_STACK_PVE_SCHEMA names no schema)");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let published: Vec<Value> = serde_json::from_str(&text).unwrap();
    let by_path: BTreeMap<&str, &Value> = published
        .iter()
        .map(|entry| (entry["path"].as_str().unwrap(), &entry["info"]))
        .collect();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for method in &schema().methods {
        if ABSENT.contains(&method.path.as_str()) {
            continue;
        }
        let Some(info) = by_path.get(method.path.as_str()) else {
            wrong.push(format!("{} {} is not published", method.verb, method.path));
            continue;
        };
        compared += 1;
        let theirs = &info[method.verb.as_str()];
        let place = format!("{} {}", method.verb, method.path);
        wrong.extend(parameters(method, theirs).map(|text| format!("{place}: {text}")));
        wrong.extend(guard(method, theirs).map(|text| format!("{place}: {text}")));
    }
    println!("{compared} methods compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn parameters<'a>(method: &'a Method, theirs: &'a Value) -> impl Iterator<Item = String> {
    let none = serde_json::Map::new();
    let theirs = theirs["parameters"]["properties"]
        .as_object()
        .unwrap_or(&none);
    let names: BTreeSet<String> = method.properties.iter().map(written).collect();
    let published: BTreeSet<String> = theirs.keys().cloned().collect();
    let mut wrong: Vec<String> = published
        .difference(&names)
        .map(|name| format!("{name} is missing"))
        .collect();
    let more = names
        .difference(&published)
        .filter(|name| !LOST.contains(&name.as_str()));
    wrong.extend(more.map(|name| format!("{name} is not published")));
    for property in &method.properties {
        if let Some(theirs) = theirs.get(&written(property)) {
            wrong.extend(compare(property, theirs));
        }
    }
    wrong.into_iter()
}

/// The name as the file has it.
fn written(property: &Property) -> String {
    match property.index {
        Some(_) => format!("{}[n]", property.name),
        None => property.name.clone(),
    }
}

fn compare(property: &Property, theirs: &Value) -> Vec<String> {
    let name = written(property);
    let mut wrong = Vec::new();
    let mut same = |what: &str, own: String, published: String| {
        if own != published {
            wrong.push(format!("{name}: {what} {own}, not {published}"));
        }
    };
    let alias = theirs["alias"]
        .as_str()
        .filter(|_| theirs["type"].is_null());
    same(
        "alias",
        format!("{:?}", property.alias.as_deref()),
        format!("{alias:?}"),
    );
    if alias.is_some() {
        let key = theirs["keyAlias"].as_str();
        same(
            "key",
            format!("{:?}", property.key_alias.as_deref()),
            format!("{key:?}"),
        );
        return wrong;
    }
    let kind = match property.kind {
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::List => "array",
        Kind::String | Kind::Alias => "string",
    };
    same(
        "type",
        kind.into(),
        theirs["type"].as_str().unwrap_or("string").into(),
    );
    same(
        "optional",
        property.optional.to_string(),
        truth(&theirs["optional"]).to_string(),
    );
    same(
        "bare",
        property.bare.to_string(),
        truth(&theirs["default_key"]).to_string(),
    );
    for (what, own, key) in [
        ("minimum", property.minimum, "minimum"),
        ("maximum", property.maximum, "maximum"),
    ] {
        same(
            what,
            format!("{own:?}"),
            format!("{:?}", number(&theirs[key])),
        );
    }
    for (what, own, key) in [
        ("shortest", property.shortest, "minLength"),
        ("longest", property.longest, "maxLength"),
    ] {
        same(
            what,
            format!("{own:?}"),
            format!("{:?}", theirs[key].as_u64()),
        );
    }
    same(
        "requires",
        format!("{:?}", property.requires.as_deref()),
        format!("{:?}", theirs["requires"].as_str()),
    );
    let one: Vec<String> = theirs["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .map(plain)
        .collect();
    same("values", format!("{:?}", property.one), format!("{one:?}"));
    same(
        "pattern",
        property.pattern.is_some().to_string(),
        (!theirs["pattern"].is_null()).to_string(),
    );
    wrong.extend(format(property, &name, theirs));
    wrong
}

fn truth(value: &Value) -> bool {
    value.as_u64() == Some(1)
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A format is a name, or keys of its own.
fn format(property: &Property, name: &str, theirs: &Value) -> Vec<String> {
    let theirs = match property.kind {
        Kind::List => &theirs["items"]["format"],
        _ => &theirs["format"],
    };
    let Some(keys) = theirs.as_object() else {
        let (own, published) = (property.format.as_deref(), theirs.as_str());
        return match own == published {
            true => Vec::new(),
            false => vec![format!("{name}: format {own:?}, not {published:?}")],
        };
    };
    let own = property
        .format
        .as_ref()
        .and_then(|format| schema().formats.get(format));
    let Some(own) = own else {
        return vec![format!("{name}: has no keys")];
    };
    let known: BTreeSet<&String> = own.iter().map(|own| &own.name).collect();
    let published: BTreeSet<&String> = keys.keys().collect();
    let mut wrong: Vec<String> = published
        .difference(&known)
        .map(|key| format!("{name}.{key} is missing"))
        .collect();
    let more = known
        .difference(&published)
        .filter(|key| !LOST.contains(&key.as_str()));
    wrong.extend(more.map(|key| format!("{name}.{key} is not published")));
    let both = own
        .iter()
        .filter_map(|own| Some((own, keys.get(&own.name)?)));
    wrong.extend(
        both.flat_map(|(own, theirs)| compare(own, theirs))
            .map(|text| format!("{name}.{text}")),
    );
    wrong
}

fn guard(method: &Method, theirs: &Value) -> Option<String> {
    let permissions = &theirs["permissions"];
    let check = permissions["check"].as_array();
    let published = match (permissions["user"].as_str(), check) {
        (Some("world"), _) => Guard::World,
        (Some("all"), None) => Guard::AnyUser,
        (_, Some(check))
            if check[0] == "perm" && !check.iter().any(|part| part == "require_param") =>
        {
            let names: Vec<String> = check[2].as_array()?.iter().map(plain).collect();
            let any = check.iter().any(|part| part == "any");
            Guard::Privileges(plain(&check[1]), names.clone(), !any && names.len() > 1)
        }
        _ => Guard::Code,
    };
    (published != method.guard).then(|| format!("may call {:?}, not {published:?}", method.guard))
}
