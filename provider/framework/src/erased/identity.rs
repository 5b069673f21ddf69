//! Identities on plain values: objects whose attributes are texts.

use crate::author::{Identity, IdentityAttribute, Resource};
use crate::cty::{Type, Value};
use crate::diag::Diagnostics;
use crate::model::TfValue;

/// The type of identities with these attributes.
pub(crate) fn identity_type(attributes: &[IdentityAttribute]) -> Type {
    let types = attributes
        .iter()
        .map(|attribute| (attribute.name.to_owned(), Type::String));
    Type::Object(types.collect())
}

/// The identity of a stored object, null where an attribute has none.
pub(super) fn of<R: Resource>(state: &Value) -> Option<Value> {
    if state.is_null() {
        return None;
    }
    let attributes = R::identity_attributes();
    let identity = R::identity(&R::Model::decode(state).ok()?)?;
    let text = |name: &str| {
        identity
            .get(name)
            .map_or(Value::Null, |text| Value::string(text.as_str()))
    };
    Some(Value::object(
        attributes
            .iter()
            .map(|attribute| (attribute.name, text(attribute.name))),
    ))
}

/// The id that an identity stands for.
pub(super) fn import_id<R: Resource>(identity: &Value) -> Result<String, Diagnostics> {
    let mut texts = Identity::new();
    if let Value::Object(entries) = identity {
        for (name, value) in entries {
            if let Value::String(text) = value {
                texts.insert(name.clone(), text.clone());
            }
        }
    }
    Ok(R::import_id(&texts)?)
}
