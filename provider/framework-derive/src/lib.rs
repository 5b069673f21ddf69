//! Derives a Terraform schema and codec from a Rust struct.

mod args;
mod attribute;
mod model;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a `Model`: its members are attributes, doc comments are descriptions.
///
/// Options in `#[tf(…)]`: `required`, `optional`, `computed`, `sensitive`, `write_only`, `keep`, `replace`,
/// `default = <literal>`, `one_of("a", "b")`, `rename = "name"`, `deprecated = "instead"`.
#[proc_macro_derive(Model, attributes(tf))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    model::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a struct the parameters of a function: its members are parameters in order.
///
/// Options in `#[tf(…)]`: `variadic` (last member, a `Vec`), `rename = "name"`.
#[proc_macro_derive(Args, attributes(tf))]
pub fn derive_args(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    args::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
