//! HTTP/1.1, as much of it as clients of Proxmox VE use.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Asked, Handler};

pub(super) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    handler: Handler,
    journal: Arc<Mutex<Vec<Asked>>>,
) -> io::Result<()> {
    let mut read = Vec::new();
    loop {
        let Some(asked) = next(&mut stream, &mut read).await? else {
            return Ok(());
        };
        journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(asked.clone());
        let reply = handler(&asked);
        let Some(body) = reply.body else {
            return Ok(());
        };
        let close = reply.status >= 400;
        let text = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: {}\r\nConnection: {}\r\n\r\n{body}",
            reply.status,
            reply.reason,
            body.len(),
            if close { "close" } else { "Keep-Alive" },
        );
        stream.write_all(text.as_bytes()).await?;
        stream.flush().await?;
        if close {
            return stream.shutdown().await;
        }
    }
}

/// The next request; `None` when the client is gone.
async fn next(
    stream: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
) -> io::Result<Option<Asked>> {
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let mut asked = request(&head);
    assert_eq!(
        asked.header("transfer-encoding"),
        None,
        "Proxmox VE takes no chunks"
    );
    let length: usize = asked
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    while read.len() < end + 4 + length {
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    asked.body = read[end + 4..end + 4 + length].to_vec();
    read.drain(..end + 4 + length);
    if asked.header("content-type") == Some("application/x-www-form-urlencoded") {
        let form = form_urlencoded::parse(&asked.body).into_owned();
        asked.parameters.extend(form.collect::<Vec<_>>());
    }
    Ok(Some(asked))
}

fn request(head: &str) -> Asked {
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (
        first.next().unwrap_or_default(),
        first.next().unwrap_or_default(),
    );
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |line: &str| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
    };
    Asked {
        method: method.to_owned(),
        path: percent_decode_str(path.trim_start_matches("/api2/json"))
            .decode_utf8_lossy()
            .into_owned(),
        parameters: form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers: lines.filter_map(header).collect(),
        body: Vec::new(),
    }
}
