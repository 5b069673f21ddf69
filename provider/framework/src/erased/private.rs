//! The envelope around private state.

use serde_json::{Value as Json, json};

use crate::author::Private;
use crate::diag::Diagnostic;

/// The key that holds the author's part, so that the framework can keep something of its own beside it later.
const KEY: &str = "private";

/// Private state as bytes for core.
pub(crate) fn pack<V: Private>(private: &V) -> Result<Vec<u8>, Diagnostic> {
    let value = serde_json::to_value(private).map_err(|_| unusable("written"))?;
    Ok(json!({ KEY: value }).to_string().into_bytes())
}

/// Private state from core's bytes; the default where there are none yet.
pub(crate) fn unpack<V: Private>(bytes: &[u8]) -> Result<V, Diagnostic> {
    if bytes.is_empty() {
        return Ok(V::default());
    }
    let mut envelope: Json = serde_json::from_slice(bytes).map_err(|_| unusable("read"))?;
    match envelope.get_mut(KEY).map(Json::take) {
        None | Some(Json::Null) => Ok(V::default()),
        Some(value) => serde_json::from_value(value).map_err(|_| unusable("read")),
    }
}

fn unusable(how: &str) -> Diagnostic {
    Diagnostic::error(
        format!("TS-PRIVATE-STATE: private state cannot be {how}"),
        "It was written by another version of the provider, or damaged. Use the version that wrote it, or remove the object from state and import it again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks() {
        let bytes = pack(&("a".to_owned(), 7u8)).unwrap();
        assert_eq!(unpack::<(String, u8)>(&bytes).unwrap(), ("a".to_owned(), 7));
        assert_eq!(unpack::<String>(b"").unwrap(), "");
        unpack::<()>(&pack(&()).unwrap()).unwrap();
        assert!(unpack::<u8>(&bytes).is_err());
        assert!(unpack::<u8>(b"not json").is_err());
    }
}
