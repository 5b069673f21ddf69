//! The remote object is a file on storages. It is delivered host by host; what lies there is read back, and what an earlier version
//! left behind is removed once no virtual machine names it.

use std::collections::{BTreeMap, BTreeSet};

use framework::prelude::*;
use proxmox_client::{Client, Cx};

use super::deliver::Delivery;
use super::model::TalosImage;
use super::plan::{self, OnHost, Private, volume};
use super::source::{Known, content, file_name, source};
use super::usage;
use crate::provider::{Data, TalosStack, UnreachableDestroy};
use crate::shared::access::Unusable;
use crate::shared::change::text_map;
use crate::shared::{proxmox, report};

/// The resource.
pub struct TalosImageResource;

impl Resource for TalosImageResource {
    type Provider = TalosStack;
    type Model = TalosImage;
    type Private = Private;
    const NAME: &'static str = "proxmox_talos_image";
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(60);

    fn validate(config: &TalosImage, diagnostics: &mut Diagnostics) {
        plan::validate(config, diagnostics);
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        let factory = cx.provider().and_then(|data| data.factory().ok());
        plan::plan(
            cx.provider().map(|data| data.proxmox.check()),
            factory,
            plan,
        );
        Ok(())
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: TalosImage,
        _config: TalosImage,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        deliver(cx, planned, Private::default(), slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: TalosImage,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let name = state.file_name.text().to_owned();
        let client = match cx.provider().proxmox.client() {
            Ok(client) => client,
            Err(problem) => {
                cx.warn(
                    report::skipped(&name),
                    format!("{}; what state holds is kept.", problem.reason()),
                );
                return Ok(Read::state(state, private));
            }
        };
        let calls = proxmox::during(proxmox::REFRESH.min(cx.remaining()), cx.token());
        match observe(&client, &calls, &state).await {
            // What this resource left behind elsewhere is not forgotten with it.
            Ok(seen)
                if seen.present.is_empty()
                    && !seen.missing.is_empty()
                    && private.superseded.is_empty() =>
            {
                return Ok(Read::Gone);
            }
            Ok(seen) => {
                for (node, size) in &seen.replaced {
                    cx.warn(
                        format!("TS-IMAGE-REPLACED: {name}: the file on {node} is another one"),
                        format!("It has {size} bytes now. It is left alone; remove it to have the image delivered again."),
                    );
                }
                note(&mut state, &mut private, seen);
            }
            Err(error) => cx.warn(proxmox::kept(&name, &error), error.detail()),
        }
        state.id = state.file_id.clone();
        Ok(Read::state(state, private))
    }

    async fn update(
        cx: &ApplyCx<Self>,
        prior: TalosImage,
        planned: TalosImage,
        _config: TalosImage,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let mut private = cx.private().clone();
        if planned.file_ids == prior.file_ids
            && planned.size_bytes.is_known()
            && private.lacking().is_empty()
        {
            // Only what is not about the file changed.
            slot.set(planned);
            return Ok(());
        }
        private.superseded.extend(private.own(&prior));
        deliver(cx, planned, private, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: TalosImage,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let name = state.file_name.text().to_owned();
        let client = match cx.provider().proxmox.client() {
            Ok(client) => client,
            Err(problem) => {
                return forget(
                    cx.provider(),
                    &name,
                    &problem.diagnostic(&name).into(),
                    slot,
                );
            }
        };
        let calls = proxmox::during(cx.remaining().min(proxmox::DESTROY * 4), cx.token());
        let mut volumes = cx.private().superseded.clone();
        volumes.extend(cx.private().own(&state));
        let mut left = usage::remove_unused(&client, &calls, volumes).await;
        for (node, volume) in &left.used {
            slot.warn(
                format!("TS-IMAGE-IN-USE: {name}: {volume} was left on {node}"),
                "A virtual machine has it in a drive, and could not start again without it. Remove it when that is over.",
            );
        }
        if let Some((summary, detail)) = unseen(&name, &left.unseen) {
            slot.warn(summary, detail);
        }
        match left.error.take() {
            None => Ok(()),
            Some(error) if error.code.is_out_of_reach() => {
                forget(cx.provider(), &name, &proxmox::error(&name, &error), slot)
            }
            Some(error) => Err(proxmox::error(&name, &error)),
        }
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(TalosImage, Private), Error> {
        let client = proxmox::client(cx.provider(), id)?;
        let calls = proxmox::during(cx.remaining(), cx.token());
        import(&client, &calls, id).await
    }
}

/// Delivers the file to each host in turn; state knows of each as soon as it is there.
async fn deliver(
    cx: &ApplyCx<TalosImageResource>,
    planned: TalosImage,
    mut private: Private,
    slot: &mut Slot<TalosImageResource>,
) -> Result<(), Error> {
    let data = cx.provider();
    let about = planned
        .file_name
        .cloned()
        .or_else(|| file_name(&planned))
        .unwrap_or_default();
    let factory = if planned.factory.is_known() {
        Some(
            data.factory()
                .map_err(|problem| problem.diagnostic(&about))?,
        )
    } else {
        None
    };
    let source = match source(&planned, factory) {
        Known::Source(source) => source,
        Known::Placeholder(attribute) => {
            return Err(Unusable::Placeholder(attribute).diagnostic(&about).into());
        }
        Known::Unknown => return Err(Unusable::Unknown.diagnostic(&about).into()),
    };
    let mut state = planned.clone();
    state.file_name = about.as_str().into();
    state.file_id = volume(state.storage.text(), &about).into();
    state.id = state.file_id.clone();
    let model = state.clone();
    let mut delivery = Delivery {
        cx,
        client: proxmox::client(data, &about)?,
        calls: proxmox::during(cx.remaining(), cx.token()),
        model: &model,
        source,
        local: None,
    };
    let targets = targets(&delivery.client, &delivery.calls, &planned)
        .await
        .map_err(|error| delivery.error(&error))?;
    let volume = state.file_id.text().to_owned();
    // A name that follows from what an image of the factory is belongs to nobody else.
    let chosen = planned.factory.is_null() || Some(&about) != file_name(&planned).as_ref();
    private
        .files
        .retain(|node, file| file.volume == volume && targets.all.contains(node));
    private.missing.clear();
    private.undone = targets.all.clone();
    for node in &targets.deliver {
        let same = if targets.shared {
            targets.all.clone()
        } else {
            BTreeSet::from([node.clone()])
        };
        let known = same.iter().find_map(|node| private.files.get(node));
        let done = delivery.to(node, known).await?;
        let file = OnHost {
            volume: volume.clone(),
            size: done.size,
            adopted: done.found && known.map_or(chosen, |known| known.adopted),
            digests: done.digests,
        };
        for node in same {
            private.undone.remove(&node);
            private.files.insert(node, file.clone());
        }
        state.size_bytes = i64::try_from(done.size).unwrap_or(i64::MAX).into();
        let hosts = private.files.keys().cloned();
        state.file_ids = text_map(hosts.map(|node| (node, volume.clone())).collect());
        state.sha256 = private.sha256().into();
        slot.set(state.clone());
        slot.private(private.clone());
    }
    let old = std::mem::take(&mut private.superseded);
    let stays = |node: &String| targets.shared || private.files.contains_key(node);
    let old = old
        .into_iter()
        .filter(|(node, other)| *other != volume || !stays(node))
        .collect();
    let left = usage::remove_unused(&delivery.client, &delivery.calls, old).await;
    if let Some((summary, detail)) = unseen(&about, &left.unseen) {
        slot.warn(summary, detail);
    }
    if let Some(error) = &left.error {
        slot.warn(
            proxmox::summary(&about, error),
            format!(
                "The new image is there; what it takes the place of was not removed and will be by the next change, or when this is destroyed.\n{}",
                error.detail()
            ),
        );
    }
    private.superseded = left.all().into_iter().collect();
    slot.set(state);
    slot.private(private);
    Ok(())
}

struct Targets {
    /// Hosts that the file is brought to.
    deliver: Vec<String>,
    /// Hosts that have it then.
    all: BTreeSet<String>,
    shared: bool,
}

/// The hosts that are set, or all that are online and have the storage.
async fn targets(
    client: &Client,
    calls: &Cx,
    model: &TalosImage,
) -> proxmox_client::Result<Targets> {
    let storage = model.storage.text();
    let set = model.nodes.cloned();
    let mut all = BTreeSet::new();
    let mut shared = false;
    let mut unknown = None;
    for node in client.nodes(calls).await? {
        if !set.as_ref().is_none_or(|set| set.contains(&node.name))
            || (set.is_none() && !node.online)
        {
            continue;
        }
        match client.storage(calls, &node.name, storage).await {
            Ok(found) => {
                shared = shared || found.shared;
                all.insert(node.name);
            }
            Err(error) if error.code == proxmox_client::Code::StorageUnknown && set.is_none() => {
                unknown = Some(error)
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(missing) = set.iter().flatten().find(|node| !all.contains(*node)) {
        return Err(proxmox_client::Error::found(
            proxmox_client::Code::HostUnknown,
            format!("looking for {missing}"),
            "the cluster has no such host",
        )
        .caused_by(format!(
            "`nodes` names {missing}, and the cluster does not have it"
        )));
    }
    match (all.is_empty(), unknown) {
        (true, Some(error)) => return Err(error),
        (true, None) => {
            return Err(proxmox_client::Error::found(
                proxmox_client::Code::HostOffline,
                format!("looking for a host with storage {storage}"),
                "no host is online",
            ));
        }
        _ => {}
    }
    let deliver = if shared {
        all.iter().take(1).cloned().collect()
    } else {
        all.iter().cloned().collect()
    };
    Ok(Targets {
        deliver,
        all,
        shared,
    })
}

#[derive(Default)]
struct Seen {
    present: BTreeSet<String>,
    missing: BTreeSet<String>,
    replaced: BTreeMap<String, u64>,
}

/// Looks for the file on every host that should have it. A host that is offline is not asked.
async fn observe(client: &Client, calls: &Cx, state: &TalosImage) -> proxmox_client::Result<Seen> {
    let (storage, name) = (state.storage.text(), state.file_name.text());
    let mut seen = Seen::default();
    let online: BTreeSet<String> = client
        .nodes(calls)
        .await?
        .into_iter()
        .filter(|node| node.online)
        .map(|node| node.name)
        .collect();
    let hosts = state.file_ids.get().into_iter().flat_map(BTreeMap::keys);
    for node in hosts {
        if !online.contains(node) {
            seen.present.insert(node.clone());
            continue;
        }
        let volumes = client
            .volumes(calls, node, storage, content(name).unwrap_or("iso"))
            .await?;
        match volumes
            .into_iter()
            .find(|found| Some(found.volid.as_str()) == state.file_id.as_str())
        {
            None => {
                seen.missing.insert(node.clone());
            }
            Some(found) => {
                seen.present.insert(node.clone());
                if state
                    .size_bytes
                    .get()
                    .is_some_and(|size| u64::try_from(*size).ok() != Some(found.size))
                {
                    seen.replaced.insert(node.clone(), found.size);
                }
            }
        }
    }
    Ok(seen)
}

/// Keeps what a refresh saw. What was said of the content of a file that was replaced is not true any more.
fn note(state: &mut TalosImage, private: &mut Private, seen: Seen) {
    private.missing = seen.missing;
    for node in seen.replaced.keys() {
        if let Some(file) = private.files.get_mut(node) {
            file.digests.clear();
        }
        state.sha256 = Field::Null;
    }
}

/// A volume that is there: `local:iso/talos.iso`.
async fn import(client: &Client, calls: &Cx, id: &str) -> Result<(TalosImage, Private), Error> {
    let parts = id
        .split_once(':')
        .and_then(|(storage, rest)| Some((storage, rest.split_once('/')?.1)));
    let Some((storage, name)) = parts.filter(|(_, name)| content(name).is_some()) else {
        return Err(Error::new(
            format!("TS-IMPORT: {id:?} names no image"),
            "Write the import id as the volume: local:iso/talos.iso.",
        ));
    };
    let mut model = TalosImage::absent();
    model.storage = storage.into();
    model.file_name = name.into();
    model.file_id = id.into();
    model.id = id.into();
    let mut files = BTreeMap::new();
    let failed = |error: proxmox_client::Error| proxmox::error(id, &error);
    let online = client
        .nodes(calls)
        .await
        .map_err(failed)?
        .into_iter()
        .filter(|node| node.online);
    for node in online {
        let Ok(volumes) = client
            .volumes(calls, &node.name, storage, content(name).unwrap_or("iso"))
            .await
        else {
            continue;
        };
        if let Some(found) = volumes.into_iter().find(|found| found.volid == id) {
            model.size_bytes = i64::try_from(found.size).unwrap_or(i64::MAX).into();
            let file = OnHost {
                volume: id.to_owned(),
                size: found.size,
                adopted: true,
                digests: plan::Digests::new(),
            };
            files.insert(node.name, file);
        }
    }
    if files.is_empty() {
        return Err(Error::new(
            format!("TS-IMPORT: there is no {id}"),
            "No host that is online has this volume, or the token does not see it.",
        ));
    }
    model.file_ids = text_map(
        files
            .keys()
            .map(|node| (node.clone(), id.to_owned()))
            .collect(),
    );
    let private = Private {
        files,
        ..Private::default()
    };
    Ok((model, private))
}

/// What is told of files that another cluster may need, if there are any.
fn unseen(name: &str, places: &[usage::Place]) -> Option<(String, String)> {
    if places.is_empty() {
        return None;
    }
    let listed: Vec<String> = places
        .iter()
        .map(|(node, volume)| format!("{volume} on {node}"))
        .collect();
    Some((
        format!("TS-IMAGE-KEPT: {name}: files of the image were not removed"),
        format!(
            "Left: {}\nCause: the API token sees only some of the virtual machines, and one that it does not see may have the file in a \
             drive and could not start again without it.\n\
             Cure: give the token (and, with privilege separation, its user) VM.Audit on /vms with propagation, for instance \
             pveum acl modify /vms --tokens 'USER@REALM!NAME' --roles PVEAuditor; or remove the file by hand (pvesm free VOLUME) once \
             no machine needs it.",
            listed.join(", ")
        ),
    ))
}

/// The provider decides whether what cannot be reached is left behind.
fn forget(
    data: &Data,
    name: &str,
    error: &Error,
    slot: &mut Slot<TalosImageResource>,
) -> Result<(), Error> {
    if data.unreachable_destroy == UnreachableDestroy::Error {
        return Err(error.clone());
    }
    slot.warn(
        format!("TS-LEFT-BEHIND: {name}: the image was not removed"),
        "Proxmox VE cannot be reached, and `on_unreachable_destroy` is \"forget\". The file is still there.",
    );
    Ok(())
}
