//! Which parameters each path takes, and what a wrong one is answered with.

mod check;
mod formats;
#[cfg(test)]
mod published;
mod table;

pub(crate) use check::{Arguments, Value, check_arguments, check_value};
pub(crate) use formats::{cpu_types, split_list};
pub(crate) use table::{Guard, Kind, Method, Property, schema, split_index};
