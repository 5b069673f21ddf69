//! Images whose programs really run, and how.

use std::path::Path;

use serde_json::Value;

use crate::tools::Places;

/// A program behind an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    FluxOperator,
    SourceController,
    KustomizeController,
}

impl Program {
    /// The program of an image; none for the images that are only played.
    pub(super) fn of(image: &str) -> Option<Self> {
        let name = image.rsplit('/').next().unwrap_or_default();
        match name.split([':', '@']).next() {
            Some("flux-operator") => Some(Self::FluxOperator),
            Some("source-controller") => Some(Self::SourceController),
            Some("kustomize-controller") => Some(Self::KustomizeController),
            _ => None,
        }
    }

    /// All that really run.
    pub(super) const ALL: [Self; 3] = [
        Self::FluxOperator,
        Self::SourceController,
        Self::KustomizeController,
    ];

    /// The file's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FluxOperator => "flux-operator",
            Self::SourceController => "source-controller",
            Self::KustomizeController => "kustomize-controller",
        }
    }

    /// What it is told: its own listeners on the loopback, its data in a folder, and those of the
    /// container's arguments that mean the same outside of a pod.
    ///
    /// # Errors
    /// The operator's data are missing.
    pub(super) fn arguments(
        self,
        folder: &Path,
        ports: [u16; 3],
        container: &Value,
        tools: &Places,
    ) -> Result<Vec<String>, String> {
        let [metrics, health, storage] = ports;
        let mut arguments = vec![
            format!("--metrics-addr=127.0.0.1:{metrics}"),
            format!("--health-addr=127.0.0.1:{health}"),
        ];
        match self {
            Self::FluxOperator => {
                let data = tools
                    .assets("flux-operator")
                    .ok_or("the data of flux-operator are missing: run `cargo xtask tools`")?;
                arguments.push(format!(
                    "--storage-path={}",
                    data.join("config/data").display()
                ));
                arguments.push("--web-server-port=0".to_owned());
                arguments.push("--enable-leader-election=false".to_owned());
            }
            Self::SourceController => {
                arguments.push(format!(
                    "--storage-path={}",
                    folder.join("storage").display()
                ));
                arguments.push(format!("--storage-addr=127.0.0.1:{storage}"));
                arguments.push(format!("--storage-adv-addr=127.0.0.1:{storage}"));
                arguments
                    .extend(["--events-addr=", "--watch-all-namespaces=true"].map(str::to_owned));
            }
            Self::KustomizeController => {
                arguments
                    .extend(["--events-addr=", "--watch-all-namespaces=true"].map(str::to_owned));
            }
        }
        arguments.extend(passed_on(container));
        Ok(arguments)
    }

    /// Variables beside the container's own.
    pub(super) fn environment(self, namespace: &str, folder: &Path) -> Vec<(String, String)> {
        let mut variables = vec![
            (
                "KUBECONFIG",
                folder.join("kubeconfig").display().to_string(),
            ),
            ("NO_PROXY", "*".to_owned()),
            ("RUNTIME_NAMESPACE", namespace.to_owned()),
            ("TMPDIR", folder.join("tmp").display().to_string()),
        ];
        if self == Self::FluxOperator {
            // It ends at once in any other mode.
            variables.push(("GODEBUG", "fips140=on".to_owned()));
        }
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// Arguments of a container that do not speak of its own network, files or leadership.
const PASSED_ON: [&str; 14] = [
    "concurrent",
    "default-decryption-service-account",
    "default-kubeconfig-service-account",
    "default-service-account",
    "feature-gates",
    "interval-jitter-percentage",
    "log-encoding",
    "log-level",
    "no-cross-namespace-refs",
    "no-remote-bases",
    "override-manager",
    "requeue-dependency",
    "sops-age-secret",
    "watch-label-selector",
];

fn passed_on(container: &Value) -> Vec<String> {
    let arguments = container["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let wanted = arguments.filter(|argument| {
        let name = argument
            .trim_start_matches('-')
            .split('=')
            .next()
            .unwrap_or_default();
        PASSED_ON.contains(&name)
    });
    wanted.map(str::to_owned).collect()
}

/// Variables that a container sets to plain texts.
pub(super) fn plain_variables(container: &Value) -> Vec<(String, String)> {
    let variables = container["env"].as_array().into_iter().flatten();
    let plain = variables.filter_map(|variable| {
        let name = variable["name"].as_str()?;
        let own = [
            "KUBERNETES_SERVICE_HOST",
            "KUBERNETES_SERVICE_PORT",
            "TUF_ROOT",
            "HOME",
        ];
        let value = variable["value"]
            .as_str()
            .filter(|_| !own.contains(&name))?;
        Some((name.to_owned(), value.to_owned()))
    });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_known_by_their_name_alone() {
        assert_eq!(
            Program::of("ghcr.io/x/flux-operator:v0.58.1"),
            Some(Program::FluxOperator)
        );
        assert_eq!(
            Program::of("mirror:5000/source-controller:v1@sha256:0"),
            Some(Program::SourceController)
        );
        assert_eq!(Program::of("ghcr.io/fluxcd/helm-controller:v1"), None);
        assert_eq!(Program::of("ghcr.io/x/flux-operator-mcp:v1"), None);
    }

    #[test]
    fn what_speaks_of_the_pod_is_not_passed_on() {
        let container = json!({ "args": ["--concurrent=20", "--storage-path=/data", "--log-level=debug"], "env": [{ "name": "A", "value": "b" }, { "name": "C", "valueFrom": {} }, { "name": "KUBERNETES_SERVICE_HOST", "value": "x" }] });
        assert_eq!(
            passed_on(&container),
            ["--concurrent=20", "--log-level=debug"]
        );
        assert_eq!(
            plain_variables(&container),
            [("A".to_owned(), "b".to_owned())]
        );
    }
}
