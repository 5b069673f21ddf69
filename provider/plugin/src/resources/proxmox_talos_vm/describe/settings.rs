//! Name, description, tags, pool, start order and high availability.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use framework::prelude::*;
use proxmox_client::codec::{Properties, Tags};

use super::super::model::{TalosVm, VmHa, VmStartup};
use super::super::sight::Sight;
use super::Scope;
use super::read::{flag, parts, whole};

pub fn settings(model: &mut TalosVm, sight: &Sight, scope: Scope) {
    let text = |key: &str| sight.values.get(key).cloned();
    if let Some(name) = text("name") {
        model.name = name.into();
    }
    model.description = match (model.description.as_str(), text("description")) {
        // A line break at the end comes and goes.
        (Some(ours), seen) if ours.trim_end() == seen.as_deref().unwrap_or("").trim_end() => {
            ours.into()
        }
        (_, seen) => scope.seen(&model.description, seen),
    };
    let tags = text("tags")
        .map(|tags| Tags::parse(&tags).0)
        .unwrap_or_default();
    model.tags = match model.tags.get() {
        Some(ours)
            if ours
                .iter()
                .map(|tag| tag.to_lowercase())
                .collect::<BTreeSet<_>>()
                == tags =>
        {
            model.tags.clone()
        }
        _ => scope.seen(
            &model.tags,
            Some(tags).filter(|tags| scope == Scope::Set || !tags.is_empty()),
        ),
    };
    model.pool = scope.seen(&model.pool, sight.pool.clone());
    model.on_boot = scope.seen_or(&model.on_boot, flag(sight, "onboot"), false);
    model.protection = scope.seen_or(&model.protection, flag(sight, "protection"), false);
    model.startup = match parts(sight, "startup") {
        Some(seen) => scope.seen(
            &model.startup,
            Some(startup(model.startup.get(), &seen, scope)),
        ),
        // One without members asks for nothing.
        None if model.startup.get().is_some_and(is_empty) => model.startup.clone(),
        None => Field::Null,
    };
    model.ha = match &sight.ha {
        Some(seen) => scope.seen(&model.ha, Some(ha(model.ha.get(), seen, scope))),
        None => Field::Null,
    };
    let status = if sight.running { "running" } else { "stopped" };
    model.power_state = status.into();
}

fn is_empty(startup: &VmStartup) -> bool {
    startup.order.is_null() && startup.up_delay.is_null() && startup.down_delay.is_null()
}

fn startup(ours: Option<&VmStartup>, seen: &Properties, scope: Scope) -> VmStartup {
    let ours = ours.cloned().unwrap_or(VmStartup {
        order: Field::Null,
        up_delay: Field::Null,
        down_delay: Field::Null,
    });
    let delay = |ours: &Field<GoDuration>, name: &str| {
        let seen = whole(seen, name).and_then(|seconds| u64::try_from(seconds).ok());
        match (ours.get().map(|ours| ours.value().as_secs()), seen) {
            (Some(ours_seconds), Some(seconds)) if ours_seconds == seconds => ours.clone(),
            _ => scope.seen(
                ours,
                seen.map(|seconds| Duration::from_secs(seconds).into()),
            ),
        }
    };
    VmStartup {
        order: scope.seen(&ours.order, whole(seen, "order")),
        up_delay: delay(&ours.up_delay, "up"),
        down_delay: delay(&ours.down_delay, "down"),
    }
}

fn ha(ours: Option<&VmHa>, seen: &BTreeMap<String, String>, scope: Scope) -> VmHa {
    let none = VmHa {
        state: Field::Null,
        max_restart: Field::Null,
        max_relocate: Field::Null,
        comment: Field::Null,
    };
    let ours = ours.unwrap_or(&none);
    let number = |name: &str| seen.get(name)?.parse().ok();
    VmHa {
        state: scope.seen(&ours.state, seen.get("state").cloned()),
        max_restart: scope.seen(&ours.max_restart, number("max_restart")),
        max_relocate: scope.seen(&ours.max_relocate, number("max_relocate")),
        comment: scope.seen(
            &ours.comment,
            seen.get("comment").map(|text| text.trim_end().to_owned()),
        ),
    }
}
