//! Version, services, memory, files.

use proto_talos::common::Data;
use proto_talos::machine::{
    MemoryResponse, ReadRequest, ServiceInfo, ServiceListResponse, VersionResponse,
};
use tonic::Status;
use tonic_prost::ProstCodec;

use crate::client::{Client, Op, Tell, only};
use crate::cx::Cx;
use crate::error::{Code, Error, Result};
use crate::method;

/// What runs on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Talos version with leading `v`.
    pub tag: String,
    /// CPU architecture: amd64 or arm64.
    pub arch: String,
    /// Platform, such as nocloud.
    pub platform: String,
    /// metal, cloud or container.
    pub mode: String,
}

/// A Talos service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Such as `kubelet`.
    pub id: String,
    /// Initialized, Preparing, Waiting, Starting, Running, Stopping, Finished, Failed or Skipped.
    pub state: String,
    /// What its health check says; `None` where it has none or has not run yet.
    pub healthy: Option<bool>,
    /// Last word of the health check, or of the service where there is none.
    pub message: String,
}

impl Service {
    /// Runs, and its health check, where it has one, is content.
    pub fn is_well(&self) -> bool {
        self.state == "Running" && self.healthy != Some(false)
    }
}

impl From<ServiceInfo> for Service {
    fn from(info: ServiceInfo) -> Service {
        let health = info.health.unwrap_or_default();
        let last = info
            .events
            .unwrap_or_default()
            .events
            .pop()
            .map(|event| event.msg)
            .unwrap_or_default();
        Service {
            id: info.id,
            state: info.state,
            healthy: (!health.unknown).then_some(health.healthy),
            message: if health.last_message.is_empty() {
                last
            } else {
                health.last_message
            },
        }
    }
}

impl Client {
    /// The machine's version. Talos up to 1.12 does not tell it in maintenance mode: see [`Client::facts`].
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn version(&self, cx: &Cx) -> Result<Version> {
        let op = Op::new(&method::VERSION, &());
        let answer: VersionResponse = self.unary(cx, &op, &()).await?;
        let reply = only(&op, &self.place(self.endpoint()), answer.messages)?;
        let (version, platform) = (
            reply.version.unwrap_or_default(),
            reply.platform.unwrap_or_default(),
        );
        Ok(Version {
            tag: version.tag,
            arch: version.arch,
            platform: platform.name,
            mode: platform.mode,
        })
    }

    /// The machine's services in the order of their names.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn services(&self, cx: &Cx) -> Result<Vec<Service>> {
        let op = Op::new(&method::SERVICES, &());
        let answer: ServiceListResponse = self.unary(cx, &op, &()).await?;
        let reply = only(&op, &self.place(self.endpoint()), answer.messages)?;
        let mut services: Vec<_> = reply.services.into_iter().map(Service::from).collect();
        services.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(services)
    }

    /// Memory of the machine in bytes.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn memory(&self, cx: &Cx) -> Result<u64> {
        let op = Op::new(&method::MEMORY, &());
        let answer: MemoryResponse = self.unary(cx, &op, &()).await?;
        let reply = only(&op, &self.place(self.endpoint()), answer.messages)?;
        Ok(reply
            .meminfo
            .unwrap_or_default()
            .memtotal
            .saturating_mul(1024))
    }

    /// A regular file of the machine, of this many bytes at most. Needs the role os:admin.
    ///
    /// # Errors
    /// `TS-NODE-NOT-FOUND`, or any other of the taxonomy.
    pub async fn read_file(&self, cx: &Cx, path: &str, limit: usize) -> Result<Vec<u8>> {
        let request = ReadRequest {
            path: path.to_owned(),
        };
        let op = Op::new(&method::FILE, &request).on(path);
        let content: Content = self
            .call(cx, &op, |mut channel| {
                let request = self.request(request.clone());
                let path = http::uri::PathAndQuery::from_static(op.method.path);
                async move {
                    channel.ready().await?;
                    let codec = ProstCodec::<ReadRequest, Data>::default();
                    let mut stream = channel
                        .server_streaming(request?, path, codec)
                        .await?
                        .into_inner();
                    let mut content = Vec::new();
                    while let Some(chunk) = stream.message().await? {
                        failure_of(&chunk)?;
                        content.extend_from_slice(&chunk.bytes);
                        if content.len() > limit {
                            return Err(Status::out_of_range(format!(
                                "the file is larger than {limit} bytes"
                            )));
                        }
                    }
                    Ok(Content(content))
                }
            })
            .await?;
        Ok(content.0)
    }

    /// The kernel's id of this boot: another one after each reboot. Needs the role os:admin.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn boot_id(&self, cx: &Cx) -> Result<String> {
        const PATH: &str = "/proc/sys/kernel/random/boot_id";
        let content = self.read_file(cx, PATH, 256).await?;
        let text = String::from_utf8(content)
            .unwrap_or_default()
            .trim()
            .to_owned();
        match text.is_empty() {
            true => Err(Error::new(
                Code::NodeFailed,
                format!("reading {PATH} at {}", self.endpoint()),
                "an empty file",
            )),
            false => Ok(text),
        }
    }
}

/// A file; recorders are told its size only.
struct Content(Vec<u8>);

impl Tell for Content {
    fn tell(&self) -> String {
        format!("{} bytes", self.0.len())
    }
}

/// Streams carry failures in their chunks.
fn failure_of(chunk: &Data) -> Result<(), Status> {
    match chunk
        .metadata
        .as_ref()
        .map(|metadata| metadata.error.as_str())
    {
        None | Some("") => Ok(()),
        Some(error) => Err(Status::unknown(error)),
    }
}
