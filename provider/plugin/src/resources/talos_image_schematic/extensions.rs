//! Names of extensions against those that the factory has. Pure.

use framework::prelude::*;

/// Unlike names are no suggestion: at most this part of the letters may differ, one in so many.
const LIKENESS: usize = 3;

/// The first wanted extension that does not exist, with the nearest one that does.
pub fn check(wanted: &[String], known: &[String], talos_version: &str) -> Result<(), Diagnostic> {
    let Some(missing) = wanted.iter().find(|name| !known.contains(name)) else {
        return Ok(());
    };
    let advice = match nearest(missing, known) {
        Some(name) => format!("Did you mean {name:?}?"),
        None => format!(
            "It has {} extensions for this version; `GET /version/VERSION/extensions/official` lists them.",
            known.len()
        ),
    };
    Err(Diagnostic::error(
        format!(
            "TS-SCHEMATIC-EXTENSION: there is no extension {missing:?} for Talos {talos_version}"
        ),
        format!(
            "The Image Factory would take the schematic and fail to make images of it. {advice}"
        ),
    )
    .at(Path::attribute("extensions")))
}

/// The most similar name: the part after the slash counts, because a missing owner is the common mistake.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
    let wanted = short(name);
    let (distance, best) = known
        .iter()
        .map(|other| (distance(&wanted, &short(other)), other))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= wanted.len().div_ceil(LIKENESS)).then_some(best)
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substitution = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(wanted: &str) -> String {
        let known = [
            "siderolabs/i915",
            "siderolabs/qemu-guest-agent",
            "siderolabs/zfs",
        ]
        .map(str::to_owned);
        check(&[wanted.to_owned()], &known, "v1.12.6")
            .err()
            .map(|problem| problem.detail)
            .unwrap_or_default()
    }

    #[test]
    fn the_nearest_name_is_offered() {
        assert_eq!(detail("siderolabs/i915"), "");
        assert!(detail("qemu-guest-agent").contains("\"siderolabs/qemu-guest-agent\""));
        assert!(detail("siderolabs/quemu-guest-agnt").contains("\"siderolabs/qemu-guest-agent\""));
        assert!(detail("siderolabs/nvidia-open").contains("It has 3 extensions"));
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
