//! Names and words that tell a secret.
//!
//! What a name ends with counts, not what is in it: `passwordPolicy`, `secretName` and
//! `tokenTTL` stay readable.

use super::super::REDACTED;

/// Ends of names whose value is a secret; they are compared in lower case, without `_`, `-`, `.`.
const NAMES: [&str; 38] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "secret",
    "secrets",
    "token",
    "tokens",
    "psk",
    "apikey",
    "accesskey",
    "accountkey",
    "secretkey",
    "sharedkey",
    "privatekey",
    "privkey",
    "clientkey",
    "encryptionkey",
    "authkey",
    "authenticationkey",
    "messagedigestkey",
    "signingkey",
    "masterkey",
    "sessionkey",
    "storagekey",
    "hostkey",
    "keystring",
    // Of a key in a kubeconfig.
    "keydata",
    "auth",
    "auths",
    "authorization",
    "credential",
    "credentials",
    "signature",
    "sig",
    // Where kubectl keeps all of an object once more.
    "lastappliedconfiguration",
];

/// Names that end so and mean something else.
const OPEN: [&str; 3] = ["bypass", "compass", "imagepullsecrets"];

/// How well-known secrets begin, whatever their name.
const PREFIXES: [&str; 10] = [
    "AGE-SECRET-KEY-",
    "tskey-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "hvs.",
    "eyJhbGci",
];

/// Whether a name says that its value is a secret.
pub(in crate::redact) fn is_secret_name(name: &str) -> bool {
    let name = name.trim();
    let is_joint = |c: &char| !matches!(c, '_' | '-' | '.');
    let letters = name.chars().filter(is_joint).collect::<String>();
    let letters = letters.to_ascii_lowercase();
    let is_key = name
        .rsplit_once('.')
        .is_some_and(|(front, last)| !front.is_empty() && last.eq_ignore_ascii_case("key"));
    let ends = |endings: &[&str]| endings.iter().any(|ending| letters.ends_with(ending));
    (is_key || ends(&NAMES)) && !ends(&OPEN)
}

/// Whether an argument of a program says that the next one is a secret.
pub(in crate::redact) fn is_secret_flag(argument: &str) -> bool {
    argument.starts_with('-') && !argument.contains([' ', '=', ':']) && is_secret_name(argument)
}

/// What `anonymous-auth` and the like are set to.
pub(in crate::redact) fn is_switch(value: &str) -> bool {
    let value = value.trim_end_matches([',', ';', ']', '}', ' ', '\t']);
    matches!(value.trim_matches(['"', '\'']), "true" | "false")
}

/// The line without words that look like well-known secrets.
pub(super) fn redact_words(line: &str) -> String {
    let is_joint = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.');
    let mut out = String::with_capacity(line.len());
    for part in line.split_inclusive(is_joint) {
        if PREFIXES.iter().any(|prefix| part.starts_with(prefix)) {
            out.push_str(REDACTED);
            out.push_str(part.rfind(is_joint).map_or("", |end| &part[end..]));
        } else {
            out.push_str(part);
        }
    }
    out
}
