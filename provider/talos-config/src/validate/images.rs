//! `ImageVerificationConfig`.

use super::report::Checks;
use super::view::View;

pub(super) fn check(view: View<'_>, checks: &mut Checks) {
    for (index, rule) in view.at("rules").items().enumerate() {
        let place = format!("rules[{index}]");
        pattern(&place, rule.at("image").text(), checks);
        verifiers(&place, rule, checks);
    }
}

fn pattern(place: &str, pattern: &str, checks: &mut Checks) {
    checks.refuse(pattern.is_empty(), format!("{place}.image: is missing"));
    if pattern.contains('@') {
        checks.warn(format!("{place}.image: digests are not compared"));
    }
    let repository = pattern.split_once('/').map(|(_, rest)| rest);
    if repository.is_some_and(|rest| rest.contains(':')) {
        checks.warn(format!("{place}.image: tags are not compared"));
    }
    let futile = if checks.line.from(14) {
        matches_nothing(pattern)
    } else {
        !pattern.contains('/') && pattern != "*"
    };
    if futile && !pattern.is_empty() {
        checks.warn(format!(
            "{place}.image: names are compared with their registry, as docker.io/library/nginx"
        ));
    }
}

/// Names that are compared begin with the host of a registry.
fn matches_nothing(pattern: &str) -> bool {
    let (literal, is_glob) = match pattern.split_once('*') {
        Some((literal, _)) => (literal, true),
        None => (pattern, false),
    };
    match literal.split_once('/') {
        None => !is_glob,
        Some((host, _)) => !host.contains(['.', ':']) && !host.eq_ignore_ascii_case("localhost"),
    }
}

fn verifiers(place: &str, rule: View<'_>, checks: &mut Checks) {
    let (skip, deny) = (rule.at("skip").flag(), rule.at("deny").flag());
    let (keyless, public_key) = (rule.at("keyless"), rule.at("publicKey"));
    let any = keyless.is_set() || public_key.is_set();
    checks.refuse(
        skip && deny,
        format!("{place}: skip and deny exclude each other"),
    );
    checks.refuse(
        (skip || deny) && any,
        format!("{place}: skip and deny exclude keyless and publicKey"),
    );
    checks.refuse(
        !skip && !deny && !any,
        format!("{place}: needs one of skip, deny, keyless and publicKey"),
    );
    checks.refuse(
        keyless.is_set() && public_key.is_set(),
        format!("{place}: takes either keyless or publicKey"),
    );
    if keyless.is_set() {
        let missing = |key: &str| keyless.at(key).text().is_empty();
        checks.refuse(
            missing("issuer"),
            format!("{place}.keyless.issuer: is missing"),
        );
        checks.refuse(
            missing("subject") && missing("subjectRegex"),
            format!("{place}.keyless: needs subject or subjectRegex"),
        );
    }
    let certificate = public_key.at("certificate").text();
    checks.refuse(
        public_key.is_set() && certificate.is_empty(),
        format!("{place}.publicKey.certificate: is missing"),
    );
}
