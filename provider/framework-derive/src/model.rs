//! `#[derive(Model)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Field};

use crate::attribute::{Options, doc, members};

/// The implementations of `TfValue` and `Model`.
pub fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let description = doc(&input.attrs);
    let mut attributes = Vec::new();
    let mut decoded = Vec::new();
    let mut encoded = Vec::new();
    for field in members(input)? {
        let options = Options::of(field)?;
        let (member, name) = (&field.ident, options.name(field));
        attributes.push(attribute(field, &options));
        decoded.push(quote!(#member: ::framework::model::decode_attribute(object, #name)?));
        encoded.push(quote!((#name, ::framework::model::TfValue::encode(&self.#member))));
    }
    Ok(quote! {
        impl ::framework::model::TfValue for #ident {
            fn shape() -> ::framework::schema::Shape {
                ::framework::schema::Shape::Nested(::framework::schema::Nesting::Single, <Self as ::framework::model::Model>::attributes())
            }

            fn decode(value: &::framework::cty::Value) -> ::core::result::Result<Self, ::framework::model::Lift> {
                let object = ::framework::model::expect_object(value)?;
                ::core::result::Result::Ok(Self { #(#decoded,)* })
            }

            fn encode(&self) -> ::framework::cty::Value {
                ::framework::cty::Value::object::<&str>([#(#encoded,)*])
            }
        }

        impl ::framework::model::Model for #ident {
            const DESCRIPTION: &'static str = #description;

            fn attributes() -> ::std::vec::Vec<::framework::schema::Attribute> {
                ::std::vec![#(#attributes,)*]
            }
        }
    })
}

fn attribute(field: &Field, options: &Options) -> TokenStream {
    let Options {
        required,
        optional,
        computed,
        sensitive,
        write_only,
        keep,
        replace,
        one_of,
        ..
    } = options;
    let (ty, name, description) = (&field.ty, options.name(field), doc(&field.attrs));
    let default = match &options.default {
        Some(default) => {
            quote!(::core::option::Option::Some(::framework::model::IntoDefault::into_default(#default)))
        }
        None => quote!(::core::option::Option::None),
    };
    let deprecated = match &options.deprecated {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        ::framework::schema::Attribute {
            required: #required,
            optional: #optional,
            computed: #computed,
            sensitive: #sensitive || <#ty as ::framework::model::TfValue>::SENSITIVE,
            write_only: #write_only,
            keep: #keep,
            replace: #replace,
            default: #default,
            one_of: &[#(#one_of),*],
            deprecated: #deprecated,
            ..::framework::schema::Attribute::new(#name, #description, <#ty as ::framework::model::TfValue>::shape())
        }
    }
}
