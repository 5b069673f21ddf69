//! A provider that keeps files in a folder: every ability of the framework once, for tests and as an example for authors.

#![allow(missing_docs, clippy::panic)]

mod file;
mod join;
mod lookup;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use framework::prelude::*;

pub struct Demo;

/// Keeps files in a folder.
#[derive(Model, Clone)]
pub struct DemoConfig {
    /// The folder; unset means the folder for temporary files.
    #[tf(optional)]
    pub root: Field<String>,
    /// A secret that must never be seen again.
    #[tf(optional)]
    pub password: Field<Secret<String>>,
}

/// Where files go.
#[derive(Clone)]
pub struct DemoData {
    pub root: Field<String>,
}

impl DemoData {
    /// The path of a file; an error while the folder is not known.
    pub fn path(&self, name: &str) -> Result<PathBuf, Error> {
        match &self.root {
            Field::Null => Ok(std::env::temp_dir().join(name)),
            Field::Known(root) => Ok(PathBuf::from(root).join(name)),
            Field::Unknown => Err(Error::new(
                "DEMO-ROOT the folder is not known yet",
                "Set root in the provider configuration.",
            )),
        }
    }
}

impl Provider for Demo {
    type Config = DemoConfig;
    type Data = DemoData;

    const NAME: &'static str = "demo";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const ADDRESS: &'static str = "registry.terraform.io/home-ops/demo";

    fn configure(cx: &ConfigureCx, config: DemoConfig) -> Result<DemoData, Error> {
        tracing::info!(core = cx.terraform_version(), "configured");
        Ok(DemoData { root: config.root })
    }

    fn register(registry: &mut Registry<Self>) {
        registry.resource::<file::File>();
        registry.data_source::<lookup::Lookup>();
        registry.ephemeral::<token::Token>();
        registry.function::<join::Join>();
    }
}

fn main() -> ExitCode {
    framework::serve::<Demo>()
}
