//! What a machine configuration must say to suit a machine of a rack.
//!
//! | setting | why |
//! |---|---|
//! | `machine.kubelet.extraConfig.failCgroupV1: false` | kubelet 1.35 refuses hosts with cgroup version 1 |
//! | `httpCheckFrequency: 1s` beside it | the kubelet asks Talos for static pods every 20 s otherwise, of which tests see many |
//! | `serializeImagePulls: false` beside it | the registry is next door |
//! | `machine.time.disabled: true` | no time server can be reached; the clock is the host's |
//! | `cluster.discovery.enabled: false` | the discovery service cannot be reached |
//! | `cluster.network.cni.name: none` | Flannel's image is not in the registry |
//! | `cluster.proxy.disabled`, `cluster.coreDNS.disabled: true` | nor are theirs |
//! | `RegistryMirrorConfig` for registry.k8s.io and ghcr.io | etcd, kubelet, the control plane and pause come from the rack |
//!
//! Besides: no virtual IP and no extension, the endpoint is `https://10.5.0.11:6443`, a Kubernetes version of the minor
//! that the tools have (1.35). Nothing need be said about the install disk: in a container Talos installs nothing.

/// A multi-document configuration patch (the form of `talosctl gen config --config-patch`) with all of the above.
pub const SUITS_RACK: &str = "\
machine:
  kubelet:
    extraConfig:
      failCgroupV1: false
      httpCheckFrequency: 1s
      serializeImagePulls: false
  time:
    disabled: true
cluster:
  discovery:
    enabled: false
  network:
    cni:
      name: none
  proxy:
    disabled: true
  coreDNS:
    disabled: true
---
apiVersion: v1alpha1
kind: RegistryMirrorConfig
name: registry.k8s.io
endpoints:
  - url: http://10.5.0.1:5000
---
apiVersion: v1alpha1
kind: RegistryMirrorConfig
name: ghcr.io
endpoints:
  - url: http://10.5.0.1:5000
";

#[cfg(test)]
mod tests {
    use super::SUITS_RACK;
    use crate::machines::REGISTRY;

    #[test]
    fn the_mirrors_are_the_racks_registry() {
        let mirror = format!("  - url: http://{REGISTRY}\n");
        assert_eq!(SUITS_RACK.matches(&mirror).count(), 2);
    }
}
