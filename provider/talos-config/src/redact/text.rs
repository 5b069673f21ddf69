//! Secrets in text of formats that Talos only carries along, found by how they look.

use super::REDACTED;

/// Words that, at the end of a name, say that its value is a secret; they are compared without
/// `_` and `-`.
pub(super) const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "psk",
    "apikey",
    "accesskey",
    "secretkey",
    "presharedkey",
    "privatekey",
    // Of a key in a kubeconfig.
    "keydata",
    "auth",
    "authorization",
];

/// Whether a name says that its value is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-'));
    let letters = letters.collect::<String>().to_ascii_lowercase();
    NAMES.iter().any(|ending| letters.ends_with(ending))
}

/// What `anonymous-auth` and the like are set to.
pub(super) fn is_switch(value: &str) -> bool {
    matches!(value, "true" | "false")
}

/// Replaces private keys in PEM, values of settings whose name says that they are secret,
/// Kubernetes secrets, and user names and passwords in addresses.
pub(super) fn redact_content(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut state = State::default();
    for line in documents(text).iter().flat_map(|(part, is_secret)| {
        part.split_inclusive('\n')
            .map(move |line| (line, *is_secret))
    }) {
        state.line(line, &mut out);
    }
    out
}

/// `NAME=value` without the value.
pub(super) fn redact_variable(text: &str) -> String {
    match text.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}={REDACTED}"),
        _ => text.to_owned(),
    }
}

/// An address, or text with addresses in it, without user, password and secret parameters:
/// `https://user:password@host/?token=x`.
pub(super) fn redact_address(text: &str) -> String {
    redact_parameters(&redact_user_info(text))
}

fn redact_user_info(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after
            .find(|c: char| "/?#\"' \t\n".contains(c))
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => {
                out.push_str(REDACTED);
                &after[at..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

/// `name=value` where the name ends as those of secrets do: words, and parameters of addresses.
fn redact_parameters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(['?', '&', ' ', '\t', '\n', ',', ';']) {
        let Some((name, value)) = part.split_once('=') else {
            out.push_str(part);
            continue;
        };
        let end = value
            .find(|c: char| "&?#\"' \t\n,;".contains(c))
            .unwrap_or(value.len());
        if end > 0 && is_secret_name(name) && !is_switch(&value[..end]) {
            out.push_str(&format!("{name}={REDACTED}{}", &value[end..]));
        } else {
            out.push_str(part);
        }
    }
    out
}

/// The text in parts between `---` lines, each with whether there is a Kubernetes Secret in it.
fn documents(text: &str) -> Vec<(&str, bool)> {
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
    let is_secret = |part: &str| part.lines().any(says_secret);
    parts
        .into_iter()
        .map(|part| (part, is_secret(part)))
        .collect()
}

/// `kind: Secret`, `- kind: Secret` in a list, or the same in JSON, where more may stand beside it.
fn says_secret(line: &str) -> bool {
    line.match_indices("kind").any(|(at, kind)| {
        let after = line[at + kind.len()..].trim_start_matches(['"', '\'']);
        let value = after.trim_start().strip_prefix(':').unwrap_or_default();
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        let rest = value.strip_prefix("Secret");
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

/// The data of a Kubernetes Secret begins here: what is before it, with its name.
fn data_start(line: &str) -> Option<&str> {
    let ends = ["stringData", "data"].into_iter().filter_map(|name| {
        let at = line.find(name)?;
        let free = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
        let end = at + name.len();
        let rest = line[end..].trim_start_matches(['"', '\'']).trim_start();
        (free && rest.starts_with(':')).then_some(end)
    });
    let end = ends.min()?;
    let quotes = line[end..].len() - line[end..].trim_start_matches(['"', '\'']).len();
    Some(&line[..end + quotes])
}

#[derive(Default)]
struct State {
    in_private_key: bool,
    /// In the data of a Kubernetes Secret, or in a block below a secret name: until a line that
    /// is indented no deeper than this.
    below: Option<usize>,
}

impl State {
    fn line(&mut self, (line, is_secret): (&str, bool), out: &mut String) {
        let body = line.trim_end_matches(['\n', '\r']);
        let end = &line[body.len()..];
        let indent = body.len() - body.trim_start().len();
        if self.in_private_key {
            self.in_private_key = !is_key_end(body);
            return;
        }
        if let Some(limit) = self.below {
            if body.trim().is_empty() || indent > limit {
                return;
            }
            self.below = None;
        }
        if let Some(start) = key_start(body) {
            self.in_private_key = !is_key_end(body);
            out.push_str(&format!("{}{REDACTED}{end}", &body[..start]));
            return;
        }
        if let Some(start) = data_start(body).filter(|_| is_secret) {
            self.below = Some(indent);
            out.push_str(&format!("{start}: {REDACTED}{end}"));
            return;
        }
        match setting(body) {
            Some((prefix, value)) => {
                if value.starts_with(['|', '>']) {
                    self.below = Some(indent);
                }
                out.push_str(&format!("{prefix}{REDACTED}{end}"));
            }
            None => out.push_str(&format!("{}{end}", redact_address(body))),
        }
    }
}

fn key_start(line: &str) -> Option<usize> {
    let start = line.find("-----BEGIN ")?;
    line[start..].contains("PRIVATE KEY").then_some(start)
}

fn is_key_end(line: &str) -> bool {
    line.contains("-----END ")
}

/// A line that sets a name that says secret, split before the value: `password: x`,
/// `API_TOKEN = "x"`, `"secret": "x"`, `password "x";`.
fn setting(line: &str) -> Option<(&str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut from = 0;
    while let Some(start) = line[from..].find(is_name).map(|at| from + at) {
        let rest = &line[start..];
        let end = start + rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        from = end;
        if !is_secret_name(&line[start..end]) {
            continue;
        }
        if let Some(value) = value_of(&line[end..]) {
            return Some((&line[..line.len() - value.len()], value));
        }
    }
    None
}

/// The value in what follows a name, if one is set.
fn value_of(rest: &str) -> Option<&str> {
    let after = rest.trim_start_matches(['"', '\'']);
    let blank = after.trim_start();
    let value = match blank.strip_prefix([':', '=']) {
        Some(value) => value.trim_start(),
        // A name and a value in quotes with a blank between them, as routing daemons have it.
        None if blank.len() < after.len() && blank.starts_with('"') => blank,
        None => return None,
    };
    let tells = !is_switch(value) && !matches!(value, "" | "null" | "{" | "[");
    tells.then_some(value)
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
            (
                "the token of password = b",
                "the token of password = **REDACTED**",
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
        let wanted = "kind: ConfigMap\ndata:\n  a: b\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData: **REDACTED**\n---\nkind: Pod\n";
        assert_eq!(redact_content(text), wanted);
    }

    #[test]
    fn secrets_in_lists_and_in_json_lose_their_data_too() {
        let text = "kind: List\nitems:\n- kind: Secret\n  data:\n    a: b\n  metadata: {}\n";
        let wanted = "kind: List\nitems:\n- kind: Secret\n  data: **REDACTED**\n  metadata: {}\n";
        assert_eq!(redact_content(text), wanted);
        let text = "{\"kind\": \"Secret\", \"data\": {\"a\": \"b\"}}\n";
        let wanted = "{\"kind\": \"Secret\", \"data\": **REDACTED**\n";
        assert_eq!(redact_content(text), wanted);
        let text = "kind: SecretStore\ndata: b\nmetadata: {}\n";
        assert_eq!(redact_content(text), text);
    }

    #[test]
    fn variables_keep_their_name() {
        assert_eq!(redact_variable("A=b=c"), "A=**REDACTED**");
        assert_eq!(redact_variable("A="), "A=");
        assert_eq!(redact_variable("A"), "A");
    }
}
