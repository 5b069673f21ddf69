//! The calls that the provider needs, typed. Each is a pure request, a pure decoder and a thin method.

pub mod cluster;
pub mod ha;
pub mod storage;
pub mod upload;
pub mod vm;
