use super::diff;
use crate::document::Config;
use crate::tables::Line;

fn load(text: &str) -> Config {
    Config::load(text, Line::V1_12)
        .map_err(|error| error.to_string())
        .unwrap()
}

/// `machine:` with these lines in it, and other documents after it.
fn machine(lines: &str, documents: &str) -> Config {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    load(&format!(
        "version: v1alpha1\nmachine:\n    type: worker\n{lines}{documents}"
    ))
}

/// The summary as lines.
fn shown(old: &Config, new: &Config) -> Vec<String> {
    let summary = diff(old, new).summary();
    summary
        .into_iter()
        .map(|(path, change)| format!("{path}: {change}"))
        .collect()
}

#[test]
fn equal_configurations_do_not_differ() {
    let config = machine("sysctls: {a: b}", "");
    assert!(diff(&config, &config).is_empty());
}

#[test]
fn values_are_shown_one_by_one_with_their_paths() {
    let old = machine(
        "sysctls: {net.ipv4.ip_forward: '1', a: b}\ncertSANs: [x, z]",
        "",
    );
    let new = machine(
        "sysctls: {net.ipv4.ip_forward: '0'}\ncertSANs: [x, y]\nnodeLabels: {l: ''}",
        "",
    );
    assert_eq!(
        shown(&old, &new),
        [
            "machine.certSANs[y]: (none) -> y",
            "machine.certSANs[z]: z -> (none)",
            "machine.nodeLabels.l: (none) -> \"\"",
            "machine.sysctls.a: b -> (none)",
            "machine.sysctls[\"net.ipv4.ip_forward\"]: 1 -> 0",
        ]
    );
}

#[test]
fn items_keep_their_identity_when_they_move() {
    let one = "{interface: eth0, mtu: 1500}";
    let two = "{deviceSelector: {driver: virtio}, mtu: 1400}";
    let old = machine(&format!("network: {{interfaces: [{one}, {two}]}}"), "");
    let changed = two.replace("1400", "1300");
    let new = machine(&format!("network: {{interfaces: [{changed}, {one}]}}"), "");
    assert_eq!(
        shown(&old, &new),
        [
            "machine.network.interfaces: order [interface=eth0] [deviceSelector=driver: virtio] -> order [deviceSelector=driver: virtio] [interface=eth0]",
            "machine.network.interfaces[deviceSelector=driver: virtio].mtu: 1400 -> 1300",
        ]
    );
}

#[test]
fn documents_are_matched_by_kind_and_name() {
    let mirror = |name: &str, url: &str| {
        format!(
            "---\napiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: {name}\nendpoints: [{{url: '{url}'}}]\n"
        )
    };
    let old = machine(
        "",
        &format!(
            "{}{}",
            mirror("a.io", "https://a"),
            mirror("b.io", "https://b")
        ),
    );
    let host = "---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: cp01\n";
    let new = machine("", &format!("{}{host}", mirror("b.io", "https://c")));
    assert_eq!(
        shown(&old, &new),
        [
            "HostnameConfig.hostname: (none) -> cp01",
            "RegistryMirrorConfig/a.io.endpoints[url=https://a]: url: https://a -> (none)",
            "RegistryMirrorConfig/b.io.endpoints[url=https://b]: url: https://b -> (none)",
            "RegistryMirrorConfig/b.io.endpoints[url=https://c]: (none) -> url: https://c",
        ]
    );
}

#[test]
fn long_values_are_told_by_their_size() {
    let manifest = |text: &str| {
        let contents = text.repeat(1000);
        load(&format!(
            "version: v1alpha1\nmachine: {{type: worker}}\ncluster:\n    controlPlane: {{endpoint: 'https://a:6443'}}\n    inlineManifests: [{{name: m, contents: '{contents}'}}]\n"
        ))
    };
    let lines = shown(&manifest("abcd"), &manifest("efgh"));
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("cluster.inlineManifests[name=m].contents: abcdabcd"));
    assert!(
        lines[0].ends_with("efgh… (4000 bytes)") && lines[0].len() < 200,
        "{}",
        lines[0]
    );
}

#[test]
fn items_without_identity_are_told_by_their_place() {
    let pod = |image: &str| {
        machine(
            &format!(
                "pods: [{{metadata: {{labels: {{a: b}}}}, spec: {{image: {image}, more: {}}}}}]",
                "x".repeat(60)
            ),
            "",
        )
    };
    let lines = shown(&pod("one"), &pod("two"));
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert_eq!(lines[1], "machine.pods[#1].spec.image: one -> two");
}
