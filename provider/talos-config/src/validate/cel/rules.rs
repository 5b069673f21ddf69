//! Which types go together.

use super::parser::Result;
use super::types::Type;

pub(super) fn need(found: &Type, wanted: &Type, sign: &str) -> Result<()> {
    if found.fits(wanted) {
        Ok(())
    } else {
        Err(format!("uses {sign} on {}", found.name()))
    }
}

pub(super) fn logical(left: &Type, right: &Type, sign: &str) -> Result<Type> {
    need(left, &Type::Bool, sign)?;
    need(right, &Type::Bool, sign)?;
    Ok(Type::Bool)
}

pub(super) fn same(left: Type, right: Type, sign: &str) -> Result<Type> {
    if left.fits(&right) {
        return Ok(left.join(right));
    }
    Err(format!(
        "uses {sign} on {} and {}",
        left.name(),
        right.name()
    ))
}

pub(super) fn select(of: &Type, name: &str) -> Result<Type> {
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

pub(super) fn at_index(of: Type, index: &Type) -> Result<Type> {
    match of {
        Type::List(item) => same(index.clone(), Type::Int, "[]").map(|_| *item),
        Type::Map(key, value) => same(index.clone(), *key, "[]").map(|_| *value),
        Type::Dyn => Ok(Type::Dyn),
        other => Err(format!("takes an item from {}", other.name())),
    }
}
