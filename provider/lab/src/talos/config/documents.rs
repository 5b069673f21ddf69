//! Refusals of documents beside the main one, in Talos' words (`pkg/machinery/config/types`).

use serde_json::Value;

use super::Config;

/// Problems of each document, then those with the main one.
pub(super) fn problems(config: &Config) -> Vec<String> {
    let names = config.of_kind("HostnameConfig").filter_map(of_hostname);
    let mirrors = config.of_kind("RegistryMirrorConfig").filter_map(of_mirror);
    names.chain(mirrors).chain(conflict(config)).collect()
}

fn of_hostname(document: &Value) -> Option<String> {
    let text = |key: &str| document[key].as_str().unwrap_or_default();
    let (name, auto) = (text("hostname"), text("auto"));
    let problem = match (name, auto) {
        ("", "" | "off") => "either 'auto' or 'hostname' must be set",
        (name, "stable") if !name.is_empty() => {
            "'auto' and 'hostname' cannot be set at the same time"
        }
        _ => return None,
    };
    Some(format!("HostnameConfig: {problem}"))
}

fn of_mirror(document: &Value) -> Option<String> {
    let name = document["name"].as_str().unwrap_or_default();
    name.is_empty()
        .then(|| "RegistryMirrorConfig/: name must be specified".to_owned())
}

/// A name of the host stands in one place only.
fn conflict(config: &Config) -> Option<String> {
    config.of_kind("HostnameConfig").next()?;
    let feature = config.at("/machine/features/stableHostname");
    if config.text_at("/machine/network/hostname").is_some() {
        return Some("static hostname is already set in v1alpha1 config".to_owned());
    }
    (feature == Some(&Value::Bool(true)))
        .then(|| "stable hostname is already set in v1alpha1 config".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        problems(&Config::parse(text).unwrap())
    }

    #[test]
    fn a_host_has_one_name() {
        let document = "---\napiVersion: v1alpha1\nkind: HostnameConfig\n";
        let twice = "machine: { network: { hostname: a } }\n";
        assert_eq!(
            told(&format!("{twice}{document}hostname: b\n")),
            ["static hostname is already set in v1alpha1 config"]
        );
        assert_eq!(
            told(&format!("{document}hostname: b\nauto: stable\n")),
            ["HostnameConfig: 'auto' and 'hostname' cannot be set at the same time"]
        );
        assert!(told(&format!("machine: {{}}\n{document}hostname: b\n")).is_empty());
    }
}
