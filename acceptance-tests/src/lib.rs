//! Harness: real tools, real Talos machines.
