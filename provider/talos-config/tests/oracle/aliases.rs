//! Random configurations of anchors, aliases and merge keys, where mappings may look like anything.

use super::grammar::Dice;

const KEYS: &[&str] = &["a", "b", "c", "d", "e", "\"1\"", "x-y"];
const ODD_KEYS: &[&str] = &["1", "~", "true", "2024-01-01", "<<", "!!str 1"];
const SCALARS: &[&str] = &["1", "x", "\"\"", "true", "1.5", "null", "[]", "{}", "\"y\""];
const NO_MAPPINGS: &[&str] = &["x", "null", "[x]", "[[{a: b}]]", "[]", "\"\""];

/// A worker's configuration with `levels` mappings, each of which may refer to those before it up
/// to `width` times.
pub fn config(dice: &mut Dice, levels: usize, width: usize) -> String {
    let mut grower = Grower {
        dice,
        anchors: 0,
        width,
    };
    let mut out = String::from("machine:\n  type: worker\n  kubelet:\n    extraConfig:\n");
    for level in 0..levels {
        let mapping = grower.mapping(2);
        out += &format!("      m{level}: &m{level} {mapping}\n");
        grower.anchors += 1;
    }
    if grower.dice.chance(30) {
        let sources = grower.sources(2);
        out += &format!("      <<: {sources}\n");
    }
    for place in ["sysctls", "env", "nodeLabels"] {
        if grower.dice.chance(10) {
            let mapping = grower.mapping(0);
            out += &format!("  {place}: {mapping}\n");
        }
    }
    out
}

/// Configurations in which each of `levels` values refers to the one before `width` times.
pub fn growing(levels: usize, width: usize) -> [String; 4] {
    let head = "machine:\n  type: worker\n  kubelet:\n    extraConfig:\n";
    let grown = |first: &str, open: &str, close: &str| {
        let level = |level: usize| {
            let before = vec![format!("*m{}", level - 1); width].join(", ");
            format!("      m{level}: &m{level} {open}{before}{close}\n")
        };
        let rest: String = (1..=levels).map(level).collect();
        format!("{head}      m0: &m0 {first}\n{rest}")
    };
    [
        grown("[a, b]", "[", "]"),
        grown("{a: 1, b: [c]}", "{<<: [", "]}"),
        grown("{a: 1}", "{<<: [", "]}"),
        grown("{a: 1}", "{<<: {<<: [", "]}, c: 1}"),
    ]
}

struct Grower<'a> {
    dice: &'a mut Dice,
    /// How many there are so far.
    anchors: usize,
    width: usize,
}

impl Grower<'_> {
    fn mapping(&mut self, depth: usize) -> String {
        let mut entries: Vec<String> = (0..self.dice.below(4))
            .map(|_| {
                let keys = if self.dice.chance(1) { ODD_KEYS } else { KEYS };
                let key = self.dice.pick(keys);
                format!("{key}: {}", self.value(depth))
            })
            .collect();
        // Mostly no key twice.
        if !self.dice.chance(2) {
            entries.sort_unstable();
            entries.dedup_by_key(|entry| entry.split(": ").next().map(str::to_owned));
        }
        if self.dice.chance(40) {
            let at = self.dice.below(entries.len() + 1);
            let sources = self.sources(depth);
            entries.insert(at, format!("<<: {sources}"));
        }
        format!("{{{}}}", entries.join(", "))
    }

    fn value(&mut self, depth: usize) -> String {
        match self.dice.below(6) {
            0 if depth > 0 => self.mapping(depth - 1),
            1 if depth > 0 => format!("[{}, {}]", self.value(depth - 1), self.value(depth - 1)),
            2 => self.alias(),
            _ => self.dice.pick(SCALARS).to_owned(),
        }
    }

    /// What a merge key refers to.
    fn sources(&mut self, depth: usize) -> String {
        if self.dice.chance(1) {
            return self.dice.pick(NO_MAPPINGS).to_owned();
        }
        if self.dice.chance(50) {
            return self.source(depth);
        }
        let count = self.dice.below(self.width + 1);
        let sources: Vec<String> = (0..count).map(|_| self.source(depth)).collect();
        format!("[{}]", sources.join(", "))
    }

    fn source(&mut self, depth: usize) -> String {
        if depth > 0 && self.dice.chance(20) {
            return self.mapping(depth - 1);
        }
        self.alias()
    }

    fn alias(&mut self) -> String {
        match self.anchors {
            0 => "{}".to_owned(),
            // So that they grow.
            count if self.dice.chance(70) => format!("*m{}", count - 1),
            count => format!("*m{}", self.dice.below(count)),
        }
    }
}
