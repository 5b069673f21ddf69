use serde_json::{Value, json};

use crate::asked::Asked;

fn names(rows: &Value, key: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[key].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn hosts_storages_and_networks_are_listed() {
    let asked = Asked::new();
    assert_eq!(names(&asked.get("/nodes"), "node"), ["pve1", "pve2"]);
    assert_eq!(
        names(&asked.get("/nodes/pve1/storage"), "storage"),
        ["isos", "local", "rbd", "small"]
    );
    let images = asked
        .ask("GET", "/nodes/pve1/storage", "content=import")
        .body
        .unwrap();
    assert_eq!(names(&images["data"], "storage"), ["isos", "local"]);
    let bridges = asked
        .ask("GET", "/nodes/pve1/network", "type=any_bridge")
        .body
        .unwrap();
    assert_eq!(names(&bridges["data"], "iface"), ["vmbr0", "vnet1"]);
    assert_eq!(asked.get("/cluster/sdn/vnets/vnet1")["zone"], "evpn");
    let quorum = asked.get("/cluster/status");
    assert_eq!(
        (&quorum[0]["type"], &quorum[0]["quorate"]),
        (&json!("cluster"), &json!(1))
    );
    assert_eq!(
        asked.refused("GET", "/storage/none", "").1,
        "storage 'none' does not exist"
    );
}

#[test]
fn resources_are_filtered_by_kind() {
    let asked = Asked::new();
    asked.create(100, "name=a&tags=x");
    let rows = asked
        .ask("GET", "/cluster/resources", "type=vm")
        .body
        .unwrap();
    let row = &rows["data"][0];
    assert_eq!(
        (&row["id"], &row["name"], &row["node"], &row["status"]),
        (
            &json!("qemu/100"),
            &json!("a"),
            &json!("pve1"),
            &json!("stopped")
        )
    );
    let wrong = asked.error("GET", "/cluster/resources", "type=bogus", "type");
    assert_eq!(
        wrong,
        "value 'bogus' does not have a value in the enumeration 'vm, storage, node, sdn'"
    );
    let all = asked.get("/cluster/resources");
    let kinds = names(&all, "type");
    for kind in ["qemu", "node", "storage", "sdn"] {
        assert!(kinds.iter().any(|own| own == kind), "{kind}");
    }
}

#[test]
fn a_host_that_is_not_there_is_looked_up_in_vain() {
    let asked = Asked::new();
    let (status, reason) = asked.refused("POST", "/nodes/nonode/qemu", "vmid=100");
    assert_eq!(status, 500);
    assert!(reason.starts_with("hostname lookup 'nonode' failed - "));
    asked.lab.set_online("pve2", false);
    assert_eq!(asked.refused("GET", "/nodes/pve2/qemu", "").0, 595);
    assert_eq!(asked.get("/nodes")[1]["status"], "offline");
}

#[test]
fn a_full_storage_takes_no_more() {
    let asked = Asked::new();
    let half = vec![0; 6 << 20];
    assert_eq!(asked.upload("iso", "a.iso", &half), "OK");
    let exit = asked.upload("iso", "b.iso", &half);
    assert!(exit.contains("No space left on device"), "{exit}");
}
