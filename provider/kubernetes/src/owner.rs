//! Who an object belongs to, from its labels, annotations and field managers. Pure.

use serde_json::Value;

use crate::apply::MANAGER;

/// Who keeps an object as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// We applied it.
    Us,
    /// A release of Helm, by its name.
    Helm(String),
    /// Flux, by the kind and the name of what applies it.
    Flux(String),
    /// Field managers that are none of these; empty where nobody is known.
    Others(Vec<String>),
}

/// Labels by which Flux marks what it applies, and the kind that does.
const FLUX: [(&str, &str); 4] = [
    ("kustomize.toolkit.fluxcd.io/name", "Kustomization"),
    ("helm.toolkit.fluxcd.io/name", "HelmRelease"),
    ("resourceset.fluxcd.controlplane.io/name", "ResourceSet"),
    ("fluxcd.controlplane.io/name", "FluxInstance"),
];

/// The owner of an object as the server returned it. Flux before all others: it would put back what we change.
///
/// The marks of Flux and Helm come before field managers: our entry stays in `managedFields` when they take an object over. Flux's own
/// managers are no sign: its controllers are also among those of what they merely look after, such as a `Kustomization`.
pub fn owner(object: &Value) -> Owner {
    let metadata = &object["metadata"];
    for (label, kind) in FLUX {
        if let Some(name) = metadata["labels"][label].as_str() {
            return Owner::Flux(format!("{kind} {name}"));
        }
    }
    if let Some(release) = metadata["annotations"]["meta.helm.sh/release-name"].as_str() {
        return Owner::Helm(release.to_owned());
    }
    let managers = managers(object);
    if managers.iter().any(|manager| manager == MANAGER) {
        return Owner::Us;
    }
    Owner::Others(managers)
}

/// Names of those who own fields outside of status.
fn managers(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array();
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["subresource"].as_str().unwrap_or_default().is_empty())
        .filter_map(|entry| entry["manager"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Us => f.write_str("this provider"),
            Self::Helm(release) => write!(f, "the Helm release {release}"),
            Self::Flux(who) => write!(f, "Flux ({who})"),
            Self::Others(managers) if managers.is_empty() => f.write_str("nobody known"),
            Self::Others(managers) => f.write_str(&managers.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn owners_are_told_apart() {
        let managed = |manager: &str| json!({"metadata": {"managedFields": [{"manager": manager}, {"manager": "x", "subresource": "status"}]}});
        assert_eq!(owner(&managed(MANAGER)), Owner::Us);
        assert_eq!(
            owner(&managed("kubectl")),
            Owner::Others(vec!["kubectl".to_owned()])
        );
        let mut helm = managed("helm");
        helm["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "flux-operator"});
        assert_eq!(owner(&helm), Owner::Helm("flux-operator".to_owned()));
        let mut flux = managed(MANAGER);
        flux["metadata"]["labels"] = json!({"kustomize.toolkit.fluxcd.io/name": "apps"});
        assert_eq!(owner(&flux), Owner::Flux("Kustomization apps".to_owned()));
    }

    #[test]
    fn what_was_taken_over_from_us_is_not_ours() {
        let both = |manager: &str, marks: Value| {
            let managers = json!([{"manager": MANAGER}, {"manager": manager}]);
            let mut metadata = json!({"managedFields": managers});
            metadata
                .as_object_mut()
                .unwrap()
                .extend(marks.as_object().unwrap().clone());
            owner(&json!({"metadata": metadata}))
        };
        let helm = json!({"annotations": {"meta.helm.sh/release-name": "cilium"}});
        assert_eq!(both("helm", helm), Owner::Helm("cilium".to_owned()));
        let by_flux = json!({
            "annotations": {"meta.helm.sh/release-name": "cilium"},
            "labels": {"helm.toolkit.fluxcd.io/name": "cilium"},
        });
        assert_eq!(
            both("helm-controller", by_flux),
            Owner::Flux("HelmRelease cilium".to_owned())
        );
        // A controller among the managers of what we applied, without a mark, only looks after it.
        assert_eq!(both("kustomize-controller", json!({})), Owner::Us);
    }
}
