//! The secrets that a sync needs, from configuration. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use framework::prelude::*;
use serde_json::{Value, json};

use super::model::{FluxInstance, GitAuth, GithubApp, Sops};
use crate::shared::digest::keyed;
use crate::shared::kustomize_patch::KustomizePatch;
use crate::shared::placeholder::{is_placeholder_host, is_placeholder_text};

/// Member of the secret that holds the age key; kustomize-controller reads each that ends so.
const AGE_KEY: &str = "age.agekey";

/// The secrets as objects, by name. Values come from configuration alone: write-only ones are nowhere else. One with a value that is
/// not known yet is left out.
pub fn secrets(config: &FluxInstance, namespace: &str) -> BTreeMap<String, Value> {
    let mut secrets = BTreeMap::new();
    if let Some(sops) = config.sops.get()
        && let Some(key) = one_of(&sops.age_key, &sops.age_key_wo)
    {
        let name = sops_secret(sops);
        secrets.insert(name.to_owned(), secret(namespace, name, &[(AGE_KEY, key)]));
    }
    if let Some(auth) = config.git_auth.get().filter(|auth| is_settled(auth)) {
        let config = config.placed(namespace);
        let name = pull_secret(&config).unwrap_or(namespace);
        let members = members(auth);
        secrets.insert(name.to_owned(), secret(namespace, name, &members));
    }
    secrets
}

/// Name of the secret with the age key.
pub fn sops_secret(sops: &Sops) -> &str {
    sops.secret_name.as_str().unwrap_or("sops-age")
}

/// Name of the secret with the sync's credentials, where there is one. The configuration's namespace must be set.
pub fn pull_secret(config: &FluxInstance) -> Option<&str> {
    let given = config.sync.get().and_then(|sync| sync.pull_secret.as_str());
    given.or_else(|| config.git_auth.get().map(|_| config.sync_name()))
}

/// Whether every member is known.
fn is_settled(auth: &GitAuth) -> bool {
    !auth.github_app.is_unknown()
        && !auth.secrets().into_iter().any(Field::is_unknown)
        && !auth.texts().into_iter().any(Field::is_unknown)
}

fn members(auth: &GitAuth) -> Vec<(&'static str, String)> {
    if let Some(app) = auth.github_app.get() {
        return app_members(app);
    }
    let mut members = Vec::new();
    let mut put = |name, text: Option<String>| members.extend(text.map(|text| (name, text)));
    let password = one_of(&auth.password, &auth.password_wo);
    // With SSH the address names the user.
    if password.is_some() && !auth.has_identity() {
        let username = auth.username.as_str().unwrap_or("git");
        put("username", Some(username.to_owned()));
    } else {
        put("username", auth.username.cloned());
    }
    put("password", password);
    put(
        "bearerToken",
        one_of(&auth.bearer_token, &auth.bearer_token_wo),
    );
    put("identity", one_of(&auth.identity, &auth.identity_wo));
    put("known_hosts", auth.known_hosts.cloned());
    members
}

/// Members that source-controller reads with the provider `github`.
fn app_members(app: &GithubApp) -> Vec<(&'static str, String)> {
    let key = one_of(&app.private_key, &app.private_key_wo);
    let all = [
        ("githubAppID", app.app_id.cloned()),
        ("githubAppInstallationID", app.installation_id.cloned()),
        (
            "githubAppInstallationOwner",
            app.installation_owner.cloned(),
        ),
        ("githubAppPrivateKey", key),
        ("githubAppBaseURL", app.base_url.cloned()),
    ];
    let given = all.into_iter();
    given
        .filter_map(|(name, text)| Some((name, text?)))
        .collect()
}

/// The stored or the write-only spelling of a secret.
pub fn one_of(
    stored: &Field<Secret<String>>,
    write_only: &Field<Secret<String>>,
) -> Option<String> {
    let given = stored.get().or_else(|| write_only.get())?;
    Some(given.expose().clone())
}

/// `data` and never `stringData`, which leaves traces of its own.
fn secret(namespace: &str, name: &str, members: &[(impl AsRef<str>, impl AsRef<str>)]) -> Value {
    let data = members.iter().map(|(name, text)| {
        (
            name.as_ref().to_owned(),
            STANDARD.encode(text.as_ref()).into(),
        )
    });
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace},
        "data": Value::Object(data.collect()),
    })
}

/// Keyed digests of the secrets' data by name: what a refresh and the next plan compare with.
pub fn digests(secrets: &BTreeMap<String, Value>, salt: &str) -> BTreeMap<String, String> {
    secrets
        .iter()
        .map(|(name, secret)| (name.clone(), digest(secret, salt)))
        .collect()
}

/// Keyed digest of one secret's data.
pub fn digest(secret: &Value, salt: &str) -> String {
    keyed(salt, &secret["data"].to_string())
}

/// The first attribute that stands in for the output of a stage that has not run.
pub fn placeholder(config: &FluxInstance) -> Option<&'static str> {
    let text = |field: &Field<String>| field.as_str().is_some_and(is_placeholder_text);
    let sync = config.sync.get();
    let mut patches = config.kustomize_patches.get().into_iter().flatten();
    let mut extra = config.extra_spec.as_str().into_iter();
    let all = [
        (
            "sync.url",
            sync.is_some_and(|sync| sync.url.as_str().is_some_and(is_placeholder_host)),
        ),
        (
            "distribution.version",
            config
                .distribution
                .get()
                .is_some_and(|given| text(&given.version)),
        ),
        (
            "kustomize_patches",
            patches.any(KustomizePatch::is_placeholder),
        ),
        // Empty text adds nothing.
        ("extra_spec", extra.any(super::spec::is_mock)),
    ];
    let mut all = all.into_iter();
    secret_placeholder(config).or_else(|| all.find(|(_, mock)| *mock).map(|(name, _)| name))
}

/// The same of what the secrets are made of.
pub fn secret_placeholder(config: &FluxInstance) -> Option<&'static str> {
    let sops = config.sops.get();
    if sops.is_some_and(|sops| stands_in(&sops.age_key) || stands_in(&sops.age_key_wo)) {
        return Some("sops");
    }
    config
        .git_auth
        .get()
        .filter(|auth| is_mock(auth))
        .map(|_| "git_auth")
}

fn stands_in(field: &Field<Secret<String>>) -> bool {
    field
        .get()
        .is_some_and(|secret| is_placeholder_text(secret.expose()))
}

/// An object without members stands in, too.
fn is_mock(auth: &GitAuth) -> bool {
    let (secrets, texts) = (auth.secrets(), auth.texts());
    let empty = auth.github_app.is_null()
        && secrets.iter().all(|field| field.is_null())
        && texts.iter().all(|field| field.is_null());
    empty
        || secrets.into_iter().any(stands_in)
        || texts
            .into_iter()
            .any(|field| field.as_str().is_some_and(is_placeholder_text))
}

/// Whether a text holds an age secret key.
pub fn is_age_key(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        line.starts_with("AGE-SECRET-KEY-1") && line.len() >= 59
            || line.starts_with("AGE-SECRET-KEY-PQ-1")
    })
}
