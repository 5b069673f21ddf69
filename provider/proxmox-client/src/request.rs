//! Requests as values. Pure: what is sent can be compared without sending it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a segment of a path may hold as it is. UPIDs and volume ids hold `:`, `@`, `!` and `/`, which must be encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// As it is written in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// One request: parameters go into the query of GET and DELETE, which may have no body, and into the form of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path below `/api2/json`, encoded.
    pub path: String,
    /// Names and values in order, not encoded.
    pub parameters: Vec<(String, String)>,
}

impl Request {
    /// A request without parameters; `segments` are encoded one by one.
    pub fn new(method: Method, segments: &[&str]) -> Request {
        let encoded = segments.iter().map(|segment| segment_text(segment));
        Request {
            method,
            path: encoded.map(|segment| format!("/{segment}")).collect(),
            parameters: Vec::new(),
        }
    }

    /// With one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Request {
        self.parameters.push((name.to_owned(), value.to_string()));
        self
    }

    /// With more parameters.
    #[must_use]
    pub fn with_all<'a>(
        mut self,
        parameters: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Request {
        let copied = parameters
            .into_iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        self.parameters.extend(copied);
        self
    }

    /// Whether doing it twice is the same as doing it once.
    pub fn is_read(&self) -> bool {
        self.method == Method::Get
    }

    /// Path and query, from `/api2/json` on.
    pub fn target(&self) -> String {
        let path = format!("/api2/json{}", self.path);
        if self.parameters.is_empty() || !self.in_query() {
            return path;
        }
        format!("{path}?{}", self.encoded())
    }

    /// The form; empty where parameters are in the query.
    pub fn body(&self) -> String {
        if self.in_query() {
            String::new()
        } else {
            self.encoded()
        }
    }

    fn in_query(&self) -> bool {
        matches!(self.method, Method::Get | Method::Delete)
    }

    fn encoded(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&self.parameters);
        form.finish()
    }
}

fn segment_text(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_encoded_whole() {
        let request = Request::new(
            Method::Get,
            &[
                "nodes",
                "pve1",
                "storage",
                "local",
                "content",
                "local:iso/a b.iso",
            ],
        );
        assert_eq!(
            request.target(),
            "/api2/json/nodes/pve1/storage/local/content/local%3Aiso%2Fa%20b.iso"
        );
        let upid = "UPID:pve1:000000A0:000C8390:6B0088E5:qmcreate:100:root@pam!full:";
        let request = Request::new(Method::Get, &["nodes", "pve1", "tasks", upid, "status"]);
        assert!(
            request.path.contains("UPID%3Apve1") && request.path.contains("root%40pam%21full%3A")
        );
    }

    #[test]
    fn parameters_are_where_proxmox_reads_them() {
        let of = |method| {
            Request::new(method, &["x"])
                .with("a", "1 2")
                .with("b", "c=d")
        };
        assert_eq!(of(Method::Get).target(), "/api2/json/x?a=1+2&b=c%3Dd");
        assert_eq!(of(Method::Get).body(), "");
        assert_eq!(of(Method::Delete).target(), "/api2/json/x?a=1+2&b=c%3Dd");
        assert_eq!(of(Method::Post).target(), "/api2/json/x");
        assert_eq!(of(Method::Post).body(), "a=1+2&b=c%3Dd");
    }
}
