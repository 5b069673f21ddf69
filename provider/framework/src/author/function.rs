//! Provider functions: pure, called on a process that was never configured.

use crate::model::{Args, TfValue};

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// What is wrong and what would be right.
    pub text: String,
    /// Which argument, from 0.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// A failure of the call as a whole.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: None,
        }
    }

    /// A failure because of one argument, from 0.
    pub fn argument(position: usize, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: Some(position),
        }
    }
}

/// A provider function.
pub trait Function: Sized + Send + Sync + 'static {
    /// The parameters.
    type Args: Args;
    /// The result; a `Field` where it can be null or unknown.
    type Return: TfValue;

    /// Name without provider prefix.
    const NAME: &'static str;
    /// One line.
    const SUMMARY: &'static str;
    /// Markdown.
    const DESCRIPTION: &'static str;

    /// Computes the result.
    fn call(args: Self::Args) -> Result<Self::Return, FunctionError>;
}
