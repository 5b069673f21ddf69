use super::fields::{
    DISK_FIELDS, DISK_FIELDS_1_14, Entries, LINK_FIELDS, LINK_FIELDS_1_13, LINK_FIELDS_1_14,
    VOLUME_FIELDS, VOLUME_FIELDS_1_12,
};
use super::types::{Kind, Type};
use crate::tables::Line;

/// What an expression can use, and what it must give.
pub(in crate::validate) struct Environment {
    variables: &'static [(&'static str, Variable)],
    objects: [Option<(&'static str, Entries)>; 2],
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
    Optional(Kind),
    Duration,
}

/// Expressions about disks.
pub(in crate::validate) fn disk(line: Line) -> &'static Environment {
    static OLD: Environment = about_disks(DISK_FIELDS);
    static NEW: Environment = about_disks(&DISK_FIELDS_1_14);
    if line.from(14) { &NEW } else { &OLD }
}

const fn about_disks(fields: Entries) -> Environment {
    Environment {
        variables: &[("system_disk", Variable::Plain(Kind::Bool))],
        objects: [Some(("disk", fields)), None],
        pressure: false,
        functions: &["glob"],
        units: true,
        classes: false,
        result: Type::Bool,
    }
}

/// Expressions about volumes that were found.
pub(in crate::validate) fn volume(line: Line) -> &'static Environment {
    static OLD: Environment = about_volumes(VOLUME_FIELDS, DISK_FIELDS);
    static MIDDLE: Environment = about_volumes(&VOLUME_FIELDS_1_12, DISK_FIELDS);
    static NEW: Environment = about_volumes(&VOLUME_FIELDS_1_12, &DISK_FIELDS_1_14);
    match line.minor() {
        ..12 => &OLD,
        12 | 13 => &MIDDLE,
        _ => &NEW,
    }
}

const fn about_volumes(volume: Entries, disk: Entries) -> Environment {
    Environment {
        variables: &[],
        objects: [Some(("volume", volume)), Some(("disk", disk))],
        pressure: false,
        functions: &[],
        units: true,
        classes: false,
        result: Type::Bool,
    }
}

/// Expressions about the members of LVM and RAID, from Talos 1.14 on.
pub(in crate::validate) static MEMBER: Environment = Environment {
    variables: &[
        ("volume_id", Variable::Plain(Kind::Text)),
        ("system_disk", Variable::Plain(Kind::Bool)),
    ],
    objects: [
        Some(("volume", &VOLUME_FIELDS_1_12)),
        Some(("disk", &DISK_FIELDS_1_14)),
    ],
    pressure: false,
    functions: &["glob"],
    units: true,
    classes: false,
    result: Type::Bool,
};

/// Expressions about network links.
pub(in crate::validate) fn link(line: Line) -> &'static Environment {
    static OLD: Environment = about_links(LINK_FIELDS);
    static MIDDLE: Environment = about_links(&LINK_FIELDS_1_13);
    static NEW: Environment = about_links(&LINK_FIELDS_1_14);
    match line.minor() {
        ..13 => &OLD,
        13 => &MIDDLE,
        _ => &NEW,
    }
}

const fn about_links(fields: Entries) -> Environment {
    Environment {
        variables: &[],
        objects: [Some(("link", fields)), None],
        pressure: false,
        functions: &["glob", "mac"],
        units: false,
        classes: false,
        result: Type::Bool,
    }
}

pub(in crate::validate) static OOM_TRIGGER: Environment = Environment {
    objects: [None, None],
    variables: &[("time_since_trigger", Variable::Duration)],
    pressure: true,
    functions: &["multiply_qos_vectors"],
    units: true,
    classes: true,
    result: Type::Bool,
};

pub(in crate::validate) static OOM_RANKING: Environment = Environment {
    objects: [None, None],
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
        let objects = self.objects.iter().flatten();
        if let Some((_, fields)) = objects.into_iter().find(|(known, _)| *known == name) {
            return Some(Type::Object(fields));
        }
        let (_, variable) = self.variables.iter().find(|(known, _)| *known == name)?;
        Some(match variable {
            Variable::Plain(kind) => kind.ty(),
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
