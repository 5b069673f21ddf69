//! Terraform's plugin protocol 6 and go-plugin services.
//!
//! The contract is the `.proto` text beside this crate's manifest; `cargo xtask proto` turns it into [`generated`].

#[allow(missing_docs, clippy::all, clippy::pedantic)]
#[doc(hidden)]
pub mod generated;

pub use generated::grpc::health::v1 as health;
pub use generated::plugin;
pub use generated::tfplugin6;

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::tfplugin6::plan_resource_change;

    /// Field numbers are the contract: the bytes are written down here as the wire has them.
    #[test]
    fn plan_request_carries_planned_private_as_field_nine() {
        let request = plan_resource_change::Request {
            type_name: "a".into(),
            planned_private: vec![7],
            ..Default::default()
        };
        assert_eq!(request.encode_to_vec(), [0x0a, 1, b'a', 0x4a, 1, 7]);
    }
}
