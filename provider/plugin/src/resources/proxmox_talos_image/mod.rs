//! `proxmox_talos_image`: a Talos image on storages of Proxmox VE.

mod deliver;
mod hosts;
mod import;
mod model;
mod observe;
mod plan;
mod resource;
mod source;
#[cfg(test)]
mod tests;
mod usage;

pub use resource::TalosImageResource;
