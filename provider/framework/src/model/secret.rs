//! Values that must not leak.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Lift, TfValue};
use crate::cty::Value;
use crate::schema::Shape;

/// A value that cannot be formatted, is wiped from memory when dropped, and marks its attribute sensitive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> ZeroizeOnDrop for Secret<T> {}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: TfValue + Zeroize> TfValue for Secret<T> {
    const SENSITIVE: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn decode(value: &Value) -> Result<Self, Lift> {
        T::decode(value).map(Self)
    }

    fn encode(&self) -> Value {
        self.0.encode()
    }
}
