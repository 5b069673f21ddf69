use framework::prelude::*;
use framework::testing::MiniCore;
use talos_config::pki::{Certificate, Timestamp};
use talos_config::random::Random;
use talos_config::secrets::{Bundle, CertAndKey};

use super::TalosClientConfig;
use super::model::ClientConfig;
use super::resource::{Context, mint};
use crate::provider::{ProviderModel, TalosDefaults, TalosStack};
use crate::shared::machine_secrets::MachineSecrets;
use crate::shared::testing::{core, told};

const NOW: Timestamp = Timestamp(1_790_000_000);

/// Repeatable bytes, good enough for keys of a test.
struct Counter(u64);

impl Random for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

fn authority() -> CertAndKey {
    // Contract 1.6: no RSA key, which would take seconds.
    Bundle::generate(6, NOW, &mut Counter(7)).unwrap().certs.os
}

fn config() -> ClientConfig {
    ClientConfig {
        machine_secrets: Field::Null,
        roles: Field::Known(vec!["os:reader".into()]),
        ttl: Field::Known(GoDuration::parse("10m").unwrap()),
        endpoints: Field::Known(vec!["10.0.0.1".into()]),
        nodes: Field::Null,
        cluster_name: Field::Null,
        client_configuration: Field::Null,
        talosconfig: Field::Null,
        expires_at: Field::Null,
    }
}

fn context() -> Context {
    Context {
        name: "c1".to_owned(),
        endpoints: vec!["10.0.0.1".to_owned()],
    }
}

#[test]
fn the_certificate_ends_when_it_says() {
    let authority = authority();
    let model = mint(config(), &context(), &authority, NOW, &mut Counter(1)).unwrap();
    let identity = model.client_configuration.get().unwrap();
    let certificate = Certificate::from_base64(identity.client_certificate.text()).unwrap();
    assert_eq!(certificate.validity.not_after, NOW.plus_seconds(600));
    assert_eq!(model.expires_at.text(), NOW.plus_seconds(600).to_rfc3339());
    assert_eq!(identity.ca_certificate.text(), authority.cert);
}

#[test]
fn the_identity_is_what_the_client_takes() {
    let model = mint(config(), &context(), &authority(), NOW, &mut Counter(1)).unwrap();
    let identity = crate::shared::access::identity(&model.client_configuration);
    let identity = identity.ok().flatten().unwrap();
    assert_eq!(identity.roles(), ["os:reader"]);
}

#[test]
fn both_forms_hold_the_same_identity() {
    let model = mint(config(), &context(), &authority(), NOW, &mut Counter(1)).unwrap();
    let identity = model.client_configuration.get().unwrap();
    let file = model.talosconfig.get().unwrap().expose();
    assert!(file.contains(identity.client_certificate.text()));
    assert!(file.contains("context: c1"));
    assert!(file.contains("- 10.0.0.1"));
}

#[test]
fn an_authority_that_cannot_sign_is_named() {
    let broken = CertAndKey {
        cert: "bm90IGEgY2VydA==".to_owned(),
        key: "bm90IGEga2V5".into(),
    };
    let error = mint(config(), &context(), &broken, NOW, &mut Counter(1))
        .err()
        .unwrap();
    let diagnostic = error.diagnostics().iter().next().unwrap();
    assert!(diagnostic.summary.starts_with("TS-CLIENT-CONFIG"));
}

#[tokio::test]
async fn opening_tells_real_secrets_from_placeholders() {
    let bundle = Bundle::generate(6, NOW, &mut Counter(7)).unwrap();
    let mut given = config();
    given.machine_secrets = Field::Known(MachineSecrets::of(&bundle));
    let opened = core("").open::<TalosClientConfig>(&given).await.unwrap();
    assert_eq!(told(&opened.warnings), "");
    assert!(opened.value.expires_at.is_known());
    assert!(
        opened
            .value
            .talosconfig
            .get()
            .unwrap()
            .expose()
            .starts_with("context: c1\n")
    );

    let empty = MachineSecrets {
        cluster: Field::Null,
        secrets: Field::Null,
        trustdinfo: Field::Null,
        certs: Field::Null,
    };
    given.machine_secrets = Field::Known(empty);
    let opened = core("").open::<TalosClientConfig>(&given).await.unwrap();
    assert!(
        told(&opened.warnings).contains("TS-PLACEHOLDER"),
        "{}",
        told(&opened.warnings)
    );
    assert!(opened.value.expires_at.is_null());
}

#[tokio::test]
async fn roles_and_lifetimes_that_cannot_be_are_refused() {
    let mut given = config();
    given.roles = Field::Known(vec!["admin".into()]);
    given.ttl = Field::Known(GoDuration::parse("0s").unwrap());
    let found = told(
        &core("")
            .open::<TalosClientConfig>(&given)
            .await
            .err()
            .unwrap(),
    );
    assert!(
        found.contains("\"admin\" is not a role") && found.contains("ttl is shorter than a second"),
        "{found}"
    );
}

#[tokio::test]
async fn the_providers_endpoints_stand_in_for_missing_ones() {
    let bundle = Bundle::generate(6, NOW, &mut Counter(7)).unwrap();
    let provider = ProviderModel {
        talos: Field::Known(TalosDefaults {
            client_configuration: Field::Null,
            endpoints: Field::Known(vec!["10.9.9.9".into()]),
        }),
        ..ProviderModel::empty()
    };
    let core = MiniCore::<TalosStack>::configure(provider)
        .ok()
        .unwrap()
        .value;
    let mut given = config();
    given.machine_secrets = Field::Known(MachineSecrets::of(&bundle));
    for (own, expected) in [
        (Field::Null, "- 10.9.9.9"),
        (Field::Known(vec!["10.0.0.1".into()]), "- 10.0.0.1"),
    ] {
        given.endpoints = own;
        let opened = core.open::<TalosClientConfig>(&given).await.unwrap().value;
        let file = opened.talosconfig.get().unwrap().expose();
        assert!(file.contains(expected), "{expected}");
        assert!(opened.endpoints.is_null() == given.endpoints.is_null());
    }
}
