//! What happened on the recorded host between the exchanges that were kept.

use lab::proxmox::Request;
use lab::world::Lab;

use crate::record::Record;
use crate::replay::Asker;

/// Brings the lab to where the host was before an exchange.
pub fn close(lab: &Lab, asker: &mut Asker, record: &Record, before: Option<&Record>) {
    if record.precondition == "102 free" {
        lab.remove_vm(102);
    }
    lock(lab, record);
    create_of(lab, asker, record, before);
    for (id, method, path, parameters) in STEPS {
        if *id == record.id {
            asker.ask(&Request::new(method, path, parameters));
        }
    }
    match record.id.as_str() {
        "c502" => lab.edit_file(140, "args", KERNEL),
        // Its emulator could not give the VM the CPU that it asks for.
        "d377" => lab.cut_power(128),
        "f014" => asker.upload("c.iso"),
        _ => {}
    }
}

const KERNEL: &str = "-kernel /images/vmlinuz -initrd /images/initrd -append console=ttyS0";

/// The recorded host's file was edited by hand to be locked.
fn lock(lab: &Lab, record: &Record) {
    if record.id.starts_with('b') {
        let locked = record.precondition.contains("lock=backup");
        lab.edit_file(110, "lock", if locked { "backup" } else { "" });
    }
}

/// Creates that worked were dropped now and then, but not the look at what they made.
fn create_of(lab: &Lab, asker: &mut Asker, record: &Record, before: Option<&Record>) {
    let Some(parameter) = record.about.strip_prefix("config after: ") else {
        return;
    };
    let group = record.id.starts_with('a');
    if !group || before.is_some_and(|before| before.about == parameter) {
        return;
    }
    lab.remove_vm(102);
    let parameter = parameter
        .strip_prefix("param ")
        .and_then(|text| text.split_once('='));
    if let Some((name, value)) = parameter.filter(|_| record.status == 200) {
        let parameters = [("vmid", "102"), (name, value)];
        asker.ask(&Request::new("POST", "/nodes/pve1/qemu", &parameters));
    }
}

type Step = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Before which exchange what was done.
const STEPS: &[Step] = &[
    (
        "b085",
        "PUT",
        "/nodes/pve1/qemu/110/config",
        &[("ide0", "local:cloudinit")],
    ),
    ("c001", "POST", "/nodes/pve1/qemu/100/status/start", &[]),
    (
        "c127",
        "PUT",
        "/nodes/pve1/qemu/100/config",
        &[("cpulimit", "1")],
    ),
    (
        "c131",
        "PUT",
        "/nodes/pve1/qemu/100/config",
        &[("cpuunits", "200")],
    ),
    ("c207", "POST", "/nodes/pve1/qemu/100/status/start", &[]),
    ("d215", "POST", "/nodes/pve1/qemu/134/template", &[]),
    ("d355", "POST", "/nodes/pve1/qemu/121/template", &[]),
];
