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
