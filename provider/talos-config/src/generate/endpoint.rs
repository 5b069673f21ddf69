use super::input::GenerateError;
use crate::scalar::Url;

/// Checks the URL of a cluster's Kubernetes API as Talos's own tools do: `https`, a host, IPv6 in
/// brackets, a port from 1 to 65535 or none. Gives the form in which Talos writes it.
pub fn check_endpoint(text: &str) -> Result<String, GenerateError> {
    parse_endpoint(text).map(|url| url.to_string())
}

/// [`check_endpoint`] for callers that need the parts.
pub(super) fn parse_endpoint(text: &str) -> Result<Url, GenerateError> {
    let wrong = |what: String| GenerateError(format!("the cluster endpoint '{text}' {what}"));
    let try_this = || format!("try https://{}", with_port(text));
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(_) if !text.contains("://") => {
            return Err(wrong(format!("has no scheme: {}", try_this())));
        }
        Err(why) => return Err(wrong(format!("is not a URL: it has {why}"))),
    };
    if url.host.is_empty() && !text.contains("://") {
        return Err(wrong(format!("has no scheme: {}", try_this())));
    }
    if url.scheme != "https" {
        return Err(wrong("must begin with https://".to_owned()));
    }
    check_host(&url).map_err(|what| wrong(what.to_owned()))?;
    Ok(url)
}

fn check_host(url: &Url) -> Result<(), &'static str> {
    let host = String::from_utf8_lossy(&url.host);
    if host.matches(':').count() > 1 && !host.starts_with('[') {
        return Err("must have its IPv6 address in square brackets");
    }
    if url.hostname().is_empty() {
        return Err("has no host");
    }
    match url.port().as_str() {
        "" if host.ends_with(':') => Err("has no port after the colon"),
        "" => Ok(()),
        port if port.parse::<u16>().is_ok_and(|p| p > 0) => Ok(()),
        _ => Err("must have a port from 1 to 65535"),
    }
}

fn with_port(text: &str) -> String {
    let has_port = text
        .rsplit_once(':')
        .is_some_and(|(_, p)| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    if has_port {
        text.to_owned()
    } else {
        format!("{text}:6443")
    }
}
