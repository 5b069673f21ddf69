//! Typed parameters of functions.

use super::Lift;
use crate::cty::{Type, Value};

/// One parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name in documentation and messages.
    pub name: &'static str,
    /// Markdown.
    pub description: &'static str,
    /// What it takes; for the variadic one, what each takes.
    pub ty: Type,
    /// Takes null and unknown: its Rust type is a [`super::Field`].
    pub nullable: bool,
    /// Takes all remaining arguments.
    pub variadic: bool,
}

/// A struct whose members are parameters; `#[derive(Args)]` writes this.
///
/// A plain member takes neither null nor unknown (then the result is unknown); a `Field` member takes both.
/// The last member may be `#[tf(variadic)] Vec<T>`.
pub trait Args: Sized + Send + 'static {
    /// The parameters in order.
    fn parameters() -> Vec<Parameter>;

    /// Reads the arguments; the number is the position of the wrong one.
    fn decode(arguments: &[Value]) -> Result<Self, (usize, Lift)>;
}

/// A function without parameters.
impl Args for () {
    fn parameters() -> Vec<Parameter> {
        Vec::new()
    }

    fn decode(_: &[Value]) -> Result<Self, (usize, Lift)> {
        Ok(())
    }
}
