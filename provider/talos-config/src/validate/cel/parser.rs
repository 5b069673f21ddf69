//! Reads an expression and finds its type in one go.

use super::environment::Environment;
use super::lexer::{Token, tokens};
use super::rules::{at_index, logical, need, same, select};
use super::types::Type;

/// How deep brackets may nest.
const MAX_DEPTH: usize = 100;

pub(super) type Result<T> = std::result::Result<T, String>;

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

pub(super) struct Parser<'a> {
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) environment: &'a Environment,
    /// Variables of macros, the innermost last.
    pub(super) scope: Vec<(String, Type)>,
    depth: usize,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<()> {
        if self.take(sign) {
            Ok(())
        } else {
            Err(format!("lacks '{sign}'"))
        }
    }

    fn one_of(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        signs.iter().copied().find(|sign| self.take(sign))
    }

    pub(super) fn expression(&mut self) -> Result<Type> {
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
}
