//! `talos_node`: what one machine says of itself.

mod data_source;
mod decide;
mod model;
#[cfg(test)]
mod tests;

pub use data_source::TalosNode;
