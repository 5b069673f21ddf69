//! The tools as data: which module, which package, which version, and what else a build needs.

use super::recipe::{Added, OnPath, Patch, Recipe, Tool};

const TALOS: &str = "github.com/siderolabs/talos";
const FLUX_OPERATOR: &str = "github.com/controlplaneio-fluxcd/flux-operator";
const CONTAINERD_VERSION: (&str, &str) = (
    "github.com/containerd/containerd/v2/version.Version",
    "2.1.5",
);
const KUBERNETES_VERSION: &[(&str, &str)] = &[
    ("k8s.io/component-base/version.gitVersion", "v1.35.6"),
    ("k8s.io/component-base/version.gitMajor", "1"),
    ("k8s.io/component-base/version.gitMinor", "35"),
];

const BASE: Recipe = Recipe {
    tool: Tool::Pause,
    name: "",
    version: "",
    folder: "",
    package: "",
    tags: &[],
    link: &[],
    on_path: OnPath::Never,
    version_args: &["--version"],
    without_sys_resource: None,
    added: None,
    assets: None,
};

const fn kubernetes(tool: Tool, name: &'static str, package: &'static str) -> Recipe {
    Recipe {
        tool,
        name,
        version: "1.35.6",
        folder: "kubernetes",
        package,
        link: KUBERNETES_VERSION,
        ..BASE
    }
}

const fn containerd(tool: Tool, name: &'static str, package: &'static str) -> Recipe {
    Recipe {
        tool,
        name,
        version: "2.1.5",
        folder: "containerd",
        package,
        // Snapshotters that need C libraries or kernel features which the machines never use.
        tags: &["no_btrfs", "no_devmapper", "no_zfs"],
        link: &[CONTAINERD_VERSION],
        ..BASE
    }
}

/// Every tool, in the order in which they are built: what the machines need comes first.
pub const RECIPES: &[Recipe] = &[
    Recipe {
        tool: Tool::Machined,
        name: "machined",
        version: "1.12.6",
        folder: "talosctl",
        package: "github.com/siderolabs/talos/internal/app/machined",
        // Lowering the OOM score of a service is refused there, and the service would not start.
        without_sys_resource: Some(Patch {
            module: TALOS,
            file: "internal/app/machined/pkg/system/runner/runner.go",
            from: "args.OOMScoreAdj = score",
            to: "_ = score",
            suffix: "-oom",
        }),
        assets: Some((
            TALOS,
            &[
                "hack/containerd.toml",
                "hack/cri-containerd.toml",
                "hack/cri-plugin.part",
            ],
        )),
        ..BASE
    },
    containerd(
        Tool::Containerd,
        "containerd",
        "github.com/containerd/containerd/v2/cmd/containerd",
    ),
    containerd(
        Tool::ContainerdShim,
        "containerd-shim-runc-v2",
        "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
    ),
    Recipe {
        tool: Tool::Etcd,
        name: "etcd",
        version: "3.6.5",
        folder: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        ..BASE
    },
    Recipe {
        tool: Tool::Pause,
        name: "pause",
        version: "1.0.0",
        folder: "pause",
        package: ".",
        ..BASE
    },
    kubernetes(Tool::Kubelet, "kubelet", "k8s.io/kubernetes/cmd/kubelet"),
    kubernetes(
        Tool::KubeApiserver,
        "kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-apiserver",
    ),
    kubernetes(
        Tool::KubeControllerManager,
        "kube-controller-manager",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
    ),
    kubernetes(
        Tool::KubeScheduler,
        "kube-scheduler",
        "k8s.io/kubernetes/cmd/kube-scheduler",
    ),
    Recipe {
        tool: Tool::Kwok,
        name: "kwok",
        version: "0.8.0",
        folder: "kwok",
        package: "sigs.k8s.io/kwok/cmd/kwok",
        ..BASE
    },
    Recipe {
        tool: Tool::FluxOperator,
        name: "flux-operator",
        version: "0.58.1",
        folder: "flux-operator",
        package: "github.com/controlplaneio-fluxcd/flux-operator/cmd/operator",
        link: &[("main.VERSION", "v0.58.1")],
        // The web interface is built by the release only; nothing here looks at it.
        added: Some(Added {
            module: FLUX_OPERATOR,
            file: "web/dist/index.html",
            text: "<!doctype html>\n",
        }),
        // Manifests of Flux by version, the operator's own definitions, and what it is installed with.
        assets: Some((FLUX_OPERATOR, &["config"])),
        ..BASE
    },
    Recipe {
        tool: Tool::SourceController,
        name: "source-controller",
        version: "1.7.3",
        folder: "source-controller",
        package: "github.com/fluxcd/source-controller",
        ..BASE
    },
    Recipe {
        tool: Tool::KustomizeController,
        name: "kustomize-controller",
        version: "1.7.3",
        folder: "kustomize-controller",
        package: "github.com/fluxcd/kustomize-controller",
        ..BASE
    },
    Recipe {
        on_path: OnPath::AtLeast(1, 30),
        version_args: &["version", "--client"],
        ..kubernetes(Tool::Kubectl, "kubectl", "k8s.io/kubernetes/cmd/kubectl")
    },
    Recipe {
        tool: Tool::Talosctl,
        name: "talosctl",
        version: "1.12.6",
        folder: "talosctl",
        package: "github.com/siderolabs/talos/cmd/talosctl",
        on_path: OnPath::Exactly(1, 12),
        version_args: &["version", "--client"],
        ..BASE
    },
    Recipe {
        tool: Tool::Tofu,
        name: "tofu",
        version: "1.12.6",
        folder: "tofu",
        package: "github.com/opentofu/opentofu/cmd/tofu",
        link: &[("github.com/opentofu/opentofu/version.dev", "no")],
        on_path: OnPath::AtLeast(1, 12),
        version_args: &["version"],
        ..BASE
    },
    Recipe {
        tool: Tool::Terragrunt,
        name: "terragrunt",
        version: "1.1.3",
        folder: "terragrunt",
        package: "github.com/gruntwork-io/terragrunt",
        link: &[(
            "github.com/gruntwork-io/terragrunt/internal/version.Version",
            "v1.1.3",
        )],
        on_path: OnPath::AtLeast(1, 1),
        ..BASE
    },
    Recipe {
        tool: Tool::Terragrunt089,
        name: "terragrunt",
        version: "0.89.0",
        folder: "terragrunt-0.89",
        package: "github.com/gruntwork-io/terragrunt",
        link: &[(
            "github.com/gruntwork-io/go-commons/version.Version",
            "v0.89.0",
        )],
        on_path: OnPath::Exactly(0, 89),
        ..BASE
    },
    Recipe {
        tool: Tool::Terraform,
        name: "terraform",
        version: "1.11.4",
        folder: "terraform",
        package: "github.com/hashicorp/terraform",
        on_path: OnPath::AtLeast(1, 11),
        version_args: &["version"],
        ..BASE
    },
    Recipe {
        tool: Tool::BpgProxmox,
        name: "terraform-provider-proxmox",
        version: "0.111.1",
        folder: "bpg-proxmox",
        package: "github.com/bpg/terraform-provider-proxmox",
        ..BASE
    },
];

#[cfg(test)]
mod tests {
    use super::{RECIPES, Tool};
    use std::path::Path;

    #[test]
    fn every_tool_has_a_recipe_and_the_module_that_it_names() {
        for tool in [
            Tool::Machined,
            Tool::Pause,
            Tool::Terragrunt089,
            Tool::Terraform,
            Tool::Kubectl,
        ] {
            assert_eq!(tool.recipe().tool, tool);
        }
        for recipe in RECIPES {
            let module = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tools")
                .join(recipe.folder);
            assert!(
                module.join("go.mod").is_file(),
                "{} has no go.mod",
                module.display()
            );
        }
    }

    #[test]
    fn the_module_requires_the_version_that_the_recipe_names() {
        for recipe in RECIPES.iter().filter(|recipe| recipe.package != ".") {
            let module = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tools")
                .join(recipe.folder);
            let text = std::fs::read_to_string(module.join("go.mod")).unwrap();
            let required = text.lines().any(|line| {
                let mut words = line.trim().trim_start_matches("require ").split(' ');
                let module = words.next().unwrap_or_default();
                recipe.package.starts_with(module)
                    && words.next() == Some(&format!("v{}", recipe.version))
            });
            assert!(required, "{} {}", recipe.name, recipe.version);
        }
    }
}
