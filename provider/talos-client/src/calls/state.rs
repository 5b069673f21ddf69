//! The state API: what the controllers inside Talos know, resource by resource.

use std::collections::BTreeMap;

use proto_talos::cosi::resource::{
    GetOptions, GetRequest, GetResponse, ListOptions, ListRequest, ListResponse, Metadata,
    Resource as Wire,
};
use serde_json::Value;
use tonic_prost::ProstCodec;

use crate::client::{Client, Op, Tell};
use crate::cx::Cx;
use crate::error::{Code, Result};
use crate::{method, yaml};

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Such as `runtime`.
    pub namespace: &'static str,
    /// Such as `MachineStatuses.runtime.talos.dev`.
    pub resource_type: &'static str,
}

/// The kinds that this project reads.
#[allow(missing_docs)] // named after what they are
pub mod kind {
    use super::Kind;

    const fn kind(namespace: &'static str, resource_type: &'static str) -> Kind {
        Kind {
            namespace,
            resource_type,
        }
    }

    pub const MACHINE_CONFIG: Kind = kind("config", "MachineConfigs.config.talos.dev");
    pub const MACHINE_TYPE: Kind = kind("config", "MachineTypes.config.talos.dev");
    pub const MACHINE_STATUS: Kind = kind("runtime", "MachineStatuses.runtime.talos.dev");
    pub const VERSION: Kind = kind("runtime", "Versions.runtime.talos.dev");
    pub const PLATFORM: Kind = kind("runtime", "PlatformMetadatas.talos.dev");
    pub const EXTENSION: Kind = kind("runtime", "ExtensionStatuses.runtime.talos.dev");
    pub const SCHEMATIC: Kind = kind("runtime", "ImageFactorySchematics.runtime.talos.dev");
    pub const DIAGNOSTIC: Kind = kind("runtime", "Diagnostics.runtime.talos.dev");
    pub const SERVICE: Kind = kind("runtime", "Services.v1alpha1.talos.dev");
    pub const DISK: Kind = kind("runtime", "Disks.block.talos.dev");
    pub const SYSTEM_DISK: Kind = kind("runtime", "SystemDisks.block.talos.dev");
    pub const VOLUME: Kind = kind("runtime", "VolumeStatuses.block.talos.dev");
    pub const SYSTEM_INFORMATION: Kind = kind("hardware", "SystemInformations.hardware.talos.dev");
    pub const IDENTITY: Kind = kind("cluster", "Identities.cluster.talos.dev");
    pub const CLUSTER_INFO: Kind = kind("cluster", "Infos.cluster.talos.dev");
    pub const MEMBER: Kind = kind("cluster", "Members.cluster.talos.dev");
    pub const HOSTNAME: Kind = kind("network", "HostnameStatuses.net.talos.dev");
    pub const NODE_ADDRESS: Kind = kind("network", "NodeAddresses.net.talos.dev");
    pub const LINK: Kind = kind("network", "LinkStatuses.net.talos.dev");
    pub const NODENAME: Kind = kind("k8s", "Nodenames.kubernetes.talos.dev");
    pub const STATIC_POD: Kind = kind("k8s", "StaticPodStatuses.kubernetes.talos.dev");
}

/// A resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its name within the kind.
    pub id: String,
    /// Changes with every change.
    pub version: String,
    /// running or tearingDown.
    pub phase: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// What it says.
    pub spec: Value,
}

/// A resource as it came, before its YAML is read.
pub(crate) struct RawResource(Wire);

impl RawResource {
    pub fn version(&self) -> &str {
        self.0
            .metadata
            .as_ref()
            .map_or("", |metadata| &metadata.version)
    }

    pub fn is_annotated(&self, key: &str) -> bool {
        self.0
            .metadata
            .as_ref()
            .is_some_and(|metadata| metadata.annotations.contains_key(key))
    }

    pub fn into_yaml(self) -> String {
        self.0.spec.unwrap_or_default().yaml_spec
    }
}

impl Resource {
    /// A spec that is not YAML as we read it is null: every member of it is then missing.
    pub(crate) fn from_wire(wire: Wire) -> Resource {
        let Metadata {
            id,
            version,
            phase,
            labels,
            annotations,
            ..
        } = wire.metadata.unwrap_or_default();
        let spec = yaml::parse(&wire.spec.unwrap_or_default().yaml_spec).unwrap_or_default();
        Resource {
            id,
            version,
            phase,
            labels,
            annotations,
            spec,
        }
    }

    /// The text at this path of the spec; numbers and booleans are written out, empty text is nothing.
    pub fn text(&self, path: &[&str]) -> Option<String> {
        yaml::text_at(&self.spec, path)
    }

    /// The texts of the list at this path of the spec.
    pub fn texts(&self, path: &[&str]) -> Vec<String> {
        yaml::texts_at(&self.spec, path)
    }

    /// The number at this path of the spec.
    pub fn number(&self, path: &[&str]) -> Option<u64> {
        yaml::at(&self.spec, path).and_then(Value::as_u64)
    }

    /// Whether the spec says true at this path.
    pub fn is_true(&self, path: &[&str]) -> bool {
        yaml::at(&self.spec, path) == Some(&Value::Bool(true))
    }
}

impl Client {
    /// One resource; `None` where there is none.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn get(&self, cx: &Cx, kind: &Kind, id: &str) -> Result<Option<Resource>> {
        Ok(self
            .raw(cx, kind, id)
            .await?
            .map(|raw| Resource::from_wire(raw.0)))
    }

    pub(crate) async fn raw(&self, cx: &Cx, kind: &Kind, id: &str) -> Result<Option<RawResource>> {
        let request = GetRequest {
            namespace: kind.namespace.to_owned(),
            r#type: kind.resource_type.to_owned(),
            id: id.to_owned(),
            options: Some(GetOptions::default()),
        };
        let op = Op::new(&method::STATE_GET, &request).on(format!("{}/{id}", kind.resource_type));
        match self.unary::<_, GetResponse>(cx, &op, &request).await {
            Ok(answer) => Ok(answer.resource.map(RawResource)),
            Err(error) if error.code == Code::NodeNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All resources of a kind in the order of their ids.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn list(&self, cx: &Cx, kind: &Kind) -> Result<Vec<Resource>> {
        let request = ListRequest {
            namespace: kind.namespace.to_owned(),
            r#type: kind.resource_type.to_owned(),
            options: Some(ListOptions::default()),
        };
        let op = Op::new(&method::STATE_LIST, &request).on(kind.resource_type);
        let found: Found = self
            .call(cx, &op, |mut channel| {
                let request = self.request(request.clone());
                let path = http::uri::PathAndQuery::from_static(op.method.path);
                async move {
                    channel.ready().await?;
                    let codec = ProstCodec::<ListRequest, ListResponse>::default();
                    let mut stream = channel
                        .server_streaming(request?, path, codec)
                        .await?
                        .into_inner();
                    let mut found = Vec::new();
                    while let Some(answer) = stream.message().await? {
                        found.extend(answer.resource.map(Resource::from_wire));
                    }
                    Ok(Found(found))
                }
            })
            .await?;
        let mut resources = found.0;
        resources.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(resources)
    }
}

struct Found(Vec<Resource>);

impl Tell for Found {
    fn tell(&self) -> String {
        let ids: Vec<_> = self.0.iter().map(|resource| resource.id.as_str()).collect();
        format!("{} resources: {}", ids.len(), ids.join(" "))
    }
}
