//! The cluster, asked by requests.
