//! Registry pages from a provider's schema: the layout that both registries render.

mod attributes;
mod fetch;
mod functions;
mod page;

use std::collections::BTreeMap;

use proto_tfplugin::tfplugin6::{self as proto, get_provider_schema::Response};

pub use fetch::{FetchError, schema_of};

use page::{Kind, Page};

/// A provider's schema as core gets it.
pub struct ProviderSchema(pub(crate) Response);

/// Text by path, relative to the folder it lives in.
pub type Texts = BTreeMap<String, String>;

/// The pages below `docs/` of a provider named `name`, with examples taken from `examples` (paths below `examples/`).
pub fn pages(name: &str, schema: &ProviderSchema, examples: &Texts) -> Texts {
    let ProviderSchema(schema) = schema;
    let mut pages = Texts::new();
    if let Some(provider) = &schema.provider {
        pages.insert(
            "index.md".to_owned(),
            Page::new(Kind::Provider, name, name, examples).with_schema(provider),
        );
    }
    let kinds: [(Kind, &BTreeMap<String, proto::Schema>); 3] = [
        (Kind::Resource, &schema.resource_schemas),
        (Kind::DataSource, &schema.data_source_schemas),
        (Kind::Ephemeral, &schema.ephemeral_resource_schemas),
    ];
    for (kind, types) in kinds {
        for (type_name, schema) in types {
            let page = Page::new(kind, name, type_name, examples).with_schema(schema);
            pages.insert(
                format!("{}/{}.md", kind.folder(), short(name, type_name)),
                page,
            );
        }
    }
    for (function_name, function) in &schema.functions {
        let page = Page::new(Kind::Function, name, function_name, examples).with_function(function);
        pages.insert(
            format!("{}/{function_name}.md", Kind::Function.folder()),
            page,
        );
    }
    pages
}

/// Registries leave out the provider's own name where a type begins with it.
fn short<'t>(provider: &str, type_name: &'t str) -> &'t str {
    type_name
        .strip_prefix(provider)
        .and_then(|rest| rest.strip_prefix('_'))
        .unwrap_or(type_name)
}

#[cfg(test)]
mod tests;
