//! Import ids.

use framework::prelude::*;

/// `node=address`.
pub fn node_and_address(id: &str) -> Result<(&str, &str), Error> {
    match id.split_once('=') {
        Some((node, address)) if !node.is_empty() && !address.is_empty() => Ok((node, address)),
        _ => Err(Error::new(
            format!("TS-IMPORT: {id:?} names no machine"),
            "Write the import id as `node=address`: cp01=10.0.0.11.",
        )),
    }
}

/// What `identity = { node, address }` is made of.
pub fn machine_attributes() -> Vec<IdentityAttribute> {
    vec![
        required("node", "Name of the machine."),
        required("address", "Address of the machine's Talos API."),
    ]
}

/// An attribute that an import by identity needs.
pub fn required(name: &'static str, description: &'static str) -> IdentityAttribute {
    IdentityAttribute {
        name,
        description,
        required: true,
    }
}

/// A machine's name and the first of its addresses.
pub fn machine_identity(
    node: &Field<String>,
    endpoints: &Field<Vec<Field<String>>>,
) -> Option<Identity> {
    let address = endpoints.get()?.first()?.as_str()?;
    Some(identity([("node", node.as_str()?), ("address", address)]))
}

/// An identity of these texts.
pub fn identity<const N: usize>(texts: [(&str, &str); N]) -> Identity {
    let owned = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
    Identity::from(owned)
}

/// The texts of an identity with `separator` between them, which is how import ids are written.
pub fn joined(identity: &Identity, names: &[&str], separator: &str) -> String {
    let texts = names
        .iter()
        .map(|name| identity.get(*name).map_or("", String::as_str));
    texts.collect::<Vec<_>>().join(separator)
}
