//! Durations as Go writes them, and the `timeouts` attribute.

use std::time::Duration;

use super::{Field, Lift, Model, TfValue};
use crate::cty::{Path, Type, Value};
use crate::schema::{Attribute, Shape};

/// A duration such as `1h30m` or `250ms`, with the user's spelling kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration {
    value: Duration,
    text: String,
}

impl GoDuration {
    /// Reads Go's notation: numbers with units h, m, s, ms, us, ns. Negative durations are refused.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        let mut total = Duration::ZERO;
        if rest == "0" {
            return Some(Self {
                value: total,
                text: text.to_owned(),
            });
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let number: f64 = rest[..digits].parse().ok()?;
            let unit_length = rest[digits..]
                .find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(rest.len() - digits);
            let (unit, after) = rest[digits..].split_at(unit_length);
            let seconds = match unit {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "\u{b5}s" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
            total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
            rest = after;
        }
        (!text.is_empty()).then(|| Self {
            value: total,
            text: text.to_owned(),
        })
    }

    /// The duration.
    pub fn value(&self) -> Duration {
        self.value
    }

    /// As the user wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Go's canonical spelling: `10m0s`, `1h0m0s`, `1.5s`.
pub fn go_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let rest = seconds % 60;
    let fraction = match duration.subsec_nanos() {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    match (hours, minutes) {
        (0, 0) => format!("{rest}{fraction}s"),
        (0, minutes) => format!("{minutes}m{rest}{fraction}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}{fraction}s"),
    }
}

impl From<Duration> for GoDuration {
    fn from(value: Duration) -> Self {
        Self {
            value,
            text: go_text(value),
        }
    }
}

impl TfValue for GoDuration {
    fn shape() -> Shape {
        Shape::Plain(Type::String)
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        let Value::String(text) = value else {
            return Err(Lift::mismatch("duration string", value));
        };
        Self::parse(text).ok_or_else(|| Lift::Mismatch(Path::root(), format!("{text:?} is no duration; write a number with a unit, such as \"30s\" or \"1h30m\"")))
    }

    fn encode(&self) -> Value {
        Value::string(self.text.as_str())
    }
}

macro_rules! timeouts {
    ($(#[$doc:meta])* $name:ident { $($member:ident: $what:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $(#[doc = $what] pub $member: Field<GoDuration>,)*
        }

        impl TfValue for $name {
            fn shape() -> Shape {
                Shape::Nested(crate::schema::Nesting::Single, Self::attributes())
            }

            fn decode(value: &Value) -> Result<Self, Lift> {
                let object = super::expect_object(value)?;
                Ok(Self { $($member: super::decode_attribute(object, stringify!($member))?,)* })
            }

            fn encode(&self) -> Value {
                Value::object([$((stringify!($member), self.$member.encode()),)*])
            }
        }

        impl Model for $name {
            const DESCRIPTION: &'static str = "How long operations may take.";

            fn attributes() -> Vec<Attribute> {
                vec![$({
                    let mut attribute = Attribute::new(stringify!($member), $what, GoDuration::shape());
                    attribute.optional = true;
                    attribute
                },)*]
            }
        }
    };
}

timeouts! {
    /// The `timeouts` attribute of resources; the framework enforces it.
    Timeouts {
        create: "How long creation may take, as a Go duration such as `10m`.",
        read: "How long a refresh may take, as a Go duration such as `10m`.",
        update: "How long an update may take, as a Go duration such as `10m`.",
        delete: "How long destruction may take, as a Go duration such as `10m`.",
    }
}

timeouts! {
    /// The `timeouts` attribute of data sources; the framework enforces it.
    ReadTimeout {
        read: "How long reading may take, as a Go duration such as `10m`.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_like_go() {
        let read = |text: &str| GoDuration::parse(text).map(|duration| duration.value());
        assert_eq!(read("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(read("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(read("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(read("0"), Some(Duration::ZERO));
        for bad in ["", "10", "-1s", "1d", "s", "1h 2m", "1.2.3s"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(go_text(Duration::from_secs(600)), "10m0s");
        assert_eq!(go_text(Duration::from_secs(3600)), "1h0m0s");
        assert_eq!(go_text(Duration::from_millis(1500)), "1.5s");
    }
}
