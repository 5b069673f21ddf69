use super::*;
use crate::prelude::*;
use crate::schema::{Schema, block_to_wire};

/// A thing.
///
/// More about it.
#[derive(Model, Clone)]
struct Thing {
    /// Who it is.
    #[tf(required)]
    name: Field<String>,
    /// What it does.
    #[tf(default = "a", one_of("a", "b"))]
    mode: Field<String>,
    /// Parts by name.
    #[tf(optional)]
    parts: Field<BTreeMap<String, Part>>,
    /// Password.
    #[tf(optional, write_only)]
    password_wo: Field<Secret<String>>,
    /// Identity.
    #[tf(computed)]
    id: Field<String>,
}

/// A part.
#[derive(Model, Clone)]
struct Part {
    /// Sizes.
    #[tf(optional, deprecated = "Use weight.")]
    sizes: Field<Vec<i64>>,
}

fn schema() -> ProviderSchema {
    let thing = block_to_wire(&Schema::new(0, Thing::DESCRIPTION, Thing::attributes()));
    let join = proto::Function {
        parameters: vec![proto::function::Parameter {
            name: "by".into(),
            r#type: b"\"string\"".to_vec(),
            description: "Between.".into(),
            ..Default::default()
        }],
        variadic_parameter: Some(proto::function::Parameter {
            name: "parts".into(),
            r#type: b"\"dynamic\"".to_vec(),
            description: "Parts.".into(),
            ..Default::default()
        }),
        r#return: Some(proto::function::Return {
            r#type: b"\"string\"".to_vec(),
        }),
        description: "Joins.".into(),
        ..Default::default()
    };
    ProviderSchema(Response {
        provider: Some(block_to_wire(&Schema::new(0, "The provider.", Vec::new()))),
        resource_schemas: BTreeMap::from([("toy_thing".to_owned(), thing.clone())]),
        data_source_schemas: BTreeMap::from([("other_thing".to_owned(), thing)]),
        functions: BTreeMap::from([("join".to_owned(), join)]),
        ..Default::default()
    })
}

fn rendered() -> Texts {
    let examples = Texts::from([
        (
            "resources/toy_thing/resource.tf".to_owned(),
            "resource \"toy_thing\" \"x\" {}\n".to_owned(),
        ),
        (
            "resources/toy_thing/import.sh".to_owned(),
            "terraform import toy_thing.x x\n".to_owned(),
        ),
        (
            "resources/toy_thing_else/resource.tf".to_owned(),
            "not this\n".to_owned(),
        ),
    ]);
    pages("toy", &schema(), &examples)
}

#[test]
fn pages_lie_where_registries_look() {
    let names: Vec<String> = rendered().into_keys().collect();
    assert_eq!(
        names,
        [
            "data-sources/other_thing.md",
            "functions/join.md",
            "index.md",
            "resources/thing.md"
        ]
    );
}

#[test]
fn a_resource_page_holds_everything() {
    let page = &rendered()["resources/thing.md"];
    let expected = "---
page_title: \"toy_thing Resource - toy\"
subcategory: \"Toy\"
description: |-
  A thing.
---

# toy_thing (Resource)

A thing.

More about it.

## Example Usage

```terraform
resource \"toy_thing\" \"x\" {}
```

## Schema

### Required

- `name` (String) Who it is.

### Optional

- `mode` (String) What it does. One of `a`, `b`. Default: `\"a\"`.
- `parts` (Attributes Map) Parts by name. (see [below for nested schema](#nestedatt--parts))
- `password_wo` (String, Sensitive, Write-only) Password.

### Read-Only

- `id` (String) Identity.

<a id=\"nestedatt--parts\"></a>
### Nested Schema for `parts`

Optional:

- `sizes` (List of Number, Deprecated) Sizes. Use weight.

## Import

On the command line:

```shell
terraform import toy_thing.x x
```
";
    assert_eq!(page, expected);
}

#[test]
fn a_function_page_shows_its_signature() {
    let page = &rendered()["functions/join.md"];
    assert!(
        page.contains("```text\njoin(by string, parts dynamic...) string\n```"),
        "{page}"
    );
    assert!(page.contains("1. `by` (String) Between."), "{page}");
}
