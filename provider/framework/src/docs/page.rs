//! One page: front matter, title, description, examples, schema, import.

use std::fmt::Write;

use proto_tfplugin::tfplugin6 as proto;

use super::{Texts, attributes, functions};

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Provider,
    Resource,
    DataSource,
    Ephemeral,
    Function,
}

impl Kind {
    /// The folder below `docs/` and `examples/`.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
            Self::Ephemeral => "ephemeral-resources",
            Self::Function => "functions",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::Ephemeral => "Ephemeral Resource",
            Self::Function => "Function",
        }
    }

    /// How example files begin.
    fn stem(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Resource => "resource",
            Self::DataSource => "data-source",
            Self::Ephemeral => "ephemeral-resource",
            Self::Function => "function",
        }
    }
}

/// A page being written.
pub(super) struct Page<'e> {
    kind: Kind,
    provider: &'e str,
    name: &'e str,
    examples: &'e Texts,
}

impl<'e> Page<'e> {
    pub(super) fn new(kind: Kind, provider: &'e str, name: &'e str, examples: &'e Texts) -> Self {
        Self {
            kind,
            provider,
            name,
            examples,
        }
    }

    /// The page of a type with a schema.
    pub(super) fn with_schema(&self, schema: &proto::Schema) -> String {
        let block = schema.block.clone().unwrap_or_default();
        let mut page = self.head(&block.description);
        page.push_str(&attributes::render(&block.attributes));
        if self.kind == Kind::Resource {
            page.push_str(&self.import());
        }
        page
    }

    /// The page of a function.
    pub(super) fn with_function(&self, function: &proto::Function) -> String {
        let mut page = self.head(&function.description);
        page.push_str(&functions::render(self.name, function));
        page
    }

    fn head(&self, description: &str) -> String {
        let title = match self.kind {
            Kind::Provider => format!("{} Provider", self.name),
            kind => format!("{} {} - {}", self.name, kind.title(), self.provider),
        };
        let heading = match self.kind {
            Kind::Provider => format!("{} Provider", self.name),
            Kind::Function => format!("function: {}", self.name),
            kind => format!("{} ({})", self.name, kind.title()),
        };
        let first = description
            .split("\n\n")
            .next()
            .unwrap_or_default()
            .replace('\n', " ");
        let mut page = format!(
            "---\npage_title: \"{title}\"\nsubcategory: \"{}\"\ndescription: |-\n  {first}\n---\n\n",
            self.subcategory()
        );
        // Writing to text cannot fail.
        let _ = write!(page, "# {heading}\n\n{description}\n\n");
        page.push_str(&self.usage());
        page
    }

    /// Types of one family stand together; a family is the text before the first underscore.
    fn subcategory(&self) -> String {
        let family = match self.kind {
            Kind::Provider | Kind::Function => "",
            _ => self.name.split('_').next().unwrap_or_default(),
        };
        let mut letters = family.chars();
        letters
            .next()
            .map(|first| format!("{}{}", first.to_uppercase(), letters.as_str()))
            .unwrap_or_default()
    }

    fn usage(&self) -> String {
        let prefix = match self.kind {
            Kind::Provider => "provider/provider".to_owned(),
            kind => format!("{}/{}/{}", kind.folder(), self.name, kind.stem()),
        };
        let found: Vec<&String> = self
            .examples
            .iter()
            .filter(|(path, _)| path.starts_with(&prefix) && path.ends_with(".tf"))
            .map(|(_, text)| text)
            .collect();
        if found.is_empty() {
            return String::new();
        }
        let blocks: Vec<String> = found
            .iter()
            .map(|text| format!("```terraform\n{}\n```\n", text.trim_end()))
            .collect();
        format!("## Example Usage\n\n{}\n", blocks.join("\n"))
    }

    fn import(&self) -> String {
        let file = |name: &str| {
            self.examples
                .get(&format!("{}/{}/{name}", self.kind.folder(), self.name))
        };
        let mut text = String::new();
        for (name, how) in [
            ("import-by-string-id.tf", "With an import block"),
            (
                "import-by-identity.tf",
                "By identity, where core has identities",
            ),
        ] {
            if let Some(block) = file(name) {
                let _ = write!(
                    text,
                    "\n{how}:\n\n```terraform\n{}\n```\n",
                    block.trim_end()
                );
            }
        }
        if let Some(command) = file("import.sh") {
            let _ = write!(
                text,
                "\nOn the command line:\n\n```shell\n{}\n```\n",
                command.trim_end()
            );
        }
        if text.is_empty() {
            text
        } else {
            format!("\n## Import\n{text}")
        }
    }
}
