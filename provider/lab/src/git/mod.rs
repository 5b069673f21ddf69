//! A git host: repositories over smart HTTP, by git's own `http-backend`.

mod age;
mod content;
mod sops;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::listen::{Body, Service, full, plain_error};

/// The host. Repositories can be read and, unlike those of most hosts, be pushed to by anybody.
pub(crate) struct GitHost {
    root: PathBuf,
    /// The key that opens what is encrypted in the lab's own content.
    pub(crate) key_file: PathBuf,
}

impl GitHost {
    /// Takes up the repository of a folder, or makes it: from another folder, or with content of
    /// the lab's own.
    ///
    /// # Errors
    /// git is missing, or a file cannot be written.
    pub(crate) fn new(folder: &Path, source: Option<&Path>) -> Result<Self, String> {
        let kept = content::prepare(folder, source)?;
        Ok(Self {
            root: kept.root,
            key_file: kept.key_file,
        })
    }

    /// Path of the repository on this host.
    pub(crate) fn repository() -> &'static str {
        content::NAME
    }

    /// Path in the repository that a cluster follows.
    pub(crate) fn path() -> &'static str {
        content::PATH
    }

    async fn run(&self, request: Request<Incoming>) -> Result<Response<Body>, String> {
        let (head, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        let header = |name: &str| {
            head.headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let variables = [
            ("CONTENT_LENGTH", body.len().to_string()),
            ("CONTENT_TYPE", header("content-type")),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
            ("GIT_CONFIG_SYSTEM", "/dev/null".to_owned()),
            ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
            ("GIT_PROJECT_ROOT", self.root.display().to_string()),
            ("GIT_PROTOCOL", header("git-protocol")),
            ("HTTP_CONTENT_ENCODING", header("content-encoding")),
            ("PATH_INFO", head.uri.path().to_owned()),
            (
                "QUERY_STRING",
                head.uri.query().unwrap_or_default().to_owned(),
            ),
            ("REMOTE_ADDR", "127.0.0.1".to_owned()),
            // http-backend takes pushes only from somebody with a name.
            ("REMOTE_USER", "lab".to_owned()),
            ("REQUEST_METHOD", head.method.to_string()),
        ];
        let mut command = Command::new("git");
        // Whoever owns the folder, it is the lab's.
        command
            .args(["-c", "safe.directory=*", "http-backend"])
            .envs(variables);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| format!("cannot run git: {error}"))?;
        let input = child.stdin.take();
        let feed = async move {
            if let Some(mut input) = input {
                // It may have heard enough.
                let _ = input.write_all(&body).await;
            }
        };
        let (output, ()) = tokio::join!(child.wait_with_output(), feed);
        let output = output.map_err(|error| error.to_string())?;
        from_cgi(&output.stdout).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Service for GitHost {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        match self.run(request).await {
            Ok(response) => response,
            Err(problem) => plain_error(500, &problem),
        }
    }
}

/// The answer that a CGI program wrote; none where it wrote none.
fn from_cgi(output: &[u8]) -> Option<Response<Body>> {
    let end = memchr::memmem::find(output, b"\r\n\r\n")?;
    let head = std::str::from_utf8(output.get(..end)?).ok()?;
    let body = output.get(end + 4..)?.to_vec();
    let mut response = Response::new(full(body));
    for line in head.lines() {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next()?.parse().ok()?;
            *response.status_mut() = hyper::StatusCode::from_u16(code).ok()?;
        } else {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            response
                .headers_mut()
                .append(name, HeaderValue::from_str(value).ok()?);
        }
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::from_cgi;

    #[test]
    fn an_answer_is_read_with_its_status() {
        let response = from_cgi(b"Status: 404 Not Found\r\nContent-Type: a/b\r\n\r\nx").unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["content-type"], "a/b");
        assert_eq!(
            from_cgi(b"Content-Type: a/b\r\n\r\n").unwrap().status(),
            200
        );
        assert!(from_cgi(b"nothing").is_none());
    }
}
