//! Functions on plain values.

use super::Erased;
use crate::author::{Function, FunctionError};
use crate::cty::{Type, Value};
use crate::model::{Args, Lift, Parameter, TfValue};
use crate::operation::guarded;

/// What core must know of a function.
#[derive(Debug, Clone)]
pub(crate) struct FunctionSchema {
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Type,
}

/// What a call gave.
pub(crate) type Called = Result<Value, FunctionError>;

/// A function on plain values.
pub(crate) trait DynFunction: Send + Sync {
    fn schema(&self) -> FunctionSchema;
    fn call(&self, arguments: &[Value]) -> Called;
}

impl<F: Function> DynFunction for Erased<F> {
    fn schema(&self) -> FunctionSchema {
        FunctionSchema {
            summary: F::SUMMARY,
            description: F::DESCRIPTION,
            parameters: F::Args::parameters(),
            returns: F::Return::shape().ty(),
        }
    }

    fn call(&self, arguments: &[Value]) -> Called {
        let called = guarded(|| match F::Args::decode(arguments) {
            Ok(args) => F::call(args).map(|result| result.encode()),
            Err((_, Lift::Unknown)) => Ok(Value::Unknown),
            Err((position, Lift::Mismatch(path, reason))) if path.is_root() => {
                Err(FunctionError::argument(position, reason))
            }
            Err((position, Lift::Mismatch(path, reason))) => Err(FunctionError::argument(
                position,
                format!("{path}: {reason}"),
            )),
        });
        called.unwrap_or_else(|found| {
            let told: Vec<String> = found
                .iter()
                .map(|diagnostic| format!("{}. {}", diagnostic.summary, diagnostic.detail))
                .collect();
            Err(FunctionError::new(told.join(" ")))
        })
    }
}
