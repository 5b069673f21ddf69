//! What is waited out, what is never repeated, and who is told.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::{Answer, Fake, Pki, Server, serve, serve_on};
use talos_client::{
    ApplyMode, ApplyRequest, Bootstrap, Client, Code, Cx, Endpoint, Exchange, JsonLines, Pool,
    Recorder, Sent, Stage,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Code as Grpc;

struct Machine {
    client: Client,
    fake: Fake,
    connections: Arc<std::sync::atomic::AtomicUsize>,
}

async fn machine(answers: impl IntoIterator<Item = Answer>) -> Machine {
    let pki = Pki::new();
    let fake = Fake::scripted(answers);
    let listening = serve(pki.server(&Server::default(), &pki), fake.clone()).await;
    let client = Client::builder(vec![listening.endpoint])
        .identity(pki.identity())
        .build()
        .unwrap();
    Machine {
        client,
        fake,
        connections: listening.connections,
    }
}

fn cx() -> Cx {
    Cx::new(Duration::from_secs(5))
}

#[tokio::test]
async fn reads_wait_for_a_machine_that_starts() {
    let starting = Answer::Status(Grpc::Unavailable, "connection error");
    let machine = machine([starting.clone(), starting]).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = told.clone();
    let cx = cx().with_progress(Arc::new(move |progress| {
        listener.lock().unwrap().push(progress.code)
    }));
    machine.client.version(&cx).await.unwrap();
    assert_eq!(machine.fake.called(), 3);
    assert_eq!(
        *told.lock().unwrap(),
        [Code::NodeUnreachable, Code::NodeUnreachable]
    );
}

#[tokio::test]
async fn a_server_that_comes_late_is_waited_for() {
    let pki = Pki::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder(vec![Endpoint::parse(&address.to_string()).unwrap()])
        .identity(pki.identity())
        .build()
        .unwrap();
    let config = pki.server(&Server::default(), &pki);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(600)).await;
        serve_on(
            TcpListener::bind(address).await.unwrap(),
            config,
            Fake::default(),
        );
    });
    // Never sent, so that even a call with an effect may wait.
    client.bootstrap(&cx(), Bootstrap::New).await.unwrap();
}

#[tokio::test]
async fn an_effect_that_may_have_happened_is_not_repeated() {
    for lost in [
        Answer::Cut,
        Answer::Status(Grpc::Unavailable, "error reading from server: EOF"),
    ] {
        let machine = machine([lost]).await;
        let error = machine
            .client
            .bootstrap(&cx(), Bootstrap::New)
            .await
            .unwrap_err();
        assert_eq!(
            (error.code, error.sent),
            (Code::NodeUnreachable, Sent::Maybe),
            "{error}"
        );
        assert_eq!(machine.fake.called(), 1);
    }
    let machine = machine([Answer::Silence]).await;
    let error = machine
        .client
        .bootstrap(&cx().capped(Duration::from_millis(300)), Bootstrap::New)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.sent),
        (Code::NodeTimeout, Sent::Maybe),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_effect_that_waiting_cures_is_tried_again() {
    let early = Answer::Status(Grpc::FailedPrecondition, "bootstrap is not available yet");
    let machine = machine([early]).await;
    machine
        .client
        .bootstrap(&cx(), Bootstrap::New)
        .await
        .unwrap();
    assert_eq!(machine.fake.called(), 2);
}

#[tokio::test]
async fn refusals_end_at_once() {
    let machine = machine([Answer::Status(
        Grpc::AlreadyExists,
        "etcd data directory is not empty",
    )])
    .await;
    let error = machine
        .client
        .bootstrap(&cx(), Bootstrap::New)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.sent),
        (Code::EtcdExists, Sent::Refused),
        "{error}"
    );
    assert_eq!(machine.fake.called(), 1);
}

#[tokio::test]
async fn a_broken_connection_is_replaced() {
    let machine = machine([Answer::Cut]).await;
    machine.client.version(&cx()).await.unwrap();
    machine.client.version(&cx()).await.unwrap();
    assert_eq!(machine.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn callers_share_one_connection() {
    let pki = Pki::new();
    let listening = serve(pki.server(&Server::default(), &pki), Fake::default()).await;
    let (pool, identity) = (Pool::default(), pki.identity());
    let client = || {
        let builder = Client::builder(vec![listening.endpoint.clone()]).identity(identity.clone());
        builder.pool(&pool).build().unwrap()
    };
    let calls: Vec<_> = (0..10)
        .map(|_| client())
        .map(|client| async move { client.version(&cx()).await })
        .collect();
    let mut tasks = tokio::task::JoinSet::new();
    calls.into_iter().for_each(|call| drop(tasks.spawn(call)));
    assert!(
        tasks
            .join_all()
            .await
            .into_iter()
            .all(|answer| answer.is_ok())
    );
    assert_eq!(listening.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn other_addresses_are_tried_and_the_one_that_answers_is_kept() {
    let pki = Pki::new();
    let fake = Fake::default();
    let listening = serve(pki.server(&Server::default(), &pki), fake.clone()).await;
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Endpoint::parse(&dead.local_addr().unwrap().to_string()).unwrap();
    drop(dead);
    let endpoints = vec![address, listening.endpoint.clone()];
    let client = Client::builder(endpoints)
        .identity(pki.identity())
        .node("10.0.0.7")
        .build()
        .unwrap();
    client.version(&cx()).await.unwrap();
    assert_eq!(*client.endpoint(), listening.endpoint);
    assert_eq!(*fake.nodes.lock().unwrap(), ["10.0.0.7"]);
}

#[tokio::test]
async fn cancelling_ends_a_wait() {
    let machine = machine([Answer::Silence]).await;
    let cancel = CancellationToken::new();
    let cx = Cx::new(Duration::from_secs(600)).with_cancel(cancel.clone());
    let fake = machine.fake.clone();
    tokio::spawn(async move {
        while fake.called() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        cancel.cancel();
    });
    let begun = Instant::now();
    let error = machine
        .client
        .bootstrap(&cx, Bootstrap::New)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code, error.sent),
        (Code::NodeCancelled, Sent::Maybe),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_watch_goes_on_after_the_machine_restarted() {
    let machine = machine([]).await;
    machine.fake.rounds.lock().unwrap().extend([
        vec!["maintenance", "installing"],
        vec!["booting", "running"],
    ]);
    let status = machine
        .client
        .wait_machine(&cx(), |status| status.stage == Stage::Running)
        .await
        .unwrap();
    assert!(status.ready);
    assert_eq!(machine.fake.called(), 2);
}

#[tokio::test]
async fn a_watch_says_what_it_saw_last() {
    let machine = machine([]).await;
    machine
        .fake
        .rounds
        .lock()
        .unwrap()
        .push_back(vec!["booting"]);
    let cx = cx().capped(Duration::from_millis(500));
    let error = machine
        .client
        .wait_machine(&cx, |status| status.stage == Stage::Running)
        .await
        .unwrap_err();
    assert!(error.seen.contains("booting"), "{error}");
}

#[derive(Default)]
struct Notes(Mutex<Vec<Exchange>>);

impl Recorder for Notes {
    fn record(&self, exchange: Exchange) {
        self.0.lock().unwrap().push(exchange);
    }
}

#[tokio::test]
async fn recorders_see_every_exchange_and_no_configuration() {
    let pki = Pki::new();
    let listening = serve(pki.server(&Server::default(), &pki), Fake::default()).await;
    let notes = Arc::new(Notes::default());
    let builder = Client::builder(vec![listening.endpoint]).identity(pki.identity());
    let client = builder.recorder(notes.clone()).build().unwrap();
    let data = b"machine:\n    token: planted-secret\n";
    let apply = |dry_run| ApplyRequest {
        data,
        mode: ApplyMode::Auto,
        dry_run,
        try_timeout: None,
    };
    client
        .apply_configuration(&cx(), &apply(true))
        .await
        .unwrap();
    client
        .apply_configuration(&cx(), &apply(false))
        .await
        .unwrap();
    let notes = notes.0.lock().unwrap();
    assert_eq!(
        notes.iter().map(|note| note.write).collect::<Vec<_>>(),
        [false, true]
    );
    assert!(notes[1].request.contains("sha256=") && notes[1].status == "ok");
    assert!(!format!("{notes:?}").contains("planted-secret"));
}

/// Callers run calls side by side in tasks, whose stacks are small.
#[tokio::test]
async fn futures_are_small() {
    let machine = machine([]).await;
    let (client, cx) = (&machine.client, &cx());
    assert!(
        size_of_val(&client.version(cx)) < 4 << 10,
        "{}",
        size_of_val(&client.version(cx))
    );
    assert!(
        size_of_val(&client.facts(cx)) < 64 << 10,
        "{}",
        size_of_val(&client.facts(cx))
    );
}

#[test]
fn transcripts_are_lines_of_json() {
    let exchange = Exchange {
        endpoint: "10.0.0.1:50000".into(),
        node: None,
        method: "/machine.MachineService/Version",
        write: false,
        request: String::new(),
        status: "ok".into(),
        response: "v1.12.6 \"quoted\"".into(),
        elapsed: Duration::from_millis(7),
    };
    let mut text = Vec::new();
    let lines = JsonLines::new(&mut text);
    lines.record(exchange.clone());
    lines.record(exchange);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.contains(r#""elapsed_ms":7"#) && text.contains(r#"\"quoted\""#),
        "{text}"
    );
}

#[tokio::test]
async fn addresses_of_version_6_and_names() {
    let pki = Pki::new();
    let at = |name| {
        let config = pki.server(
            &Server {
                name,
                ..Server::default()
            },
            &pki,
        );
        |listener| serve_on(listener, config, Fake::default())
    };
    let six = at("::1")(TcpListener::bind("[::1]:0").await.unwrap()).endpoint;
    assert_eq!(six.host(), "::1");
    // The name leads to ::1 first where the host has it; nobody listens there.
    let four = at("localhost")(TcpListener::bind("127.0.0.1:0").await.unwrap()).endpoint;
    let named = Endpoint::parse(&format!("localhost:{}", four.port())).unwrap();
    for endpoint in [six, named] {
        let builder = Client::builder(vec![endpoint]).identity(pki.identity());
        builder.build().unwrap().version(&cx()).await.unwrap();
    }
    let unknown = Client::builder(vec![Endpoint::parse("nobody.invalid").unwrap()]);
    let error = unknown
        .build()
        .unwrap()
        .version(&cx().capped(Duration::from_millis(500)))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::NodeName, "{error}");
}
