//! etcd: members, state, bootstrap, recovery from a snapshot.

use std::path::Path;

use proto_talos::common::Data;
use proto_talos::machine::{
    self, BootstrapRequest, BootstrapResponse, EtcdMemberListRequest, EtcdMemberListResponse,
    EtcdRecoverResponse, EtcdStatusResponse,
};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tonic_prost::ProstCodec;

use crate::client::{Client, Op, only};
use crate::cx::{Cx, Patience};
use crate::error::{Code, Error, Result, Sent};
use crate::method;

/// Size of an upload's messages.
const CHUNK: usize = 64 << 10;

/// What to bootstrap from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// A new, empty cluster.
    New,
    /// The snapshot uploaded by [`Client::etcd_recover`].
    Recover {
        /// The snapshot is a copy of a data directory and has no digest at its end.
        skip_hash_check: bool,
    },
}

/// A member of the etcd cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdMember {
    /// Its id; people see it in hex: [`EtcdMember::id_hex`].
    pub id: u64,
    /// Host name of its machine.
    pub hostname: String,
    /// Where other members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it; empty until it has started.
    pub client_urls: Vec<String>,
    /// It has no vote yet.
    pub learner: bool,
}

impl EtcdMember {
    /// The id as etcdctl and talosctl write it.
    pub fn id_hex(&self) -> String {
        format!("{:016x}", self.id)
    }
}

/// The state of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdStatus {
    /// This member.
    pub member_id: u64,
    /// The leader's id; 0 when there is none.
    pub leader: u64,
    /// Size of the database in bytes.
    pub db_size: i64,
    /// It has no vote yet.
    pub learner: bool,
    /// What it complains about.
    pub errors: Vec<String>,
}

impl Client {
    /// The members, as the cluster sees them, or with `local` as this machine's etcd alone does.
    ///
    /// # Errors
    /// `TS-ETCD-DOWN` when no etcd runs on the machine, `TS-ETCD-NOT-CONTROL-PLANE`, or any other of the taxonomy.
    pub async fn etcd_members(&self, cx: &Cx, local: bool) -> Result<Vec<EtcdMember>> {
        let request = EtcdMemberListRequest { query_local: local };
        let op = Op::new(&method::ETCD_MEMBERS, &request);
        self.await_etcd(cx, &op).await?;
        let answer: EtcdMemberListResponse = self.unary(cx, &op, &request).await?;
        let reply = only(&op, &self.place(self.endpoint()), answer.messages)?;
        Ok(reply.members.into_iter().map(EtcdMember::from).collect())
    }

    /// The state of this machine's member.
    ///
    /// # Errors
    /// As [`Client::etcd_members`].
    pub async fn etcd_status(&self, cx: &Cx) -> Result<EtcdStatus> {
        let op = Op::new(&method::ETCD_STATUS, &());
        self.await_etcd(cx, &op).await?;
        let answer: EtcdStatusResponse = self.unary(cx, &op, &()).await?;
        let member = only(&op, &self.place(self.endpoint()), answer.messages)?
            .member_status
            .unwrap_or_default();
        Ok(EtcdStatus {
            member_id: member.member_id,
            leader: member.leader,
            db_size: member.db_size,
            learner: member.is_learner,
            errors: member.errors,
        })
    }

    /// Looks at the service first: where etcd does not run, Talos keeps questions to it waiting for long.
    async fn await_etcd(&self, cx: &Cx, op: &Op<'_>) -> Result<()> {
        let mut patience = Patience::new();
        while let Some(error) = self.etcd_down(cx, op).await? {
            patience.after(cx, error).await?;
        }
        Ok(())
    }

    async fn etcd_down(&self, cx: &Cx, op: &Op<'_>) -> Result<Option<Error>> {
        let services = self.services(cx).await?;
        let attempted = op.attempted(&self.place(self.endpoint()));
        match services.iter().find(|service| service.id == "etcd") {
            Some(etcd) if etcd.state == "Running" => Ok(None),
            Some(etcd) => {
                let seen = format!("the service etcd is {}: {}", etcd.state, etcd.message);
                Ok(Some(
                    Error::new(Code::EtcdDown, attempted, seen).sent(Sent::Refused),
                ))
            }
            None => self.no_etcd(cx, attempted).await.map(Some),
        }
    }

    /// A worker has no such service at all; a control plane that has just been configured does not have it yet.
    async fn no_etcd(&self, cx: &Cx, attempted: String) -> Result<Error> {
        let code = match self.machine_type(cx).await?.as_deref() {
            Some("controlplane") | None => Code::EtcdDown,
            Some(_) => Code::EtcdNotControlPlane,
        };
        Ok(Error::new(code, attempted, "no service etcd").sent(Sent::Refused))
    }

    /// Makes this machine the first etcd member. Returns when Talos has accepted it; etcd starts afterwards.
    ///
    /// # Errors
    /// `TS-ETCD-EXISTS`, `TS-ETCD-NOT-CONTROL-PLANE`, or any other of the taxonomy. With [`crate::Sent::Maybe`] look at the
    /// members of all control planes before trying again.
    pub async fn bootstrap(&self, cx: &Cx, from: Bootstrap) -> Result<()> {
        let (recover_etcd, recover_skip_hash_check) = match from {
            Bootstrap::New => (false, false),
            Bootstrap::Recover { skip_hash_check } => (true, skip_hash_check),
        };
        let request = BootstrapRequest {
            recover_etcd,
            recover_skip_hash_check,
        };
        let op = Op::new(&method::BOOTSTRAP, &request);
        let answer: BootstrapResponse = self.unary(cx, &op, &request).await?;
        only(&op, &self.place(self.endpoint()), answer.messages).map(|_| ())
    }

    /// Uploads a snapshot, which a bootstrap with [`Bootstrap::Recover`] then restores.
    ///
    /// # Errors
    /// `TS-ETCD-SNAPSHOT` when the file cannot be read, or any other of the taxonomy.
    pub async fn etcd_recover(&self, cx: &Cx, snapshot: &Path) -> Result<()> {
        let op = Op::new(&method::ETCD_RECOVER, &());
        let chunks = read_chunks(&op, snapshot).await?;
        let answer: EtcdRecoverResponse = self
            .call(cx, &op, |mut channel| {
                let request = self.request(tokio_stream::iter(chunks.clone()));
                let path = http::uri::PathAndQuery::from_static(op.method.path);
                async move {
                    channel.ready().await?;
                    let codec = ProstCodec::<Data, EtcdRecoverResponse>::default();
                    Ok(channel
                        .client_streaming(request?, path, codec)
                        .await?
                        .into_inner())
                }
            })
            .await?;
        only(&op, &self.place(self.endpoint()), answer.messages).map(|_| ())
    }
}

/// The snapshot in messages. It is read once, before anything is sent, so that a file that goes away cannot end an upload half-way.
async fn read_chunks(op: &Op<'_>, snapshot: &Path) -> Result<Vec<Data>> {
    let unreadable = |error: std::io::Error| {
        Error::new(
            Code::EtcdSnapshot,
            format!("{} from {}", op.method.title, snapshot.display()),
            error.to_string(),
        )
    };
    let mut file = File::open(snapshot).await.map_err(unreadable)?;
    let mut chunks = Vec::new();
    loop {
        let mut bytes = Vec::with_capacity(CHUNK);
        let count = (&mut file)
            .take(CHUNK as u64)
            .read_to_end(&mut bytes)
            .await
            .map_err(unreadable)?;
        match count {
            0 if chunks.is_empty() => {
                return Err(unreadable(std::io::Error::other("the file is empty")));
            }
            0 => return Ok(chunks),
            _ => chunks.push(Data {
                metadata: None,
                bytes,
            }),
        }
    }
}

impl From<machine::EtcdMember> for EtcdMember {
    fn from(member: machine::EtcdMember) -> EtcdMember {
        EtcdMember {
            id: member.id,
            hostname: member.hostname,
            peer_urls: member.peer_urls,
            client_urls: member.client_urls,
            learner: member.is_learner,
        }
    }
}
