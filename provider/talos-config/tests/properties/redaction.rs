//! Random configurations of every kind of every line, with something planted wherever a secret may
//! stand: nothing of it is shown, and what is shown does not depend on it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use talos_config::diff::diff;
use talos_config::document::Config;
use talos_config::tables::Line;

use crate::cases;
use crate::oracle::grammar::{Dice, Grammar};

/// Stands for the first half of each secret; the second half is its number.
const SEED: &str = "@SEED@@@";
const ONE: &str = "hunterAA";
const OTHER: &str = "swordfsh";

/// Kinds of places that the tables do not mark: names of fields of texts and of mappings to texts.
const SECRETS: &[&str] = &[
    "passphrase",
    "password",
    "apiToken",
    "uniqueToken",
    "auth",
    "identityToken",
    "privateKey",
    "presharedKey",
];
const VARIABLES: &[&str] = &["env", "variables", "headers", "extraManifestHeaders"];
const FILES: &[&str] = &["content", "contents"];

/// Texts of other formats with secrets in them.
const CONTENTS: &[&str] = &[
    "user = a\npassword = \"SECRET\"\n",
    "{\"auths\": {\"ghcr.io\": {\"auth\": \"SECRET\"}}}\n",
    "[default]\naws_secret_access_key = SECRET\n",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  a: SECRET\n",
    "a: 1\nkey: |\n  -----BEGIN PRIVATE KEY-----\n  SECRET\n  -----END PRIVATE KEY-----\n",
    "url: https://user:SECRET@host/path\n",
    "API_TOKEN=SECRET\nexport CLIENT_TOKEN=\"SECRET\"\n",
    "token: >-\n  SECRET\nnext: 1\n",
    "Authorization: Bearer SECRET\n",
    // Manifests.
    "kind: Deployment\nspec:\n  containers:\n  - env:\n    - name: DB_PASSWORD\n      value: SECRET\n    args: [\"--admin-password\", \"SECRET\"]\n    httpHeaders: [{name: Authorization, value: SECRET}]\n",
    "kind: Pod\nargs:\n- --token\n- SECRET\n- --admin-password=SECRET\n- -c\n",
    "kind: SecretList\nitems:\n- data: {a: SECRET}\n",
    "kind: &k Secret\ndata: {a: SECRET}\n",
    "kind: !!str Secret\nstringData:\n  a: |\n    SECRET\n",
    "kind:\n  Secret\ndata:\n  a: SECRET\n",
    "{\"kind\":\"List\",\"items\":[{\"data\":{\"a\":\"SECRET\"},\"kind\":\"Secret\"}]}",
    "{\n\"kind\":\n\"Secret\",\n\"data\":\n{\n\"a\":\n\"SECRET\"\n}\n}\n",
    "kind: ConfigMap\ndata:\n  frr.conf: |\n    router bgp 1\n     neighbor 10.0.0.1 password SECRET\n  a.json: '{\"password\":\"SECRET\"}'\n  b: \"token=SECRET\\n\"\n",
    "a: &x SECRET\npassword: *x\n",
    "a: b # token: SECRET\n",
    "tls.key: SECRET\nauthkey: SECRET\npass: SECRET\npwd: SECRET\nencryption_key: [SECRET]\n",
    // Values of more than a line, as YAML, and where the rest is none.
    "password: \"first\n  SECRET\"\nb: 1\n",
    "password: first\n  SECRET\nb: 1\n",
    "password:\n  SECRET\nb: 1\n",
    "token: !!str |\n SECRET\nb: 1\n",
    "token: &a |\n SECRET\nb: 1\n",
    "{{ x }}\npassword: \"first\nSECRET\"\nb: 1\n",
    "{{ x }}\npassword:\n  SECRET\nb: 1\n",
    "{{ x }}\ntoken: !!str |\n SECRET\nb: 1\n",
    "{{ x }}\n- name: DB_PASSWORD\n  value: SECRET\n",
    "{{ x }}\n- {name: Authorization, value: SECRET}\n",
    "{{ x }}\nargs:\n- --admin-password\n- SECRET\nb: 1\n",
    "{{ x }}\nargs: [\"--admin-password\", \"SECRET\"]\n",
    "{{ x }}\nkind:\n  SecretList\nitems:\n- data:\n    a: SECRET\n",
    "[a]\npassword = \"\"\"\nSECRET\n\"\"\"\nb = 1\n",
    "[a]\npassword = '''\nSECRET\n'''\nb = 1\n",
    // Files of programs.
    "router bgp 1\n neighbor 10.0.0.1 password SECRET\n",
    "enable password 8 SECRET\n",
    "machine h login u password SECRET\n",
    "machine h\nlogin u\npassword SECRET\n",
    "network={\n  wpa_passphrase SECRET\n}\n",
    "key: AGE-KEY-1SECRET\nother: tskey-auth-SECRET\n",
    "TS_AUTHKEY=SECRET\nA=AccountKey=SECRET==\nrd.luks.key=SECRET\n",
    "get https://h/a?sig=SECRET&b=1 https://h/?X-Amz-Signature=SECRET\n",
];

/// Free-form parts with secrets in them.
const FREE: &[&str] = &[
    "{a: {clientSecret: SECRET}, b: 1}",
    "{spec: {containers: [{name: a, env: [{name: A, value: SECRET}]}]}}",
    "{process: {env: [A=SECRET, B=1]}}",
    "{providers: [{secretbox: {keys: [{name: key1, secret: SECRET}]}}]}",
    "{url: 'https://user:SECRET@host/', v: 1}",
    "{args: ['--admin-password', SECRET, '--token=SECRET'], b: 1}",
    "{httpHeaders: [{name: Authorization, value: SECRET}]}",
    "{password: {value: SECRET}, tls.key: SECRET, pwd: [SECRET]}",
    "{command: [sh, -c, 'run --password SECRET']}",
    "{kind: Secret, stringData: {a: SECRET}}",
];

/// The template with its secret; what keys of age begin with would be one itself.
fn plant(template: &str, secret: &str) -> String {
    template
        .replace("SECRET", secret)
        .replace("AGE-KEY-1", "AGE-SECRET-KEY-1")
}

/// Writes documents that load, with secrets in them.
struct Planter<'a> {
    grammar: &'a Grammar,
    dice: &'a mut Dice,
    fullness: usize,
    /// How many secrets there are.
    planted: usize,
    /// Those that are known by value, because a field holds nothing else.
    known: Vec<String>,
    /// Struct and field of the marked ones.
    marked: BTreeSet<(String, String)>,
}

impl Planter<'_> {
    fn secret(&mut self) -> String {
        self.planted += 1;
        format!("{SEED}{:08}", self.planted)
    }

    /// A secret that redaction knows wherever it stands.
    fn known(&mut self) -> String {
        let secret = self.secret();
        self.known.push(secret.clone());
        secret
    }

    fn template(&mut self, templates: &[&str]) -> String {
        let template = self.dice.pick(templates).to_owned();
        let secret = self.secret();
        plant(&template, &secret)
    }

    fn document(&mut self, kind: usize) -> String {
        let (kind, body, named) = &self.grammar.kinds[kind];
        let head = match (kind.as_str(), named) {
            ("v1alpha1", _) => "version: v1alpha1, ".to_owned(),
            (kind, false) => format!("apiVersion: v1alpha1, kind: {kind}, "),
            (kind, true) => format!("apiVersion: v1alpha1, kind: {kind}, name: 10.0.0.1, "),
        };
        format!("{{{head}{}}}\n", self.fields(body, 0))
    }

    fn fields(&mut self, owner: &str, depth: usize) -> String {
        const HEAD: [&str; 4] = ["version", "apiVersion", "kind", "name"];
        let mut out = String::new();
        for (field, ty) in &self.grammar.structs[owner] {
            let in_head = depth == 0 && HEAD.contains(&field.as_str());
            let section = depth == 0 && matches!(field.as_str(), "machine" | "cluster");
            if in_head || !section && !self.dice.chance(self.fullness) {
                continue;
            }
            let value = self.field(owner, field, ty, depth);
            out.push_str(&format!("{field}: {value}, "));
        }
        out
    }

    fn field(&mut self, owner: &str, field: &str, ty: &str, depth: usize) -> String {
        let place = (owner.to_owned(), field.to_owned());
        let bare = ty.trim_start_matches('*');
        let scalar = !self.grammar.structs.contains_key(bare);
        if self.grammar.secrets.contains(&place) {
            self.marked.insert(place);
            return self.known();
        }
        match (field, bare) {
            _ if scalar && SECRETS.contains(&field) => self.known(),
            // What tells a bundle from another.
            ("cert" | "crt" | "clusterID", _) => self.known(),
            ("id", _) if owner == "v1alpha1.ClusterConfig" => self.known(),
            ("apiUrl", _) => format!("'grpc://host?jointoken={}'", self.secret()),
            (_, "map:string") if VARIABLES.contains(&field) => {
                format!("{{a: {}, b: {}}}", self.known(), self.known())
            }
            ("environment", "[]string") => format!("[A={}, B=, C]", self.secret()),
            (_, "string") if FILES.contains(&field) => {
                let text = self.template(CONTENTS);
                serde_json::to_string(&text).unwrap()
            }
            ("extraKernelArgs", _) => {
                format!(
                    "['siderolink.api=grpc://h?jointoken={}', quiet]",
                    self.secret()
                )
            }
            _ => self.value(ty, depth),
        }
    }

    fn value(&mut self, ty: &str, depth: usize) -> String {
        let ty = ty.trim_start_matches('*');
        if let Some(inner) = ty.strip_prefix("[]") {
            let items: Vec<String> = (0..1 + self.dice.below(2))
                .map(|_| self.value(inner, depth + 1))
                .collect();
            return format!("[{}]", items.join(", "));
        }
        if let Some(inner) = ty.strip_prefix("map:") {
            return format!("{{a: {}}}", self.value(inner, depth + 1));
        }
        if self.grammar.structs.contains_key(ty) {
            return format!("{{{}}}", self.fields(ty, depth + 1));
        }
        if let Some(values) = self.grammar.enums.get(ty) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            return format!("\"{}\"", self.dice.pick(&values));
        }
        self.scalar(ty)
    }

    fn scalar(&mut self, ty: &str) -> String {
        match ty {
            "string" => self.text(),
            "bool" => "true".into(),
            "duration" => "5m".into(),
            "url" | "endpoint" => format!("'https://user:{}@host:6443/a'", self.secret()),
            "cel" => "'true'".into(),
            "bytesize" | "disksize" | "size" => "1GB".into(),
            "ip" => "10.0.0.1".into(),
            "cidr" => "10.0.0.0/24".into(),
            "addrport" => "10.0.0.1:5".into(),
            "portrange" => "1-5".into(),
            "hwaddr" => "52:54:00:aa:bb:01".into(),
            "filemode" => "0o644".into(),
            "disksizematch" => "'>= 1GB'".into(),
            "base64" => "YQ==".into(),
            "args" => format!(
                "{{oidc-client-secret: {}, token: [{}], v: '4'}}",
                self.known(),
                self.known()
            ),
            "any" => self.template(FREE),
            _ => "1".into(),
        }
    }

    /// An open text, at times with a secret of another place in it.
    fn text(&mut self) -> String {
        let at = self.dice.below(self.known.len());
        match self.known.get(at) {
            Some(secret) if self.dice.chance(20) => format!("'run {secret} now'"),
            _ => self.dice.pick(&["a", "b c", "10.0.0.1"]).to_owned(),
        }
    }
}

fn grammars() -> &'static [Grammar] {
    static GRAMMARS: OnceLock<Vec<Grammar>> = OnceLock::new();
    GRAMMARS.get_or_init(|| Line::ALL.map(Grammar::read).into())
}

/// Whether anything of the secrets is in a text.
fn leaks(text: &str) -> bool {
    [ONE, OTHER, SEED].iter().any(|seed| text.contains(seed))
}

/// The configuration with secrets of the one and of the other seed, if it loads.
fn twins(text: &str, line: Line) -> Option<[Config; 2]> {
    let one = Config::load(&text.replace(SEED, ONE), line).ok()?;
    let other = Config::load(&text.replace(SEED, OTHER), line);
    Some([one, other.unwrap()])
}

/// Each text by itself, so that one that leaks is named.
#[test]
fn no_secret_of_a_carried_text_is_shown() {
    for template in CONTENTS {
        let text = plant(template, &format!("{SEED}00000001"));
        let content = serde_json::to_string(&text).unwrap();
        let config = format!("cluster: {{inlineManifests: [{{name: a, contents: {content}}}]}}\n");
        let [one, other] = twins(&config, Line::NEWEST).unwrap();
        let shown = one.redact();
        assert!(!leaks(&shown), "{shown}");
        assert_eq!(shown, other.redact());
    }
}

#[test]
fn no_planted_secret_is_shown() {
    let mut kinds = BTreeSet::new();
    let mut marked = BTreeSet::new();
    cases::hold(41, |dice, attempt| {
        let grammar = &grammars()[attempt % grammars().len()];
        let kind = attempt / grammars().len() % grammar.kinds.len();
        let fullness = *dice.pick(&[&15, &50, &90]);
        let mut planter = Planter {
            grammar,
            dice,
            fullness,
            planted: 0,
            known: Vec::new(),
            marked: BTreeSet::new(),
        };
        let mut text = planter.document(kind);
        if kind > 0 && planter.dice.chance(30) {
            planter.fullness = 10;
            text = format!("{text}---\n{}", planter.document(0));
        }
        let (planted, found) = (planter.planted, planter.marked);
        let [one, other] = twins(&text, grammar.line)?;
        kinds.insert((grammar.line, kind));
        if planted == 0 || !leaks(&one.emit()) {
            return None;
        }
        let shown = one.redact();
        assert!(!leaks(&shown), "Talos {}:\n{text}\n{shown}", grammar.line);
        assert!(shown == other.redact(), "{text}");
        let changes = diff(&one, &other);
        let shown = format!("{:?} {:?}", changes.differences(), changes.summary());
        assert!(!leaks(&shown), "{text}\n{shown}");
        marked.extend(found.into_iter().map(|place| (grammar.line, place)));
        Some(())
    });
    for grammar in grammars() {
        let all = 0..grammar.kinds.len();
        let missing: Vec<_> = all
            .filter(|kind| !kinds.contains(&(grammar.line, *kind)))
            .map(|kind| &grammar.kinds[kind].0)
            .collect();
        assert!(
            missing.is_empty(),
            "Talos {}: never loaded: {missing:?}",
            grammar.line
        );
        let missing: Vec<_> = grammar
            .secrets
            .iter()
            .filter(|place| !marked.contains(&(grammar.line, (*place).clone())))
            .collect();
        assert!(
            missing.is_empty(),
            "Talos {}: nothing planted in {missing:?}",
            grammar.line
        );
    }
}

/// What plans are read for.
const READABLE: &[&str] = &[
    "kind: Deployment\nmetadata:\n  name: app-token\nspec:\n  replicas: SHOWN\n  template:\n    spec:\n      containers:\n      - image: ghcr.io/a/b:SHOWN\n        args: [\"--token-ttl=SHOWN\", --v, SHOWN]\n        env:\n        - {name: LEVEL, value: SHOWN}\n        - name: TOKEN\n          valueFrom: {secretKeyRef: {name: SHOWN, key: SHOWN}}\n      volumes:\n      - name: v\n        secret: {secretName: SHOWN, optional: true}\n",
    "passwordPolicy: SHOWN\nsecretName: SHOWN\ntokenTTL: SHOWN\npublic_key: SHOWN\ntopologyKey: SHOWN\n",
    "rules:\n- resources: [secrets, SHOWN]\n  verbs: [get, SHOWN]\n",
    "imagePullSecrets:\n- name: SHOWN\nautomountServiceAccountToken: false\n",
    "protocol bgp a {\n  neighbor SHOWN as 65000;\n  password \"x\";\n  hold time SHOWN;\n}\n",
    "router bgp 1\n neighbor 10.0.0.1 password x\n neighbor SHOWN remote-as 2\n",
    "{{ x }}\npassword: x\nreplicas: SHOWN\n",
];

#[test]
fn what_is_no_secret_stays_readable() {
    for text in READABLE {
        let text = text.replace("SHOWN", "shown-here");
        let count = |text: &str| text.matches("shown-here").count();
        let content = serde_json::to_string(&text).unwrap();
        let config = format!(
            "cluster: {{inlineManifests: [{{name: a, contents: {content}}}]}}\nmachine: {{files: [{{path: /a, op: create, content: {content}}}]}}\n"
        );
        let config = Config::load(&config, Line::NEWEST).unwrap();
        let shown = config.redact();
        assert_eq!(count(&shown), 2 * count(&text), "{shown}");
    }
}

/// Or else the first test would find no leak either.
#[test]
fn what_is_planted_where_no_secret_stands_is_found() {
    for grammar in grammars() {
        for place in [
            "machine: {network: {hostname: SECRET}}",
            "machine: {files: [{path: /a, content: 'a SECRET b'}]}",
            "cluster: {clusterName: SECRET, token: other}",
            "machine: {kubelet: {extraConfig: {a: {b: SECRET}}}}",
        ] {
            let text = place.replace("SECRET", &format!("{SEED}00000001"));
            let [one, other] = twins(&text, grammar.line).unwrap();
            assert!(
                leaks(&one.redact()) && one.redact() != other.redact(),
                "{place}"
            );
        }
    }
}
