//! `talos_image_schematic`: what Talos images are customised with.

mod document;
mod extensions;
#[cfg(test)]
mod factory_tests;
mod import;
#[cfg(test)]
mod life_tests;
mod model;
mod plan;
mod resource;
#[cfg(test)]
mod tests;

pub use resource::TalosImageSchematic;
