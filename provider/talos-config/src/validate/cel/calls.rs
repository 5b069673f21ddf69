//! Functions, and methods of values.

use super::lexer::Token;
use super::parser::{Parser, Result};
use super::rules::{need, same};
use super::types::Type;

impl Parser<'_> {
    fn arguments(&mut self) -> Result<Vec<Type>> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.expression()?);
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    pub(super) fn function(&mut self, name: &str) -> Result<Type> {
        let start = self.at;
        let arguments = self.arguments()?;
        if name == "has" {
            // Only for the selection of a field.
            let selected = self.tokens[start..self.at].contains(&Token::Sign("."));
            return if selected && arguments.len() == 1 {
                Ok(Type::Bool)
            } else {
                Err("uses has() on no field".to_owned())
            };
        }
        let own = self.environment.functions.contains(&name);
        match (name, arguments.as_slice()) {
            ("glob", [Type::Text | Type::Dyn, Type::Text | Type::Dyn]) if own => Ok(Type::Bool),
            ("mac", [Type::Bytes | Type::Dyn]) if own => Ok(Type::Text),
            ("multiply_qos_vectors", [Type::Map(..) | Type::Dyn, Type::Map(..) | Type::Dyn])
                if own =>
            {
                Ok(Type::Double)
            }
            ("size", [Type::Text | Type::Bytes | Type::List(_) | Type::Map(..) | Type::Dyn]) => {
                Ok(Type::Int)
            }
            ("int", [_]) => Ok(Type::Int),
            ("uint", [_]) => Ok(Type::Uint),
            ("double", [_]) => Ok(Type::Double),
            ("string", [_]) => Ok(Type::Text),
            ("bytes", [_]) => Ok(Type::Bytes),
            ("bool", [_]) => Ok(Type::Bool),
            ("duration", [_]) => Ok(Type::Duration),
            ("timestamp", [_]) => Ok(Type::Time),
            ("matches", [Type::Text | Type::Dyn, Type::Text | Type::Dyn]) => Ok(Type::Bool),
            ("dyn" | "type", [_]) => Ok(Type::Dyn),
            _ => Err(format!(
                "does not know a function {name}() for these values"
            )),
        }
    }

    pub(super) fn method(&mut self, of: &Type, name: &str) -> Result<Type> {
        if matches!(name, "all" | "exists" | "exists_one" | "map" | "filter") {
            return self.comprehension(of, name);
        }
        let arguments = self.arguments()?;
        let text = |ty: &Type| matches!(ty, Type::Text | Type::Dyn);
        match (name, of, arguments.as_slice()) {
            ("contains" | "startsWith" | "endsWith" | "matches", of, [argument])
                if text(of) && text(argument) =>
            {
                Ok(Type::Bool)
            }
            ("size", Type::Text | Type::Bytes | Type::List(_) | Type::Map(..) | Type::Dyn, []) => {
                Ok(Type::Int)
            }
            ("hasValue", Type::Optional(_) | Type::Dyn, []) => Ok(Type::Bool),
            ("value", Type::Optional(inner), []) => Ok((**inner).clone()),
            ("orValue", Type::Optional(inner), [other]) => {
                same((**inner).clone(), other.clone(), "orValue")
            }
            ("or", Type::Optional(_), [other]) => same(of.clone(), other.clone(), "or"),
            (
                "getSeconds" | "getMinutes" | "getHours" | "getMilliseconds",
                Type::Duration | Type::Time,
                [],
            ) => Ok(Type::Int),
            _ => Err(format!(
                "does not know a function .{name}() for {}",
                of.name()
            )),
        }
    }

    /// `list.all(x, condition)` and its relatives.
    fn comprehension(&mut self, of: &Type, name: &str) -> Result<Type> {
        let item = match of {
            Type::List(item) | Type::Map(item, _) => (**item).clone(),
            Type::Dyn => Type::Dyn,
            other => return Err(format!("uses .{name}() on {}", other.name())),
        };
        let Some(Token::Name(variable)) = self.peek().cloned() else {
            return Err(format!("lacks the variable of .{name}()"));
        };
        self.at += 1;
        self.expect(",")?;
        self.scope.push((variable, item.clone()));
        let body = self.expression();
        self.scope.pop();
        let body = body?;
        self.expect(")")?;
        if name == "map" {
            return Ok(Type::List(Box::new(body)));
        }
        need(&body, &Type::Bool, name)?;
        Ok(if name == "filter" {
            Type::List(Box::new(item))
        } else {
            Type::Bool
        })
    }
}
