//! What is on a storage: listing, allocating, removing.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::name::VolumeName;
use super::volume::{Content, Volume};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{bytes_of, percent_decode};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::task::Job;

/// Volumes of a storage, by content type and VM.
pub(crate) fn list(call: &mut Call<'_>) -> Reply {
    let name = call.text("storage").to_owned();
    let storage = call.dc.storage_on(&name, call.node())?.clone();
    let place = call.dc.place(&name, call.node());
    let owner = call
        .args
        .get("vmid")
        .and_then(|vmid| vmid.parse::<u32>().ok());
    let wanted = call.args.get("content");
    let volumes = call.dc.places.get(&place).into_iter().flatten();
    let rows = volumes.filter_map(|(volume_name, volume)| {
        let parsed = VolumeName::parse(&storage, volume_name).ok()?;
        let content = wanted.is_none_or(|content| content == parsed.content);
        let owned = owner.is_none() || owner == parsed.owner;
        (content && owned).then(|| row(&format!("{name}:{volume_name}"), volume, &parsed))
    });
    Ok(rows.collect())
}

fn row(volid: &str, volume: &Volume, name: &VolumeName) -> Value {
    let mut row = json!({
        "volid": volid,
        "content": name.content,
        "format": name.format,
        "size": volume.size,
        "ctime": volume.ctime,
    });
    if let Some(owner) = name.owner {
        row["vmid"] = json!(owner);
        row["used"] = json!(volume.written());
        row["parent"] = json!(volume.parent);
    }
    row
}

/// The volume that a path names, which must be on the storage that it names.
fn named(call: &Call<'_>) -> Reply<(String, VolumeName)> {
    let volume = percent_decode(call.text("volume"), false);
    let storage = call.args.get("storage").unwrap_or_default();
    let volid = match volume.contains(':') {
        true => volume,
        false => format!("{storage}:{volume}"),
    };
    let (own, name) = volid.split_once(':').unwrap_or_default();
    if own != storage && !storage.is_empty() {
        let text = format!("storage ID mismatch ({own} != {storage})\n");
        return Err(Refusal::parameter("volume", text));
    }
    let parsed = VolumeName::parse(call.dc.storage_on(own, call.node())?, name)?;
    Ok((volid, parsed))
}

/// Size and path of a volume.
pub(crate) fn attributes(call: &mut Call<'_>) -> Reply {
    let (volid, name) = named(call)?;
    check_access(call, &volid)?;
    let missing = || Refusal::die(format!("volume_size_info on '{volid}' failed - no format"));
    let volume = call.dc.volume(call.node(), &volid).ok_or_else(missing)?;
    let format = if name.content == "iso" {
        "raw"
    } else {
        &volume.format
    };
    Ok(json!({
        "path": call.dc.path_of(&volid),
        "size": volume.size,
        "used": volume.written(),
        "format": format,
    }))
}

/// Who may look at a volume: whoever may see the storage.
fn check_access(call: &Call<'_>, volid: &str) -> Reply<()> {
    let storage = volid.split(':').next().unwrap_or_default();
    let privileges = ["Datastore.Audit", "Datastore.AllocateSpace"];
    call.check(&format!("/storage/{storage}"), &privileges)
}

/// Makes an empty volume with a name; a name with another VM's number is taken (recorded).
pub(crate) fn allocate(call: &mut Call<'_>) -> Reply {
    let storage_name = call.text("storage").to_owned();
    let node = call.node().to_owned();
    let storage = call.dc.storage_on(&storage_name, &node)?.clone();
    let file = call.text("filename").to_owned();
    let (stem, extension) = file.rsplit_once('.').unwrap_or((&file, ""));
    let vmid = call.vmid();
    let shaped = stem.starts_with("vm-") || stem.starts_with("base-");
    let known = ["raw", "qcow2", "vmdk"].contains(&extension) || !storage.has_files();
    if !shaped || !known {
        let text = format!("unable to parse volume filename '{file}'");
        return Err(Refusal::die(text));
    }
    let format = call.args.get("format").unwrap_or(extension);
    if storage.has_files() && format != extension {
        let text = format!("different storage formats ({format} != {extension})");
        return Err(Refusal::parameter("format", text));
    }
    let name = match storage.has_files() {
        true => format!("{vmid}/{file}"),
        false => file.clone(),
    };
    let size = call.text("size");
    let size = match size.ends_with(['M', 'G']) {
        true => bytes_of(size).unwrap_or_default(),
        false => size.parse::<u64>().unwrap_or_default() << 10,
    };
    call.dc.check_room(&storage_name, &node, 0)?;
    let volume = Volume {
        format: format.to_owned(),
        size,
        content: Content::Blank,
        ctime: call.dc.seconds(),
        parent: None,
    };
    let place = call.dc.place(&storage_name, &node);
    let volumes = call.dc.places.entry(place).or_default();
    if volumes.contains_key(&name) {
        let text = format!("disk image '{}/images/{name}' already exists", storage.path);
        return Err(Refusal::die(text));
    }
    volumes.insert(name.clone(), volume);
    Ok(json!(format!("{storage_name}:{name}")))
}

/// Removing a volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delete {
    node: String,
    volid: String,
}

/// Removes a volume; one that is not there is a task that ends well (recorded).
pub(crate) fn delete(call: &mut Call<'_>) -> Reply {
    let (volid, name) = named(call)?;
    let storage = call.text("storage").to_owned();
    let path = format!("/storage/{storage}");
    match name.owner {
        Some(owner) if call.dc.vms.contains_key(&owner) => {
            call.check(&path, &["Datastore.AllocateSpace"])?;
        }
        _ => call.check(&path, &["Datastore.Allocate"])?,
    }
    let job = Job::Delete(Delete {
        node: call.node().to_owned(),
        volid,
    });
    if call.args.get("delay").is_some() {
        call.dc.work_now(&job)?;
        return Ok(Value::Null);
    }
    let id = match name.owner {
        Some(owner) => format!("{owner}@{storage}"),
        None => storage,
    };
    Ok(call.fork("imgdel", &id, job))
}

impl Delete {
    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let volid = &self.volid;
        if dc.is_base_in_use(&self.node, volid) {
            let text = format!("base volume '{volid}' is still in use by linked cloned");
            return Err(Refusal::die(text));
        }
        if dc.free(&self.node, volid).is_none() {
            log.push(format!("disk image '{}' does not exist", dc.path_of(volid)));
        }
        log.push(format!("Removed volume '{volid}'"));
        Ok(())
    }
}

impl Datacenter {
    /// The file or device behind a volume, as messages name it.
    pub(crate) fn path_of(&self, volid: &str) -> String {
        let (name, rest) = volid.split_once(':').unwrap_or_default();
        let Some(storage) = self.storages.get(name) else {
            return volid.to_owned();
        };
        if !storage.has_files() {
            return format!("/dev/{name}/{rest}");
        }
        let folder = match rest.split_once('/').map_or("", |(folder, _)| folder) {
            "iso" => "template/",
            "import" | "snippets" => "",
            "vztmpl" => "template/cache/",
            _ => "images/",
        };
        format!("{}/{folder}{rest}", storage.path)
    }
}
