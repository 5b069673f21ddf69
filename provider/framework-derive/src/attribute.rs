//! The `#[tf(…)]` options of one member, and its doc comment.

use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Field, Fields, Lit, LitStr, Meta, Token};

/// What is written at one member.
#[derive(Default)]
pub struct Options {
    pub required: bool,
    pub optional: bool,
    pub computed: bool,
    pub sensitive: bool,
    pub write_only: bool,
    pub keep: bool,
    pub replace: bool,
    pub variadic: bool,
    pub default: Option<Expr>,
    pub one_of: Vec<LitStr>,
    pub rename: Option<LitStr>,
    pub deprecated: Option<LitStr>,
}

impl Options {
    /// Reads the options of a member.
    pub fn of(field: &Field) -> syn::Result<Self> {
        let mut options = Self::default();
        for attribute in field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("tf"))
        {
            attribute.parse_nested_meta(|meta| options.read(&meta))?;
        }
        if options.default.is_some() {
            options.optional = true;
            options.computed = true;
        }
        Ok(options)
    }

    fn read(&mut self, meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta
            .path
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        match name.as_str() {
            "required" => self.required = true,
            "optional" => self.optional = true,
            "computed" => self.computed = true,
            "sensitive" => self.sensitive = true,
            "write_only" => self.write_only = true,
            "keep" => self.keep = true,
            "replace" => self.replace = true,
            "variadic" => self.variadic = true,
            "default" => self.default = Some(meta.value()?.parse()?),
            "rename" => self.rename = Some(meta.value()?.parse()?),
            "deprecated" => self.deprecated = Some(meta.value()?.parse()?),
            "one_of" => {
                let content;
                syn::parenthesized!(content in meta.input);
                self.one_of = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?
                    .into_iter()
                    .collect();
            }
            _ => return Err(meta.error("unknown option; see the documentation of the derive")),
        }
        Ok(())
    }

    /// The name users write.
    pub fn name(&self, field: &Field) -> String {
        match (&self.rename, &field.ident) {
            (Some(name), _) => name.value(),
            (None, Some(ident)) => ident.to_string().trim_start_matches("r#").to_owned(),
            (None, None) => String::new(),
        }
    }
}

/// The doc comment as one text, with the one space after `///` taken off.
pub fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    let lines: Vec<String> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
        .collect();
    lines.join("\n").trim().to_owned()
}

/// The named members of a struct; anything else is an error.
pub fn members(input: &DeriveInput) -> syn::Result<Vec<&Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => Ok(named.named.iter().collect()),
            Fields::Unit | Fields::Unnamed(_) => {
                Err(syn::Error::new_spanned(input, "needs named members"))
            }
        },
        Data::Enum(_) | Data::Union(_) => Err(syn::Error::new_spanned(
            input,
            "only structs have attributes",
        )),
    }
}
