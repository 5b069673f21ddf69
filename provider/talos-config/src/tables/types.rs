use std::collections::HashMap;

/// The tables of one line.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub kinds: Vec<Kind>,
    pub structs: Vec<StructType>,
    pub enums: Vec<EnumType>,
    pub rules: Rules,
    pub(super) by_kind: HashMap<String, usize>,
}

/// Ways of a line that concern no single type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// Sizes may begin with a minus: all but so much.
    pub negative_sizes: bool,
    /// An empty text or a zero of a patch counts where the field is a pointer.
    pub empty_behind_pointer_overwrites: bool,
    /// Deleting a document that is not there changes nothing. Other lines write nonsense.
    pub absent_deletion_is_ignored: bool,
    /// A patch may have several documents with one name: they merge.
    pub patches_repeat_documents: bool,
    /// A document with an address outside of a list cannot be merged with another one.
    pub addresses_do_not_merge: bool,
    /// Lists may have null in place of a mapping.
    pub null_items: bool,
    /// In free-form parts `-0` is an integer.
    pub minus_zero_is_whole: bool,
    /// `<<` is possible in mappings to texts and numbers.
    pub merge_keys_in_mappings: bool,
    /// `{}` stands for an empty address, size or expression.
    pub empty_mappings_are_empty_texts: bool,
    /// A duration may be 0 without a unit.
    pub zero_durations: bool,
    /// A duration may be a decimal number: of nanoseconds.
    pub decimal_durations: bool,
    /// What is behind the point is left out where an integer is wanted.
    pub decimals_are_cut: bool,
    /// A date without quotes is a text where a text is wanted.
    pub dates_are_texts: bool,
    /// IPv6 addresses in URLs need no brackets.
    pub hosts_have_colons: bool,
    /// Documents that are null are passed over.
    pub null_documents: bool,
}

/// A kind of document.
#[derive(Debug)]
pub(crate) struct Kind {
    /// As in `kind:`; `v1alpha1` for the document that has none.
    pub name: String,
    /// Index into [`Tables::structs`].
    pub body: usize,
    /// Several may exist, told apart by `name:`.
    pub named: bool,
    /// Kinds of which none may exist under the same name.
    pub conflicts: Vec<String>,
    /// Path of a text that counts as the name of one more document of this kind.
    pub claims: Vec<String>,
}

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct StructType {
    /// Go's name, for messages of the tables' own tests.
    pub name: String,
    /// In the order of output.
    pub fields: Vec<Field>,
    /// Reading it sets every field, so that a patch with one of them resets the others.
    pub whole: bool,
    /// If not empty: it is left out when these fields are empty, whatever the others hold.
    pub zero_by: Vec<String>,
}

/// A key of a [`StructType`].
#[derive(Debug)]
pub(crate) struct Field {
    pub name: String,
    pub ty: Type,
    /// Written even if empty.
    pub always: bool,
    /// A patch replaces it as a whole.
    pub replace: bool,
    /// What a patch finds the list's items by.
    pub key: Option<ListKey>,
    /// Must not be shown.
    pub secret: bool,
    /// Loses leading line breaks and tabs when it is read.
    pub trim: bool,
    /// An empty list that is there is written.
    pub keep: bool,
}

/// How a patch finds the item of a list that it is to merge into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKey {
    /// `interface` if the patch has it, else an equal `deviceSelector`.
    Device,
    /// Equal values of this key.
    Key(&'static str),
    /// Equal values of this key among the items that were there before; the item is replaced.
    Replace(&'static str),
}

/// A named set of texts.
#[derive(Debug)]
pub(crate) struct EnumType {
    /// What the value that nobody set is written as.
    pub zero: String,
    pub values: Vec<String>,
    /// Other spellings that are accepted: what is read, what is written.
    pub aliases: Vec<(String, String)>,
    /// Case does not matter on input.
    pub any_case: bool,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Str,
    Bool,
    /// With the least and the greatest value.
    Int(i128, i128),
    Duration,
    Url,
    Endpoint,
    Cel,
    ByteSize,
    Size,
    Ip,
    Cidr,
    AddrPort,
    PortRange,
    HwAddr,
    DiskSize,
    FileMode,
    DiskSizeMatch,
    Base64,
    /// Base64, or Talos's mark for a key that was taken out.
    Base64Key,
    /// A free-form mapping.
    Any,
    /// Argument of a program: a text or a list of texts.
    Arg,
    Enum(usize),
    Struct(usize),
    List(Box<Type>),
    Map(Box<Type>),
    /// Empty and absent are different things behind a pointer.
    Ptr(Box<Type>),
}

impl Type {
    /// The type behind a pointer, or the type itself.
    pub fn pointee(&self) -> &Type {
        match self {
            Self::Ptr(inner) => inner.pointee(),
            other => other,
        }
    }
}

impl Tables {
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.by_kind.get(name).map(|index| &self.kinds[*index])
    }

    pub fn body(&self, kind: &Kind) -> &StructType {
        &self.structs[kind.body]
    }
}

impl StructType {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
