//! What is in a world.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::played;
use crate::talos::Fleet;
use crate::world::Lab;

/// Prints a world.
///
/// # Errors
/// There is none in the directory.
pub(super) fn print(folder: &Path, as_json: bool) -> Result<ExitCode, String> {
    let mut summary = Lab::summary(folder)?;
    let is_played = played::is(folder);
    summary["played"] = json!(is_played);
    summary["machines"] = present(&summary["vms"], Fleet::kept_summary(folder));
    summary["clusters"] = json!(crate::kubernetes::summary(folder));
    let text = match as_json {
        true => format!("{summary:#}\n"),
        false if is_played => table(&summary),
        false => format!(
            "No lab plays this world now. This is how it was left, and how it goes on when one does:\n\n{}",
            table(&summary)
        ),
    };
    // Nobody may be listening.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// VMs as lines.
fn table(summary: &Value) -> String {
    let mut rows = vec![["VMID", "NAME", "HOST", "STATUS", "UUID", "PENDING"].map(str::to_owned)];
    for vm in summary["vms"].as_array().into_iter().flatten() {
        let text = |name: &str| {
            vm[name]
                .as_str()
                .map_or_else(|| vm[name].to_string(), str::to_owned)
        };
        let pending = vm["pending"].as_array().into_iter().flatten();
        let pending: Vec<&str> = pending.filter_map(Value::as_str).collect();
        rows.push([
            text("vmid"),
            text("name"),
            text("node"),
            text("status"),
            text("uuid"),
            pending.join(","),
        ]);
    }
    let mut lines = aligned(&rows);
    lines.push_str(&machines(&summary["machines"]));
    let hosts = summary["hosts"].as_array().into_iter().flatten();
    for host in hosts.filter(|host| host["online"] == json!(false)) {
        lines.push_str(&format!(
            "host {} is off\n",
            host["name"].as_str().unwrap_or_default()
        ));
    }
    for cluster in summary["clusters"].as_array().into_iter().flatten() {
        lines.push_str(&objects(cluster));
    }
    lines
}

/// Rows with their cells under each other.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let mut lines = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = rows
                .iter()
                .map(|row| row[column].len())
                .max()
                .unwrap_or_default();
            format!("{cell:width$}")
        });
        lines.push_str(cells.collect::<Vec<String>>().join("  ").trim_end());
        lines.push('\n');
    }
    lines
}

/// Objects of a cluster, counted by kind.
fn objects(cluster: &Value) -> String {
    let counts = cluster["objects"].as_object().into_iter().flatten();
    let counts: Vec<String> = counts
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let name = cluster["cluster"].as_str().unwrap_or_default();
    format!("Kubernetes of {name}: {}\n", counts.join(", "))
}

/// Machines without those of VMs that were destroyed.
fn present(vms: &Value, mut machines: Value) -> Value {
    let there = |machine: &Value| {
        let mut vms = vms.as_array().into_iter().flatten();
        machine["vmid"].is_null() || vms.any(|vm| vm["vmid"] == machine["vmid"])
    };
    if let Some(machines) = machines.as_array_mut() {
        machines.retain(there);
    }
    machines
}

/// Machines that run Talos as lines; nothing where there is none.
fn machines(list: &Value) -> String {
    let mut rows = vec![["MACHINE", "STAGE", "TALOS", "ADDRESSES", "ETCD"].map(str::to_owned)];
    for machine in list.as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let addresses = machine["addresses"].as_array().into_iter().flatten();
        let addresses: Vec<&str> = addresses.filter_map(Value::as_str).collect();
        let members = machine["etcd"].as_array().into_iter().flatten();
        let members: Vec<String> = members
            .map(|member| match member["learner"] == json!(true) {
                true => format!("{} (learner)", text(&member["name"])),
                false => text(&member["name"]),
            })
            .collect();
        rows.push([
            text(&machine["name"]),
            text(&machine["stage"]),
            text(&machine["version"]),
            addresses.join(","),
            members.join(","),
        ]);
    }
    match rows.len() {
        1 => String::new(),
        _ => format!("\n{}", aligned(&rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_listed_with_their_members() {
        let list = json!([{ "name": "cp01", "stage": "running", "version": "v1.12.6", "addresses": ["10.0.0.1"],
            "etcd": [{ "name": "cp01", "learner": false }, { "name": "cp02", "learner": true }] }]);
        let text = machines(&list);
        assert!(
            text.ends_with("cp01     running  v1.12.6  10.0.0.1   cp01,cp02 (learner)\n"),
            "{text}"
        );
        assert_eq!(machines(&Value::Null), "");
    }

    #[test]
    fn a_machine_goes_with_its_vm() {
        let machines = json!([{ "vmid": 100 }, { "vmid": 101 }, { "vmid": null }]);
        let vms = json!([{ "vmid": 101 }]);
        assert_eq!(
            present(&vms, machines),
            json!([{ "vmid": 101 }, { "vmid": null }])
        );
    }

    #[test]
    fn columns_stand_under_each_other() {
        let vm = |vmid: u32, name: &str| json!({ "vmid": vmid, "name": name, "node": "pve1", "status": "running", "uuid": "u", "pending": ["cores", "cpu"] });
        let text = table(
            &json!({ "vms": [vm(100, "a"), vm(100_001, "bcd")], "hosts": [{ "name": "pve2", "online": false }] }),
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "VMID    NAME  HOST  STATUS   UUID  PENDING");
        assert_eq!(lines[1], "100     a     pve1  running  u     cores,cpu");
        assert_eq!(lines[3], "host pve2 is off");
        let cluster = json!({ "cluster": "c", "objects": { "nodes": 6, "pods": 12 } });
        assert_eq!(objects(&cluster), "Kubernetes of c: 6 nodes, 12 pods\n");
    }
}
