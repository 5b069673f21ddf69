//! Reads an expression and finds its type in one go.

use super::environment::Environment;
use super::lexer::{Token, tokens};
use super::types::Type;

/// How deep brackets may nest.
const MAX_DEPTH: usize = 100;

type Result<T> = std::result::Result<T, String>;

/// The type that an expression gives.
pub(super) fn type_of(text: &str, environment: &Environment) -> Result<Type> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        environment,
        scope: Vec::new(),
        depth: 0,
    };
    let ty = parser.expression()?;
    if parser.at < parser.tokens.len() {
        return Err("has something after its end".to_owned());
    }
    Ok(ty)
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    environment: &'a Environment,
    /// Variables of macros, the innermost last.
    scope: Vec<(String, Type)>,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.take(sign) {
            Ok(())
        } else {
            Err(format!("lacks '{sign}'"))
        }
    }

    fn one_of(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        signs.iter().copied().find(|sign| self.take(sign))
    }

    fn expression(&mut self) -> Result<Type> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("nests too deep".to_owned());
        }
        let condition = self.or()?;
        let result = if self.take("?") {
            need(&condition, &Type::Bool, "?")?;
            let yes = self.or()?;
            self.expect(":")?;
            let no = self.expression()?;
            same(yes, no, "?:")
        } else {
            Ok(condition)
        };
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Type> {
        let mut left = self.and()?;
        while self.take("||") {
            left = logical(&left, &self.and()?, "||")?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Type> {
        let mut left = self.relation()?;
        while self.take("&&") {
            left = logical(&left, &self.relation()?, "&&")?;
        }
        Ok(left)
    }

    fn relation(&mut self) -> Result<Type> {
        let mut left = self.sum()?;
        loop {
            if let Some(sign) = self.one_of(&["==", "!="]) {
                same(left, self.sum()?, sign)?;
            } else if let Some(sign) = self.one_of(&["<=", ">=", "<", ">"]) {
                let ty = same(left, self.sum()?, sign)?;
                if !ty.is_ordered() {
                    return Err(format!("compares {} by {sign}", ty.name()));
                }
            } else if self.peek() == Some(&Token::Name("in".to_owned())) {
                self.at += 1;
                let right = self.sum()?;
                let item = match &right {
                    Type::List(item) | Type::Map(item, _) => (**item).clone(),
                    Type::Dyn => Type::Dyn,
                    other => return Err(format!("looks for something in {}", other.name())),
                };
                same(left, item, "in")?;
            } else {
                return Ok(left);
            }
            left = Type::Bool;
        }
    }

    fn sum(&mut self) -> Result<Type> {
        let mut left = self.product()?;
        while let Some(sign) = self.one_of(&["+", "-"]) {
            let right = self.product()?;
            left = match (&left, &right) {
                (Type::Time, Type::Duration) => Type::Time,
                (Type::Duration, Type::Time) if sign == "+" => Type::Time,
                (Type::Time, Type::Time) if sign == "-" => Type::Duration,
                _ => {
                    let ty = same(left, right, sign)?;
                    let joins =
                        sign == "+" && matches!(ty, Type::Text | Type::Bytes | Type::List(_));
                    if !(ty.is_number() || ty == Type::Duration || joins) {
                        return Err(format!("uses {sign} on {}", ty.name()));
                    }
                    ty
                }
            };
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Type> {
        let mut left = self.unary()?;
        while let Some(sign) = self.one_of(&["*", "/", "%"]) {
            left = same(left, self.unary()?, sign)?;
            if !left.is_number() || sign == "%" && left == Type::Double {
                return Err(format!("uses {sign} on {}", left.name()));
            }
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Type> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("nests too deep".to_owned());
        }
        let result = self.prefixed();
        self.depth -= 1;
        result
    }

    fn prefixed(&mut self) -> Result<Type> {
        if self.take("!") {
            let ty = self.unary()?;
            need(&ty, &Type::Bool, "!")?;
            return Ok(Type::Bool);
        }
        if self.take("-") {
            let ty = self.unary()?;
            let signed = matches!(ty, Type::Int | Type::Double | Type::Dyn);
            return if signed {
                Ok(ty)
            } else {
                Err(format!("uses - on {}", ty.name()))
            };
        }
        self.member()
    }

    fn member(&mut self) -> Result<Type> {
        let mut ty = self.primary()?;
        loop {
            if self.take(".") {
                let Some(Token::Name(name)) = self.peek().cloned() else {
                    return Err("lacks a name after '.'".to_owned());
                };
                self.at += 1;
                ty = if self.take("(") {
                    self.method(&ty, &name)?
                } else {
                    select(&ty, &name)?
                };
            } else if self.take("[") {
                let index = self.expression()?;
                self.expect("]")?;
                ty = at_index(ty, &index)?;
            } else {
                return Ok(ty);
            }
        }
    }

    fn primary(&mut self) -> Result<Type> {
        let token = self.peek().cloned().ok_or("ends too early")?;
        self.at += 1;
        Ok(match token {
            Token::Int => Type::Int,
            Token::Uint => Type::Uint,
            Token::Double => Type::Double,
            Token::Text => Type::Text,
            Token::Bytes => Type::Bytes,
            Token::Sign("(") => {
                let ty = self.expression()?;
                self.expect(")")?;
                ty
            }
            Token::Sign("[") => self.list()?,
            Token::Sign("{") => self.mapping()?,
            Token::Sign(sign) => return Err(format!("has '{sign}' where a value is needed")),
            Token::Name(name) => match name.as_str() {
                "true" | "false" => Type::Bool,
                "null" => Type::Null,
                // Names of types are values too.
                "bool" | "bytes" | "double" | "int" | "list" | "map" | "null_type" | "string"
                | "type" | "uint"
                    if self.peek() != Some(&Token::Sign("(")) =>
                {
                    Type::Dyn
                }
                _ if self.take("(") => self.function(&name)?,
                _ => self.variable(&name)?,
            },
        })
    }

    fn variable(&self, name: &str) -> Result<Type> {
        let local = self
            .scope
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map(|(_, ty)| ty.clone());
        local
            .or_else(|| self.environment.variable(name))
            .ok_or_else(|| format!("does not know '{name}'"))
    }

    fn list(&mut self) -> Result<Type> {
        let mut item = Type::Dyn;
        while !self.take("]") {
            let next = self.expression()?;
            item = if item.fits(&next) {
                item.join(next)
            } else {
                Type::Dyn
            };
            if !self.take(",") {
                self.expect("]")?;
                break;
            }
        }
        Ok(Type::List(Box::new(item)))
    }

    fn mapping(&mut self) -> Result<Type> {
        let (mut key, mut value) = (Type::Dyn, Type::Dyn);
        while !self.take("}") {
            key = key.join(self.expression()?);
            self.expect(":")?;
            value = value.join(self.expression()?);
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Type::Map(Box::new(key), Box::new(value)))
    }

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

    fn function(&mut self, name: &str) -> Result<Type> {
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

    fn method(&mut self, of: &Type, name: &str) -> Result<Type> {
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

fn need(found: &Type, wanted: &Type, sign: &str) -> Result<()> {
    if found.fits(wanted) {
        Ok(())
    } else {
        Err(format!("uses {sign} on {}", found.name()))
    }
}

fn logical(left: &Type, right: &Type, sign: &str) -> Result<Type> {
    need(left, &Type::Bool, sign)?;
    need(right, &Type::Bool, sign)?;
    Ok(Type::Bool)
}

fn same(left: Type, right: Type, sign: &str) -> Result<Type> {
    if left.fits(&right) {
        return Ok(left.join(right));
    }
    Err(format!(
        "uses {sign} on {} and {}",
        left.name(),
        right.name()
    ))
}

fn select(of: &Type, name: &str) -> Result<Type> {
    match of {
        Type::Object(fields) => {
            let field = fields.iter().find(|(known, _)| *known == name);
            field
                .map(|(_, kind)| kind.ty())
                .ok_or_else(|| format!("does not know a field '{name}'"))
        }
        Type::Map(_, value) => Ok((**value).clone()),
        Type::Dyn => Ok(Type::Dyn),
        other => Err(format!("selects '{name}' from {}", other.name())),
    }
}

fn at_index(of: Type, index: &Type) -> Result<Type> {
    match of {
        Type::List(item) => same(index.clone(), Type::Int, "[]").map(|_| *item),
        Type::Map(key, value) => same(index.clone(), *key, "[]").map(|_| *value),
        Type::Dyn => Ok(Type::Dyn),
        other => Err(format!("takes an item from {}", other.name())),
    }
}
