//! Messages in a few words for recorders: sizes and digests where secrets may be.

use client_core::hex;
use proto_talos::cosi::resource::{GetRequest, GetResponse, ListRequest, WatchRequest};
use proto_talos::machine as api;
use sha2::{Digest, Sha256};

use crate::client::Tell;

impl Tell for api::ApplyConfigurationRequest {
    fn tell(&self) -> String {
        let digest = hex(Sha256::digest(&self.data));
        format!(
            "mode={} dry_run={} size={} sha256={digest}",
            self.mode().as_str_name(),
            self.dry_run,
            self.data.len()
        )
    }
}

impl Tell for api::ApplyConfigurationResponse {
    fn tell(&self) -> String {
        // The details of a dry run hold the configuration's secrets; its first line never does.
        let reply = |reply: &api::ApplyConfiguration| {
            let details = reply.mode_details.lines().next().unwrap_or_default();
            format!(
                "mode={} warnings={} {details}",
                reply.mode().as_str_name(),
                reply.warnings.len()
            )
        };
        self.messages
            .iter()
            .map(reply)
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl Tell for api::BootstrapRequest {
    fn tell(&self) -> String {
        format!(
            "recover_etcd={} recover_skip_hash_check={}",
            self.recover_etcd, self.recover_skip_hash_check
        )
    }
}

impl Tell for api::EtcdMemberListRequest {
    fn tell(&self) -> String {
        format!("query_local={}", self.query_local)
    }
}

impl Tell for api::EtcdMemberListResponse {
    fn tell(&self) -> String {
        let members = self.messages.iter().flat_map(|reply| &reply.members);
        let member = |member: &api::EtcdMember| {
            let learner = if member.is_learner { " (learner)" } else { "" };
            format!("{}{learner}", member.hostname)
        };
        members.map(member).collect::<Vec<_>>().join(" ")
    }
}

impl Tell for api::ReadRequest {
    fn tell(&self) -> String {
        self.path.clone()
    }
}

impl Tell for api::RebootRequest {
    fn tell(&self) -> String {
        format!("mode={}", self.mode().as_str_name())
    }
}

impl Tell for api::ResetRequest {
    fn tell(&self) -> String {
        let labels: Vec<_> = self
            .system_partitions_to_wipe
            .iter()
            .map(|partition| partition.label.as_str())
            .collect();
        format!(
            "graceful={} reboot={} wipe={}",
            self.graceful,
            self.reboot,
            labels.join(",")
        )
    }
}

impl Tell for api::ShutdownRequest {
    fn tell(&self) -> String {
        format!("force={}", self.force)
    }
}

impl Tell for api::ServiceListResponse {
    fn tell(&self) -> String {
        let services = self.messages.iter().flat_map(|reply| &reply.services);
        services
            .map(|service| format!("{}={}", service.id, service.state))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl Tell for api::VersionResponse {
    fn tell(&self) -> String {
        let versions = self
            .messages
            .iter()
            .filter_map(|reply| reply.version.as_ref());
        versions
            .map(|version| version.tag.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl Tell for GetRequest {
    fn tell(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.r#type, self.id)
    }
}

impl Tell for GetResponse {
    fn tell(&self) -> String {
        let metadata = self
            .resource
            .as_ref()
            .and_then(|resource| resource.metadata.as_ref());
        metadata.map_or_else(String::new, |metadata| {
            format!("version={} phase={}", metadata.version, metadata.phase)
        })
    }
}

impl Tell for ListRequest {
    fn tell(&self) -> String {
        format!("{}/{}", self.namespace, self.r#type)
    }
}

impl Tell for WatchRequest {
    fn tell(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.r#type, self.id())
    }
}

/// Answers whose arrival is all that a recorder needs to know.
macro_rules! silent {
    ($($message:ty),*) => {
        $(impl Tell for $message {
            fn tell(&self) -> String {
                String::new()
            }
        })*
    };
}

silent!(
    api::BootstrapResponse,
    api::EtcdRecoverResponse,
    api::EtcdStatusResponse,
    api::MemoryResponse,
    api::RebootResponse,
    api::ResetResponse,
    api::ShutdownResponse
);
