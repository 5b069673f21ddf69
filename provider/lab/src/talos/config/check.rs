//! Refusals of configurations, in Talos' words: `v1alpha1_validation.go` and the decoder of
//! `configloader`, Talos 1.12. What Talos checks beyond this, the lab takes.

use serde_json::Value;

use super::{Config, keys};

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
    let config = Config::parse(text).map_err(Refusal::Unreadable)?;
    if let Some(unknown) = keys::unknown(&config) {
        return Err(Refusal::Unreadable(unknown));
    }
    let Some(main) = config.main() else {
        return Ok(config);
    };
    let problems = problems(&config, main);
    match problems.as_slice() {
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

fn problems(config: &Config, main: &Value) -> Vec<String> {
    if main["machine"].is_null() {
        return vec!["machine instructions are required".to_owned()];
    }
    let mut found = Vec::new();
    let mut wrong = |problem: &str| found.push(problem.to_owned());
    if main["cluster"].is_null() {
        wrong("cluster instructions are required");
    } else if config.text_at("/cluster/controlPlane/endpoint").is_none() {
        wrong("cluster controlplane endpoint is required");
    }
    let arguments = config.at("/machine/install/extraKernelArgs");
    let arguments = arguments
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());
    if arguments && config.at("/machine/install/grubUseUKICmdline") == Some(&Value::Bool(true)) {
        wrong("install.extraKernelArgs and install.grubUseUKICmdline can't be used together");
    }
    let certificate = config.text_at("/machine/ca/crt").is_some();
    let key = config.text_at("/machine/ca/key").is_some();
    if !certificate && config.accepted_authorities().is_empty() {
        wrong("issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)");
    }
    match config.machine_type() {
        "controlplane" | "init" => {
            if !certificate {
                wrong("issuing CA is required (.machine.ca)");
            } else if !key {
                wrong("issuing CA key is required for controlplane nodes (.machine.ca.key)");
            }
        }
        "worker" | "join" => {
            for _ in config.vips() {
                wrong("virtual (shared) IP is not allowed on non-controlplane nodes");
            }
            if key {
                wrong(
                    "issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)",
                );
            }
            if config.text_at("/cluster/ca/key").is_some() {
                wrong(
                    "issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)",
                );
            }
            if config
                .at("/cluster/etcd")
                .is_some_and(|etcd| !etcd.is_null())
            {
                wrong("etcd config is only allowed on control plane machines");
            }
        }
        other => wrong(&format!("unknown machine type \"{other}\"")),
    }
    found
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
            "1 error occurred:\n\t* unknown machine type \"boss\"\n\n"
        );
        assert_eq!(
            refusal(&good.replace("        key: a2V5\n", "")),
            "1 error occurred:\n\t* issuing CA key is required for controlplane nodes (.machine.ca.key)\n\n"
        );
        assert_eq!(
            refusal("version: v1alpha1\ncluster: {}\n"),
            "1 error occurred:\n\t* machine instructions are required\n\n"
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
