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
];

/// Free-form parts with secrets in them.
const FREE: &[&str] = &[
    "{a: {clientSecret: SECRET}, b: 1}",
    "{spec: {containers: [{name: a, env: [{name: A, value: SECRET}]}]}}",
    "{process: {env: [A=SECRET, B=1]}}",
    "{providers: [{secretbox: {keys: [{name: key1, secret: SECRET}]}}]}",
    "{url: 'https://user:SECRET@host/', v: 1}",
];

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
        template.replace("SECRET", &secret)
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

/// Or else the test above would find no leak either.
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
