//! Where a machine's API is and who we are to it, from attributes, the provider block and the environment.

use framework::prelude::*;
use talos_client::{Endpoint, Identity};

use crate::provider::Data;

use super::client_configuration::ClientConfiguration;
use super::placeholder::{is_placeholder_host, is_placeholder_text};

/// Addresses of one machine, and the identity to call it with.
#[derive(Clone)]
pub struct Access {
    /// Addresses in the order in which they are tried; never empty.
    pub endpoints: Vec<Endpoint>,
    /// None: only maintenance mode can be talked to.
    pub identity: Option<Identity>,
}

/// Why a machine cannot be called with what the configuration says.
pub enum Unusable {
    /// A value is not known yet.
    Unknown,
    /// A value stands in for the output of a stage that has not run.
    Placeholder(&'static str),
    /// A value is missing.
    Missing(&'static str),
    /// A value is there and wrong; what and why.
    Malformed {
        /// The attribute.
        attribute: &'static str,
        /// One line with the code.
        summary: String,
        /// Cause and cure.
        detail: String,
    },
}

impl Unusable {
    /// The same as a diagnostic for apply, where nothing can go on.
    pub fn diagnostic(&self, node: &str) -> Diagnostic {
        match self {
            Self::Unknown => Diagnostic::error(
                format!("TS-INPUT-UNKNOWN: {node} cannot be called yet"),
                "An address or the client identity is not known. This is a defect of the provider or of core: apply has only known values.",
            ),
            Self::Placeholder(attribute) => Diagnostic::error(
                format!("TS-PLACEHOLDER: {node} has a placeholder in {attribute}"),
                format!(
                    "`{attribute}` holds a value that stands in for the output of a stage that has not been applied \
                     (it is empty, begins with `mock`, is 0.0.0.0 or ::, or ends with `.invalid`).\n\n\
                     Apply the earlier stage, then plan this one again."
                ),
            )
            .at(*attribute),
            Self::Missing(attribute) => Diagnostic::error(
                format!("TS-INPUT-MISSING: {node} has no {attribute}"),
                format!("Set `{attribute}` here, or its default in the provider block."),
            )
            .at(*attribute),
            Self::Malformed { attribute, summary, detail } => Diagnostic::error(summary, detail).at(*attribute),
        }
    }

    /// One clause for warnings of plan and refresh.
    pub fn reason(&self) -> String {
        match self {
            Self::Unknown => "its address or the client identity is not known yet".to_owned(),
            Self::Placeholder(attribute) => format!("`{attribute}` is a placeholder"),
            Self::Missing(attribute) => format!("`{attribute}` is not set"),
            Self::Malformed {
                attribute, summary, ..
            } => format!("`{attribute}` cannot be used ({summary})"),
        }
    }
}

/// The first of the two that stands in for the output of a stage that has not run.
pub fn placeholder(
    data: Option<&Data>,
    addresses: &Field<Vec<Field<String>>>,
    configuration: &Field<ClientConfiguration>,
) -> Option<&'static str> {
    let identity = match data {
        Some(data) => data.configured_identity(configuration),
        None => identity(configuration),
    };
    let problems = [endpoints(addresses).err(), identity.err()];
    problems
        .into_iter()
        .flatten()
        .find_map(|problem| match problem {
            Unusable::Placeholder(attribute) => Some(attribute),
            _ => None,
        })
}

/// Endpoints from a list of addresses.
pub fn endpoints(addresses: &Field<Vec<Field<String>>>) -> Result<Vec<Endpoint>, Unusable> {
    const ATTRIBUTE: &str = "endpoints";
    let list = match addresses {
        Field::Unknown => return Err(Unusable::Unknown),
        Field::Null => return Err(Unusable::Missing(ATTRIBUTE)),
        Field::Known(list) => list,
    };
    if list.is_empty() {
        return Err(Unusable::Placeholder(ATTRIBUTE));
    }
    list.iter()
        .map(|address| endpoint(address, ATTRIBUTE))
        .collect()
}

fn endpoint(address: &Field<String>, attribute: &'static str) -> Result<Endpoint, Unusable> {
    match address {
        Field::Unknown => Err(Unusable::Unknown),
        Field::Null => Err(Unusable::Placeholder(attribute)),
        Field::Known(text) if is_placeholder_host(text) => Err(Unusable::Placeholder(attribute)),
        Field::Known(text) => Endpoint::parse(text).map_err(|error| malformed(attribute, &error)),
    }
}

/// The identity of an attribute; `None` where the attribute is null.
pub fn identity(configuration: &Field<ClientConfiguration>) -> Result<Option<Identity>, Unusable> {
    const ATTRIBUTE: &str = "client_configuration";
    let configuration = match configuration {
        Field::Unknown => return Err(Unusable::Unknown),
        Field::Null => return Ok(None),
        Field::Known(configuration) => configuration,
    };
    let ca = text(&configuration.ca_certificate, String::as_str)?;
    let certificate = text(&configuration.client_certificate, String::as_str)?;
    let key = text(&configuration.client_key, |secret| secret.expose().as_str())?;
    if [ca, certificate, key].into_iter().any(is_placeholder_text) {
        return Err(Unusable::Placeholder(ATTRIBUTE));
    }
    Identity::parse(ca, certificate, key)
        .map(Some)
        .map_err(|error| malformed(ATTRIBUTE, &error))
}

/// The text of a member; a null member counts as empty, which is a placeholder.
fn text<'a, T>(
    field: &'a Field<T>,
    read: impl FnOnce(&'a T) -> &'a str,
) -> Result<&'a str, Unusable> {
    match field {
        Field::Unknown => Err(Unusable::Unknown),
        Field::Null => Ok(""),
        Field::Known(value) => Ok(read(value)),
    }
}

/// What the Talos client says of a value, put down to an attribute.
pub fn malformed(attribute: &'static str, error: &talos_client::Error) -> Unusable {
    Unusable::Malformed {
        attribute,
        summary: error.summary(),
        detail: error.detail(),
    }
}
