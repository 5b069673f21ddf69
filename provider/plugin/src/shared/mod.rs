//! What several types share.

pub mod access;
pub mod announce;
pub mod api_server;
pub mod calls;
pub mod change;
pub mod client_configuration;
pub mod cluster_job;
pub mod config_text;
pub mod digest;
pub mod entropy;
#[cfg(test)]
pub mod fake_api;
#[cfg(test)]
pub mod fake_pve;
pub mod fetch;
pub mod full_version;
pub mod helm;
pub mod image_factory;
pub mod import;
pub mod kubernetes;
pub mod kubernetes_access;
pub mod kustomize_patch;
pub mod left_behind;
pub mod lifetime;
pub mod line;
pub mod machine;
pub mod machine_facts;
pub mod machine_secrets;
pub mod nocloud;
pub mod node;
pub mod packed;
pub mod patch_texts;
pub mod placeholder;
pub mod proxmox;
pub mod quorum;
pub mod report;
pub mod stand_in;
pub mod talosconfig_file;
#[cfg(test)]
pub mod testing;
