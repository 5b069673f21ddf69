//! Import of a volume that is there.

use std::collections::BTreeMap;

use framework::prelude::*;
use proxmox_client::{Client, Cx};

use super::model::TalosImage;
use super::plan::{Digests, OnHost, Private};
use super::source::content;
use crate::shared::change::text_map;
use crate::shared::proxmox;

/// A volume that is there: `local:iso/talos.iso`.
pub async fn import(client: &Client, calls: &Cx, id: &str) -> Result<(TalosImage, Private), Error> {
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
                digests: Digests::new(),
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
