//! The secrets that a sync needs, from configuration. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use framework::prelude::*;
use serde_json::{Value, json};

use super::model::{FluxInstance, GitAuth};
use crate::shared::digest::keyed;
use crate::shared::placeholder::is_placeholder_text;

/// Member of the secret that holds the age key; kustomize-controller reads each that ends so.
const AGE_KEY: &str = "age.agekey";

/// The secrets as objects, by name. Values come from configuration alone: write-only ones are nowhere else.
pub fn secrets(config: &FluxInstance, namespace: &str) -> BTreeMap<String, Value> {
    let mut secrets = BTreeMap::new();
    if let Some(sops) = config.sops.get()
        && let Some(key) = one_of(&sops.age_key, &sops.age_key_wo)
    {
        let name = sops.secret_name.as_str().unwrap_or("sops-age");
        secrets.insert(name.to_owned(), secret(namespace, name, &[(AGE_KEY, key)]));
    }
    if let Some(auth) = config.git_auth.get() {
        let name = pull_secret(config).unwrap_or(namespace);
        let members = members(auth);
        secrets.insert(name.to_owned(), secret(namespace, name, &members));
    }
    secrets
}

/// Name of the secret with the sync's credentials, where there is one.
pub fn pull_secret(config: &FluxInstance) -> Option<&str> {
    let given = config.sync.get().and_then(|sync| sync.pull_secret.as_str());
    given.or_else(|| config.git_auth.get().map(|_| config.sync_name()))
}

fn members(auth: &GitAuth) -> Vec<(&'static str, String)> {
    let mut members = Vec::new();
    if let Some(password) = one_of(&auth.password, &auth.password_wo) {
        members.push((
            "username",
            auth.username.as_str().unwrap_or("git").to_owned(),
        ));
        members.push(("password", password));
    }
    if let Some(token) = one_of(&auth.bearer_token, &auth.bearer_token_wo) {
        members.push(("bearerToken", token));
    }
    if let Some(identity) = one_of(&auth.identity, &auth.identity_wo) {
        members.push(("identity", identity));
    }
    if let Some(hosts) = auth.known_hosts.as_str() {
        members.push(("known_hosts", hosts.to_owned()));
    }
    members
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

/// Whether any secret stands in for the output of a stage that has not run.
pub fn placeholder(config: &FluxInstance) -> Option<&'static str> {
    let stands_in = |field: &Field<Secret<String>>| {
        field
            .get()
            .is_some_and(|secret| is_placeholder_text(secret.expose()))
    };
    let sops = config
        .sops
        .get()
        .is_some_and(|sops| stands_in(&sops.age_key) || stands_in(&sops.age_key_wo));
    let auth = config.git_auth.get().is_some_and(|auth| {
        let all = [
            &auth.password,
            &auth.password_wo,
            &auth.bearer_token,
            &auth.bearer_token_wo,
            &auth.identity,
            &auth.identity_wo,
        ];
        all.into_iter().any(stands_in)
    });
    match (sops, auth) {
        (true, _) => Some("sops"),
        (_, true) => Some("git_auth"),
        _ => None,
    }
}

/// Whether a text holds an age secret key.
pub fn is_age_key(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        line.starts_with("AGE-SECRET-KEY-1") && line.len() >= 59
            || line.starts_with("AGE-SECRET-KEY-PQ-1")
    })
}
