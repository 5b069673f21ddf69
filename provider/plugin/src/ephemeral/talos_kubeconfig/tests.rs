use framework::prelude::*;
use talos_config::pki::Certificate;
use talos_config::secrets::Bundle;

use super::model::EphemeralKubeconfigModel;
use super::resource::{minted, placeholder};
use crate::shared::entropy::{OsRandom, now};
use crate::shared::placeholder::is_placeholder_text;

fn config() -> EphemeralKubeconfigModel {
    EphemeralKubeconfigModel {
        cluster_name: "c1".into(),
        cluster_endpoint: "https://10.0.0.10:6443".into(),
        machine_secrets: Field::Null,
        user: Field::Null,
        organizations: Field::Null,
        ttl: Field::Known(GoDuration::parse("1h").unwrap()),
        kubeconfig: Field::Null,
        kubernetes_client_configuration: Field::Null,
        expires_at: Field::Null,
    }
}

#[test]
fn an_hour_is_an_hour() {
    let bundle = Bundle::generate(6, now(), &mut OsRandom::new().unwrap()).unwrap();
    let model = minted(config(), &bundle).unwrap();
    let parts = model.kubernetes_client_configuration.get().unwrap();
    let certificate = Certificate::from_base64(parts.client_certificate.text()).unwrap();
    let left = certificate.validity.not_after.0 - now().0;
    assert!((3590..=3600).contains(&left), "{left}");
    let file = model.kubeconfig.get().unwrap().expose();
    assert!(
        file.contains("current-context: admin@c1")
            && file.contains(parts.client_certificate.text())
    );
}

#[test]
fn placeholders_are_placeholders() {
    let model = placeholder(config());
    let parts = model.kubernetes_client_configuration.get().unwrap();
    assert!(is_placeholder_text(parts.client_certificate.text()));
    assert!(model.expires_at.is_null());
    assert!(
        model
            .kubeconfig
            .get()
            .unwrap()
            .expose()
            .contains("https://10.0.0.10:6443")
    );
}
