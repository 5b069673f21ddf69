//! Values of Proxmox VE as types.

use std::collections::BTreeSet;

use proxmox_client::codec::{Properties, format_of, slot};

use super::super::sight::Sight;

pub fn flag(sight: &Sight, key: &str) -> Option<bool> {
    sight.values.get(key).map(|value| value == "1")
}

pub fn number(sight: &Sight, key: &str) -> Option<i64> {
    sight.values.get(key)?.parse().ok()
}

pub fn float(text: Option<&str>) -> Option<f64> {
    text?.parse().ok()
}

pub fn parts(sight: &Sight, key: &str) -> Option<Properties> {
    format_of(key)?.parse(sight.values.get(key)?).ok()
}

pub fn part(parts: &Properties, name: &str) -> Option<String> {
    parts.get(name).map(str::to_owned)
}

pub fn whole(parts: &Properties, name: &str) -> Option<i64> {
    parts.get(name)?.parse().ok()
}

pub fn on(parts: &Properties, name: &str) -> Option<bool> {
    parts.get(name).map(|value| value == "1")
}

pub fn set_of(text: &str) -> BTreeSet<String> {
    text.split(';')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

pub fn family(key: &str) -> &'static str {
    slot(key).map_or("", |(family, _)| family)
}
