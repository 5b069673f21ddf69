//! Where machines are: what wants to reach them is started in their network.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::machines::Rack;

/// A network with machines in it.
pub trait Network {
    /// A command that runs in the network; its file system, user and processes are the host's.
    fn start(&self, program: &Path) -> Command;

    /// A folder for files of a test; it goes with the network.
    ///
    /// # Errors
    /// When it cannot be made.
    fn files(&self) -> Result<PathBuf>;
}

impl Network for Rack {
    fn start(&self, program: &Path) -> Command {
        self.command(program)
    }

    fn files(&self) -> Result<PathBuf> {
        Ok(Self::files(self)?)
    }
}
