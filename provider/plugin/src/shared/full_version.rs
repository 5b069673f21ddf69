//! Versions that must name a release: only those have images and assets.

use talos_config::version;

use super::placeholder::stands_in;

/// Why the text is no full version, with what to write; `None` where it is one, or stands in for one. `product` and
/// `example` are what it is a version of and how one looks.
pub fn refusal(text: &str, product: &str, example: &str) -> Option<String> {
    if stands_in(text) || version::is_full(text) {
        return None;
    }
    Some(format!(
        "'{text}' names no release of {product}; write all three numbers, as {example}"
    ))
}

/// [`refusal`] for Talos.
pub fn refusal_of_talos(text: &str) -> Option<String> {
    refusal(text, "Talos", "v1.12.6")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_and_placeholders_pass() {
        for text in ["v1.12.6", "1.12.0-beta.1", "mock", "mock-version"] {
            assert_eq!(refusal_of_talos(text), None, "{text}");
        }
        for text in ["", "v1.12", "1.12.x", "latest"] {
            let told = refusal_of_talos(text).unwrap();
            assert!(told.contains(&format!("'{text}'")), "{told}");
            assert!(told.ends_with("v1.12.6"), "{told}");
        }
    }
}
