//! Talos nodes over gRPC and mutual TLS.
