//! Versions of Talos and Kubernetes as people write them: `v1.12.6`, `1.12`, `v1.12.0-alpha.1`.

/// Whether the text is a full version, with or without `v`: only those name a release or the tag of an image.
pub fn is_full(text: &str) -> bool {
    read(text).is_some_and(|version| version.patch.is_some())
}

/// A version, as far as it is written.
pub(crate) struct Version<'a> {
    pub major: u32,
    pub minor: u32,
    /// With what follows it, such as `0-alpha.1`; `None` in the name of a line such as `v1.12`.
    pub patch: Option<&'a str>,
}

/// Reads a full version, or the name of a line.
pub(crate) fn read(text: &str) -> Option<Version<'_>> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
    let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
    let patch = parts.next();
    patch.is_none_or(is_patch).then_some(Version {
        major,
        minor,
        patch,
    })
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// A number, and whatever a hyphen or a plus introduces.
fn is_patch(text: &str) -> bool {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    number(digits).is_some() && suffix.len() != 1 && suffix.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_version_has_three_numbers() {
        for text in [
            "v1.12.6",
            "1.35.6",
            "v1.12.0-alpha.1",
            "1.12.6-3-gabcdef0-dirty",
            "1.35.6+vendor.1",
        ] {
            assert!(is_full(text), "{text}");
        }
        for text in [
            "",
            "v",
            "latest",
            "1",
            "1.35",
            "v1.12",
            "1.12.x",
            "1.35.",
            "1.35.6.1",
            "1.35.6-",
            "1.35.6 ",
            " 1.35.6",
            "1.x.6",
            "vv1.12.6",
            "1.35.6-a_b",
            "1..6",
        ] {
            assert!(!is_full(text), "{text}");
        }
    }
}
