//! Virtual machines of the fake.

use proxmox_client::codec::{Size, format_of, is_drive, slot};
use proxmox_client::testing::{Asked, Reply};
use serde_json::{Value, json};

use super::{FakeVm, World};

impl World {
    pub(super) fn qemu(&mut self, asked: &Asked, node: &str, rest: &[&str]) -> Reply {
        let Some((vmid, rest)) = rest.split_first() else {
            return self.create(asked, node);
        };
        let vmid: u32 = vmid.parse().unwrap();
        if self.vms.get(&vmid).is_none_or(|vm| vm.node != node) {
            return Reply::error(
                500,
                &format!(
                    "Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist"
                ),
            );
        }
        match (asked.method.as_str(), rest) {
            ("GET", ["config"]) => Reply::data(self.config(vmid)),
            ("GET", ["pending"]) => Reply::data(self.pending(vmid)),
            ("GET", ["status", "current"]) => Reply::data(status(vmid, &self.vms[&vmid])),
            ("POST", ["config"]) => self.configure(asked, vmid),
            ("PUT", ["resize"]) => self.resize(asked, vmid),
            ("POST", ["status", what]) => self.power(vmid, what),
            ("DELETE", []) if self.vms[&vmid].running => {
                Reply::error(500, &format!("VM {vmid} is running - destroy failed"))
            }
            ("DELETE", [])
                if self.vms[&vmid]
                    .values
                    .get("protection")
                    .is_some_and(|on| on == "1") =>
            {
                Reply::error(
                    500,
                    &format!("can't remove VM {vmid} - protection mode enabled"),
                )
            }
            ("DELETE", []) => {
                self.vms.remove(&vmid);
                self.volumes
                    .retain(|volume, _| !volume.contains(&format!(":vm-{vmid}-")));
                self.task("qmdestroy", &vmid.to_string(), "OK")
            }
            _ => Reply::error(501, "not implemented"),
        }
    }

    fn create(&mut self, asked: &Asked, node: &str) -> Reply {
        let vmid: u32 = asked.get("vmid").unwrap().parse().unwrap();
        assert_eq!(asked.get("start"), Some("0"), "machines are made stopped");
        if self.vms.contains_key(&vmid) {
            return Reply::error(
                500,
                &format!("unable to create VM {vmid} - VM {vmid} already exists on node '{node}'"),
            );
        }
        let mut vm = FakeVm {
            node: node.to_owned(),
            ..FakeVm::default()
        };
        for (key, value) in asked
            .parameters
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "vmid" | "start"))
        {
            match self.allocated(vmid, key, value) {
                Ok(value) => vm.values.insert(key.clone(), value),
                Err(reply) => return *reply,
            };
        }
        vm.values.insert(
            "meta".to_owned(),
            format!(
                "creation-qemu=10.0.2,ctime={}",
                0x6B00_0000 + self.changes + 1
            ),
        );
        self.vms.insert(vmid, vm);
        self.task("qmcreate", &vmid.to_string(), "OK")
    }

    /// A value as it is kept: new disks have become volumes.
    fn allocated(&mut self, vmid: u32, key: &str, value: &str) -> Result<String, Box<Reply>> {
        let is_disk = is_drive(key) || matches!(key, "efidisk0" | "tpmstate0");
        let Some(format) = format_of(key) else {
            return Ok(value.to_owned());
        };
        let mut parts = format
            .parse(value)
            .unwrap_or_else(|error| panic!("{key}={value}: {error}"));
        let file = parts.get("file").unwrap_or_default().to_owned();
        let Some((storage, size)) = file.split_once(':').filter(|_| is_disk) else {
            return Ok(value.to_owned());
        };
        if !self.storages.contains_key(storage) {
            return Err(Box::new(Reply::error(
                500,
                &format!("storage '{storage}' does not exist"),
            )));
        }
        let Ok(gib) = size.parse::<u64>() else {
            return Ok(format.print(&parts));
        };
        let gib = if parts.get("import-from").is_some() {
            2
        } else {
            gib
        };
        let number = (0..)
            .find(|number| {
                !self
                    .volumes
                    .contains_key(&format!("{storage}:vm-{vmid}-disk-{number}"))
            })
            .unwrap();
        let volume = format!("{storage}:vm-{vmid}-disk-{number}");
        self.volumes.insert(volume.clone(), gib << 30);
        parts.remove("import-from");
        parts.set("file", volume);
        parts.set("size", Size(gib << 30));
        Ok(format.print(&parts))
    }

    fn merged(&self, vmid: u32) -> std::collections::BTreeMap<String, String> {
        let vm = &self.vms[&vmid];
        let mut values = vm.values.clone();
        for (key, pending) in &vm.pending {
            match pending {
                Some(value) => values.insert(key.clone(), value.clone()),
                None => values.remove(key),
            };
        }
        values
    }

    fn digest(&self, vmid: u32) -> String {
        let all = format!("{:?}{:?}", self.vms[&vmid].values, self.vms[&vmid].pending);
        format!(
            "{:x}",
            all.bytes().fold(7u64, |sum, byte| sum
                .wrapping_mul(31)
                .wrapping_add(u64::from(byte)))
        )
    }

    fn config(&mut self, vmid: u32) -> Value {
        let vm = self.vms.get_mut(&vmid).unwrap();
        if vm.making > 0 {
            vm.making -= 1;
            return json!({"lock": "create", "digest": "0"});
        }
        let mut data = json!(self.merged(vmid));
        data["digest"] = json!(self.digest(vmid));
        data
    }

    fn pending(&self, vmid: u32) -> Value {
        let vm = &self.vms[&vmid];
        let rows = vm
            .values
            .iter()
            .filter(|(key, _)| !vm.pending.contains_key(*key))
            .map(|(key, value)| json!({"key": key, "value": value}));
        let waiting = vm.pending.iter().map(|(key, pending)| match pending {
            Some(value) => json!({"key": key, "value": vm.values.get(key), "pending": value}),
            None => json!({"key": key, "value": vm.values.get(key), "delete": 1}),
        });
        rows.chain(waiting).collect()
    }

    fn configure(&mut self, asked: &Asked, vmid: u32) -> Reply {
        if asked.get("digest") != Some(&self.digest(vmid)) {
            return Reply::error(500, "checksum mismatch (file change by other user?)");
        }
        let mut changes: Vec<(String, Option<String>)> = Vec::new();
        for (key, value) in asked
            .parameters
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "digest" | "delete"))
        {
            match self.allocated(vmid, key, value) {
                Ok(value) => changes.push((key.clone(), Some(value))),
                Err(reply) => return *reply,
            }
        }
        let deleted = asked
            .get("delete")
            .into_iter()
            .flat_map(|list| list.split(','));
        changes.extend(deleted.map(|key| (key.to_owned(), None)));
        let running = self.vms[&vmid].running;
        for (key, value) in changes {
            let present = self.vms[&vmid].values.get(&key).cloned();
            let vm = self.vms.get_mut(&vmid).unwrap();
            if running && !is_hot(&key, present.as_deref(), value.as_deref()) {
                vm.pending.insert(key, value);
            } else {
                match value {
                    Some(value) => vm.values.insert(key, value),
                    None => vm.values.remove(&key),
                };
            }
        }
        self.task("qmconfig", &vmid.to_string(), "OK")
    }

    fn resize(&mut self, asked: &Asked, vmid: u32) -> Reply {
        let (disk, size) = (
            asked.get("disk").unwrap(),
            Size::parse(asked.get("size").unwrap()).unwrap(),
        );
        let format = format_of(disk).unwrap();
        let vm = self.vms.get_mut(&vmid).unwrap();
        let mut parts = format.parse(&vm.values[disk]).unwrap();
        if Size::parse(parts.get("size").unwrap()).unwrap() > size {
            return self.task(
                "resize",
                &vmid.to_string(),
                "shrinking disks is not supported",
            );
        }
        parts.set("size", size);
        vm.values.insert(disk.to_owned(), format.print(&parts));
        self.task("resize", &vmid.to_string(), "OK")
    }

    fn power(&mut self, vmid: u32, what: &str) -> Reply {
        let values = self.merged(vmid);
        let vm = self.vms.get_mut(&vmid).unwrap();
        let foreign = values
            .values()
            .find(|value| value.contains("bridge=nowhere"));
        if what == "start" && foreign.is_some() {
            return self.task(
                "qmstart",
                &vmid.to_string(),
                "bridge 'nowhere' does not exist",
            );
        }
        vm.running = what == "start";
        vm.values = values;
        vm.pending.clear();
        let running = vm.running;
        if let Some(on_power) = &mut self.on_power {
            on_power(vmid, running);
        }
        self.task(
            if what == "start" {
                "qmstart"
            } else {
                "qmshutdown"
            },
            &vmid.to_string(),
            "OK",
        )
    }
}

fn status(vmid: u32, vm: &FakeVm) -> Value {
    let status = if vm.running { "running" } else { "stopped" };
    let mut shown =
        json!({"status": status, "qmpstatus": status, "vmid": vmid, "ha": {"managed": 0}});
    if vm.running {
        let drives = vm.values.keys().filter(|key| is_drive(key));
        let counted = drives.map(|drive| {
            let bytes = vm.written.get(drive).copied().unwrap_or_default();
            (drive.clone(), json!({"wr_bytes": bytes}))
        });
        shown["blockstat"] = counted.collect();
    }
    shown
}

/// What the real one takes at once.
fn is_hot(key: &str, old: Option<&str>, new: Option<&str>) -> bool {
    let cdrom = |value: Option<&str>| value.is_some_and(|value| value.contains("media=cdrom"));
    match slot(key).map(|(family, _)| family) {
        None => matches!(
            key,
            "name"
                | "description"
                | "tags"
                | "onboot"
                | "protection"
                | "startup"
                | "cpulimit"
                | "cpuunits"
        ),
        Some("net" | "usb") => true,
        Some("scsi" | "virtio") => old.is_none(),
        Some(_) => cdrom(old) && cdrom(new),
    }
}
