//! The API over real TLS: what only the wire shows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by panicking")]

mod wire;

use std::io::{Read, Write};
use std::net::TcpListener;

use lab::world::Scenario;
use serde_json::{Value, json};
use wire::{Wire, play};

fn scenario(faults: &str) -> Scenario {
    Scenario::parse(&format!("faults: [{faults}]")).unwrap()
}

#[tokio::test]
async fn the_reason_phrase_carries_the_message() {
    let wire = play(scenario("")).await;
    let answer = wire
        .ask("GET", "/nodes/pve01/qemu/999/config", "")
        .await
        .unwrap();
    let wanted = "Configuration file 'nodes/pve01/qemu-server/999.conf' does not exist";
    assert_eq!(answer.line, format!("HTTP/1.1 500 {wanted}"));
    assert_eq!(answer.json()["message"], format!("{wanted}\n"));
    assert!(answer.head.contains("connection: close"));
    let fine = wire.ask("GET", "/version", "").await.unwrap();
    assert!(!fine.head.contains("connection: close"));
    assert_eq!(fine.json()["data"]["release"], "9.2");
}

#[tokio::test]
async fn a_refused_login_has_no_body() {
    let wire = play(scenario("")).await;
    let answer = wire.raw("GET", "/version", "", "").await.unwrap();
    assert_eq!(answer.line, "HTTP/1.1 401 No ticket");
    assert_eq!(answer.body, "");
    let wrong = "Authorization: PVEAPIToken=root@pam!lab=wrong\r\n";
    let answer = wire.raw("GET", "/version", wrong, "").await.unwrap();
    assert_eq!(answer.line, "HTTP/1.1 401 Authentication failed!");
}

#[tokio::test]
async fn limits_of_the_proxy_are_kept() {
    let wire = play(scenario("")).await;
    let unknown = wire.ask("GET", "/nope", "").await.unwrap();
    assert_eq!(
        unknown.line,
        "HTTP/1.1 501 Method 'GET /nope' not implemented"
    );
    let with_body = wire
        .ask("DELETE", "/nodes/pve01/qemu/100", "purge=1")
        .await
        .unwrap();
    assert!(
        with_body
            .line
            .starts_with("HTTP/1.1 501 Unexpected content")
    );
    let large = format!("description={}", "x".repeat(600 << 10));
    let large = wire
        .ask("PUT", "/nodes/pve01/qemu/100/config", &large)
        .await
        .unwrap();
    assert_eq!(large.line, "HTTP/1.1 501 for data too large");
    let chunked = wire
        .raw(
            "POST",
            "/nodes/pve01/qemu",
            &format!("{}Transfer-Encoding: chunked\r\n", wire.login),
            "",
        )
        .await
        .unwrap();
    assert!(chunked.line.contains(" 501 chunked"));
}

#[tokio::test]
async fn a_dropped_answer_may_have_taken_effect() {
    let fault = |when| {
        format!(
            "{{ match: {{ method: POST, path: '/nodes/*/qemu', nth: 1 }}, when: {when}, effect: drop }}"
        )
    };
    for (when, there) in [("before", false), ("after", true)] {
        let wire = play(scenario(&fault(when))).await;
        let lost = wire.ask("POST", "/nodes/pve01/qemu", "vmid=101").await;
        assert!(lost.is_none(), "{when}");
        wire.lab.settle();
        let config = wire
            .ask("GET", "/nodes/pve01/qemu/101/config", "")
            .await
            .unwrap();
        assert_eq!(config.line.contains("200"), there, "{when}");
        let entry = &wire.lab.journal.entries()[0];
        assert_eq!(
            (entry.status, entry.write, entry.fault.as_deref()),
            (0, there, Some("drop"))
        );
    }
}

#[tokio::test]
async fn an_error_of_a_fault_has_its_own_words() {
    let fault = "{ match: { path: /version }, effect: error, status: 596, message: Connection timed out, times: 1 }";
    let wire = play(scenario(fault)).await;
    let answer = wire.ask("GET", "/version", "").await.unwrap();
    assert_eq!(answer.line, "HTTP/1.1 596 Connection timed out");
    assert!(
        wire.ask("GET", "/version", "")
            .await
            .unwrap()
            .line
            .contains("200")
    );
}

#[tokio::test]
async fn the_journal_tells_writes_from_reads() {
    let wire = play(scenario("")).await;
    wire.ask("POST", "/nodes/pve02/qemu", "vmid=101")
        .await
        .unwrap();
    wire.ask("POST", "/nodes/pve02/qemu", "vmid=x")
        .await
        .unwrap();
    wire.ask("GET", "/nodes", "").await.unwrap();
    let entries = wire.lab.journal.entries();
    let rows: Vec<Value> = entries
        .iter()
        .map(|entry| json!([entry.method, entry.node, entry.status, entry.write]))
        .collect();
    let wanted = json!([
        ["POST", "pve02", 200, true],
        ["POST", "pve02", 400, false],
        ["GET", "pve01", 200, false]
    ]);
    assert_eq!(json!(rows), wanted);
}

#[tokio::test]
async fn a_file_is_uploaded() {
    let wire = play(scenario("")).await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\niso\r\n--b\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"seed.iso\"\r\n\r\nabc\r\n--b--\r\n";
    let head = format!(
        "{}Content-Type: multipart/form-data; boundary=b\r\n",
        wire.login
    );
    let answer = wire
        .raw("POST", "/nodes/pve01/storage/resources/upload", &head, form)
        .await
        .unwrap();
    assert!(
        answer.json()["data"]
            .as_str()
            .unwrap()
            .contains(":imgcopy:"),
        "{answer:?}"
    );
    wire.lab.settle();
    let list = wire
        .ask(
            "GET",
            "/nodes/pve03/storage/resources/content?content=iso",
            "",
        )
        .await
        .unwrap()
        .json();
    assert_eq!(list["data"][0]["volid"], "resources:iso/seed.iso");
    assert_eq!(list["data"][0]["size"], 3);
}

/// Serves one document, as often as it is asked for.
fn website() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 2048];
            let length = stream.read(&mut request).unwrap_or(0);
            let head = String::from_utf8_lossy(&request[..length]).into_owned();
            let body = if head.starts_with("HEAD") {
                ""
            } else {
                "talos"
            };
            let status = if head.contains("/missing") {
                "404 Not Found"
            } else {
                "200 OK"
            };
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: 5\r\nContent-Type: a/b\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    format!("http://{address}")
}

async fn ended(wire: &Wire, upid: &str) -> String {
    for _ in 0..200 {
        let status = wire
            .ask("GET", &format!("/nodes/pve01/tasks/{upid}/status"), "")
            .await
            .unwrap()
            .json();
        if let Some(exit) = status["data"]["exitstatus"].as_str() {
            return exit.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{upid} does not end");
}

#[tokio::test]
async fn a_host_fetches_a_file() {
    let wire = play(scenario("")).await;
    let site = website();
    let look = wire
        .ask(
            "GET",
            &format!("/nodes/pve01/query-url-metadata?url={site}/a.iso"),
            "",
        )
        .await
        .unwrap()
        .json();
    assert_eq!(
        look["data"],
        json!({ "filename": "a.iso", "size": 5, "mimetype": "a/b" })
    );
    let sum = "5db96ad14f6f2f8e1fe4b5f7c0fd25d36adbd5a3aa34ab9ca8bdbe6f5ef8ef6d";
    for (name, extra, wanted) in [
        ("a.iso", String::new(), "OK"),
        (
            "a.iso",
            String::new(),
            "refusing to override existing file '/mnt/pve/resources/template/iso/a.iso'",
        ),
        (
            "missing.iso",
            String::new(),
            "download failed: 404 Not Found",
        ),
        (
            "b.iso",
            format!("&checksum-algorithm=sha256&checksum={sum}"),
            "checksum mismatch",
        ),
    ] {
        let form = format!("url={site}/{name}&content=iso&filename={name}{extra}");
        let answer = wire
            .ask("POST", "/nodes/pve01/storage/resources/download-url", &form)
            .await
            .unwrap()
            .json();
        wire.lab.settle();
        let exit = ended(&wire, answer["data"].as_str().unwrap()).await;
        assert!(exit.starts_with(wanted), "{name}: {exit}");
    }
}

#[tokio::test]
async fn a_host_that_is_off_does_not_answer() {
    let wire = play(scenario("")).await;
    wire.lab.set_online("pve02", false);
    let answer = wire.ask("GET", "/nodes/pve02/qemu", "").await.unwrap();
    assert!(answer.line.starts_with("HTTP/1.1 595"), "{}", answer.line);
    assert!(
        wire.ask("GET", "/nodes/pve03/qemu", "")
            .await
            .unwrap()
            .line
            .contains("200")
    );
}

#[tokio::test]
async fn a_host_looks_at_certificates() {
    let wire = play(scenario("")).await;
    let url = wire.url("/api2/json/version");
    let look = |more: &str| format!("/nodes/pve01/query-url-metadata?url={url}{more}");
    let strict = wire.ask("GET", &look(""), "").await.unwrap();
    assert!(
        strict.line.ends_with("(certificate verify failed)'"),
        "{}",
        strict.line
    );
    let lax = wire
        .ask("GET", &look("&verify-certificates=0"), "")
        .await
        .unwrap();
    let wanted = "500 invalid server response: '501 method 'HEAD' not available'";
    assert_eq!(lax.line, format!("HTTP/1.1 {wanted}"));
    let nobody = wire
        .ask(
            "GET",
            "/nodes/pve01/query-url-metadata?url=http://127.0.0.1:1/a",
            "",
        )
        .await
        .unwrap();
    assert!(
        nobody
            .line
            .ends_with("'500 Can't connect to 127.0.0.1:1 (Connection refused)'")
    );
}
