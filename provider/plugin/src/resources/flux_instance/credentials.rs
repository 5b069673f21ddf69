//! Whether `git_auth` is of one kind, complete, and what `sync` needs. Pure.
//!
//! Facts: fluxcd.io, GitRepository v1, "Secret reference" and "GitHub"; source-controller 1.7 knows no installation by its owner.

use framework::prelude::*;

use super::model::{FluxInstance, GitAuth, GithubApp, Sync};
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};

const AUTH: &str = "git_auth";
const APP: &str = "git_auth.github_app";

/// Refuses credentials that contradict themselves or the sync; placeholders and unknown values are no reason: apply checks again,
/// when all is known.
pub fn check(config: &FluxInstance, found: &mut Diagnostics) {
    let sync = config.sync.get();
    if let Some(sync) = sync {
        check_url(sync, found);
        check_github(sync, &config.git_auth, found);
    }
    let Some(auth) = config.git_auth.get() else {
        return;
    };
    check_twice(auth, found);
    check_kinds(auth, found);
    if let Some(app) = auth.github_app.get() {
        check_app(app, config, found);
    }
    match sync {
        Some(sync) => check_fit(auth, sync, found),
        None if config.sync.is_null() => conflict(
            found,
            AUTH,
            "git_auth without sync",
            "`git_auth` logs in for what `sync` fetches. Set `sync`, or leave `git_auth` out.",
        ),
        None => {}
    }
}

fn conflict(found: &mut Diagnostics, path: &str, what: &str, why: &str) {
    found.error_at(path, format!("TS-INPUT-CONFLICT: {what}"), why);
}

fn invalid(found: &mut Diagnostics, path: &str, what: &str, why: &str) {
    found.error_at(path, format!("TS-INPUT-INVALID: {what}"), why);
}

fn missing(found: &mut Diagnostics, path: &str, what: &str, why: &str) {
    found.error_at(path, format!("TS-INPUT-MISSING: {what}"), why);
}

/// The kinds of credentials that are certainly given: each has the attribute it is known by. What is not known yet may turn out null.
fn kinds(auth: &GitAuth) -> Vec<&'static str> {
    let all = [
        // Beside an SSH key it is the key's passphrase.
        (
            "password",
            either(&auth.password, &auth.password_wo) && !auth.has_identity(),
        ),
        (
            "bearer_token",
            either(&auth.bearer_token, &auth.bearer_token_wo),
        ),
        ("identity", either(&auth.identity, &auth.identity_wo)),
        ("github_app", auth.github_app.is_known()),
    ];
    let given = all.into_iter().filter(|(_, given)| *given);
    given.map(|(name, _)| name).collect()
}

/// Whether one of the two spellings is certainly given.
fn either(stored: &Field<Secret<String>>, write_only: &Field<Secret<String>>) -> bool {
    stored.is_known() || write_only.is_known()
}

fn check_kinds(auth: &GitAuth, found: &mut Diagnostics) {
    let kinds = kinds(auth);
    if auth.username.is_known() && !auth.has_password() && !auth.has_identity() {
        missing(
            found,
            AUTH,
            "git_auth.username has no password",
            "A user logs in with `password` or `password_wo`. Set one, or leave `username` out.",
        );
    }
    if kinds.contains(&"identity") && auth.known_hosts.is_null() {
        missing(
            found,
            AUTH,
            "git_auth.identity has no known_hosts",
            "Flux takes no SSH server that it was not told of. Set `known_hosts` to what `ssh-keyscan` prints for the host, once you have compared it.",
        );
    }
    if auth.known_hosts.is_known() && !auth.has_identity() {
        missing(
            found,
            AUTH,
            "git_auth.known_hosts has no identity",
            "Host keys are for SSH. Set `identity` or `identity_wo`, or leave `known_hosts` out.",
        );
    }
    if kinds.len() > 1 {
        conflict(
            found,
            AUTH,
            &format!("git_auth has {}", kinds.join(" and ")),
            "Flux logs in one way. Keep one of `password`, `bearer_token`, `identity` and `github_app`.",
        );
    }
}

fn check_twice(auth: &GitAuth, found: &mut Diagnostics) {
    let mut pairs = vec![
        (AUTH, "password", &auth.password, &auth.password_wo),
        (
            AUTH,
            "bearer_token",
            &auth.bearer_token,
            &auth.bearer_token_wo,
        ),
        (AUTH, "identity", &auth.identity, &auth.identity_wo),
    ];
    if let Some(app) = auth.github_app.get() {
        pairs.push((APP, "private_key", &app.private_key, &app.private_key_wo));
    }
    for (path, name, stored, write_only) in pairs {
        if stored.is_known() && write_only.is_known() {
            let why = format!("Set `{name}` or `{name}_wo`, not both.");
            conflict(found, path, &format!("{path}.{name} is given twice"), &why);
        }
    }
}

fn check_app(app: &GithubApp, config: &FluxInstance, found: &mut Diagnostics) {
    for (name, field) in [
        ("app_id", &app.app_id),
        ("installation_id", &app.installation_id),
    ] {
        let wrong = |text: &&str| !is_placeholder_text(text) && !is_number(text);
        if let Some(text) = field.as_str().filter(wrong) {
            let what = format!("{APP}.{name} is {text:?}");
            let why = "Flux takes numbers alone: the one in the app's settings, and the one at the end of the installation's address.";
            invalid(found, APP, &what, why);
        }
    }
    match (&app.installation_id, &app.installation_owner) {
        (Field::Null, Field::Null) => missing(
            found,
            APP,
            "git_auth.github_app names no installation",
            "Set `installation_id`, the number at the end of the installation's address, or, with Flux 2.8 and later, `installation_owner`.",
        ),
        (Field::Known(_), Field::Known(_)) => conflict(
            found,
            APP,
            "git_auth.github_app has installation_id and installation_owner",
            "Flux finds the installation by one of them. Keep `installation_id`, or, with Flux 2.8 and later, `installation_owner`.",
        ),
        (Field::Null, Field::Known(_)) => check_owner(config, found),
        _ => {}
    }
    check_key(app, found);
    let base = app
        .base_url
        .as_str()
        .filter(|url| !is_placeholder_host(url));
    if base.is_some_and(|url| !is_http(url)) {
        let what = format!("{APP}.base_url is {:?}", app.base_url.text());
        let why = "Write the address of the server's API, such as `https://github.example.com/api/v3`, or leave it out for github.com.";
        invalid(found, APP, &what, why);
    }
}

fn check_key(app: &GithubApp, found: &mut Diagnostics) {
    if app.private_key.is_null() && app.private_key_wo.is_null() {
        missing(
            found,
            APP,
            "git_auth.github_app has no private key",
            "Set `private_key_wo` (or `private_key`, which state keeps) to the text of the .pem file that GitHub made for the app.",
        );
    }
    let key = app.private_key.get().or_else(|| app.private_key_wo.get());
    let is_pem = |text: &str| text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----");
    let is_wrong = |text: &str| !is_placeholder_text(text) && !is_pem(text);
    if key.is_some_and(|key| is_wrong(key.expose())) {
        invalid(
            found,
            APP,
            "git_auth.github_app.private_key is no PEM private key",
            "Give the text of the .pem file that GitHub made for the app, not its path and not base64 of it.",
        );
    }
}

/// Flux looks an installation up by its owner since 2.8.
fn check_owner(config: &FluxInstance, found: &mut Diagnostics) {
    let version = config.distribution.get().map(|given| given.version.text());
    let old = version.and_then(minor).is_some_and(|minor| minor < (2, 8));
    if old {
        let what = format!(
            "{APP}.installation_owner with distribution.version {:?}",
            version.unwrap_or_default()
        );
        let why = "Flux before 2.8 does not know it. Set `installation_id` instead, or a newer `distribution.version`.";
        conflict(found, APP, &what, why);
    }
}

/// Major and minor of a version or a range such as `2.7.x`; `None` where it does not name both.
pub fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches(['v', '=', '~']).split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The provider `github` and a GitHub App belong together.
fn check_github(sync: &Sync, auth: &Field<GitAuth>, found: &mut Diagnostics) {
    let github = sync.provider.as_str() == Some("github");
    let app = auth.get().is_some_and(|auth| auth.github_app.is_known());
    if app && !github && !sync.provider.is_unknown() {
        let provider = match sync.provider.as_str() {
            Some(provider) => format!("sync.provider is {provider:?}"),
            None => "sync.provider is not set".to_owned(),
        };
        let what = format!("git_auth.github_app is given and {provider}");
        let why = "Flux refuses the secret of a GitHub App with any other provider. Set `sync.provider` to \"github\", or log in by another member of `git_auth`.";
        conflict(found, APP, &what, why);
    }
    let other = auth.get().is_some_and(|auth| auth.github_app.is_null());
    let nobody = auth.is_null() && sync.pull_secret.is_null();
    if github && (other || nobody) {
        let what = "sync.provider is \"github\" and git_auth.github_app is not given";
        let why = "With this provider Flux logs in as a GitHub App alone. Set `git_auth.github_app`, name a secret of your own in `sync.pull_secret`, or leave `sync.provider` out.";
        conflict(found, "sync.provider", what, why);
    }
}

fn check_url(sync: &Sync, found: &mut Diagnostics) {
    let Some(url) = real_url(sync).filter(|_| !sync.kind.is_unknown()) else {
        return;
    };
    let (fine, why) = match sync.kind.as_str().unwrap_or("GitRepository") {
        "GitRepository" => (
            is_http(url) || is_ssh(url),
            "Flux fetches a GitRepository from http://, https:// or ssh://. Write `git@host:path` as `ssh://git@host/path`.",
        ),
        "OCIRepository" => (
            url.starts_with("oci://"),
            "Flux fetches an OCIRepository from oci://. Write `oci://registry/repository`; the tag is `sync.ref`.",
        ),
        _ => (true, ""),
    };
    if !fine {
        invalid(found, "sync.url", &format!("sync.url is {url:?}"), why);
    }
}

/// Credentials are for one protocol.
fn check_fit(auth: &GitAuth, sync: &Sync, found: &mut Diagnostics) {
    if let Some(kind) = sync.kind.as_str().filter(|kind| *kind != "GitRepository") {
        let what = format!("git_auth with sync.kind {kind:?}");
        let why = "`git_auth` makes the secret of a GitRepository. Make the secret of this kind yourself and name it in `sync.pull_secret`.";
        conflict(found, AUTH, &what, why);
        return;
    }
    let Some(url) = real_url(sync) else {
        return;
    };
    match kinds(auth).as_slice() {
        ["identity"] if is_http(url) => conflict(
            found,
            AUTH,
            &format!("git_auth.identity with sync.url {url:?}"),
            "An SSH key is for ssh:// alone. Write `sync.url` as `ssh://git@host/path`, or log in by `password`, `bearer_token` or `github_app`.",
        ),
        [kind @ ("password" | "bearer_token" | "github_app")] if is_ssh(url) => conflict(
            found,
            AUTH,
            &format!("git_auth.{kind} with sync.url {url:?}"),
            "Over ssh:// Flux logs in by `identity` and `known_hosts` alone. Set these, or write `sync.url` with https://.",
        ),
        _ => {}
    }
}

/// The address, where it is known and stands in for nothing.
fn real_url(sync: &Sync) -> Option<&str> {
    sync.url.as_str().filter(|url| !is_placeholder_host(url))
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn is_ssh(url: &str) -> bool {
    url.starts_with("ssh://")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
