//! Bringing the file to its hosts, one after the other, and removing what it takes the place of.

mod host;

use framework::prelude::*;

use self::host::Delivery;
use super::TalosImageResource;
use super::hosts::{Targets, targets};
use super::model::TalosImage;
use super::plan::{OnHost, Private, volume};
use super::source::{Known, Source, file_name, source};
use super::usage::{self, Stopped};
use crate::provider::Data;
use crate::shared::access::Unusable;
use crate::shared::change::text_map;
use crate::shared::proxmox;

/// Delivers the file to each host in turn; state knows of each as soon as it is there.
pub async fn deliver(
    cx: &ApplyCx<TalosImageResource>,
    planned: &TalosImage,
    mut private: Private,
    slot: &mut Slot<TalosImageResource>,
) -> Result<(), Error> {
    let mut delivery = prepare(cx, planned)?;
    let targets = targets(&delivery.client, &delivery.calls, planned)
        .await
        .map_err(|error| delivery.error(&error))?;
    let volume = delivery.volume();
    // A name that follows from what an image of the factory is belongs to nobody else.
    let chosen =
        planned.factory.is_null() || delivery.model.file_name.cloned() != file_name(planned);
    private.expect(&volume, &targets.all);
    let mut state = delivery.model.clone();
    for node in &targets.deliver {
        let same = targets.same_place(node);
        let known = same.iter().find_map(|node| private.files.get(node));
        let done = delivery.to(node, known).await?;
        let file = OnHost {
            volume: volume.clone(),
            size: done.size,
            adopted: done.found && known.map_or(chosen, |known| known.adopted),
            digests: done.digests,
        };
        private.record(same, &file);
        state.size_bytes = i64::try_from(file.size).unwrap_or(i64::MAX).into();
        let hosts = private.files.keys().cloned();
        state.file_ids = text_map(hosts.map(|node| (node, volume.clone())).collect());
        state.sha256 = private.sha256().into();
        slot.set(state.clone());
        slot.private(private.clone());
    }
    sweep(&delivery, &targets, &mut private, slot).await;
    slot.set(state);
    slot.private(private);
    Ok(())
}

/// Everything that is known before anybody is asked.
fn prepare<'a>(
    cx: &'a ApplyCx<TalosImageResource>,
    planned: &TalosImage,
) -> Result<Delivery<'a>, Error> {
    let data = cx.provider();
    let name = planned.file_name.cloned().or_else(|| file_name(planned));
    let name = name.unwrap_or_default();
    let mut model = planned.clone();
    model.file_name = name.as_str().into();
    model.file_id = volume(planned.storage.text(), &name).into();
    model.id = model.file_id.clone();
    Ok(Delivery {
        cx,
        source: origin(data, planned, &name)?,
        client: proxmox::client(data, &name)?,
        calls: proxmox::during(cx.remaining(), cx.token()),
        model,
        local: None,
    })
}

/// Where the file comes from.
fn origin(data: &Data, planned: &TalosImage, name: &str) -> Result<Source, Error> {
    let factory = match planned.factory.is_known() {
        true => Some(data.factory().map_err(|problem| problem.diagnostic(name))?),
        false => None,
    };
    match source(planned, factory) {
        Known::Source(source) => Ok(source),
        Known::Placeholder(attribute) => {
            Err(Unusable::Placeholder(attribute).diagnostic(name).into())
        }
        Known::Unknown => Err(Unusable::Unknown.diagnostic(name).into()),
    }
}

/// Removes what the file takes the place of. What cannot be removed is told, and left to the next change.
async fn sweep(
    delivery: &Delivery<'_>,
    targets: &Targets,
    private: &mut Private,
    slot: &mut Slot<TalosImageResource>,
) {
    let (name, volume) = (delivery.model.file_name.text(), delivery.volume());
    let old = std::mem::take(&mut private.superseded);
    let stays = |node: &String| targets.shared || private.files.contains_key(node);
    let old = old
        .into_iter()
        .filter(|(node, other)| *other != volume || !stays(node))
        .collect();
    let left = usage::remove_unused(&delivery.client, &delivery.calls, old).await;
    if let Some((summary, detail)) = left.told_unseen(name) {
        slot.warn(summary, detail);
    }
    if let Some(error) = left.error.as_ref().map(Stopped::error) {
        slot.warn(
            proxmox::summary(name, error),
            format!(
                "The new image is there; what it takes the place of was not removed and will be by the next change, or when this is destroyed.\n{}",
                error.detail()
            ),
        );
    }
    private.superseded = left.all().into_iter().collect();
}
