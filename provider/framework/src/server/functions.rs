//! RPCs of functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use proto_tfplugin::tfplugin6 as proto;

use super::shared::Shared;
use super::wire;
use crate::author::{FunctionError, Provider};
use crate::diag::Diagnostics;
use crate::erased::{DynFunction, FunctionSchema};
use crate::model::Parameter;
use crate::schema::type_json;

pub(super) fn schemas<P: Provider>(shared: &Shared<P>) -> BTreeMap<String, proto::Function> {
    shared
        .registry
        .types
        .functions
        .iter()
        .map(|(name, function)| ((*name).to_owned(), schema(&function.schema())))
        .collect()
}

fn schema(from: &FunctionSchema) -> proto::Function {
    let (variadic, positional): (Vec<_>, Vec<_>) = from
        .parameters
        .iter()
        .partition(|parameter| parameter.variadic);
    proto::Function {
        parameters: positional.into_iter().map(parameter).collect(),
        variadic_parameter: variadic.first().copied().map(parameter),
        r#return: Some(proto::function::Return {
            r#type: type_json(&from.returns),
        }),
        summary: from.summary.to_owned(),
        description: from.description.trim().to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn parameter(from: &Parameter) -> proto::function::Parameter {
    proto::function::Parameter {
        name: from.name.to_owned(),
        r#type: type_json(&from.ty),
        allow_null_value: from.nullable,
        allow_unknown_values: from.nullable,
        description: from.description.trim().to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
    }
}

pub(super) async fn list<P: Provider>(
    shared: Arc<Shared<P>>,
    _: proto::get_functions::Request,
) -> proto::get_functions::Response {
    proto::get_functions::Response {
        functions: schemas(&shared),
        diagnostics: Vec::new(),
    }
}

pub(super) async fn call<P: Provider>(
    shared: Arc<Shared<P>>,
    request: proto::call_function::Request,
) -> proto::call_function::Response {
    let called = match shared.registry.types.functions.get(request.name.as_str()) {
        Some(function) => run(&**function, &request.arguments),
        None => Err(FunctionError::new(format!(
            "The provider has no function {}.",
            request.name
        ))),
    };
    match called {
        Ok(result) => proto::call_function::Response {
            result,
            error: None,
        },
        Err(error) => {
            let function_argument = error
                .argument
                .and_then(|position| i64::try_from(position).ok());
            proto::call_function::Response {
                result: None,
                error: Some(proto::FunctionError {
                    text: unended(&error.text),
                    function_argument,
                }),
            }
        }
    }
}

/// Without a full stop: core puts one after it.
fn unended(text: &str) -> String {
    text.trim_end().trim_end_matches('.').to_owned()
}

fn run(
    function: &dyn DynFunction,
    arguments: &[proto::DynamicValue],
) -> Result<Option<proto::DynamicValue>, FunctionError> {
    let schema = function.schema();
    let told = |found: Diagnostics| {
        found
            .iter()
            .map(|diagnostic| format!("{}. {}", diagnostic.summary, diagnostic.detail))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut values = Vec::with_capacity(arguments.len());
    for (position, argument) in arguments.iter().enumerate() {
        let parameter = schema.parameters.get(position).or(schema
            .parameters
            .last()
            .filter(|parameter| parameter.variadic));
        let parameter = parameter.ok_or_else(|| {
            FunctionError::argument(position, "There are more arguments than parameters.")
        })?;
        let value = wire::value(Some(argument), &parameter.ty)
            .map_err(|found| FunctionError::argument(position, told(found)))?;
        values.push(value);
    }
    let result = function.call(&values)?;
    let mut found = Diagnostics::new();
    let result = wire::dynamic(&result, &schema.returns, &mut found);
    if found.has_errors() {
        Err(FunctionError::new(told(found)))
    } else {
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_stop_is_left_to_core() {
        assert_eq!(unended("it is wrong. Report it."), "it is wrong. Report it");
        assert_eq!(unended("write v1.12.6"), "write v1.12.6");
    }
}
