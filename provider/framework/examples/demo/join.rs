//! Function `join`.

use framework::prelude::*;

/// What `join` takes.
#[derive(Args)]
pub struct JoinArgs {
    /// What stands between the parts.
    pub separator: String,
    /// The parts.
    #[tf(variadic)]
    pub parts: Vec<Dynamic>,
}

pub struct Join;

impl Function for Join {
    type Args = JoinArgs;
    type Return = String;

    const NAME: &'static str = "join";
    const SUMMARY: &'static str = "Joins texts.";
    const DESCRIPTION: &'static str = "Joins texts and lists of texts with a separator.";

    fn call(args: JoinArgs) -> Result<String, FunctionError> {
        let mut texts = Vec::new();
        for (position, part) in args.parts.iter().enumerate() {
            match part.to_json() {
                framework::serde_json::Value::String(text) => texts.push(text),
                framework::serde_json::Value::Array(items) => texts.extend(
                    items
                        .iter()
                        .filter_map(|item| item.as_str().map(str::to_owned)),
                ),
                _ => {
                    return Err(FunctionError::argument(
                        position + 1,
                        "A text or a list of texts is needed.",
                    ));
                }
            }
        }
        Ok(texts.join(&args.separator))
    }
}
