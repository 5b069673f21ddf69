//! Creating a VM.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::access::check_values;
use super::config::{Config, Options};
use super::rights::check_options;
use super::{Running, Vm};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Drive, Nic, boot, normal_tags};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::schema::schema;
use crate::proxmox::task::Job;

/// A create's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Create {
    pub(crate) vmid: u32,
    node: String,
    options: Options,
    pool: Option<String>,
    start: bool,
    managed: bool,
}

/// Checks a create and starts its worker.
pub(crate) fn create(call: &mut Call<'_>) -> Reply {
    let vmid = call.vmid();
    check_allowed(call, vmid)?;
    if let Some(archive) = call.args.get("archive") {
        return Err(Refusal::die(format!("volume '{archive}' does not exist")));
    }
    let options = options(call);
    check_values(call, vmid, &options)?;
    check_options(call, vmid, options.keys())?;
    if call.args.flag("ha-managed") {
        call.check("/", &["Sys.Console"])?;
    }
    if let Some(vm) = call.dc.vms.get(&vmid) {
        let text = format!(
            "unable to create VM {vmid} - VM {vmid} already exists on node '{}'",
            vm.node
        );
        return Err(Refusal::die(text));
    }
    let job = Job::Create(Create {
        vmid,
        node: call.node().to_owned(),
        options,
        pool: call.args.get("pool").map(str::to_owned),
        start: call.args.flag("start"),
        managed: call.args.flag("ha-managed"),
    });
    Ok(call.fork("qmcreate", &vmid.to_string(), job))
}

fn check_allowed(call: &Call<'_>, vmid: u32) -> Reply<()> {
    let pool = call.args.get("pool");
    if let Some(pool) = pool.filter(|pool| !call.dc.pools.contains_key(*pool)) {
        return Err(Refusal::forbidden(&format!("pool '{pool}' does not exist")));
    }
    let mut places = vec![format!("/vms/{vmid}")];
    places.extend(pool.map(|pool| format!("/pool/{pool}")));
    match places.iter().any(|place| call.may(place, &["VM.Allocate"])) {
        true => Ok(()),
        false => Err(Refusal::forbidden("")),
    }
}

/// The VM's own options among the parameters.
pub(super) fn options(call: &Call<'_>) -> Options {
    let own = |name: &String| schema().option(name).is_some();
    let pairs = call.args.values.iter().filter(|(name, _)| own(name));
    pairs
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl Create {
    /// The number is taken from here on.
    pub(crate) fn begin(&self, dc: &mut Datacenter) -> Reply<i64> {
        if dc.vms.contains_key(&self.vmid) {
            let text = format!(
                "unable to create VM {}: config file already exists",
                self.vmid
            );
            return Err(Refusal::die(text));
        }
        let mut config = Config::default();
        config.set("lock", "create");
        let vm = Vm {
            node: self.node.clone(),
            config,
            running: None,
        };
        dc.vms.insert(self.vmid, vm);
        let disks = self.options.keys().filter(|name| Drive::is_slot(name));
        Ok(1000 + 500 * i64::try_from(disks.count()).unwrap_or_default())
    }

    /// Disks, generated options, and then the lock goes; after a failure nothing is left.
    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let vmid = self.vmid;
        match self.build(dc, log) {
            Ok(config) => {
                if let Some(vm) = dc.vms.get_mut(&vmid) {
                    vm.config = config;
                }
            }
            Err(refusal) => {
                dc.vms.remove(&vmid);
                let text = refusal.exit_status();
                return Err(Refusal::die(format!("unable to create VM {vmid} - {text}")));
            }
        }
        if let Some(pool) = self.pool.as_ref().and_then(|pool| dc.pools.get_mut(pool)) {
            pool.vms.insert(vmid);
        }
        if self.managed {
            let options = [
                ("sid", format!("vm:{vmid}")),
                ("state", "started".to_owned()),
            ];
            let options = options.map(|(name, value)| (name.to_owned(), value));
            dc.ha_resources.insert(format!("vm:{vmid}"), options.into());
            dc.follow_manager(vmid);
        }
        if self.start {
            log.push("Execute autostart".to_owned());
            // A start that fails is only a warning in the log.
            if let Err(refusal) = dc.boot(&self.node, vmid, log) {
                log.push(refusal.exit_status());
            }
        }
        Ok(())
    }

    fn build(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<Config> {
        let mut config = Config::default();
        for (name, value) in &self.options {
            if !Drive::is_slot(name) {
                let value = normal(dc, name, value);
                config.set(name, &value);
            }
        }
        let disks = dc.create_disks(&self.node, self.vmid, &self.options, log)?;
        config.current.extend(disks);
        if config.get("boot").is_none() {
            let order = default_boot(&config);
            config.set("boot", &boot::print(&order));
        }
        if config.get("smbios1").is_none() {
            let uuid = dc.random.uuid();
            config.set("smbios1", &format!("uuid={uuid}"));
        }
        if config.get("vmgenid").is_none() {
            let uuid = dc.random.uuid();
            config.set("vmgenid", &uuid);
        }
        let made = format!("creation-qemu=10.0.13,ctime={}", dc.seconds());
        config.set("meta", &made);
        Ok(config)
    }
}

/// A value as the file holds it: cards get an address, tags are put in order.
pub(super) fn normal(dc: &mut Datacenter, name: &str, value: &str) -> String {
    let card = name.starts_with("net").then(|| Nic::parse(value)).flatten();
    if let Some(mut nic) = card {
        let mac = dc.random.mac();
        nic.keys.entry("macaddr".into()).or_insert(mac);
        return nic.print();
    }
    match name {
        "tags" => normal_tags(value),
        "vmgenid" if value == "1" => dc.random.uuid(),
        _ => value.to_owned(),
    }
}

/// First disk, first CD-ROM, first card.
pub(super) fn default_boot(config: &Config) -> Vec<String> {
    let buses = ["ide", "scsi", "virtio", "sata"];
    let drives = config.drives();
    let first = |cdrom: bool| {
        buses.iter().find_map(|bus| {
            let mut own: Vec<&Drive> = drives
                .iter()
                .filter(|drive| drive.slot.starts_with(bus) && drive.is_cdrom() == cdrom)
                .collect();
            own.sort_by_key(|drive| drive.slot.len());
            own.first().map(|drive| drive.slot.clone())
        })
    };
    let card = (0..32)
        .map(|number| format!("net{number}"))
        .find(|name| config.get(name).is_some());
    [first(false), first(true), card]
        .into_iter()
        .flatten()
        .collect()
}

impl Datacenter {
    /// Puts a VM there, as if it had been made long ago.
    pub(crate) fn put_vm(
        &mut self,
        node: &str,
        vmid: u32,
        options: Options,
        running: bool,
    ) -> Reply<()> {
        let create = Create {
            vmid,
            node: node.to_owned(),
            options,
            pool: None,
            start: false,
            managed: false,
        };
        self.work_now(&Job::Create(create))?;
        match running {
            true => self.boot(node, vmid, &mut Vec::new()),
            false => Ok(()),
        }
    }
}

impl Running {
    /// A process that starts now.
    pub(super) fn new(dc: &mut Datacenter, guest: super::Guest) -> Self {
        Self {
            since: dc.now,
            pid: dc.next_pid(),
            paused: false,
            guest,
            written: BTreeMap::new(),
        }
    }
}
