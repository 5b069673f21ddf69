use super::fields::{DISK_FIELDS, LINK_FIELDS, VOLUME_FIELDS};
use super::types::{Kind, Type};

/// What an expression can use, and what it must give.
pub(in crate::validate) struct Environment {
    variables: &'static [(&'static str, Variable)],
    /// Families of variables: `PREFIX` and `d_PREFIX` with each ending.
    pressure: bool,
    pub(super) functions: &'static [&'static str],
    units: bool,
    classes: bool,
    pub(super) result: Type,
}

#[derive(Clone, Copy)]
enum Variable {
    Plain(Kind),
    Object(&'static [(&'static str, Kind)]),
    Optional(Kind),
    Duration,
}

pub(in crate::validate) static DISK: Environment = Environment {
    variables: &[
        ("disk", Variable::Object(DISK_FIELDS)),
        ("system_disk", Variable::Plain(Kind::Bool)),
    ],
    pressure: false,
    functions: &["glob"],
    units: true,
    classes: false,
    result: Type::Bool,
};

pub(in crate::validate) static VOLUME: Environment = Environment {
    variables: &[
        ("volume", Variable::Object(VOLUME_FIELDS)),
        ("disk", Variable::Object(DISK_FIELDS)),
    ],
    pressure: false,
    functions: &[],
    units: true,
    classes: false,
    result: Type::Bool,
};

pub(in crate::validate) static LINK: Environment = Environment {
    variables: &[("link", Variable::Object(LINK_FIELDS))],
    pressure: false,
    functions: &["glob", "mac"],
    units: false,
    classes: false,
    result: Type::Bool,
};

pub(in crate::validate) static OOM_TRIGGER: Environment = Environment {
    variables: &[("time_since_trigger", Variable::Duration)],
    pressure: true,
    functions: &["multiply_qos_vectors"],
    units: true,
    classes: true,
    result: Type::Bool,
};

pub(in crate::validate) static OOM_RANKING: Environment = Environment {
    variables: &[
        ("memory_max", Variable::Optional(Kind::Uint)),
        ("memory_current", Variable::Optional(Kind::Uint)),
        ("memory_peak", Variable::Optional(Kind::Uint)),
        ("path", Variable::Plain(Kind::Text)),
        ("class", Variable::Plain(Kind::Int)),
    ],
    pressure: false,
    functions: &[],
    units: true,
    classes: true,
    result: Type::Double,
};

const UNITS: [&str; 12] = [
    "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "kB", "MB", "GB", "TB", "PB", "EB",
];
const CLASSES: [&str; 5] = [
    "Besteffort",
    "Burstable",
    "Guaranteed",
    "Podruntime",
    "System",
];

impl Environment {
    /// The type of a name.
    pub(super) fn variable(&self, name: &str) -> Option<Type> {
        if self.units && UNITS.contains(&name) {
            return Some(Type::Uint);
        }
        if self.classes && CLASSES.contains(&name) {
            return Some(Type::Int);
        }
        if self.pressure
            && let Some(ty) = pressure(name)
        {
            return Some(ty);
        }
        let (_, variable) = self.variables.iter().find(|(known, _)| *known == name)?;
        Some(match variable {
            Variable::Plain(kind) => kind.ty(),
            Variable::Object(fields) => Type::Object(fields),
            Variable::Optional(kind) => Type::Optional(Box::new(kind.ty())),
            Variable::Duration => Type::Duration,
        })
    }
}

/// Memory pressure: `memory_some_avg10` of the machine, `qos_memory_…` by class, `d_…` the change.
fn pressure(name: &str) -> Option<Type> {
    let name = name.strip_prefix("d_").unwrap_or(name);
    let (name, by_class) = match name.strip_prefix("qos_") {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let rest = name.strip_prefix("memory_")?;
    let stalled = rest
        .strip_prefix("some_")
        .or_else(|| rest.strip_prefix("full_"));
    let known = match stalled {
        Some(ending) => matches!(ending, "avg10" | "avg60" | "avg300" | "total"),
        None => by_class && matches!(rest, "current" | "peak" | "max"),
    };
    let map = || Type::Map(Box::new(Type::Int), Box::new(Type::Double));
    known.then(|| if by_class { map() } else { Type::Double })
}
