//! The attributes of a patch as Kustomize has it.

use framework::prelude::*;
use kubernetes::patch::{Fault, Patch, Selection};

use super::placeholder::is_placeholder_text;

/// A patch.
#[derive(Model, Clone, PartialEq)]
pub struct KustomizePatch {
    /// Strategic-merge patch or JSON 6902 operations, as YAML.
    #[tf(required)]
    pub patch: Field<String>,
    /// Which objects are patched. Operations need it; a strategic-merge patch without it names its object itself.
    #[tf(optional)]
    pub target: Field<PatchTarget>,
}

/// Which objects are patched; what is not given says nothing. Names are regular expressions that must match as a whole.
#[derive(Model, Clone, PartialEq)]
pub struct PatchTarget {
    /// API group.
    #[tf(optional)]
    pub group: Field<String>,
    /// API version.
    #[tf(optional)]
    pub version: Field<String>,
    /// Kind.
    #[tf(optional)]
    pub kind: Field<String>,
    /// Name.
    #[tf(optional)]
    pub name: Field<String>,
    /// Namespace.
    #[tf(optional)]
    pub namespace: Field<String>,
    /// Labels, such as `app=a,tier in (b,c)`.
    #[tf(optional)]
    pub label_selector: Field<String>,
    /// Annotations, in the same way.
    #[tf(optional)]
    pub annotation_selector: Field<String>,
}

impl PatchTarget {
    fn members(&self) -> [&Field<String>; 7] {
        [
            &self.group,
            &self.version,
            &self.kind,
            &self.name,
            &self.namespace,
            &self.label_selector,
            &self.annotation_selector,
        ]
    }

    fn selection(&self) -> Selection {
        Selection {
            group: self.group.cloned(),
            version: self.version.cloned(),
            kind: self.kind.cloned(),
            name: self.name.cloned(),
            namespace: self.namespace.cloned(),
            label_selector: self.label_selector.cloned(),
            annotation_selector: self.annotation_selector.cloned(),
        }
    }
}

impl KustomizePatch {
    /// Whether all of it is known.
    pub fn is_settled(&self) -> bool {
        let target = match &self.target {
            Field::Known(target) => !target.members().into_iter().any(Field::is_unknown),
            Field::Null => true,
            Field::Unknown => false,
        };
        self.patch.is_known() && target
    }

    /// Whether it stands in for the output of a stage that has not run.
    pub fn is_placeholder(&self) -> bool {
        self.patch.as_str().is_some_and(is_placeholder_text)
    }

    /// Reads it; everything must be known.
    ///
    /// # Errors
    /// What is wrong with the text or the target.
    pub fn read(&self) -> Result<Patch, Fault> {
        let selection = self.target.get().map(PatchTarget::selection);
        Patch::parse(self.patch.text(), selection.as_ref())
    }
}
