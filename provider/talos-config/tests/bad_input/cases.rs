//! Texts that are wrong, or look so, with the place at which we say so for Talos 1.12.

/// Where a refusal points.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    pub document: String,
    pub path: String,
    pub line: usize,
    /// Empty if there is none.
    pub suggestion: String,
}

/// What the official machinery does, on every line.
pub enum Official {
    /// What we do on that line.
    Same,
    /// It accepts what we refuse.
    Accepts,
    /// It accepts what we refuse, from Talos 1.n on.
    AcceptsFrom(u32),
    /// It refuses what we accept.
    Refuses,
    /// It refuses what we accept, from Talos 1.n on.
    RefusesFrom(u32),
}

pub struct Case {
    pub name: &'static str,
    pub text: Vec<u8>,
    /// The text is a patch, and is laid over this, or over the common base.
    pub is_patch: bool,
    pub base: Option<&'static str>,
    /// None: it is accepted.
    pub ours: Option<Place>,
    pub official: Official,
}

impl Case {
    /// Refused: document, path, line.
    fn at(mut self, document: &str, path: &str, line: usize) -> Self {
        self.ours = Some(Place {
            document: document.to_owned(),
            path: path.to_owned(),
            line,
            suggestion: String::new(),
        });
        self
    }

    fn suggests(mut self, suggestion: &str) -> Self {
        if let Some(place) = &mut self.ours {
            suggestion.clone_into(&mut place.suggestion);
        }
        self
    }

    fn official(self, official: Official) -> Self {
        Self { official, ..self }
    }

    fn on(self, base: &'static str) -> Self {
        Self {
            base: Some(base),
            ..self
        }
    }
}

fn bytes(name: &'static str, text: impl Into<Vec<u8>>) -> Case {
    Case {
        name,
        text: text.into(),
        is_patch: false,
        base: None,
        ours: None,
        official: Official::Same,
    }
}

fn text(name: &'static str, text: &str) -> Case {
    bytes(name, text)
}

fn patch(name: &'static str, text: &str) -> Case {
    Case {
        is_patch: true,
        ..bytes(name, text)
    }
}

const MAIN: &str = "v1alpha1";

pub fn all() -> Vec<Case> {
    let groups = [
        syntax(),
        characters(),
        sizes(),
        documents(),
        keys(),
        types(),
        aliases(),
        patches(),
        deletions(),
        json_patches(),
    ];
    groups.into_iter().flatten().collect()
}

fn syntax() -> Vec<Case> {
    vec![
        text("a tab", "machine:\n\ttype: worker\n").at("number 1", "machine", 2),
        text("an open mapping", "machine: {type: worker\n").at("number 1", "machine", 2),
        text("an open quote", "machine:\n  token: \"a\n").at("number 1", "machine.token", 3),
        text("wrong indentation", "machine:\n  type: worker\n token: a\n").at("number 1", "", 3),
        text("a value twice", "machine: a: b\n").at("number 1", "", 1),
        text("a list in a mapping", "machine:\n  type: worker\n  - a\n")
            .at("number 1", "machine", 3),
        text("YAML 1.2", "%YAML 1.2\n---\nmachine: {type: worker}\n").at("number 1", "", 1),
        text(
            "an unknown directive",
            "%FOO bar\n---\nmachine: {type: worker}\n",
        )
        .at("number 1", "", 1),
        text(
            "the second document",
            "machine: {type: worker}\n---\na: [\n",
        )
        .at("number 2", "a", 4),
        text(
            "JSON",
            "{\"machine\": {\"type\": \"worker\"}, \"cluster\": null}",
        ),
        text(
            "JSON with a comma too many",
            "{\"machine\": {\"type\": \"worker\",}, }",
        ),
        text("nothing", "").at("number 1", "", 1),
        text("a comment", "# nothing\n").at("number 1", "", 1),
        text("blanks", "   \n\n").at("number 1", "", 1),
        text("a text", "hello\n").at("number 1", "", 1),
        text("a list", "- a\n").at("number 1", "", 1),
        text("a list as a key", "machine: {[a]: b}\n").at(MAIN, "machine", 1),
    ]
}

fn characters() -> Vec<Case> {
    let utf16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    vec![
        text("NUL", "machine:\n  type: \"a\0b\"\n").at("number 1", "machine.type", 2),
        text("NUL at the start", "\0machine: {}\n").at("number 1", "", 1),
        text(
            "an escape character",
            "machine:\n  env:\n    a: \u{1b}[0m\n",
        )
        .at("number 1", "machine.env.a", 3),
        text("DEL", "machine: {token: a\u{7f}}\n")
            .at("number 1", "machine.token", 1)
            .official(Official::AcceptsFrom(13)),
        text("a byte order mark", "\u{feff}machine: {type: worker}\n"),
        text(
            "a letter that begins as a byte order mark does",
            "\u{fefb}\n",
        )
        .at("number 1", "", 1),
        text(
            "two byte order marks",
            "\u{feff}\u{feff}machine: {type: worker}\n",
        ),
        text(
            "a byte order mark in between",
            "machine: {token: \"a\u{feff}b\"}\n",
        ),
        text("line ends of Windows", "machine:\r\n  type: worker\r\n"),
        bytes("no UTF-8", b"machine:\n    token: a\xffb\n").at("number 1", "machine.token", 2),
        bytes("Latin 1", b"# caf\xe9\nmachine: {type: worker}\n").at("number 1", "", 1),
        bytes("half a character", b"machine: {token: a}\n# \xe2\x82").at("number 1", "", 2),
        bytes("no UTF-8 further on", b"machine: {}\n---\nkind: \xc0\xaf\n")
            .at("number 2", "kind", 3),
        bytes("a program", b"\x7fELF\x02\x01\x01\0\0\0").at("number 1", "", 1),
        bytes("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03").at("number 1", "", 1),
        bytes("UTF-16", utf16("machine: {type: worker}\n"))
            .at("number 1", "", 1)
            .official(Official::Accepts),
    ]
}

fn sizes() -> Vec<Case> {
    let nested = |levels: usize| "{a: ".repeat(levels) + "1" + &"}".repeat(levels);
    let long = "x".repeat(10_000_000);
    let many: String = (0..10_000)
        .map(|n| format!("    k{n}: \"{n}\"\n"))
        .collect();
    vec![
        text("a text of 10 MB", &format!("machine: {{token: {long}}}\n")),
        text(
            "10 MB where a list is wanted",
            &format!("machine: {{certSANs: {long}}}\n"),
        )
        .at(MAIN, "machine.certSANs", 1),
        text("10 MB as a key", &format!("machine:\n  ? {long}\n  : a\n")).at(MAIN, "machine", 2),
        text(
            "ten thousand keys",
            &format!("machine:\n  sysctls:\n{many}"),
        ),
        text(
            "ten thousand unknown keys",
            &format!("machine:\n  sysctl:\n{many}"),
        )
        .at(MAIN, "machine", 2)
        .suggests("sysctls"),
        text("deep nesting of unknown keys", &nested(5000)).at("number 1", &deep_path(), 1),
        text(
            "deep nesting of free form",
            &format!("machine: {{kubelet: {{extraConfig: {}}}}}\n", nested(300)),
        )
        .at(
            "number 1",
            &format!("machine.kubelet.extraConfig{}…", ".a".repeat(17)),
            1,
        )
        .official(Official::Accepts),
    ]
}

fn deep_path() -> String {
    vec!["a"; 20].join(".") + "…"
}

fn documents() -> Vec<Case> {
    const HOSTNAME: &str = "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n";
    vec![
        text("two main documents", "machine: {type: worker}\n---\nmachine: {type: worker}\n")
            .at(MAIN, "", 3),
        text("a kind twice", &format!("{HOSTNAME}---\n{HOSTNAME}")).at("HostnameConfig", "", 5),
        text(
            "a name twice",
            "apiVersion: v1alpha1\nkind: LinkConfig\nname: a\n---\napiVersion: v1alpha1\nkind: BondConfig\nname: a\n",
        )
        .at("BondConfig/a", "name", 5),
        text("an unknown kind", "apiVersion: v1alpha1\nkind: Nothing\n").at("Nothing", "kind", 2),
        text("a kind in other letters", "apiVersion: v1alpha1\nkind: HostNameConfig\n")
            .at("HostNameConfig", "kind", 2)
            .suggests("HostnameConfig"),
        text("a kind of a later line", "apiVersion: v1alpha1\nkind: KubeProxyConfig\n")
            .at("KubeProxyConfig", "kind", 2),
        text("a wrong version", "apiVersion: v1beta1\nkind: HostnameConfig\nauto: stable\n")
            .at("HostnameConfig", "apiVersion", 1),
        text("no version", "kind: HostnameConfig\nauto: stable\n")
            .at("HostnameConfig", "apiVersion", 1),
        text("no kind", "apiVersion: v1alpha2\nauto: stable\n").at(MAIN, "kind", 1),
        text("another project's document", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
            .at("ConfigMap", "kind", 2),
        text("a document that is a list", &format!("{HOSTNAME}---\n- a\n")).at("number 2", "", 5),
        text("a document that is a text", &format!("{HOSTNAME}---\nhello\n"))
            .at("number 2", "", 5),
        text("an unknown key in the second document", &format!("machine: {{}}\n---\n{HOSTNAME}hostnam: a\n"))
            .at("HostnameConfig", "", 6)
            .suggests("hostname"),
    ]
}

fn keys() -> Vec<Case> {
    vec![
        text("a key twice", "machine:\n  type: worker\n  type: worker\n").at(MAIN, "machine", 3),
        text(
            "a key twice with null",
            "machine:\n  token: null\n  token: a\n",
        )
        .at(MAIN, "machine", 3),
        text(
            "a key twice in a mapping",
            "machine:\n  sysctls:\n    a: \"1\"\n    a: \"2\"\n",
        )
        .at(MAIN, "machine.sysctls", 4),
        text(
            "a key twice in free form",
            "machine:\n  kubelet:\n    extraConfig:\n      a:\n        b: 1\n        b: 2\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig.a", 6),
        text("an unknown key", "machine: {type: worker}\nclsuter: {}\n")
            .at(MAIN, "", 2)
            .suggests("cluster"),
        text(
            "an unknown nested key",
            "machine:\n  network:\n    interfaces:\n      - interface: a\n        adresses: []\n",
        )
        .at(MAIN, "machine.network.interfaces[0]", 5)
        .suggests("addresses"),
        text("a key in other letters", "machine:\n  certSans: [a]\n")
            .at(MAIN, "machine", 2)
            .suggests("certSANs"),
        text("a key like no other", "machine:\n  zzzzzzzz: 1\n").at(MAIN, "machine", 2),
        text("a key that is null", "machine:\n  ~: 1\n").at(MAIN, "machine", 2),
        text(
            "a key that is a number in free form",
            "machine:\n  kubelet:\n    extraConfig:\n      a: {1: b}\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig.a", 4)
        .official(Official::Same),
        text(
            "a key that is a date in free form",
            "machine: {kubelet: {extraConfig: {2024-01-01: a}}}\n",
        ),
        text(
            "a statement of patches",
            "machine: {network: {$patch: delete}}\n",
        )
        .at(MAIN, "machine.network", 1),
    ]
}

fn types() -> Vec<Case> {
    vec![
        text("a text for a mapping", "machine: hello\n").at(MAIN, "machine", 1),
        text("a list for a mapping", "machine:\n  - a\n").at(MAIN, "machine", 2),
        text("a mapping for a list", "machine:\n  certSANs: {a: b}\n")
            .at(MAIN, "machine.certSANs", 2),
        text("a text for a list", "machine:\n  certSANs: a\n").at(MAIN, "machine.certSANs", 2),
        text("a list for a text", "machine:\n  type: [a]\n").at(MAIN, "machine.type", 2),
        text("a mapping for a text", "machine:\n  type: {a: b}\n").at(MAIN, "machine.type", 2),
        text("a text for a number", "machine:\n  network:\n    interfaces:\n      - {interface: a, mtu: x}\n")
            .at(MAIN, "machine.network.interfaces[0].mtu", 4),
        text("a number that is too large", "machine:\n  network:\n    interfaces:\n      - {interface: a, vlans: [{vlanId: 65536}]}\n")
            .at(MAIN, "machine.network.interfaces[0].vlans[0].vlanId", 4),
        text("a number below zero", "machine: {network: {interfaces: [{interface: a, vlans: [{vlanId: -1}]}]}}\n")
            .at(MAIN, "machine.network.interfaces[0].vlans[0].vlanId", 1),
        text("a number for a boolean", "machine:\n  install: {wipe: 1}\n")
            .at(MAIN, "machine.install.wipe", 2),
        text("a number for a duration", "machine:\n  time: {bootTimeout: 5}\n")
            .at(MAIN, "machine.time.bootTimeout", 2),
        text("no base64", "machine:\n  ca: {crt: \"%%%\"}\n").at(MAIN, "machine.ca.crt", 2),
        text("binary", "machine: {token: !!binary aGVsbG8=}\n"),
        text("binary that is none", "machine: {token: !!binary \"%%%\"}\n")
            .at(MAIN, "machine.token", 1),
        text("a tag that is not kept", "machine: {token: !!int abc}\n").at(MAIN, "machine.token", 1),
        text("an unknown tag", "machine: {token: !secret abc}\n"),
        text("no URL", "cluster:\n  controlPlane:\n    endpoint: \"https://a b\"\n")
            .at(MAIN, "cluster.controlPlane.endpoint", 3),
        text("no address", "apiVersion: v1alpha1\nkind: ResolverConfig\nnameservers: [{address: 1.2.3}]\n")
            .at("ResolverConfig", "nameservers[0].address", 3),
        text("a word that is none of a few", "apiVersion: v1alpha1\nkind: BondConfig\nname: a\nbondMode: fastest\n")
            .at("BondConfig/a", "bondMode", 4),
        text("a date in free form", "machine: {kubelet: {extraConfig: {a: 2024-01-01}}}\n")
            .at(MAIN, "machine.kubelet.extraConfig.a", 1)
            .official(Official::Same),
    ]
}

fn aliases() -> Vec<Case> {
    let bomb: String = (1..5)
        .map(|level| {
            let before = format!("*a{}", level - 1);
            format!(
                "      a{level}: &a{level} [{}]\n",
                vec![before; 10].join(", ")
            )
        })
        .collect();
    let free = "machine:\n  kubelet:\n    extraConfig:\n";
    // Each of them merges the one before thirty times.
    let merging = |levels: usize| -> String {
        let level = |level: usize| {
            let before = vec![format!("*a{}", level - 1); 30].join(", ");
            format!("      a{level}: &a{level} {{<<: [{before}]}}\n")
        };
        (1..=levels).map(level).collect()
    };
    vec![
        text(
            "anchors",
            "machine:\n  certSANs: &a [x]\ncluster:\n  apiServer: {certSANs: *a}\n",
        ),
        text("an unknown anchor", "machine:\n  type: *nobody\n").at("number 1", "machine.type", 2),
        text(
            "an anchor of another document",
            "machine: {token: &a x}\n---\nmachine: {token: *a}\n",
        )
        .at(MAIN, "", 3),
        text(
            "an anchor that contains itself",
            "machine: {kubelet: {extraConfig: &a {b: *a}}}\n",
        )
        .at("number 1", "machine.kubelet.extraConfig.b", 1),
        text(
            "an alias of the wrong type",
            "machine:\n  certSANs: &a [x]\n  token: *a\n",
        )
        .at(MAIN, "machine.token", 2),
        text(
            "aliases that grow",
            &format!("{free}      a0: &a0 [x, x, x]\n{bomb}"),
        )
        .at(MAIN, "machine.kubelet.extraConfig.a3[7][8][7][0]", 4)
        .official(Official::AcceptsFrom(14)),
        text(
            "merge keys that grow",
            &format!("{free}      a0: &a0 {{x: 1}}\n{}", merging(3)),
        )
        .at(MAIN, "machine.kubelet.extraConfig.a3", 5)
        .official(Official::AcceptsFrom(14)),
        text(
            "merge keys that grow at the top of free form",
            &format!(
                "{free}      a0: &a0 {{x: 1}}\n{}      <<: [*a2, *a2, *a2]\n",
                merging(2)
            ),
        )
        .at(MAIN, "machine.kubelet.extraConfig", 5)
        .official(Official::AcceptsFrom(14)),
        text(
            "merge keys that grow a little",
            &format!("{free}      a0: &a0 {{x: 1}}\n{}", merging(1)),
        ),
        text("a merge key", "machine:\n  <<: {type: worker}\n").at(MAIN, "machine", 2),
        text(
            "a merge key of an alias",
            "machine: &a {type: worker}\ncluster:\n  <<: *a\n",
        )
        .at(MAIN, "cluster", 3),
        text(
            "a merge key in a mapping of mappings",
            "machine:\n  registries:\n    config:\n      <<: {a: {}}\n",
        )
        .at(MAIN, "machine.registries.config", 4),
        text(
            "a merge key in free form",
            "machine:\n  kubelet:\n    extraConfig:\n      c: d\n      <<: [{a: b}, {a: x, c: y}]\n",
        ),
        text(
            "a merge key twice in free form",
            "machine:\n  kubelet:\n    extraConfig:\n      <<: {a: b}\n      <<: {c: d}\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig", 5),
        text(
            "a merge key and a text that looks like one",
            "machine: {kubelet: {extraConfig: {a: {\"<<\": {b: 1}, <<: {c: 1}}}}}\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig.a", 1),
        text(
            "a text that looks like a merge key and is merged",
            "machine: {kubelet: {extraConfig: {a: {<<: {\"<<\": 1}}}}}\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig.a", 1)
        .official(Official::Accepts),
        text(
            "keys that are no text and are merged",
            "machine: {kubelet: {extraConfig: {a: {<<: {1: a, ~: b, true: c}}}}}\n",
        ),
        text(
            "a key that is binary",
            "machine: {kubelet: {extraConfig: {a: {!!binary YQ==: 1}}}}\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig.a", 1),
        text(
            "a merge key of a text at the top of free form",
            "machine:\n  kubelet:\n    extraConfig:\n      <<: b\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig", 4),
        text(
            "a merge key of a text in free form",
            "machine:\n  kubelet:\n    extraConfig:\n      a:\n        <<: b\n",
        )
        .at(MAIN, "machine.kubelet.extraConfig.a", 5),
    ]
}

/// Two documents that every line knows.
const TWO: &str = "machine: {type: worker}
---
apiVersion: v1alpha1
kind: KmsgLogConfig
name: a
url: tcp://a:1
";

fn patches() -> Vec<Case> {
    vec![
        patch("an empty patch", "").official(Official::RefusesFrom(12)),
        patch("a patch of comments", "# nothing\n"),
        patch("a patch of comments for two documents", "# nothing\n")
            .on(TWO)
            .official(Official::Refuses),
        patch("a tab in a patch", "machine:\n\ttype: a\n").at("number 1", "machine", 2),
        patch("a patch that is a text", "hello there\n").at("number 1", "", 1),
        patch("an unknown key in a patch", "machine:\n  kubelet:\n    imag: a\n")
            .at(MAIN, "machine.kubelet", 3)
            .suggests("image"),
        patch("an unknown kind in a patch", "apiVersion: v1alpha1\nkind: HostnameConf\n")
            .at("HostnameConf", "kind", 2)
            .suggests("HostnameConfig"),
        patch("a wrong type in a patch", "machine:\n  sysctls: [a]\n").at(MAIN, "machine.sysctls", 2),
        patch("a document twice in a patch", "machine: {type: a}\n---\nmachine: {type: b}\n")
            .at(MAIN, "", 3),
        patch(
            "a name that is taken",
            "apiVersion: v1alpha1\nkind: LinkConfig\nname: a\n---\napiVersion: v1alpha1\nkind: BondConfig\nname: a\n",
        )
        .at("BondConfig/a", "name", 5),
        patch("another type in free form", "machine:\n  kubelet:\n    extraConfig:\n      a:\n        b: text\n")
            .at(MAIN, "machine.kubelet.extraConfig.a.b", 5),
        patch("null over free form", "machine:\n  kubelet:\n    extraConfig:\n      list: null\n")
            .at(MAIN, "machine.kubelet.extraConfig.list", 4),
        patch("null in a list with keys", "machine:\n  network:\n    interfaces:\n      - interface: eth1\n      - null\n")
            .at(MAIN, "machine.network.interfaces[1]", 5),
    ]
}

fn deletions() -> Vec<Case> {
    vec![
        patch("a document that is not there", "apiVersion: v1alpha1\nkind: ResolverConfig\n$patch: delete\n")
            .at("ResolverConfig", "", 3),
        patch("a path that is not there", "machine:\n  env:\n    a:\n      $patch: delete\n")
            .at(MAIN, "machine.env.a", 4),
        patch("a key that cannot be there", "machine:\n  sysctl:\n    $patch: delete\n")
            .at(MAIN, "machine.sysctl", 3)
            .suggests("sysctls"),
        patch("an item without a key", "machine:\n  network:\n    interfaces:\n      - $patch: delete\n")
            .at(MAIN, "machine.network.interfaces[0]", 4),
        patch("within an item", "machine:\n  network:\n    interfaces:\n      - interface: eth0\n        dhcp: {$patch: delete}\n")
            .at(MAIN, "machine.network.interfaces[0].dhcp", 5),
        patch("an item that is not there", "machine:\n  network:\n    interfaces:\n      - interface: eth7\n        $patch: delete\n")
            .at(MAIN, "machine.network.interfaces[0]", 5),
        patch("a deletion without a kind", "apiVersion: v1alpha1\n$patch: delete\n")
            .at(MAIN, "kind", 1),
        patch("a deletion in another version", "apiVersion: v2\nkind: HostnameConfig\n$patch: delete\n")
            .at("HostnameConfig", "apiVersion", 1)
        .official(Official::AcceptsFrom(14)),
    ]
}

fn json_patches() -> Vec<Case> {
    vec![
        patch("an operation", "- {op: add, path: /machine/token, value: a}\n"),
        patch("an unknown operation", "- op: ad\n  path: /machine\n  value: {}\n")
            .at("number 1", "[0].op", 1)
            .suggests("add"),
        patch("no operation", "- {op: remove, path: /machine/type}\n- path: /machine\n")
            .at("number 1", "[1].op", 2),
        patch("no path", "- op: add\n  value: 1\n").at("number 1", "[0].path", 1),
        patch("a path without a slash", "- {op: remove, path: machine}\n")
            .at("number 1", "[0].path", 1),
        patch("no value", "- {op: add, path: /machine/token}\n"),
        patch("no source", "- {op: move, path: /machine/token}\n").at("number 1", "[0].from", 1),
        patch("a path that leads nowhere", "- {op: add, path: /machine/token, value: a}\n- {op: remove, path: /machine/nothing}\n")
            .at(MAIN, "machine.nothing", 2),
        patch("an item that is not in the list", "- {op: add, path: /machine/certSANs/7, value: a}\n")
            .at(MAIN, "machine.certSANs[7]", 1),
        patch("a test that fails", "- {op: test, path: /machine/type, value: controlplane}\n")
            .at(MAIN, "machine.type", 1),
        patch("an unknown key by an operation", "- op: add\n  path: /machine/token\n  value: a\n- op: add\n  path: /machine/sysctl\n  value: {}\n")
            .at(MAIN, "machine", 4)
            .suggests("sysctls"),
        patch("an unknown key before other operations", "- op: add\n  path: /machine/sysctl\n  value: {}\n- op: add\n  path: /machine/token\n  value: a\n")
            .at(MAIN, "machine", 1)
            .suggests("sysctls"),
        patch("an unknown key that is moved there", "- op: add\n  path: /machine/certSANs/-\n  value: b\n- op: move\n  from: /machine/sysctls\n  path: /machine/sysctl\n- op: add\n  path: /machine/certSANs/0\n  value: c\n")
            .at(MAIN, "machine", 4)
            .suggests("sysctls"),
        patch("a wrong item at the end of a list", "- {op: add, path: /machine/certSANs/-, value: b}\n- {op: add, path: /machine/certSANs/-, value: [c]}\n- {op: add, path: /machine/certSANs/-, value: d}\n")
            .at(MAIN, "machine.certSANs[2]", 2),
        patch("a wrong type by an operation", "- {op: replace, path: /machine/certSANs, value: {a: b}}\n- {op: add, path: /machine/token, value: a}\n")
            .at(MAIN, "machine.certSANs", 1),
        patch("an operation on two documents", "- {op: remove, path: /machine/type}\n")
            .on(TWO)
            .at("number 1", "", 1),
        patch("the whole document by a text", "- {op: replace, path: \"\", value: hello}\n")
            .at(MAIN, "", 1),
    ]
}
