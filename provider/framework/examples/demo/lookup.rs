//! Data source `demo_file`: reads a file.

use std::fs;

use framework::prelude::*;

use crate::Demo;

/// Reads a file of the provider's folder.
#[derive(Model, Clone)]
pub struct LookupModel {
    /// The file's name.
    #[tf(required)]
    pub name: Field<String>,
    /// What it holds.
    #[tf(computed)]
    pub content: Field<String>,
    /// How long reading may take.
    #[tf(optional)]
    pub timeouts: Field<ReadTimeout>,
}

pub struct Lookup;

impl DataSource for Lookup {
    type Provider = Demo;
    type Model = LookupModel;

    const NAME: &'static str = "demo_file";

    async fn read(cx: &DataCx<Self>, mut config: LookupModel) -> Result<LookupModel, Error> {
        let path = cx.provider().path(config.name.text())?;
        let text = fs::read_to_string(path).map_err(|error| {
            Error::new("DEMO-READ the file cannot be read", error.to_string()).at("name")
        })?;
        config.content = text.into();
        Ok(config)
    }
}
