//! `proxmox_talos_vm`: a virtual machine for one Talos machine.

mod check;
mod compose;
mod create;
mod cycle;
mod delta;
mod describe;
mod desired;
mod destroy;
mod identity;
mod import;
mod job;
mod model;
mod observe;
mod past;
mod plan;
mod power;
mod refuse;
mod resource;
mod seed;
mod sight;
mod superseded;
#[cfg(test)]
mod tests;
mod update;

pub use resource::TalosVmResource;
