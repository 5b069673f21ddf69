//! The client against a host that answers as Proxmox VE does.

#![allow(clippy::unwrap_used, reason = "tests end by panicking")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proxmox_client::testing::{Asked, FakeHost, Reply};
use proxmox_client::{
    Client, Code, Cx, Download, Endpoint, Error, Fingerprint, Power, Sent, Source, Trust, Upload,
};
use serde_json::json;

const UPID: &str = "UPID:pve1:000000A0:000C8390:6B0088E5:qmcreate:100:talos@pve!test:";

fn cx() -> Cx {
    Cx::new(Duration::from_secs(20))
}

fn version(_: &Asked) -> Reply {
    Reply::data(json!({"version": "9.2.11", "release": "9.2"}))
}

async fn failure(reply: Reply) -> Error {
    let host = FakeHost::start(move |_| reply.clone()).await;
    let client = Client::new(&host.settings()).unwrap();
    client.config(&cx(), "pve1", 100).await.unwrap_err()
}

#[tokio::test]
async fn the_token_goes_into_the_header_and_nowhere_else() {
    let host = FakeHost::start(|asked| {
        assert_eq!(
            asked.header("authorization"),
            Some("PVEAPIToken=talos@pve!test=11111111-2222-3333-4444-555555555555")
        );
        Reply::error(500, "echo 11111111-2222-3333-4444-555555555555")
    })
    .await;
    let client = Client::new(&host.settings()).unwrap();
    let error = client.version(&cx()).await.unwrap_err();
    assert_eq!(error.code, Code::Failed);
    assert!(!error.to_string().contains("11111111"), "{error}");
}

#[tokio::test]
async fn messages_are_read_from_the_body_and_from_the_reason_phrase() {
    let text = "storage 'nostore' does not exist";
    for reply in [Reply::error(500, text), Reply::reason_only(500, text)] {
        let error = failure(reply).await;
        assert_eq!(error.code, Code::StorageUnknown);
        assert!(error.seen.contains("nostore"), "{error}");
    }
    let error = failure(Reply::reason_only(
        401,
        "no such token 'test' for user 'talos@pve'",
    ))
    .await;
    assert_eq!(error.code, Code::Auth);
    assert!(error.seen.contains("no such token"), "{error}");
    let error = failure(Reply::error(
        403,
        "Permission check failed (/vms/100, VM.Audit)",
    ))
    .await;
    assert!(error.cure.contains("VM.Audit on /vms/100"), "{error}");
}

#[tokio::test]
async fn certificates_are_trusted_by_authority_or_by_fingerprint() {
    let host = FakeHost::start(version).await;
    let with = |trust: Trust| {
        let mut settings = host.settings();
        settings.trust = trust;
        async move { Client::new(&settings).unwrap().version(&cx()).await }
    };
    assert_eq!(with(host.settings().trust).await.as_deref(), Ok("9.2.11"));
    let pinned = |text: &str| Trust {
        fingerprints: vec![Fingerprint::parse(text).unwrap()],
        ..Trust::default()
    };
    assert!(with(pinned(&host.fingerprint)).await.is_ok());
    let other = with(pinned(&"00".repeat(32))).await.unwrap_err();
    assert_eq!(other.code, Code::TlsFingerprint);
    assert!(other.seen.contains(&host.fingerprint), "{other}");
    let unknown = with(Trust::default()).await.unwrap_err();
    assert_eq!(unknown.code, Code::TlsAuthority);
    assert!(unknown.seen.contains(&host.fingerprint), "{unknown}");
    let insecure = Trust {
        insecure: true,
        ..Trust::default()
    };
    assert!(with(insecure).await.is_ok());
}

#[tokio::test]
async fn a_host_that_is_down_is_passed_over() {
    let host = FakeHost::start(version).await;
    let mut settings = host.settings();
    settings
        .endpoints
        .insert(0, Endpoint::parse("127.0.0.1:1").unwrap());
    let client = Client::new(&settings).unwrap();
    assert!(client.version(&cx()).await.is_ok());
    assert!(client.version(&cx()).await.is_ok());
    settings.endpoints.truncate(1);
    let begun = std::time::Instant::now();
    let short = Cx::new(Duration::from_secs(1));
    let error = Client::new(&settings)
        .unwrap()
        .version(&short)
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Unreachable);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let host = FakeHost::start(version).await;
    let mut settings = host.settings();
    settings.endpoints = vec![Endpoint::parse(&address).unwrap()];
    let error = Client::new(&settings)
        .unwrap()
        .version(&cx())
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::NotProxmox, "{error}");
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_told_and_not_sent_again() {
    let host = FakeHost::start(|_| Reply::hang_up()).await;
    let client = Client::new(&host.settings()).unwrap();
    let values = BTreeMap::from([("name".to_owned(), "cp01".to_owned())]);
    let error = client
        .create_vm(&cx(), "pve1", 100, &values)
        .await
        .unwrap_err();
    assert_eq!((error.code, error.sent), (Code::Unclear, Sent::Maybe));
    assert_eq!(host.writes(), ["POST /nodes/pve1/qemu"]);
}

#[tokio::test]
async fn a_lost_answer_to_a_read_is_asked_for_again() {
    let asked = AtomicUsize::new(0);
    let host = FakeHost::start(move |request| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::hang_up(),
        1 => Reply::reason_only(595, "No route to host"),
        _ => version(request),
    })
    .await;
    let client = Client::new(&host.settings()).unwrap();
    assert!(client.version(&cx()).await.is_ok());
    assert_eq!(host.journal().len(), 3);
}

/// A task that runs for two looks and then ends so.
fn task(
    exit: &'static str,
    log: &'static [&'static str],
) -> impl Fn(&Asked) -> Reply + Send + Sync {
    let looks = AtomicUsize::new(0);
    move |asked| {
        if asked.method != "GET" {
            return Reply::data(json!(UPID));
        }
        assert!(
            asked
                .path
                .starts_with(&format!("/nodes/pve1/tasks/{UPID}/")),
            "{}",
            asked.path
        );
        if asked.path.ends_with("/log") {
            let lines = log.iter().enumerate();
            return Reply::data(lines.map(|(n, t)| json!({"n": n + 1, "t": t})).collect());
        }
        match looks.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::refused(json!({"upid": "no such task"})),
            1 => Reply::data(json!({"status": "running", "upid": UPID})),
            _ => Reply::data(json!({"status": "stopped", "exitstatus": exit, "upid": UPID})),
        }
    }
}

#[tokio::test]
async fn tasks_are_waited_for() {
    let host = FakeHost::start(task("OK", &[])).await;
    let client = Client::new(&host.settings()).unwrap();
    let done = client
        .power(&cx(), "pve1", 100, Power::Start)
        .await
        .unwrap();
    assert!(done.warnings.is_empty());
    assert_eq!(host.writes(), ["POST /nodes/pve1/qemu/100/status/start"]);
}

#[tokio::test]
async fn a_task_with_warnings_has_done_its_work() {
    let host = FakeHost::start(task("WARNINGS: 1", &["all well", "WARN: no EFI disk"])).await;
    let client = Client::new(&host.settings()).unwrap();
    let done = client
        .power(&cx(), "pve1", 100, Power::Start)
        .await
        .unwrap();
    assert_eq!(done.warnings, ["WARN: no EFI disk"]);
}

#[tokio::test]
async fn a_failed_task_is_told_with_its_log() {
    let log = [
        "kvm: Host doesn't support requested features",
        "TASK ERROR: start failed: QEMU exited with code 1",
    ];
    let host = FakeHost::start(task(
        "start failed: QEMU exited with code 1",
        Box::leak(Box::new(log)),
    ))
    .await;
    let client = Client::new(&host.settings()).unwrap();
    let error = client
        .power(&cx(), "pve1", 100, Power::Start)
        .await
        .unwrap_err();
    assert_eq!((error.code, error.sent), (Code::Start, Sent::Refused));
    assert!(error.seen.contains("requested features"), "{error}");
}

#[tokio::test]
async fn a_lock_is_waited_out() {
    let asked = AtomicUsize::new(0);
    let host = FakeHost::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Reply::error(500, "VM is locked (backup)"),
        _ => Reply::data(json!(null)),
    })
    .await;
    let client = Client::new(&host.settings()).unwrap();
    let set = BTreeMap::from([("cores".to_owned(), "4".to_owned())]);
    client
        .configure(&cx(), "pve1", 100, &set, &[], "abc")
        .await
        .unwrap();
    assert_eq!(host.writes().len(), 3);
}

#[tokio::test]
async fn cancellation_ends_a_wait_at_once() {
    let host = FakeHost::start(|asked| match asked.method.as_str() {
        "GET" => Reply::data(json!({"status": "running"})),
        _ => Reply::data(json!(UPID)),
    })
    .await;
    let client = Client::new(&host.settings()).unwrap();
    let cx = cx();
    let cancel = cx.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(400)).await;
        cancel.cancel();
    });
    let begun = std::time::Instant::now();
    let error = client
        .power(&cx, "pve1", 100, Power::Start)
        .await
        .unwrap_err();
    assert_eq!((error.code, error.sent), (Code::Cancelled, Sent::Maybe));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn files_are_sent_with_their_length_known() {
    let folder = std::env::temp_dir().join(format!("proxmox-client-{}", std::process::id()));
    std::fs::write(&folder, b"from a file").unwrap();
    let host = FakeHost::start(|_| Reply::data(json!(null))).await;
    let client = Client::new(&host.settings()).unwrap();
    for source in [
        Source::Bytes(b"from memory".to_vec()),
        Source::File(folder.clone(), 11),
    ] {
        let upload = Upload {
            content: "iso",
            file_name: "seed.iso",
            checksum: Some(("sha256", "00")),
            source,
        };
        client
            .upload(&cx(), "pve1", "local", &upload)
            .await
            .unwrap();
    }
    std::fs::remove_file(&folder).unwrap();
    for (asked, text) in host.journal().iter().zip(["from memory", "from a file"]) {
        let body = String::from_utf8(asked.body.clone()).unwrap();
        assert!(body.contains(&format!("\r\n\r\n{text}\r\n--")), "{body}");
        assert!(
            body.contains("name=\"filename\"; filename=\"seed.iso\""),
            "{body}"
        );
        assert_eq!(asked.path, "/nodes/pve1/storage/local/upload");
    }
}

#[tokio::test]
async fn a_host_that_cannot_download_says_why() {
    let host = FakeHost::start(|asked| match asked.method.as_str() {
        "GET" => Reply::error(
            500,
            "invalid server response: '500 Can't connect to f.example:443 (Connection refused)'",
        ),
        _ => Reply::error(
            403,
            "Permission check failed (/storage/local, Datastore.AllocateTemplate)",
        ),
    })
    .await;
    let client = Client::new(&host.settings()).unwrap();
    let error = client
        .remote(&cx(), "pve1", "https://f.example/a.iso")
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::Download);
    let what = Download {
        content: "iso",
        file_name: "a.iso",
        url: "https://f.example/a.iso",
        checksum: None,
    };
    let error = client
        .download(&cx(), "pve1", "local", &what)
        .await
        .unwrap_err();
    assert!(
        error
            .cure
            .contains("Datastore.AllocateTemplate on /storage/local"),
        "{error}"
    );
}

#[tokio::test]
async fn a_vmid_is_free_or_taken_whatever_the_token_may_see() {
    let host = FakeHost::start(|asked| match asked.get("vmid") {
        Some("100") => Reply::refused(json!({"vmid": "VM 100 already exists"})),
        Some(other) => Reply::data(json!(other)),
        None => Reply::data(json!("104")),
    })
    .await;
    let client = Client::new(&host.settings()).unwrap();
    assert_eq!(client.is_free(&cx(), 100).await, Ok(false));
    assert_eq!(client.is_free(&cx(), 555).await, Ok(true));
    assert_eq!(client.next_vmid(&cx()).await, Ok(104));
}
