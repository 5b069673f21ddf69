//! terraform-provider-talos-stack: Talos clusters from machines to GitOps.

mod data_sources;
mod ephemeral;
mod functions;
mod provider;
mod resources;
mod shared;

use std::process::ExitCode;

fn main() -> ExitCode {
    framework::serve::<provider::TalosStack>()
}
