//! What tests compare: plans of stages, and configurations as machines hold them.

use anyhow::Result;

use super::World;
use crate::stages::{Planned, Stage};
use crate::talosctl::Held;

impl World {
    /// Plans a stage and reads the plan back.
    pub fn plan(&self, stage: Stage) -> Result<Planned> {
        let file = self.work()?.join(format!("plan-{}", stage.name()));
        Planned::make(&file, |arguments| self.run(stage, arguments))
    }

    /// The configuration that the machine at `address` holds.
    pub fn held(&self, address: &str) -> Result<Held> {
        self.talosctl()?.held(address)
    }
}
