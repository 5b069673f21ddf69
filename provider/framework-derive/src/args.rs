//! `#[derive(Args)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Field, GenericArgument, PathArguments, Type};

use crate::attribute::{Options, doc, members};

/// The implementation of `Args`.
pub fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let fields = members(input)?;
    let mut parameters = Vec::new();
    let mut decoded = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let options = Options::of(field)?;
        if options.variadic && index + 1 != fields.len() {
            return Err(syn::Error::new_spanned(
                field,
                "only the last parameter may be variadic",
            ));
        }
        parameters.push(parameter(field, &options)?);
        let member = &field.ident;
        decoded.push(if options.variadic {
            quote!(#member: {
                let mut rest = ::std::vec::Vec::new();
                for (offset, value) in arguments.iter().skip(#index).enumerate() {
                    rest.push(::framework::model::TfValue::decode(value).map_err(|lift| (#index + offset, lift))?);
                }
                rest
            })
        } else {
            quote!(#member: ::framework::model::TfValue::decode(arguments.get(#index).unwrap_or(&::framework::cty::Value::Null))
                .map_err(|lift| (#index, lift))?)
        });
    }
    Ok(quote! {
        impl ::framework::model::Args for #ident {
            fn parameters() -> ::std::vec::Vec<::framework::model::Parameter> {
                ::std::vec![#(#parameters,)*]
            }

            fn decode(arguments: &[::framework::cty::Value]) -> ::core::result::Result<Self, (usize, ::framework::model::Lift)> {
                ::core::result::Result::Ok(Self { #(#decoded,)* })
            }
        }
    })
}

fn parameter(field: &Field, options: &Options) -> syn::Result<TokenStream> {
    let variadic = options.variadic;
    let ty = if variadic {
        element(&field.ty)
            .ok_or_else(|| syn::Error::new_spanned(&field.ty, "a variadic parameter is a Vec"))?
    } else {
        &field.ty
    };
    let (name, description) = (options.name(field), doc(&field.attrs));
    let nullable = is(ty, "Field");
    Ok(quote! {
        ::framework::model::Parameter {
            name: #name,
            description: #description,
            ty: <#ty as ::framework::model::TfValue>::shape().ty(),
            nullable: #nullable,
            variadic: #variadic,
        }
    })
}

fn is(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}

/// `T` of `Vec<T>`.
fn element(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == "Vec")?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}
