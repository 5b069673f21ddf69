//! The bindings of the Talos API over the contract's plain client.

use proto_talos::cosi::resource::state_client::StateClient;
use proto_talos::machine::machine_service_client::MachineServiceClient;

pub use talos_contract::Authority;
pub use talos_contract::wire::{Wire, anybody, dial, insecure};

pub fn machine(wire: &Wire) -> MachineServiceClient<Wire> {
    MachineServiceClient::new(wire.clone())
}

pub fn state(wire: &Wire) -> StateClient<Wire> {
    StateClient::new(wire.clone())
}
