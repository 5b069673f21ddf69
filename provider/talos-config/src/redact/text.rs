//! Secrets in text of formats that Talos only carries along, found by how they look.

use super::REDACTED;

/// Words that, at the end of a name, say that its value is a secret.
const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "privatekey",
];

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

/// `?name=value` and `&name=value` where the name ends as those of secrets do.
fn redact_parameters(text: &str) -> String {
    let mut parts = text.split_inclusive(['?', '&']);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((name, value)) = part.split_once('=') else {
            out.push_str(part);
            continue;
        };
        let lower = name.to_ascii_lowercase();
        let end = value
            .find(|c: char| "&?#\"' \t\n".contains(c))
            .unwrap_or(value.len());
        if end > 0 && NAMES.iter().any(|secret| lower.ends_with(secret)) {
            out.push_str(&format!("{name}={REDACTED}{}", &value[end..]));
        } else {
            out.push_str(part);
        }
    }
    out
}

/// The text in parts between `---` lines, each with whether it is a Kubernetes Secret.
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
    let is_secret = |part: &str| {
        part.lines().any(|line| {
            let kind = line
                .strip_prefix("kind:")
                .map(|kind| kind.trim().trim_matches(['"', '\'']));
            kind == Some("Secret")
        })
    };
    parts
        .into_iter()
        .map(|part| (part, is_secret(part)))
        .collect()
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
        if is_secret
            && indent == 0
            && (body.starts_with("data:") || body.starts_with("stringData:"))
        {
            self.below = Some(0);
            let name = body.split(':').next().unwrap_or_default();
            out.push_str(&format!("{name}: {REDACTED}{end}"));
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
    let lower = line.to_ascii_lowercase();
    let name_end = NAMES
        .iter()
        .flat_map(|name| lower.match_indices(name).map(|(at, _)| at + name.len()))
        .filter(|end| !lower[*end..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        .min()?;
    let after = line[name_end..].trim_start_matches(['"', '\'']);
    let blank = after.trim_start();
    let value = match blank.strip_prefix([':', '=']) {
        Some(value) => value.trim_start(),
        // A name and a value in quotes with a blank between them, as routing daemons have it.
        None if blank.len() < after.len() && blank.starts_with('"') => blank,
        None => return None,
    };
    let at = line.len() - value.len();
    let tells = !matches!(value, "" | "true" | "false" | "null");
    tells.then(|| (&line[..at], value))
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
    fn variables_keep_their_name() {
        assert_eq!(redact_variable("A=b=c"), "A=**REDACTED**");
        assert_eq!(redact_variable("A="), "A=");
        assert_eq!(redact_variable("A"), "A");
    }
}
