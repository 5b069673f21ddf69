//! The signature and parameters of a function.

use std::fmt::Write;

use proto_tfplugin::tfplugin6::{Function, function::Parameter};

use super::attributes::json_type;

/// Signature, then each parameter.
pub(super) fn render(name: &str, function: &Function) -> String {
    let mut parts: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| signature(parameter, ""))
        .collect();
    parts.extend(
        function
            .variadic_parameter
            .iter()
            .map(|parameter| signature(parameter, "...")),
    );
    let returns = function
        .r#return
        .as_ref()
        .map(|returns| json_type(&returns.r#type).to_lowercase())
        .unwrap_or_default();
    let mut page = format!(
        "## Signature\n\n```text\n{name}({}) {returns}\n```\n",
        parts.join(", ")
    );
    if !function.parameters.is_empty() {
        page.push_str("\n## Arguments\n\n");
        for (position, parameter) in function.parameters.iter().enumerate() {
            let _ = writeln!(page, "{}. {}", position + 1, argument(parameter));
        }
    }
    if let Some(parameter) = &function.variadic_parameter {
        let _ = write!(
            page,
            "\n## Variadic Argument\n\n1. {}\n",
            argument(parameter)
        );
    }
    page
}

fn signature(parameter: &Parameter, suffix: &str) -> String {
    format!(
        "{} {}{suffix}",
        parameter.name,
        json_type(&parameter.r#type).to_lowercase()
    )
}

fn argument(parameter: &Parameter) -> String {
    let nullable = if parameter.allow_null_value {
        ", Nullable"
    } else {
        ""
    };
    format!(
        "`{}` ({}{nullable}) {}",
        parameter.name,
        json_type(&parameter.r#type),
        parameter.description.replace('\n', " ")
    )
}
