//! The Talos machine API.
