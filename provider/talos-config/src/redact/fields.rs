//! Which fields are secret: the tables' marks, and what they cannot know.

use super::text::is_secret_name;
use super::tree::is_reference_key;
use crate::tables::{Line, Tables, Type};

/// How a value is treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// Shown, apart from secrets known by value.
    Open,
    /// Never shown.
    Secret,
    /// Text of another format that may have secrets in it.
    Carrier,
    /// Never shown apart from switches and references: only the name says that it is secret.
    Named,
    /// Arguments of a program in a free-form part, where one may name the next.
    Arguments,
    /// `NAME=value` of which the value is never shown.
    Variable,
    /// Variables of a free-form part: texts as above, or mappings with `name` and `value`.
    Environment,
}

/// A place in a document while descending into it.
#[derive(Clone)]
pub(super) struct Walk {
    tables: &'static Tables,
    /// `None` in free-form parts and where the tables do not reach.
    ty: Option<&'static Type>,
    /// The document itself has no field and so no type of its own.
    body: Option<usize>,
    secrecy: Secrecy,
}

/// Struct and field of what is no secret by itself but tells which bundle it came from. Replacing
/// it keeps redacted text the same when only the secrets differ.
const BUNDLE_IDENTITY: [(&str, &str); 7] = [
    ("v1alpha1.ClusterConfig", "id"),
    ("cluster.DiscoveryIdentityConfigV1Alpha1", "clusterID"),
    ("meta.CertificateAndKey", "cert"),
    ("k8s.KubeAPIServerCAConfigV1Alpha1", "acceptedCAs"),
    ("k8s.KubeAggregatorCAConfigV1Alpha1", "acceptedCAs"),
    ("x509.PEMEncodedCertificate", "crt"),
    ("x509.PEMEncodedCertificateAndKey", "crt"),
];

/// Keys whose text is of another format: files, manifests, configuration of services.
const CARRIERS: [&str; 3] = ["content", "contents", "manifest"];

impl Walk {
    /// The top of a document.
    pub(super) fn document(line: Line, kind: &str) -> Self {
        let tables = line.tables();
        let body = tables.kind(kind).map(|kind| kind.body);
        Self {
            tables,
            ty: None,
            body,
            secrecy: Secrecy::Open,
        }
    }

    pub(super) fn secrecy(&self) -> Secrecy {
        self.secrecy
    }

    /// Nothing is known of what stands here: a free-form part.
    pub(super) fn is_free(&self) -> bool {
        self.body.is_none() && matches!(self.ty.map(Type::pointee), None | Some(Type::Any))
    }

    /// The same place, of which something else says that it is secret.
    pub(super) fn secret(self) -> Self {
        let secrecy = Secrecy::Secret;
        Self { secrecy, ..self }
    }

    /// The value under `key`.
    pub(super) fn key(&self, key: &str) -> Self {
        if self.secrecy == Secrecy::Secret {
            return self.clone();
        }
        let index = self.body.or(match self.ty.map(Type::pointee) {
            Some(Type::Struct(index)) => Some(*index),
            _ => None,
        });
        let next = |ty, secrecy| Self {
            tables: self.tables,
            ty,
            body: None,
            secrecy,
        };
        let Some(index) = index else {
            let item = match self.ty.map(Type::pointee) {
                Some(Type::Map(item)) => Some(&**item),
                _ => None,
            };
            let secrecy = match (self.secrecy, key) {
                (Secrecy::Environment, "name" | "valueFrom") => Secrecy::Open,
                (Secrecy::Environment, _) => Secrecy::Secret,
                (Secrecy::Named, key) if !is_reference_key(key) => Secrecy::Named,
                (_, key) => by_name(key),
            };
            return next(item, secrecy);
        };
        let owner = &self.tables.structs[index];
        let Some(field) = owner.field(key) else {
            return next(None, Secrecy::Open);
        };
        let identifies = BUNDLE_IDENTITY
            .iter()
            .any(|(of, field)| owner.name.ends_with(of) && *field == key);
        let secrecy = match key {
            _ if field.secret || identifies => Secrecy::Secret,
            "env" | "variables" | "extraManifestHeaders" | "headers" => Secrecy::Secret,
            "environment" => Secrecy::Variable,
            key if CARRIERS.contains(&key) => Secrecy::Carrier,
            _ => Secrecy::Open,
        };
        next(Some(&field.ty), secrecy)
    }

    /// An item of the list that this is.
    pub(super) fn item(&self) -> Self {
        let ty = match self.ty.map(Type::pointee) {
            Some(Type::List(item)) => Some(&**item),
            _ => None,
        };
        Self { ty, ..self.clone() }
    }
}

/// In free-form parts and in mappings whose keys people choose.
fn by_name(key: &str) -> Secrecy {
    match key {
        "env" => Secrecy::Environment,
        // Of a Kubernetes secret.
        "data" | "stringData" => Secrecy::Named,
        "args" | "command" => Secrecy::Arguments,
        key if is_secret_name(key) => Secrecy::Named,
        _ => Secrecy::Open,
    }
}
