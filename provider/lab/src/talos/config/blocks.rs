//! The text of a configuration by its keys: differences are told in the lines that were submitted.

use super::Config;
use super::changes::{FEATURES, MACHINE};

/// The text of the main document.
pub(super) fn main(config: &Config) -> Option<&str> {
    let at = config
        .documents()
        .iter()
        .position(|one| one.get("kind").is_none())?;
    let mut documents = config.text.split("\n---\n");
    let text = documents.find(|text| !text.trim().is_empty());
    match at {
        0 => text.map(|text| text.trim_start_matches("---\n")),
        at => documents.nth(at - 1),
    }
}

/// A key with all of its lines.
#[derive(Debug, Clone, PartialEq)]
struct Block<'t> {
    key: &'t str,
    lines: Vec<&'t str>,
}

/// The old text, and the new one with everything that may change without a reboot taken from it;
/// none where a text is not written a key a line.
pub(super) fn masked(old: &str, new: &str) -> Option<(String, String)> {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let (olds, news) = (blocks(&old)?, blocks(&new)?);
    let mut news = taken(&olds, news, &["debug", "cluster"]);
    within(&olds, &mut news, "machine", |olds, news| {
        let mut news = taken(olds, news, &MACHINE);
        within(olds, &mut news, "features", |olds, news| {
            Some(taken(olds, news, &FEATURES))
        })?;
        Some(news)
    })?;
    Some((text(&olds), text(&news)))
}

fn text(blocks: &[Block<'_>]) -> String {
    let lines = blocks.iter().flat_map(|block| &block.lines);
    lines.map(|line| format!("{line}\n")).collect()
}

/// Keys at the indentation of the first line; none where that is no key.
fn blocks<'t>(lines: &[&'t str]) -> Option<Vec<Block<'t>>> {
    let first = lines.first()?;
    let depth = first.len() - first.trim_start().len();
    let mut blocks: Vec<Block<'t>> = Vec::new();
    for line in lines {
        let own = line.len() - line.trim_start().len();
        let key = line.trim_start().split_once(':').map(|(key, _)| key);
        match key.filter(|key| own == depth && is_key(key)) {
            Some(key) => blocks.push(Block {
                key,
                lines: vec![line],
            }),
            None => blocks.last_mut()?.lines.push(line),
        }
    }
    Some(blocks)
}

fn is_key(text: &str) -> bool {
    !text.starts_with(['-', '#']) && !text.contains([' ', '{', '['])
}

fn position(blocks: &[Block<'_>], key: &str) -> Option<usize> {
    blocks.iter().position(|block| block.key == key)
}

/// The new keys, but some of them as the old ones are; each stands where it stood.
fn taken<'t>(olds: &[Block<'t>], news: Vec<Block<'t>>, keys: &[&str]) -> Vec<Block<'t>> {
    let mut kept: Vec<Block<'t>> = news
        .into_iter()
        .filter_map(|block| match keys.contains(&block.key) {
            true => olds.get(position(olds, block.key)?).cloned(),
            false => Some(block),
        })
        .collect();
    for (index, old) in olds.iter().enumerate() {
        if !keys.contains(&old.key) || position(&kept, old.key).is_some() {
            continue;
        }
        let mut before = olds.iter().take(index).rev();
        let after = before.find_map(|block| position(&kept, block.key));
        kept.insert(after.map_or(0, |at| at + 1), old.clone());
    }
    kept
}

/// Changes what stands below a key that both have.
fn within<'t>(
    olds: &[Block<'t>],
    news: &mut [Block<'t>],
    key: &str,
    change: impl FnOnce(&[Block<'t>], Vec<Block<'t>>) -> Option<Vec<Block<'t>>>,
) -> Option<()> {
    let (Some(old), Some(new)) = (position(olds, key), position(news, key)) else {
        return Some(());
    };
    let (old, new) = (olds.get(old)?, news.get_mut(new)?);
    let changed = change(&blocks(old.lines.get(1..)?)?, blocks(new.lines.get(1..)?)?)?;
    new.lines.truncate(1);
    new.lines
        .extend(changed.into_iter().flat_map(|block| block.lines));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_a_reboot_is_left_of_a_change() {
        let old = "version: v1\nmachine:\n    type: worker\n    time:\n        disabled: true\n    features:\n        rbac: true\n        hostDNS:\n            enabled: true\ncluster:\n    id: a\n";
        let new = "version: v1\nmachine:\n    type: worker\n    env:\n        A: b\n    sysctls:\n        a: b\n    features:\n        rbac: true\ncluster:\n    id: b\n";
        let wanted = "version: v1\nmachine:\n    type: worker\n    time:\n        disabled: true\n    env:\n        A: b\n    features:\n        rbac: true\n        hostDNS:\n            enabled: true\ncluster:\n    id: a\n";
        assert_eq!(
            masked(old, new).unwrap(),
            (old.to_owned(), wanted.to_owned())
        );
        assert_eq!(masked("{ version: v1 }\n", new), None);
    }

    #[test]
    fn the_main_document_is_found_among_others() {
        let text = "---\nmachine: {}\n---\nkind: A\n";
        let config = Config::parse(text).unwrap();
        assert_eq!(main(&config), Some("machine: {}"));
        let config = Config::parse("kind: A\n---\nmachine: {}\n").unwrap();
        assert_eq!(main(&config), Some("machine: {}\n"));
    }
}
