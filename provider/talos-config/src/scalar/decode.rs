use super::{duration, net, size, url::Url};
use crate::base64;
use crate::tables::{EnumType, Rules, Tables, Type};
use crate::yaml::{Resolved, Scalar, Value, reads_as_text_today, resolve};

/// Reads a scalar as `ty`; `None` for null, which leaves the field as it is. The error says what
/// was expected and of what form it is, never what was there: it may be a secret.
pub(crate) fn decode(ty: &Type, scalar: &Scalar, tables: &Tables) -> Result<Option<Value>, String> {
    let resolved = resolve(scalar)?;
    if resolved == Resolved::Null {
        return Ok(None);
    }
    let rules = tables.rules;
    let text = match &resolved {
        Resolved::Binary(text) => text.as_str(),
        _ => scalar.text.as_str(),
    };
    let unlike = |wanted: &str| format!("expected {wanted}, found {}", resolved.form());
    match ty.pointee() {
        Type::Bool => boolean(&resolved, text)
            .map(Value::Bool)
            .ok_or_else(|| unlike("true or false")),
        Type::Int(least, most) => integer(&resolved, *least, *most, rules).map(Value::Int),
        Type::Duration => nanoseconds(&resolved, text, rules)
            .map(|n| Value::Str(duration::format(n)))
            .ok_or_else(|| "expected a duration such as 30s or 1h30m".to_owned()),
        Type::Enum(index) => enumeration(&tables.enums[*index], text).map(Value::Str),
        Type::PortRange => ports(&resolved, text, rules),
        Type::DiskSize => size::parse_bytes(text)
            .map(|bytes| {
                size::format_disk_size(bytes).map_or_else(|n| Value::Int(n.into()), Value::Str)
            })
            .ok_or_else(|| "expected a size such as 10GB or a number of bytes".to_owned()),
        Type::FileMode => integer(&resolved, 0, u32::MAX.into(), rules)
            .map(|mode| Value::Plain(format!("0o{mode:o}"))),
        Type::Struct(_) | Type::Any | Type::Map(_) => Err(unlike("a mapping")),
        Type::Arg if text.is_empty() => return Ok(None),
        // It is in double quotes whatever others are in.
        Type::Arg if text == "<<" => Ok(Value::Plain("\"<<\"".to_owned())),
        // Talos writes these without the quotes that it gives to texts elsewhere.
        Type::Arg if reads_as_text_today(text) => Ok(Value::Plain(text.to_owned())),
        Type::List(_) => Err(unlike("a list")),
        other
            if matches!(resolved, Resolved::Time(_))
                && !rules.dates_are_texts
                && !reads_any(other) =>
        {
            Err("a date without quotes is no text".to_owned())
        }
        other => textual(other, text, rules).map(Value::Str),
    }
    .map(Some)
}

/// Types that read the scalar's text, whatever it looks like.
fn textual(ty: &Type, text: &str, rules: Rules) -> Result<String, String> {
    let positive = match text.strip_prefix('-') {
        Some(rest) if rules.negative_sizes => rest,
        _ => text,
    };
    let checked = |ok: bool, what: &str| {
        if ok {
            Ok(text.to_owned())
        } else {
            Err(format!("expected {what}"))
        }
    };
    match ty {
        Type::Url if text.is_empty() => Ok(String::new()),
        Type::Url | Type::Endpoint => match Url::parse(text) {
            Ok(url) if !rules.hosts_have_colons && has_bare_ipv6(&url) => {
                Err("expected a URL: its IPv6 address must be in square brackets".to_owned())
            }
            Ok(url) => Ok(url.to_string()),
            Err(why) => Err(format!("expected a URL: it has {why}")),
        },
        Type::ByteSize => checked(
            text.is_empty() || size::parse_bytes(positive).is_some(),
            "a size such as 10GB",
        ),
        Type::Size if text.contains('%') => checked(
            size::is_percentage(positive),
            "a percentage from 0% to 100%",
        ),
        Type::Size => checked(
            text.is_empty() || size::parse_bytes(positive).is_some(),
            "a size such as 10GB or 50%",
        ),
        Type::DiskSizeMatch => {
            let text = text.trim();
            if size::is_size_condition(text) {
                Ok(text.to_owned())
            } else {
                Err("expected a condition such as >= 10GB".to_owned())
            }
        }
        Type::Ip if text.is_empty() => Ok(String::new()),
        Type::Ip => net::parse_addr(text)
            .map(|(addr, zone)| net::format_addr(addr, zone))
            .ok_or_else(|| "expected an IP address".to_owned()),
        Type::Cidr if text.is_empty() => Ok(String::new()),
        Type::Cidr => net::parse_prefix(text)
            .map(|p| format!("{}/{}", net::format_addr(p.addr, ""), p.bits))
            .ok_or_else(|| {
                "expected an address with a prefix length such as 10.0.0.1/24".to_owned()
            }),
        Type::AddrPort if text.is_empty() => Ok(String::new()),
        Type::AddrPort => net::parse_addr_port(text)
            .map(|(addr, zone, port)| {
                address_and_port(&net::format_addr(addr, &zone), addr.is_ipv6(), port)
            })
            .ok_or_else(|| "expected an address with a port such as 10.0.0.1:51820".to_owned()),
        Type::HwAddr => net::format_hardware(text)
            .ok_or_else(|| "expected a hardware address such as 52:54:00:12:34:56".to_owned()),
        Type::Base64Key if text == REMOVED_KEY => Ok(text.to_owned()),
        Type::Base64 | Type::Base64Key => {
            base64::canonical(text).ok_or_else(|| "expected base64".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

/// More than one colon, and no brackets: of these two schemes only Go says that it is no host.
fn has_bare_ipv6(url: &Url) -> bool {
    matches!(url.scheme.as_str(), "http" | "https")
        && !url.host.starts_with(b"[")
        && url.host.iter().filter(|b| **b == b':').count() > 1
}

/// Types that Talos reads from the text itself, whatever YAML takes it for.
fn reads_any(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Enum(_)
            | Type::ByteSize
            | Type::Size
            | Type::Ip
            | Type::Cidr
            | Type::AddrPort
            | Type::HwAddr
            | Type::Cel
    )
}

#[allow(clippy::cast_possible_truncation)] // checked to be whole
fn nanoseconds(resolved: &Resolved, text: &str, rules: Rules) -> Option<i64> {
    match resolved {
        Resolved::Text => duration::parse(text),
        Resolved::Int(0) if rules.zero_durations => Some(0),
        Resolved::Float(value) if rules.decimal_durations && value.fract() == 0.0 => {
            Some(*value as i64)
        }
        _ => None,
    }
}

fn address_and_port(addr: &str, brackets: bool, port: u16) -> String {
    if brackets {
        format!("[{addr}]:{port}")
    } else {
        format!("{addr}:{port}")
    }
}

/// What Talos writes in place of a private key that it takes out.
const REMOVED_KEY: &str = "******";

/// Base64 is written again from the bytes.
fn boolean(resolved: &Resolved, text: &str) -> Option<bool> {
    match (resolved, text) {
        (Resolved::Bool(value), _) => Some(*value),
        (Resolved::Text, "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON") => Some(true),
        (Resolved::Text, "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF") => Some(false),
        _ => None,
    }
}

fn integer(resolved: &Resolved, least: i128, most: i128, rules: Rules) -> Result<i128, String> {
    let value = match resolved {
        Resolved::Int(value) => *value,
        #[allow(clippy::cast_possible_truncation)] // Talos cuts off decimals too
        Resolved::Float(value)
            if value.is_finite() && (rules.decimals_are_cut || value.fract() == 0.0) =>
        {
            *value as i128
        }
        _ => return Err(format!("expected an integer, found {}", resolved.form())),
    };
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(format!("expected an integer from {least} to {most}"))
    }
}

fn enumeration(ty: &EnumType, text: &str) -> Result<String, String> {
    let find = |text: &str| ty.values.iter().find(|v| *v == text).cloned();
    let alias = || {
        ty.aliases
            .iter()
            .find(|(from, _)| from == text)
            .map(|(_, to)| to.clone())
    };
    let lower = || {
        let folded = text.to_lowercase();
        let same = |value: &&String| ty.any_case && value.to_lowercase() == folded;
        ty.values.iter().find(same).cloned()
    };
    find(text).or_else(lower).or_else(alias).ok_or_else(|| {
        let names: Vec<&str> = ty.values.iter().take(12).map(String::as_str).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn ports(resolved: &Resolved, text: &str, rules: Rules) -> Result<Value, String> {
    let range = match integer(resolved, 0, u16::MAX.into(), rules) {
        Ok(port) => return Ok(Value::Int(port)),
        Err(_) => net::parse_ports(text),
    };
    match range {
        Some((low, high)) if low == high => Ok(Value::Int(low.into())),
        Some((low, high)) => Ok(Value::Str(format!("{low}-{high}"))),
        None => Err("expected a port or a range such as 1000-1999".to_owned()),
    }
}

/// Whether a value is what its type is when nobody sets it; decides what is left out.
pub(crate) fn is_zero(ty: &Type, value: &Value, tables: &Tables) -> bool {
    match (ty, value) {
        (Type::Ptr(_), value) => value.is_null(),
        (_, Value::Null) => true,
        (Type::Enum(index), Value::Str(text)) => *text == tables.enums[*index].zero,
        (Type::Duration, Value::Str(text)) => text == "0s",
        (Type::DiskSize, Value::Str(text)) => text == "0 B",
        (Type::Struct(index), Value::Map(map)) => {
            let ty = &tables.structs[*index];
            let empty = |name: &str| {
                let field = ty.field(name);
                map.get(name)
                    .is_none_or(|v| field.is_none_or(|f| !f.keep && is_zero(&f.ty, v, tables)))
            };
            if ty.zero_by.is_empty() {
                map.keys().all(empty)
            } else {
                ty.zero_by.iter().all(|name| empty(name))
            }
        }
        (_, Value::Str(text)) => text.is_empty(),
        (_, Value::Int(number)) => *number == 0,
        (_, Value::Bool(value)) => !value,
        (_, Value::List(items)) => items.is_empty(),
        (_, Value::Map(map)) => map.is_empty(),
        (_, Value::Plain(text)) => text == "0o0",
        (_, Value::Float(_)) => false,
    }
}

/// What Talos writes for a field that is always written and that nobody set.
pub(crate) fn zero(ty: &Type, tables: &Tables) -> Value {
    match ty {
        Type::Ptr(_) | Type::Arg => Value::Null,
        Type::Bool => Value::Bool(false),
        Type::Int(..) | Type::PortRange | Type::DiskSize => Value::Int(0),
        Type::FileMode => Value::Plain("0o0".to_owned()),
        Type::Duration => Value::from("0s"),
        Type::Enum(index) => Value::from(tables.enums[*index].zero.as_str()),
        Type::List(_) => Value::List(Vec::new()),
        Type::Any | Type::Map(_) | Type::Struct(_) => Value::map(),
        _ => Value::from(""),
    }
}
