//! Secrets in text of formats that Talos only carries along, found by how they look.
//!
//! What is YAML or JSON is redacted by its structure, everything else line by line; both go into
//! the texts that stand within a text.

mod address;
mod lines;
mod manifest;
mod names;

pub(super) use address::{redact_address, redact_variable};
pub(super) use lines::{NAME_KEYS, VALUE_KEYS};
pub(super) use names::{is_secret_flag, is_secret_name, is_switch};

use self::lines::Lines;
use crate::yaml::spans;

/// How many texts may stand within each other; what is deeper is only read line by line.
const MAX_TEXTS: usize = 4;

/// Replaces private keys in PEM, values of settings whose name says that they are secret,
/// Kubernetes secrets, and user names and passwords in addresses.
pub(super) fn redact_content(text: &str) -> String {
    redact_within(text, 0)
}

/// The same of a text that stands within `depth` others.
fn redact_within(text: &str, depth: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = Lines::default();
    for part in parts(text) {
        let is_new = depth < MAX_TEXTS && !lines.is_open();
        let tree = (is_new && may_be_tree(part)).then(|| spans(part)).flatten();
        match tree.filter(|tree| tree.text().is_none()) {
            Some(tree) => {
                out.push_str(&manifest::redact(part, &tree, depth));
                lines = Lines::default();
            }
            None => {
                lines.is_secret = says_secret(part);
                lines.text(part, &mut out);
            }
        }
    }
    out
}

/// Whether it is worth while to read a text as YAML.
fn may_be_tree(text: &str) -> bool {
    let is_flow = text.trim_start().starts_with(['{', '[']);
    is_flow || [":\n", ": ", "- "].iter().any(|sign| text.contains(sign))
}

/// The text in parts that each begin with a `---` line.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" && position > start {
            parts.push(&text[start..position]);
            start = position;
        }
        position += line.len();
    }
    parts.push(&text[start..]);
    parts
}

/// Whether `kind: Secret` or `kind: SecretList` stands anywhere, in any layout.
fn says_secret(text: &str) -> bool {
    text.match_indices("kind").any(|(at, kind)| {
        let after = text[at + kind.len()..].trim_start_matches(['"', '\'']);
        let value = after.trim_start().strip_prefix(':').unwrap_or_default();
        let mut value = value.trim_start();
        // An anchor and a tag.
        for _ in 0..2 {
            if value.starts_with(['&', '!']) {
                let end = value.find(char::is_whitespace).unwrap_or(value.len());
                value = value[end..].trim_start();
            }
        }
        let value = value.trim_start_matches(['"', '\'']);
        let end = value.find(|c: char| !c.is_alphanumeric());
        manifest::is_secret_kind(&value[..end.unwrap_or(value.len())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_lose_their_value_and_nothing_else() {
        for (line, wanted) in [
            ("password: hunter2", "password: **REDACTED**"),
            ("  API_TOKEN=abc", "  API_TOKEN=**REDACTED**"),
            (
                "\"clientSecret\": \"abc\",",
                "\"clientSecret\": **REDACTED**",
            ),
            ("  password \"x\";", "  password **REDACTED**"),
            ("neighbor 10.0.0.1 as 65000;", "neighbor 10.0.0.1 as 65000;"),
            ("secretName: tls", "secretName: tls"),
            (
                "automountServiceAccountToken: false",
                "automountServiceAccountToken: false",
            ),
            ("url: https://u:p@h/x", "url: https://**REDACTED**@h/x"),
            ("password:", "password:"),
            (
                "aws_secret_access_key = a",
                "aws_secret_access_key = **REDACTED**",
            ),
            ("a-secret-token: b", "a-secret-token: **REDACTED**"),
            ("the token of password = b", "the token **REDACTED**"),
            (
                "neighbor 10.0.0.1 password s3cret",
                "neighbor 10.0.0.1 password **REDACTED**",
            ),
            ("enable password 8 x", "enable password **REDACTED**"),
            ("tls.key: x", "tls.key: **REDACTED**"),
            ("TS_AUTHKEY=x", "TS_AUTHKEY=**REDACTED**"),
            ("passwordPolicy = strict", "passwordPolicy = strict"),
            ("a: AGE-SECRET-KEY-1ABC", "a: **REDACTED**"),
            ("use tskey-auth-abc, now", "use **REDACTED**, now"),
            (
                "\"--admin-password\", \"x\"]",
                "\"--admin-password\", **REDACTED**",
            ),
            ("\"auth\": {", "\"auth\": {"),
            ("client-key-data: LS0t", "client-key-data: **REDACTED**"),
        ] {
            assert_eq!(redact_content(line), wanted);
        }
    }

    #[test]
    fn addresses_lose_users_and_secret_parameters() {
        for (text, wanted) in [
            (
                "siderolink.api=grpc://h?jointoken=x&tunnel=1 quiet",
                "siderolink.api=grpc://h?jointoken=**REDACTED**&tunnel=1 quiet",
            ),
            (
                "http://u@a/ http://b:p@c",
                "http://**REDACTED**@a/ http://**REDACTED**@c",
            ),
            ("https://a/?page=1&secret=", "https://a/?page=1&secret="),
            ("a@b", "a@b"),
            (
                "--token=x --v=4 --anonymous-auth=false a.secret=y",
                "--token=**REDACTED** --v=4 --anonymous-auth=false a.secret=**REDACTED**",
            ),
        ] {
            assert_eq!(redact_address(text), wanted);
        }
    }

    #[test]
    fn blocks_below_a_secret_name_and_private_keys_go() {
        let text = "token: |\n  a\n  b\nnext: 1\nkey: -----BEGIN EC PRIVATE KEY-----\nAAA\n-----END EC PRIVATE KEY-----\nend\n";
        let wanted = "token: **REDACTED**\nnext: 1\nkey: **REDACTED**\nend\n";
        assert_eq!(redact_content(text), wanted);
    }

    #[test]
    fn kubernetes_secrets_lose_their_data_and_other_documents_keep_theirs() {
        let text = "kind: ConfigMap\ndata:\n  a: b\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: b\n---\nkind: Pod\n";
        let wanted = "kind: ConfigMap\ndata:\n  a: b\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  **REDACTED**\n---\nkind: Pod\n";
        assert_eq!(redact_content(text), wanted);
    }

    #[test]
    fn secrets_in_lists_and_in_json_lose_their_data_too() {
        let text = "kind: List\nitems:\n- kind: Secret\n  data:\n    a: b\n  metadata: {}\n";
        let wanted =
            "kind: List\nitems:\n- kind: Secret\n  data:\n    **REDACTED**\n  metadata: {}\n";
        assert_eq!(redact_content(text), wanted);
        let text = "{\"kind\": \"Secret\", \"data\": {\"a\": \"b\"}}\n";
        let wanted = "{\"kind\": \"Secret\", \"data\": **REDACTED**}\n";
        assert_eq!(redact_content(text), wanted);
        let text = "kind: SecretStore\ndata: b\nmetadata: {}\n";
        assert_eq!(redact_content(text), text);
    }

    #[test]
    fn manifests_are_redacted_by_structure() {
        for (text, wanted) in [
            (
                "env:\n  - name: DB_PASSWORD\n    value: a\n  - {name: LEVEL, value: info}\n",
                "env:\n  - name: DB_PASSWORD\n    value: **REDACTED**\n  - {name: LEVEL, value: info}\n",
            ),
            (
                "args: [\"--admin-password\", \"a\", \"--v\"] # token: a\nimage: b\n",
                "args: [\"--admin-password\", **REDACTED**, \"--v\"] # token: **REDACTED**\nimage: b\n",
            ),
            (
                "secret: {secretName: a}\npassword: {b: c}\n",
                "secret: {secretName: a}\npassword: **REDACTED**\n",
            ),
            ("a: &x b\ntoken: *x\n", "a: **REDACTED**\ntoken: *x\n"),
            (
                "data:\n  frr.conf: |\n    router bgp 1\n     neighbor a password b\n  c: d\n",
                "data:\n  frr.conf: |\n    router bgp 1\n     neighbor a password **REDACTED**\n  c: d\n",
            ),
            ("a: '{\"auth\":\"b\"}'\n", "a: '{\"auth\":**REDACTED**}'\n"),
            ("a: \"token=b\\nc\"\n", "a: **REDACTED**\n"),
        ] {
            assert_eq!(redact_content(text), wanted);
        }
    }

    #[test]
    fn lines_that_belong_to_a_secret_go_with_it() {
        for (text, wanted) in [
            (
                "[a]\npassword = \"\"\"\nb\n\"\"\"\nc = 1\n",
                "[a]\npassword = **REDACTED**\nc = 1\n",
            ),
            (
                "{{ x }}\npassword: b\n  c\nd: 1\n",
                "{{ x }}\npassword: **REDACTED**\nd: 1\n",
            ),
            (
                "{{ x }}\n- --token\n- b\n- c\n",
                "{{ x }}\n- --token\n- **REDACTED**\n- c\n",
            ),
            (
                "{{ x }}\n- name: TOKEN\n  value: b\n- name: C\n  value: d\n",
                "{{ x }}\n- name: TOKEN\n  value: **REDACTED**\n- name: C\n  value: d\n",
            ),
        ] {
            assert_eq!(redact_content(text), wanted);
        }
    }

    #[test]
    fn secret_kinds_are_found_in_any_layout() {
        for text in [
            "kind: Secret",
            "\"kind\"\n:\n\"SecretList\"",
            "kind: &k !!str 'Secret'",
        ] {
            assert!(says_secret(text), "{text}");
        }
        for text in ["kind: SecretStore", "kind: Pod", "kinds", "kind"] {
            assert!(!says_secret(text), "{text}");
        }
    }

    /// Work that grows with the square of the length would take minutes.
    #[test]
    fn long_texts_take_time_by_their_length() {
        let before = std::time::Instant::now();
        for part in [
            "password \"\\",
            "kind: &kind: !",
            "- {b: [c, \"d: e\"]}\n",
            "---\na: b\n",
            "- --token\n- x\n",
            "://a@b ghp_x ",
            "name: token, value ",
            "[{",
            "-----BEGIN PRIVATE KEY",
            "- |\n  a: b # c\n",
            "'''\"",
            "?sig=x&",
        ] {
            let text = part.repeat((1 << 18) / part.len());
            assert!(redact_content(&text).len() < 8 << 20);
        }
        assert!(before.elapsed().as_secs() < 60, "{:?}", before.elapsed());
    }

    #[test]
    fn variables_keep_their_name() {
        assert_eq!(redact_variable("A=b=c"), "A=**REDACTED**");
        assert_eq!(redact_variable("A="), "A=");
        assert_eq!(redact_variable("A"), "A");
    }
}
