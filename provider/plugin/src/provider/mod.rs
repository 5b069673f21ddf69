//! The provider: its block, what resources get from it, and the list of types.

mod data;
mod kubernetes;
mod model;
mod proxmox;

pub use data::{Data, UnreachableDestroy};
pub use model::ProviderModel;
#[cfg(test)]
pub use model::{ProxmoxDefaults, TalosDefaults};
pub use proxmox::{Away, Proxmox};

use framework::prelude::*;

use crate::{data_sources, ephemeral, functions, resources};

/// `home-ops/talos-stack`.
pub struct TalosStack;

impl Provider for TalosStack {
    type Config = ProviderModel;
    type Data = Data;
    const NAME: &'static str = "talos-stack";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ADDRESS: &'static str = "registry.terraform.io/home-ops/talos-stack";

    fn configure(_cx: &ConfigureCx, config: ProviderModel) -> Result<Data, Error> {
        Data::new(config, &|name| std::env::var(name).ok())
    }

    fn register(registry: &mut Registry<Self>) {
        resources::register(registry);
        data_sources::register(registry);
        ephemeral::register(registry);
        functions::register(registry);
    }
}
