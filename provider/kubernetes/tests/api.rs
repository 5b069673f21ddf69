//! The client against the real etcd and kube-apiserver.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

use std::time::Duration;

use acceptance_tests::control_plane::{ControlPlane, SERVER};
use acceptance_tests::skip;
use kubernetes::{
    Access, Client, Code, Cx, FromKubeconfig, FromValues, Id, Mode, Owner, difference, owner,
};
use serde_json::{Value, json};

fn cx() -> Cx {
    Cx::new(Duration::from_secs(30))
}

async fn client(text: String) -> Client {
    let given = FromKubeconfig {
        text: text.into(),
        context: None,
    };
    Client::new(Access::from_kubeconfig(given).await.unwrap()).unwrap()
}

async fn admin(plane: &ControlPlane) -> Client {
    client(std::fs::read_to_string(plane.kubeconfig()).unwrap()).await
}

fn settings(value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}, "data": {"a": value}})
}

fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.test.example.com"},
        "spec": {"group": "test.example.com", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
                "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "maximum": 3}}}}}}}]}})
}

/// One control plane for all: starting it takes seconds.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_api_server() {
    if skip::unless_built("the_real_api_server", SERVER) {
        return;
    }
    let mut plane = ControlPlane::start().unwrap();
    let client = admin(&plane).await;
    applies_and_conflicts(&plane, &client).await;
    refusals(&client).await;
    kinds_that_are_new(&client).await;
    deletion(&plane, &client).await;
    who_answers(&plane, &client).await;
    silence(&mut plane, &client).await;
}

async fn applies_and_conflicts(plane: &ControlPlane, client: &Client) {
    let first = client
        .apply(&cx(), &settings("1"), Mode::Careful)
        .await
        .unwrap();
    assert_eq!(owner(&first), Owner::Us);
    let again = client
        .apply(&cx(), &settings("1"), Mode::Careful)
        .await
        .unwrap();
    assert_eq!(
        first["metadata"]["resourceVersion"], again["metadata"]["resourceVersion"],
        "applying the same changes nothing"
    );

    plane
        .run(&[
            "patch",
            "configmap",
            "settings",
            "--field-manager=somebody",
            "--type=merge",
            "-p",
            r#"{"data":{"a":"2"}}"#,
        ])
        .unwrap();
    let live = client
        .find(&cx(), &Id::of(&first).unwrap())
        .await
        .unwrap()
        .unwrap();
    let wanted = client
        .apply(&cx(), &settings("1"), Mode::DryRun)
        .await
        .unwrap();
    assert_eq!(difference(&live, &wanted)["data.a"], "2 -> 1");
    let error = client
        .apply(&cx(), &settings("1"), Mode::Careful)
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    assert_eq!(error.seen, ".data.a is owned by somebody");
    let forced = client
        .apply(&cx(), &settings("1"), Mode::Force)
        .await
        .unwrap();
    assert_eq!(forced["data"]["a"], "1");
    assert!(
        difference(
            &forced,
            &client
                .apply(&cx(), &settings("1"), Mode::DryRun)
                .await
                .unwrap()
        )
        .is_empty()
    );
}

async fn refusals(client: &Client) {
    let code = async |object: Value| {
        client
            .apply(&cx(), &object, Mode::Careful)
            .await
            .unwrap_err()
            .code
    };
    let mut unknown = settings("1");
    unknown["dada"] = json!({});
    assert_eq!(code(unknown).await, Code::UnknownField);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "default"}, "spec": {"ports": [{"port": 0}]}});
    assert_eq!(code(service).await, Code::Invalid);
    let homeless = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "nowhere"}});
    assert_eq!(code(homeless).await, Code::Gone);
    let other = json!({"apiVersion": "nobody.example.com/v1", "kind": "Nothing", "metadata": {"name": "a"}});
    assert_eq!(code(other).await, Code::KindUnknown);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "default"}, "type": "kubernetes.io/tls", "data": {"x": "aHVudGVyMg=="}});
    let error = client
        .apply(&cx(), &secret, Mode::Careful)
        .await
        .unwrap_err();
    assert!(
        error.code == Code::Invalid && !error.to_string().contains("aHVudGVyMg"),
        "{error}"
    );
    let deployment = |label: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"a": label}}, "template": {"metadata": {"labels": {"a": label}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}}})
    };
    client
        .apply(&cx(), &deployment("1"), Mode::Careful)
        .await
        .unwrap();
    assert_eq!(code(deployment("2")).await, Code::Immutable);
}

async fn kinds_that_are_new(client: &Client) {
    let thing = |size: u64| json!({"apiVersion": "test.example.com/v1", "kind": "Thing", "metadata": {"name": "a", "namespace": "default"}, "spec": {"size": size}});
    assert_eq!(
        client
            .apply(&cx(), &thing(1), Mode::Careful)
            .await
            .unwrap_err()
            .code,
        Code::KindUnknown
    );
    client
        .settle(&cx(), &definition(), Mode::Force)
        .await
        .unwrap();
    client
        .settle(&cx(), &thing(1), Mode::Careful)
        .await
        .unwrap();
    assert_eq!(
        client
            .apply(&cx(), &thing(9), Mode::Careful)
            .await
            .unwrap_err()
            .code,
        Code::Invalid
    );
    let all = Id::new("test.example.com/v1", "Thing", "", "");
    assert_eq!(client.list(&cx(), &all, "").await.unwrap().len(), 1);
    assert!(client.list(&cx(), &all, "a=b").await.unwrap().is_empty());
    let placed = client
        .placed(&cx(), &Id::new("test.example.com/v1", "Thing", "", "a"))
        .await
        .unwrap();
    assert_eq!(placed.namespace, "default");
}

async fn deletion(plane: &ControlPlane, client: &Client) {
    let mut held = settings("1");
    held["metadata"]["name"] = "held".into();
    held["metadata"]["finalizers"] = json!(["test.example.com/hold"]);
    let seen = client.apply(&cx(), &held, Mode::Careful).await.unwrap();
    client.delete(&cx(), &seen).await.unwrap();
    let error = client
        .gone(&Cx::new(Duration::from_secs(2)), &seen, |_| async {
            Ok(())
        })
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Stuck);
    assert!(error.seen.contains("test.example.com/hold"), "{error}");
    plane
        .run(&[
            "patch",
            "configmap",
            "held",
            "--type=merge",
            "-p",
            r#"{"metadata":{"finalizers":null}}"#,
        ])
        .unwrap();
    client
        .gone(&cx(), &seen, |_| async { Ok(()) })
        .await
        .unwrap();

    // One that was made anew under the name is another.
    let first = client
        .apply(&cx(), &settings("1"), Mode::Force)
        .await
        .unwrap();
    plane.run(&["delete", "configmap", "settings"]).unwrap();
    let second = client
        .apply(&cx(), &settings("1"), Mode::Careful)
        .await
        .unwrap();
    client.delete(&cx(), &first).await.unwrap();
    let there = client
        .find(&cx(), &Id::of(&second).unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(there["metadata"]["uid"], second["metadata"]["uid"]);
    let removed = client
        .prune(
            &cx(),
            &[
                Id::of(&second).unwrap(),
                Id::new("v1", "ConfigMap", "default", "never"),
            ],
        )
        .await
        .unwrap();
    assert_eq!(removed, [Id::of(&second).unwrap()]);
}

async fn who_answers(plane: &ControlPlane, client: &Client) {
    let uid = client.cluster_uid(&cx()).await.unwrap();
    assert_eq!(client.expect_cluster(&cx(), "").await.unwrap(), uid);
    assert_eq!(
        client
            .expect_cluster(&cx(), "other")
            .await
            .unwrap_err()
            .code,
        Code::OtherCluster
    );

    let text = std::fs::read_to_string(plane.kubeconfig()).unwrap();
    let foreign = ControlPlane::start().unwrap();
    // The right address with another cluster's authority, and with another cluster's user.
    let swapped = |member: &str, text: &str, from: &ControlPlane| {
        let other = std::fs::read_to_string(from.kubeconfig()).unwrap();
        let line = |text: &str| {
            text.lines()
                .find(|line| line.contains(member))
                .unwrap()
                .to_owned()
        };
        text.replace(&line(text), &line(&other))
    };
    let strange = super_client(swapped("certificate-authority-data", &text, &foreign)).await;
    assert_eq!(strange, Code::TlsAuthority);
    let user = swapped(
        "client-key-data",
        &swapped("client-certificate-data", &text, &foreign),
        &foreign,
    );
    assert_eq!(super_client(user).await, Code::Auth);
    let values = FromValues {
        host: format!("https://127.0.0.1:{}", plane.port()),
        cluster_ca_certificate: Some(
            std::fs::read_to_string(plane.folder().join("ca.crt")).unwrap(),
        ),
        token: Some("nonsense".to_owned().into()),
        ..FromValues::default()
    };
    let token = Client::new(Access::from_values(values).unwrap()).unwrap();
    assert_eq!(token.cluster_uid(&cx()).await.unwrap_err().code, Code::Auth);
}

async fn super_client(text: String) -> Code {
    client(text)
        .await
        .cluster_uid(&cx())
        .await
        .unwrap_err()
        .code
}

async fn silence(plane: &mut ControlPlane, client: &Client) {
    plane.stop_server();
    let begun = std::time::Instant::now();
    let error = client
        .apply(
            &Cx::new(Duration::from_secs(3)),
            &settings("1"),
            Mode::Careful,
        )
        .await
        .unwrap_err();
    assert!(
        error.code.is_silence() && error.code == Code::Unreachable,
        "{error}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}
