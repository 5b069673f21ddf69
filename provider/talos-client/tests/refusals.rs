//! Each way in which a machine, or what stands at its address, refuses to be spoken to has its own code, within seconds.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::time::{Duration, Instant};

use support::{Fake, Pki, Server, serve};
use talos_client::{Client, Code, Cx, Endpoint, Error, Identity, Pool, Reach, reach};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The error of a call that has a minute, and must not take it.
async fn refusal(client: &Client) -> Error {
    let begun = Instant::now();
    let error = client
        .version(&Cx::new(Duration::from_secs(60)))
        .await
        .unwrap_err();
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{error} took {:?}",
        begun.elapsed()
    );
    error
}

fn secure(endpoint: &Endpoint, identity: Identity) -> Client {
    Client::builder(vec![endpoint.clone()])
        .identity(identity)
        .build()
        .unwrap()
}

async fn refused_by(config: rustls::ServerConfig, identity: Identity) -> Error {
    let server = serve(config, Fake::default()).await;
    refusal(&secure(&server.endpoint, identity)).await
}

#[tokio::test]
async fn answers() {
    let pki = Pki::new();
    let server = serve(pki.server(&Server::default(), &pki), Fake::default()).await;
    let version = secure(&server.endpoint, pki.identity())
        .version(&Cx::new(Duration::from_secs(5)))
        .await
        .unwrap();
    assert_eq!(version.tag, "v1.12.6");
}

#[tokio::test]
async fn machine_of_another_cluster() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let identity = ours.identity();
    let expected = identity.ca_fingerprint().to_owned();
    let error = refused_by(theirs.server(&Server::default(), &theirs), identity).await;
    assert_eq!(error.code, Code::NodeWrongCa, "{error}");
    assert!(
        error.seen.contains(&expected) && error.seen.matches("fingerprint").count() == 2,
        "{error}"
    );
}

#[tokio::test]
async fn kubernetes_at_the_address() {
    let (ours, theirs) = (Pki::new(), Pki::of("kubernetes"));
    let error = refused_by(theirs.server(&Server::default(), &theirs), ours.identity()).await;
    assert_eq!(error.code, Code::NodeNotTalos, "{error}");
}

#[tokio::test]
async fn maintenance_mode() {
    let (ours, theirs) = (Pki::new(), Pki::of(""));
    let server = Server {
        common_name: "maintenance-service.talos.dev",
        wants_client: false,
        ..Server::default()
    };
    let listening = serve(theirs.server(&server, &theirs), Fake::default()).await;
    let error = refusal(&secure(&listening.endpoint, ours.identity())).await;
    assert_eq!(error.code, Code::NodeMaintenance, "{error}");

    let endpoints = [listening.endpoint.clone()];
    let cx = Cx::new(Duration::from_secs(5));
    let Reach::Maintenance {
        client,
        fingerprint,
        ..
    } = reach(&endpoints, Some(&ours.identity()), &Pool::default(), &cx)
        .await
        .unwrap()
    else {
        panic!("seen as configured");
    };
    assert_eq!(client.fingerprint(&cx).await.unwrap(), fingerprint);

    let wrong = Client::builder(endpoints.to_vec())
        .maintenance(Some("AAAA".into()))
        .build()
        .unwrap();
    assert_eq!(refusal(&wrong).await.code, Code::NodeFingerprint);
}

#[tokio::test]
async fn maintenance_mode_by_another_certificate() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let server = Server {
        wants_client: false,
        ..Server::default()
    };
    let error = refused_by(theirs.server(&server, &theirs), ours.identity()).await;
    assert_eq!(error.code, Code::NodeMaintenance, "{error}");
}

#[tokio::test]
async fn configured_where_maintenance_mode_is_expected() {
    let pki = Pki::new();
    let server = serve(pki.server(&Server::default(), &pki), Fake::default()).await;
    let error = refusal(
        &Client::builder(vec![server.endpoint.clone()])
            .build()
            .unwrap(),
    )
    .await;
    assert_eq!(error.code, Code::NodeNotMaintenance, "{error}");
}

#[tokio::test]
async fn address_that_the_certificate_does_not_name() {
    let pki = Pki::new();
    let error = refused_by(
        pki.server(
            &Server {
                name: "10.9.9.9",
                ..Server::default()
            },
            &pki,
        ),
        pki.identity(),
    )
    .await;
    assert_eq!(error.code, Code::NodeAddress, "{error}");
    assert!(
        error.seen.contains("10.9.9.9") && error.seen.contains("127.0.0.1"),
        "{error}"
    );
}

#[tokio::test]
async fn clocks() {
    let pki = Pki::new();
    let ended = Server {
        to_year: 2021,
        ..Server::default()
    };
    assert_eq!(
        refused_by(pki.server(&ended, &pki), pki.identity())
            .await
            .code,
        Code::NodeClock
    );
    let future = Server {
        from_year: 2089,
        ..Server::default()
    };
    assert_eq!(
        refused_by(pki.server(&future, &pki), pki.identity())
            .await
            .code,
        Code::NodeClock
    );
}

#[tokio::test]
async fn client_certificates() {
    let (pki, other) = (Pki::new(), Pki::new());
    let rejected = refused_by(
        pki.server(&Server::default(), &pki),
        pki.identity_signed_by(&other),
    )
    .await;
    assert_eq!(rejected.code, Code::NodeCertRejected, "{rejected}");

    let [ca, certificate, key] = pki.client("os:admin", 2020, 2021);
    let expired = refused_by(
        pki.server(&Server::default(), &pki),
        Identity::parse(&ca, &certificate, &key).unwrap(),
    )
    .await;
    assert_eq!(expired.code, Code::NodeCertExpired, "{expired}");
}

#[tokio::test]
async fn other_protocols() {
    let pki = Pki::new();
    let no_h2 = Server {
        alpn: Vec::new(),
        ..Server::default()
    };
    assert_eq!(
        refused_by(pki.server(&no_h2, &pki), pki.identity())
            .await
            .code,
        Code::NodeNotTalos
    );
    let http1 = Server {
        alpn: vec![b"http/1.1".to_vec()],
        ..Server::default()
    };
    assert_eq!(
        refused_by(pki.server(&http1, &pki), pki.identity())
            .await
            .code,
        Code::NodeNotTalos
    );

    for greeting in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"220 mail ESMTP\r\n"] {
        let endpoint = says(greeting, false).await;
        assert_eq!(
            refusal(&secure(&endpoint, pki.identity())).await.code,
            Code::NodeNotTalos
        );
    }
    let endpoint = says(b"HTTP/1.1 400 Bad Request\r\n\r\n", true).await;
    assert_eq!(
        refusal(&secure(&endpoint, pki.identity())).await.code,
        Code::NodeNotTalos
    );
}

/// A server without TLS: one that speaks first, or one that hangs up on what is not HTTP.
async fn says(text: &'static [u8], only_to_http: bool) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4];
            if only_to_http
                && (stream.read_exact(&mut request).await.is_err() || request != *b"HEAD")
            {
                continue;
            }
            let _ = stream.write_all(text).await;
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    endpoint
}

#[tokio::test]
async fn http_server_that_waits_for_the_end_of_a_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    tokio::spawn(async move {
        let mut waiting = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.unwrap();
            if request == *b"HEAD" {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
            waiting.push(stream);
        }
    });
    let client = secure(&endpoint, Pki::new().identity());
    let begun = Instant::now();
    let error = client
        .version(&Cx::new(Duration::from_secs(60)))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::NodeNotTalos, "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "took {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    drop(listener);
    let client = secure(&endpoint, Pki::new().identity());
    let error = client
        .version(&Cx::new(Duration::from_millis(700)))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::NodeUnreachable, "{error}");
    assert!(
        error.code.is_out_of_reach()
            && error.seen.contains("connection refused")
            && error.seen.contains("tried for"),
        "{error}"
    );
}

#[test]
fn client_configurations() {
    let (pki, other) = (Pki::new(), Pki::new());
    let [ca, certificate, key] = pki.client("os:admin", 2020, 2090);
    let [_, _, other_key] = other.client("os:admin", 2020, 2090);
    for (members, named) in [
        (["", certificate.as_str(), key.as_str()], "ca_certificate"),
        (["%%%", &certificate, &key], "ca_certificate"),
        ([&ca, "bW9jaw==", &key], "client_certificate"),
        ([&ca, &key, &key], "client_certificate"),
        ([&ca, &certificate, &certificate], "client_key"),
        ([&ca, &certificate, &other_key], "client_key"),
    ] {
        let error = Pki::refused(members);
        assert_eq!(error.code, Code::ClientConfiguration, "{error}");
        assert!(error.seen.starts_with(named), "{named}: {error}");
        assert!(
            !error.to_string().contains(&key[..40]),
            "a key is in {error}"
        );
    }
}
