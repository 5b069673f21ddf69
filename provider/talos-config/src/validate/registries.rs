//! Documents about image registries.

use super::report::Checks;
use super::view::View;
use super::{kubernetes, links, pem};
use crate::scalar::Url;

pub(super) fn auth(document: View<'_>, checks: &mut Checks) {
    links::named(document, checks);
    let set = |key: &str| !document.at(key).text().is_empty();
    let (user, token) = (set("username"), set("identityToken"));
    checks.refuse(
        user && token,
        "username and identityToken exclude each other",
    );
    checks.refuse(
        set("auth") && (user || token),
        "auth excludes username and identityToken",
    );
}

pub(super) fn mirror(document: View<'_>, checks: &mut Checks) {
    links::named(document, checks);
    for (index, endpoint) in document.at("endpoints").items().enumerate() {
        let text = endpoint.at("url").text();
        let scheme = Url::parse(text).map(|url| url.scheme).unwrap_or_default();
        let web = matches!(scheme.as_str(), "http" | "https");
        checks.refuse(
            !web,
            format!("endpoints[{index}].url: must begin with http:// or https://"),
        );
    }
}

pub(super) fn tls(document: View<'_>, checks: &mut Checks) {
    links::named(document, checks);
    let ca = document.at("ca").text();
    checks.refuse(
        !ca.is_empty() && !pem::has_certificate(ca),
        "ca: has no certificate in PEM form",
    );
    let identity = document.at("clientIdentity");
    if checks.line.from(14) {
        if identity.is_set()
            && let Some(what) = kubernetes::pair_fault(identity, false)
        {
            checks.error(format!("clientIdentity.{what}"));
        }
    } else if identity.is_set() {
        let (cert, key) = (identity.at("cert").text(), identity.at("key").text());
        checks.refuse(
            !pem::is_certificate(cert),
            "clientIdentity.cert: has no certificate in PEM form",
        );
        // These lines read nothing else.
        checks.refuse(
            !pem::is_pkcs8_key(key),
            "clientIdentity.key: has no private key in PKCS#8 (BEGIN PRIVATE KEY), which Talos needs before 1.14: convert it with `openssl pkcs8 -topk8 -nocrypt`",
        );
    }
}
