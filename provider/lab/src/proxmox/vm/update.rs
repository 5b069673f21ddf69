//! Changing a VM's configuration.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access::check_values;
use super::config::{Config, Options, is_unused};
use super::create::{normal, options};
use super::rights::{check_options, check_removal};
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;
use crate::proxmox::codec::{Drive, boot};
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::schema::{schema, split_list};
use crate::proxmox::task::{Job, lock_timeout};

/// An update's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) vmid: u32,
    node: String,
    set: Options,
    delete: Vec<String>,
    revert: Vec<String>,
    force: bool,
    /// The parameters as the log repeats them.
    words: Vec<String>,
}

/// Changes a VM and waits for the end.
pub(crate) fn put(call: &mut Call<'_>) -> Reply {
    let update = checked(call)?;
    call.dc.work_now(&Job::Update(update))?;
    Ok(Value::Null)
}

/// Changes a VM by a worker; with a delay that is long enough the answer waits for it.
pub(crate) fn post(call: &mut Call<'_>) -> Reply {
    let update = checked(call)?;
    let vmid = update.vmid;
    if call.args.get("background_delay").is_some() {
        call.dc.work_now(&Job::Update(update))?;
        return Ok(Value::Null);
    }
    Ok(call.fork("qmconfig", &vmid.to_string(), Job::Update(update)))
}

/// The older way to delete disks.
pub(crate) fn unlink(call: &mut Call<'_>) -> Reply {
    let delete = call.text("idlist").to_owned();
    call.args.values.insert("delete".into(), delete);
    put(call)
}

/// Everything that is looked at before a worker starts.
fn checked(call: &mut Call<'_>) -> Reply<Update> {
    let vmid = call.vmid();
    let node = call.node().to_owned();
    call.check_skiplock()?;
    let set = options(call);
    let (delete, revert) = (call.args.items("delete"), call.args.items("revert"));
    if set.is_empty() && delete.is_empty() && revert.is_empty() {
        return Err(Refusal::die("no options specified"));
    }
    check_lists(&set, &delete, &revert)?;
    check_values(call, vmid, &set)?;
    check_options(call, vmid, delete.iter().chain(&revert).chain(set.keys()))?;
    if let Some(until) = call.dc.locked_until(vmid) {
        return Err(wait_for_lock(call, vmid, until));
    }
    let config = &call.dc.vm(&node, vmid)?.config;
    check_removal(call, vmid, config, &delete)?;
    config.check_digest(call.args.get("digest"))?;
    if !call.args.flag("skiplock") {
        config.check_lock()?;
    }
    check_balloon(config, &set)?;
    let update = reverted(
        config,
        Update {
            vmid,
            node,
            words: words(call),
            set,
            delete,
            revert,
            force: call.args.flag("force"),
        },
    );
    Ok(update)
}

/// A direct call waits ten seconds for another worker, then gives up.
fn wait_for_lock(call: &Call<'_>, vmid: u32, until: i64) -> Refusal {
    match until - call.dc.now {
        ..=10_000 => Refusal::Later(until),
        _ => Refusal::die(lock_timeout(vmid)),
    }
}

fn check_lists(set: &Options, delete: &[String], revert: &[String]) -> Reply<()> {
    for (list, names) in [("revert", revert), ("delete", delete)] {
        for name in names {
            if set.contains_key(name) {
                let text = format!("you can't use '-{name}' and -{list} {name}' at the same time");
                return Err(Refusal::parameter("delete", text));
            }
            let known = schema().option(name).is_some() || name == "meta";
            if !known {
                return Err(Refusal::parameter(list, format!("unknown option '{name}'")));
            }
        }
    }
    Ok(())
}

fn check_balloon(config: &Config, set: &Options) -> Reply<()> {
    if !set.contains_key("memory") && !set.contains_key("balloon") {
        return Ok(());
    }
    let later = |name: &str| {
        set.get(name)
            .map(String::as_str)
            .or_else(|| config.later(name))
    };
    let number = |text: &str| text.trim_start_matches("current=").parse::<u64>().ok();
    let memory = later("memory").and_then(number).unwrap_or(512);
    match later("balloon").and_then(number) {
        Some(balloon) if balloon > memory => Err(Refusal::die(
            "balloon value too large (must be smaller than assigned memory)",
        )),
        _ => Ok(()),
    }
}

/// Reverting sets the current value again, or drops what is only pending.
fn reverted(config: &Config, mut update: Update) -> Update {
    for name in &update.revert {
        match config.get(name) {
            Some(value) => drop(update.set.insert(name.clone(), value.to_owned())),
            None if config.pending.contains_key(name) => update.delete.push(name.clone()),
            None => {}
        }
    }
    update
}

fn words(call: &Call<'_>) -> Vec<String> {
    let path = ["node", "vmid"];
    let sent = call.args.values.iter();
    sent.filter(|(name, _)| !path.contains(&name.as_str()))
        .map(|(name, value)| match name.as_str() {
            "cipassword" => format!("-{name} <hidden>"),
            _ => format!("-{name} {value}"),
        })
        .collect()
}

impl Update {
    /// Everything goes to the pending section first; then it is applied, or plugged in and out.
    pub(crate) fn finish(&self, dc: &mut Datacenter, log: &mut Vec<String>) -> Reply<()> {
        let text = format!("update VM {}: {}", self.vmid, self.words.join(" "));
        log.extend(text.lines().map(str::to_owned));
        let mut config = dc.vm(&self.node, self.vmid)?.config.clone();
        let mut touched: Vec<String> = Vec::new();
        let result = self.collect(dc, &mut config, &mut touched, log);
        config.tidy();
        self.keep(dc, config);
        result?;
        let errors = match dc.vm(&self.node, self.vmid)?.running.is_some() {
            true => dc.plug(&self.node, self.vmid, &touched),
            false => {
                dc.apply_pending(&self.node, self.vmid);
                Options::new()
            }
        };
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Refusal::parameters(errors)),
        }
    }

    fn keep(&self, dc: &mut Datacenter, config: Config) {
        if let Some(vm) = dc.vms.get_mut(&self.vmid) {
            vm.config = config;
        }
    }

    fn collect(
        &self,
        dc: &mut Datacenter,
        config: &mut Config,
        touched: &mut Vec<String>,
        log: &mut Vec<String>,
    ) -> Reply<()> {
        let mut order = config.get("boot").and_then(boot::order).unwrap_or_default();
        for name in &self.delete {
            self.remove(dc, config, name, &mut order, touched)?;
        }
        for (name, value) in &self.set {
            self.change(dc, config, (name, value), &mut order, touched, log)?;
        }
        Ok(())
    }

    fn remove(
        &self,
        dc: &mut Datacenter,
        config: &mut Config,
        name: &str,
        order: &mut Vec<String>,
        touched: &mut Vec<String>,
    ) -> Reply<()> {
        let pending = config.pending.get(name).cloned();
        let Some(value) = config.get(name).map(str::to_owned).or(pending.clone()) else {
            // PVE only warns.
            return Ok(());
        };
        touched.push(name.to_owned());
        if is_unused(name) {
            config.check_protection(&format!("can't remove unused disk '{value}'"))?;
            dc.discard(&self.node, self.vmid, &value);
            config.current.remove(name);
            return Ok(());
        }
        let drive = Drive::parse(name, &value);
        if drive.is_some() {
            config.check_protection(&format!("can't remove drive '{name}'"))?;
        }
        config.pending.remove(name);
        if order.iter().any(|device| device == name) {
            order.retain(|device| device != name);
            config.pending.insert("boot".into(), stored_boot(order));
            touched.push("boot".to_owned());
        }
        if let Some(drive) = drive.filter(|_| pending.is_some()) {
            dc.release(&self.node, self.vmid, config, &drive);
        }
        config.deletes.insert(name.to_owned(), self.force);
        Ok(())
    }

    fn change(
        &self,
        dc: &mut Datacenter,
        config: &mut Config,
        (name, value): (&str, &str),
        order: &mut Vec<String>,
        touched: &mut Vec<String>,
        log: &mut Vec<String>,
    ) -> Reply<()> {
        touched.push(name.to_owned());
        if config
            .pending
            .get(name)
            .is_some_and(|pending| pending == value)
        {
            return Ok(());
        }
        let mut value = value.to_owned();
        if Drive::is_slot(name) {
            value = self.change_drive(dc, config, name, &value, log)?;
            let cdrom = Drive::parse(name, &value).is_some_and(|drive| drive.is_cdrom());
            if cdrom && !order.is_empty() && !order.iter().any(|device| device == name) {
                order.push(name.to_owned());
                config.pending.insert("boot".into(), stored_boot(order));
                touched.push("boot".to_owned());
            }
        } else if name == "boot" {
            self.check_boot(config, &value)?;
        } else {
            value = normal(dc, name, &value);
        }
        match super::config::stored(name, &value) {
            Some(stored) => drop(config.pending.insert(name.to_owned(), stored)),
            None => {
                config.pending.remove(name);
                config.deletes.insert(name.to_owned(), false);
                return Ok(());
            }
        }
        config.deletes.remove(name);
        Ok(())
    }

    fn change_drive(
        &self,
        dc: &mut Datacenter,
        config: &mut Config,
        name: &str,
        value: &str,
        log: &mut Vec<String>,
    ) -> Reply<String> {
        let wanted = Options::from([(name.to_owned(), value.to_owned())]);
        let before = config
            .pending
            .get(name)
            .and_then(|pending| Drive::parse(name, pending));
        let made = dc.create_disks(&self.node, self.vmid, &wanted, log)?;
        let text = made.get(name).cloned().unwrap_or_default();
        let kept = Drive::parse(name, &text).map(|drive| drive.file);
        if let Some(before) = before.filter(|before| Some(&before.file) != kept.as_ref()) {
            dc.release(&self.node, self.vmid, config, &before);
        }
        Ok(text)
    }

    /// Devices of a boot order must be there; at create nobody looks.
    fn check_boot(&self, config: &Config, value: &str) -> Reply<()> {
        for device in boot::order(value).unwrap_or_default() {
            let there = config.later(&device).is_some() || self.set.contains_key(&device);
            if !there || self.delete.contains(&device) {
                let text = format!("invalid bootorder: device '{device}' does not exist'");
                return Err(Refusal::die(text));
            }
        }
        Ok(())
    }
}

/// An order without devices is stored as one space.
fn stored_boot(order: &[String]) -> String {
    let text = boot::print(order);
    if text.is_empty() {
        " ".to_owned()
    } else {
        text
    }
}

/// Hotplug features of a running VM.
pub(super) fn features(config: &Config) -> Vec<String> {
    let value = config.get("hotplug").unwrap_or("1").trim();
    match value {
        "1" => ["network", "disk", "usb"].map(str::to_owned).into(),
        "0" | "" => Vec::new(),
        list => split_list(list).map(str::to_owned).collect(),
    }
}
