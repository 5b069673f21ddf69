//! Refusals of configurations, in Talos' words: `v1alpha1_validation.go` and the decoder of
//! `configloader`, Talos 1.12. What Talos checks beyond this, the lab takes.

use serde_json::Value;

use super::{Config, documents, keys};

/// Why a configuration is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It cannot be read.
    Unreadable(String),
    /// It is not valid.
    Invalid(String),
}

/// Reads and checks a configuration.
pub(crate) fn check(bytes: &[u8]) -> Result<Config, Refusal> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| Refusal::Unreadable("yaml: invalid UTF-8".to_owned()))?;
    let config = Config::parse(text);
    let config = config.map_err(|why| Refusal::Unreadable(format!("decode error: {why}")))?;
    if config.documents().is_empty() {
        return Err(Refusal::Unreadable("config not found".to_owned()));
    }
    if let Some(unknown) = keys::unknown(&config) {
        return Err(Refusal::Unreadable(unknown));
    }
    match problems(&config).as_slice() {
        [] => Ok(config),
        all => Err(Refusal::Invalid(listed(all))),
    }
}

/// Errors as Go's multierror lists them.
fn listed(problems: &[String]) -> String {
    let count = match problems.len() {
        1 => "1 error occurred:".to_owned(),
        count => format!("{count} errors occurred:"),
    };
    let lines: String = problems
        .iter()
        .map(|problem| format!("\t* {problem}\n"))
        .collect();
    format!("{count}\n{lines}\n")
}

/// Problems by document: those of the main one are a list of their own (`container.go`).
fn problems(config: &Config) -> Vec<String> {
    let main = config.main().map(|main| of_main(config, main));
    let main = main.filter(|found| !found.is_empty());
    let main = main.map(|found| format!("v1alpha1.Config: {}", listed(&found)));
    main.into_iter()
        .chain(documents::problems(config))
        .collect()
}

fn of_main(config: &Config, main: &Value) -> Vec<String> {
    if main["machine"].is_null() {
        return vec!["machine instructions are required".to_owned()];
    }
    let mut found = of_cluster(config, main);
    found.extend(of_machine(config));
    found
}

/// `ClusterConfig.Validate`.
fn of_cluster(config: &Config, main: &Value) -> Vec<String> {
    if main["cluster"].is_null() {
        return vec!["cluster instructions are required".to_owned()];
    }
    let Some(endpoint) = config.text_at("/cluster/controlPlane/endpoint") else {
        return vec!["cluster controlplane endpoint is required".to_owned()];
    };
    let mut found = Vec::new();
    let mut wrong = |problem: &str| found.push(problem.to_owned());
    let host = endpoint.split_once("://").map_or("", |(_, rest)| rest);
    if host.starts_with(['/', ':']) || host.is_empty() {
        wrong("invalid controlplane endpoint: hostname must not be blank");
    }
    if !config.control_plane() {
        if config
            .at("/cluster/etcd")
            .is_some_and(|etcd| !etcd.is_null())
        {
            wrong("etcd config is only allowed on control plane machines");
        }
        if config.text_at("/cluster/ca/key").is_some() {
            wrong("cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)");
        }
    }
    found
}

fn of_machine(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let mut wrong = |problem: &str| found.push(problem.to_owned());
    let arguments = config.at("/machine/install/extraKernelArgs");
    let arguments = arguments
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());
    if arguments && config.at("/machine/install/grubUseUKICmdline") == Some(&Value::Bool(true)) {
        wrong("install.extraKernelArgs and install.grubUseUKICmdline can't be used together");
    }
    if !config.issues() && config.accepted_authorities().is_empty() {
        wrong("issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)");
    }
    match config.machine_type() {
        "controlplane" | "init" => found.extend(of_control_plane(config)),
        "worker" | "join" | "" => found.extend(of_worker(config)),
        other => wrong(&format!("unknown machine type \"{other}\"")),
    }
    found.extend(of_kubelet(config));
    if config.at("/persist") == Some(&Value::Bool(false)) {
        found.push(".persist should be enabled".to_owned());
    }
    found
}

fn of_control_plane(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let network = config.text_at("/cluster/network/cni/name");
    if !["flannel", "custom", "none"].contains(&network.unwrap_or("flannel")) {
        found.push("cni name should be one of [\"flannel\", \"custom\", \"none\"]".to_owned());
    }
    if !config.issues() {
        found.push("issuing CA is required (.machine.ca)".to_owned());
    } else if config.text_at("/machine/ca/key").is_none() {
        let problem = "issuing CA key is required for controlplane nodes (.machine.ca.key)";
        found.push(problem.to_owned());
    }
    found
}

fn of_worker(config: &Config) -> Vec<String> {
    let vips = config.vips().into_iter();
    let vips = vips.map(|_| "virtual (shared) IP is not allowed on non-controlplane nodes");
    let mut found: Vec<String> = vips.map(str::to_owned).collect();
    if config.text_at("/machine/ca/key").is_some() {
        let problem =
            "issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)";
        found.push(problem.to_owned());
    }
    if config.text_at("/cluster/ca/key").is_some() {
        let problem =
            "issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)";
        found.push(problem.to_owned());
    }
    found
}

/// Settings of the kubelet that are Talos' own (`pkg/machinery/kubelet`).
const PROTECTED: [&str; 13] = [
    "apiVersion",
    "authentication",
    "authorization",
    "cgroupRoot",
    "kind",
    "kubeletCgroups",
    "port",
    "protectKernelDefaults",
    "resolvConf",
    "rotateCertificates",
    "systemCgroups",
    "staticPodPath",
    "seccompDefault",
];

fn of_kubelet(config: &Config) -> Vec<String> {
    let settings = config.at("/machine/kubelet/extraConfig");
    let set = |name: &&&str| settings.is_some_and(|settings| settings.get(**name).is_some());
    let found = PROTECTED.iter().filter(set);
    found
        .map(|name| format!("kubelet configuration field \"{name}\" can't be overridden"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talos::config::testing::config;

    fn refusal(text: &str) -> String {
        match check(text.as_bytes()).unwrap_err() {
            Refusal::Unreadable(text) | Refusal::Invalid(text) => text,
        }
    }

    #[test]
    fn a_whole_configuration_is_taken() {
        assert!(check(config("controlplane", "").text.as_bytes()).is_ok());
    }

    #[test]
    fn refusals_have_the_real_words() {
        let good = config("controlplane", "").text;
        assert_eq!(
            refusal(&good.replace("type: controlplane", "type: boss")),
            "1 error occurred:\n\t* v1alpha1.Config: 1 error occurred:\n\t* unknown machine type \"boss\"\n\n\n\n"
        );
        assert_eq!(
            refusal(&good.replace("        key: a2V5\n", "")),
            "1 error occurred:\n\t* v1alpha1.Config: 1 error occurred:\n\t* issuing CA key is required for controlplane nodes (.machine.ca.key)\n\n\n\n"
        );
        assert_eq!(
            refusal("version: v1alpha1\ncluster: {}\n"),
            "1 error occurred:\n\t* v1alpha1.Config: 1 error occurred:\n\t* machine instructions are required\n\n\n\n"
        );
        assert_eq!(
            refusal(&good.replace("    token: t\n", "    tokn: t\n")),
            "error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\nmachine:\n    tokn: t\n"
        );
        assert!(
            refusal(&good.replace("type: controlplane", "type: worker"))
                .contains("issuing Talos API CA key is not allowed")
        );
    }
}
