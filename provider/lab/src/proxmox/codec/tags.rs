//! Tags: lower case, sorted, each once (recorded with PVE 9.2, default tag style).

use crate::proxmox::schema::split_list;

/// The stored form of a tag list; no tags are stored as one space.
pub(crate) fn normal_tags(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut tags: Vec<&str> = split_list(&lower).collect();
    tags.sort_unstable();
    tags.dedup();
    tags.join(";")
}

#[cfg(test)]
mod tests {
    use super::normal_tags;

    #[test]
    fn tags_are_sorted_and_lowered() {
        assert_eq!(normal_tags("Z;a;z A"), "a;z");
        assert_eq!(normal_tags("a,b c"), "a;b;c");
        assert_eq!(normal_tags(";a;"), "a");
        assert_eq!(normal_tags(""), "");
    }
}
