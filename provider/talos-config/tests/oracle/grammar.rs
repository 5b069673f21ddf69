//! Random configurations and patches, grown from the document tables.

use std::collections::{HashMap, HashSet};

use talos_config::tables::Line;
use talos_config::yaml::Value;

/// A small generator of random numbers; the same seed gives the same texts.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % n.max(1) as u64).unwrap()
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// The tables as far as generation needs them.
pub struct Grammar {
    /// Name, body, and whether there may be several.
    pub kinds: Vec<(String, String, bool)>,
    pub line: Line,
    /// Names and types of their fields.
    pub structs: HashMap<String, Vec<(String, String)>>,
    pub enums: HashMap<String, Vec<String>>,
    /// Struct and field of what official machinery marks as secret.
    pub secrets: HashSet<(String, String)>,
}

/// Texts that YAML or Talos may take for something else.
const TEXTS: &[&str] = &[
    "a",
    "b",
    "c",
    "\"\"",
    "x y",
    "yes",
    "\"no\"",
    "1",
    "\"1\"",
    "1.5",
    "null",
    "~",
    "0x1f",
    "2024-01-01",
    "\"12:30\"",
    "'a: b'",
    "\"#x\"",
    "\"l1\\nl2\"",
    "\"l1\\nl2\\n\"",
    "\" lead\"",
    "\"tab\\t\"",
    "é",
    "\"\\u2028x\"",
    "\"a\\n\\n\"",
    "10.0.0.1",
    "10.0.0.0/24",
    "https://a:6443",
    "\"<<\"",
    "-",
    "'- a'",
    "true",
    "\"true\"",
    "\"\\e\"",
    "\"🙂\"",
    "|\n  x",
    "\"a\\r\\nb\"",
    "'it''s'",
    "a#b",
    "'*a'",
    "YQ==",
];
const KEYS: &[&str] = &[
    "a",
    "b",
    "a10",
    "a2",
    "net.ipv4.ip_forward",
    "\"1\"",
    "x-y",
    "X",
    "docker.io",
    "\"true\"",
    "é",
];
const FREE: &[&str] = &[
    "1",
    "0",
    "\"\"",
    "a",
    "true",
    "false",
    "1.5",
    "null",
    "[]",
    "{}",
    "[1, a]",
    "[{a: b}]",
    "18446744073709551615",
    "\"1\"",
    "1e3",
];
const EXPRESSIONS: &[&str] = &[
    "\"true\"",
    "'disk.size > 10u'",
    "'disk.size > 10'",
    "'system_disk'",
    "nonsense",
    "\"\"",
    "'mac(link.permanent_addr) == \"a\"'",
];

/// A text, a list of texts, or what is neither.
fn argument(dice: &mut Dice) -> String {
    let text = |dice: &mut Dice| dice.pick(TEXTS).replace('\n', " ").replace("|  x", "x");
    match dice.below(10) {
        0 => "[]".into(),
        1 => "{a: b}".into(),
        2 => "null".into(),
        3..6 => {
            let (a, b) = (text(dice), text(dice));
            format!("[{a}, {b}]")
        }
        _ => text(dice),
    }
}

impl Grammar {
    pub fn read(line: Line) -> Self {
        let path = format!(
            "{}/src/tables/talos-1.{}.txt",
            env!("CARGO_MANIFEST_DIR"),
            line.minor()
        );
        let text = std::fs::read_to_string(path).unwrap();
        let mut grammar = Self {
            kinds: Vec::new(),
            line,
            structs: HashMap::new(),
            enums: HashMap::new(),
            secrets: HashSet::new(),
        };
        let mut owner = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[0] {
                "doc" => {
                    grammar
                        .kinds
                        .push((words[1].into(), words[2].into(), words.contains(&"named")))
                }
                "struct" => {
                    owner = words[1].to_owned();
                    grammar.structs.insert(owner.clone(), Vec::new());
                }
                "enum" => {
                    let values = words[3..]
                        .iter()
                        .filter(|w| !w.contains("..") && **w != "anycase");
                    let values = values
                        .map(|w| w.split('>').next().unwrap().to_owned())
                        .collect();
                    grammar.enums.insert(words[1].into(), values);
                }
                "rule" => {}
                field => {
                    let fields = grammar.structs.get_mut(&owner).unwrap();
                    fields.push((field.into(), words[1].into()));
                    if words.contains(&"secret") {
                        grammar.secrets.insert((owner.clone(), field.into()));
                    }
                }
            }
        }
        grammar
    }

    /// A document; the fuller, the more of its keys are there.
    pub fn document(&self, dice: &mut Dice, fullness: usize, deletions: bool) -> String {
        let main = dice.chance(50);
        let kind = if main {
            0
        } else {
            dice.below(self.kinds.len())
        };
        self.document_of(kind, dice, fullness, deletions)
    }

    /// A document of the kind with that number; the main one is the first.
    pub fn document_of(
        &self,
        kind: usize,
        dice: &mut Dice,
        fullness: usize,
        deletions: bool,
    ) -> String {
        let (kind, body, named) = &self.kinds[kind];
        let mut out = String::from("{");
        if kind != "v1alpha1" {
            out.push_str(&format!("apiVersion: v1alpha1, kind: {kind}, "));
            if *named && dice.chance(95) {
                out.push_str(&format!(
                    "name: {}, ",
                    dice.pick(&["a", "b", "EPHEMERAL", "10.0.0.1"])
                ));
            }
        }
        if deletions && dice.chance(3) {
            out.push_str("$patch: delete, ");
        }
        let mut grower = Grower {
            grammar: self,
            dice,
            fullness,
            deletions,
        };
        out.push_str(&grower.fields(body, 0, kind == "v1alpha1"));
        out + "}\n"
    }
}

impl Grammar {
    /// A value of a type of the tables.
    pub fn value(&self, ty: &str, dice: &mut Dice, fullness: usize, deletions: bool) -> String {
        let mut grower = Grower {
            grammar: self,
            dice,
            fullness,
            deletions,
        };
        grower.value(ty, 2)
    }

    /// JSON patches of a configuration of one document, some as JSON and some as YAML.
    pub fn json_patches(&self, dice: &mut Dice, config: &str) -> Vec<String> {
        let config = talos_config::yaml::parse(config).unwrap().remove(0);
        let count = 1 + dice.below(3) / 2;
        (0..count)
            .map(|_| {
                let operations: Vec<String> = (0..1 + dice.below(3) / 2)
                    .map(|_| self.operation(dice, &config))
                    .collect();
                // White space, or else it is the name of a file.
                format!("[ {} ]\n", operations.join(",\n"))
            })
            .collect()
    }

    fn operation(&self, dice: &mut Dice, config: &Value) -> String {
        const OPS: &[&str] = &[
            "add", "add", "add", "replace", "replace", "remove", "test", "test", "move", "copy",
        ];
        let Pointer { path, ty, found } = self.pointer(dice, config);
        // Most others need something that is there.
        let op = match found {
            None if dice.chance(80) => "add",
            _ => dice.pick(OPS),
        };
        let mut out = format!("{{\"op\": \"{op}\", ");
        if matches!(op, "move" | "copy") {
            // To where it was, to a place beside it, which takes what stands there, or anywhere.
            let to = match path.rsplit_once('/') {
                _ if dice.chance(40) => path.clone(),
                Some((parent, _)) if dice.chance(80) => {
                    format!("{parent}/{}", dice.pick(&["a", "b", "0", "-1", "x-y", "-"]))
                }
                _ => self.pointer(dice, config).path,
            };
            out.push_str(&format!("\"from\": \"{path}\", \"path\": \"{to}\""));
        } else {
            out.push_str(&format!("\"path\": \"{path}\""));
        }
        let value = match found.and_then(json) {
            // To the library, these are written otherwise in a patch than in a configuration.
            Some(found) if op == "test" && !found.contains(['<', '>', '&']) && dice.chance(80) => {
                found
            }
            _ => {
                let grower = Grower {
                    grammar: self,
                    dice,
                    fullness: 4,
                    deletions: false,
                };
                as_json(grower, ty)
            }
        };
        if dice.chance(97) {
            out.push_str(&format!(", \"value\": {value}"));
        }
        out + "}"
    }

    /// A place in the configuration, mostly one that is there.
    fn pointer<'a>(&'a self, dice: &mut Dice, config: &'a Value) -> Pointer<'a> {
        let mut place = Pointer {
            path: String::new(),
            ty: &self.kinds[0].1,
            found: Some(config),
        };
        loop {
            let depth = place.path.matches('/').count();
            let enough = depth > 1 && dice.chance(if depth > 2 { 40 } else { 10 });
            if enough || place.found.is_none() && dice.chance(95) {
                break;
            }
            let Some((step, ty)) = self.step(dice, &place, depth) else {
                break;
            };
            place.found = place.found.and_then(|value| match value {
                Value::List(items) => items.get(step.parse::<usize>().ok()?),
                value => value.get(&step),
            });
            place.ty = ty;
            place.path += &format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        }
        if dice.chance(1) {
            place.path = dice.pick(&["", "/", ".", "/machine"]).to_owned();
        } else if dice.chance(3) {
            place.path.insert(0, '.');
        }
        place
    }

    /// One step further, and the type of what is there.
    fn step<'a>(
        &'a self,
        dice: &mut Dice,
        place: &Pointer<'a>,
        depth: usize,
    ) -> Option<(String, &'a str)> {
        let ty = place.ty.trim_start_matches('*');
        let there: Vec<&str> = match place.found {
            Some(Value::Map(map)) => map.keys().collect(),
            _ => Vec::new(),
        };
        let known = !there.is_empty() && dice.chance(75);
        if let Some(inner) = ty.strip_prefix("[]") {
            let index = match place.found {
                Some(Value::List(items)) if items.is_empty() && dice.chance(80) => "-",
                _ if dice.chance(70) => "0",
                _ => dice.pick(&["-", "1", "-1", "-0", "+1", "x", "9"]),
            };
            return Some((index.to_owned(), inner));
        }
        if let Some(inner) = ty.strip_prefix("map:") {
            let key = dice.pick(if known { &there } else { POINTED });
            return Some((key.to_owned(), inner));
        }
        if ty == "any" {
            return Some((dice.pick(POINTED).to_owned(), ""));
        }
        let fields: Vec<&(String, String)> = self
            .structs
            .get(ty)?
            .iter()
            .filter(|(field, _)| depth > 0 || matches!(field.as_str(), "machine" | "cluster"))
            .filter(|(field, _)| !known || there.contains(&field.as_str()))
            .collect();
        let (field, inner) = *fields.get(dice.below(fields.len()))?;
        let field = if dice.chance(1) {
            "unknownKey"
        } else {
            field.as_str()
        };
        Some((field.to_owned(), inner.as_str()))
    }
}

/// A place in a configuration.
struct Pointer<'a> {
    path: String,
    /// Of what stands there.
    ty: &'a str,
    found: Option<&'a Value>,
}

const POINTED: &[&str] = &["a", "b", "x-y", "docker.io", "1", "net/a", "~", "a~1"];

/// What the grower makes, mostly as JSON, which is YAML with all texts in quotes.
fn as_json(mut grower: Grower<'_>, ty: &str) -> String {
    let yaml = grower.value(ty, 3);
    let plain = grower.dice.chance(15);
    match talos_config::yaml::parse(&yaml) {
        Ok(values) if !plain && values.len() == 1 => json(&values[0]).unwrap_or(yaml),
        _ => yaml,
    }
}

/// As JSON, if that can say it.
pub fn json(value: &Value) -> Option<String> {
    let text = |text: &str| serde_json::to_string(text).ok();
    Some(match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(_) | Value::Plain(_) => return None,
        Value::Str(string) => text(string)?,
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(json).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Map(map) => {
            let entry = |(key, value)| Some(format!("{}: {}", text(key)?, json(value)?));
            let entries: Option<Vec<String>> = map.iter().map(entry).collect();
            format!("{{{}}}", entries?.join(", "))
        }
    })
}

struct Grower<'a> {
    grammar: &'a Grammar,
    dice: &'a mut Dice,
    fullness: usize,
    deletions: bool,
}

impl Grower<'_> {
    fn fields(&mut self, name: &str, depth: usize, main: bool) -> String {
        let mut out = String::new();
        for (field, ty) in &self.grammar.structs[name] {
            if matches!(field.as_str(), "apiVersion" | "kind") || depth == 0 && field == "name" {
                continue;
            }
            let wanted = if main && depth == 0 && (field == "machine" || field == "cluster") {
                85
            } else {
                self.fullness
            };
            if !self.dice.chance(wanted) {
                continue;
            }
            let value = self.value(ty, depth + 1);
            out.push_str(&format!("{field}: {value}, "));
        }
        if self.dice.chance(1) {
            out.push_str("unknownKey: 1, ");
        }
        out
    }

    fn value(&mut self, ty: &str, depth: usize) -> String {
        if self.deletions && self.dice.chance(4) {
            return "{$patch: delete}".into();
        }
        if self.dice.chance(3) {
            return self
                .dice
                .pick(&["null", "[]", "{}", "\"\"", "5", "x"])
                .into();
        }
        if let Some(inner) = ty.strip_prefix('*') {
            return self.value(inner, depth);
        }
        if let Some(inner) = ty.strip_prefix("[]") {
            let count = self.dice.below(4);
            let items: Vec<String> = (0..count).map(|_| self.item(inner, depth)).collect();
            return format!("[{}]", items.join(", "));
        }
        if let Some(inner) = ty.strip_prefix("map:") {
            let mut keys: Vec<&str> = (0..self.dice.below(4))
                .map(|_| self.dice.pick(KEYS))
                .collect();
            keys.sort_unstable();
            keys.dedup();
            let entries: Vec<String> = keys
                .iter()
                .map(|k| format!("{k}: {}", self.value(inner, depth + 1)))
                .collect();
            return format!("{{{}}}", entries.join(", "));
        }
        if self.grammar.structs.contains_key(ty) {
            return format!("{{{}}}", self.fields(ty, depth, false));
        }
        if let Some(values) = self.grammar.enums.get(ty) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let value = self.dice.pick(&values);
            return if self.dice.chance(10) {
                format!("\"{}\"", value.to_uppercase())
            } else {
                format!("\"{value}\"")
            };
        }
        self.scalar(ty, depth)
    }

    /// Items of lists of mappings are deleted by their first key.
    fn item(&mut self, ty: &str, depth: usize) -> String {
        let mapping = self
            .grammar
            .structs
            .contains_key(ty.trim_start_matches('*'));
        if self.deletions && mapping && self.dice.chance(15) {
            let key = self.dice.pick(&[
                "interface",
                "name",
                "path",
                "vlanId",
                "mountPath",
                "address",
                "url",
            ]);
            return format!(
                "{{{key}: {}, $patch: delete}}",
                self.dice.pick(&["a", "b", "1", "10.0.0.1"])
            );
        }
        self.value(ty, depth)
    }

    fn scalar(&mut self, ty: &str, depth: usize) -> String {
        let dice = &mut *self.dice;
        match ty {
            "string" => dice.pick(TEXTS).replace('\n', " ").replace("|  x", "x"),
            "bool" => dice.pick(&["true", "false", "yes", "no", "\"on\""]).into(),
            "duration" => dice
                .pick(&["5m", "0s", "1h30m", "1.5s", "-1s", "100ms"])
                .into(),
            "url" | "endpoint" => dice
                .pick(&[
                    "https://a:6443",
                    "\"http://b/c?d=e#f\"",
                    "\"HTTPS://X/a b\"",
                    "tcp://1.2.3.4:5",
                    "\"https://u:p@h\"",
                    "/x",
                    "\"\"",
                    "\"https://h/%2f\"",
                ])
                .into(),
            "cel" => dice.pick(EXPRESSIONS).into(),
            "bytesize" | "disksize" => dice
                .pick(&[
                    "1GB",
                    "10 GiB",
                    "1000",
                    "1500000",
                    "123456789",
                    "\"0\"",
                    "\"-1GB\"",
                ])
                .into(),
            "size" => dice
                .pick(&["1GB", "50%", "2TB", "\"10%\"", "-10%", "-1GB"])
                .into(),
            "ip" => dice
                .pick(&[
                    "10.0.0.1",
                    "\"fd00::1\"",
                    "\"::\"",
                    "\"fe80::1%eth0\"",
                    "\"FD00:0::2\"",
                    "\"::ffff:1.2.3.4\"",
                ])
                .into(),
            "cidr" => dice
                .pick(&[
                    "10.0.0.1/24",
                    "0.0.0.0/0",
                    "\"fd00::/64\"",
                    "\"::/0\"",
                    "10.0.0.0/8",
                ])
                .into(),
            "addrport" => dice.pick(&["10.0.0.1:5", "\"[fd00::1]:5\""]).into(),
            "portrange" => dice.pick(&["80", "1-5", "5-5", "\"7-9\"", "65535"]).into(),
            "hwaddr" => dice
                .pick(&[
                    "52:54:00:aa:BB:01",
                    "\"00\"",
                    "\"\"",
                    "\"11:22:33:44:55:06\"",
                ])
                .into(),
            "filemode" => dice.pick(&["0o644", "0600", "420", "0"]).into(),
            "disksizematch" => dice.pick(&["'>= 1GB'", "'< 2TB'", "1GB"]).into(),
            "base64" => dice.pick(&["YQ==", "\"\"", "Yg==", "\"******\""]).into(),
            "args" => {
                let mut keys: Vec<&str> = (0..dice.below(4)).map(|_| dice.pick(KEYS)).collect();
                keys.sort_unstable();
                keys.dedup();
                let entries: Vec<String> = keys
                    .iter()
                    .map(|k| format!("{k}: {}", argument(dice)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            "any" => {
                let count = dice.below(4);
                let mut keys: Vec<&str> = (0..count).map(|_| dice.pick(KEYS)).collect();
                keys.sort_unstable();
                keys.dedup();
                let nested = depth < 8;
                let entries: Vec<String> = keys
                    .iter()
                    .map(|k| format!("{k}: {}", self.free(nested)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            // The rest are integers.
            _ => dice
                .pick(&["0", "1", "5", "100", "1500", "0x10", "1_0", "7.0"])
                .into(),
        }
    }

    fn free(&mut self, nested: bool) -> String {
        if self.deletions && self.dice.chance(3) {
            return "{$patch: delete}".into();
        }
        if nested && self.dice.chance(30) {
            let (a, b) = (self.free(false), self.free(false));
            return format!("{{a: {a}, b: {b}}}");
        }
        self.dice.pick(FREE).into()
    }
}
