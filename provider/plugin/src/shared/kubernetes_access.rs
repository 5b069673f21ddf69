//! The attribute `kubernetes`: where a cluster's API is and who we are to it.

use framework::prelude::*;
use kubernetes::{Access, FromKubeconfig, FromValues};

use super::access::Unusable;
use super::placeholder::{is_placeholder_host, is_placeholder_text};

/// Access to the Kubernetes API: `kubeconfig`, or `kubeconfig_path`, or `host` with what belongs to it.
#[derive(Model, Clone, PartialEq)]
pub struct KubernetesAccess {
    /// Text of a kubeconfig, such as the output of `talos_kubeconfig`. No program that it names is run.
    #[tf(optional)]
    pub kubeconfig: Field<Secret<String>>,
    /// Path of a kubeconfig.
    #[tf(optional)]
    pub kubeconfig_path: Field<String>,
    /// Context of the kubeconfig; its current one unless given.
    #[tf(optional)]
    pub context: Field<String>,
    /// URL of the API server, such as `https://10.0.0.10:6443`.
    #[tf(optional)]
    pub host: Field<String>,
    /// Authority that signed the API server's certificate: PEM, or base64 of it.
    #[tf(optional)]
    pub cluster_ca_certificate: Field<String>,
    /// Client certificate: PEM, or base64 of it.
    #[tf(optional)]
    pub client_certificate: Field<String>,
    /// Key of the client certificate: PEM, or base64 of it.
    #[tf(optional)]
    pub client_key: Field<Secret<String>>,
    /// Bearer token.
    #[tf(optional)]
    pub token: Field<Secret<String>>,
    /// Whether any certificate of the API server is accepted. Whoever is in between then gets the credentials.
    #[tf(optional)]
    pub insecure: Field<bool>,
}

/// Access that can be used; nothing has been read from disk yet. No `Debug`: it holds credentials.
pub enum Way {
    /// Text of a kubeconfig.
    Text(FromKubeconfig),
    /// Path of one, and the context.
    File(String, Option<String>),
    /// Single values.
    Values(FromValues),
}

const KUBECONFIG: &str = "kubernetes.kubeconfig";
const PATH: &str = "kubernetes.kubeconfig_path";
const HOST: &str = "kubernetes.host";

impl KubernetesAccess {
    /// A kubeconfig at a path, and nothing else.
    pub fn at(path: String) -> Self {
        Self {
            kubeconfig_path: path.into(),
            ..Self::absent()
        }
    }

    /// Nothing is set.
    pub fn absent() -> Self {
        Self {
            kubeconfig: Field::Null,
            kubeconfig_path: Field::Null,
            context: Field::Null,
            host: Field::Null,
            cluster_ca_certificate: Field::Null,
            client_certificate: Field::Null,
            client_key: Field::Null,
            token: Field::Null,
            insecure: Field::Null,
        }
    }

    /// How the cluster is reached. Pure.
    pub fn way(&self) -> Result<Way, Unusable> {
        let context = known(&self.context)?;
        if let Some(text) = secret(&self.kubeconfig)? {
            if is_placeholder_text(&text) {
                return Err(Unusable::Placeholder(KUBECONFIG));
            }
            return Ok(Way::Text(FromKubeconfig {
                text: text.into(),
                context,
            }));
        }
        if let Some(path) = known(&self.kubeconfig_path)? {
            if is_placeholder_text(&path) {
                return Err(Unusable::Placeholder(PATH));
            }
            return Ok(Way::File(path, context));
        }
        self.values().map(Way::Values)
    }

    fn values(&self) -> Result<FromValues, Unusable> {
        // An object without anything in it stands in for one of an earlier stage.
        let host = known(&self.host)?.ok_or(Unusable::Placeholder("kubernetes"))?;
        if is_placeholder_host(&host) {
            return Err(Unusable::Placeholder(HOST));
        }
        let values = FromValues {
            host,
            cluster_ca_certificate: known(&self.cluster_ca_certificate)?,
            client_certificate: known(&self.client_certificate)?,
            client_key: secret(&self.client_key)?.map(Into::into),
            token: secret(&self.token)?.map(Into::into),
            insecure: known(&self.insecure)?.unwrap_or(false),
        };
        let texts = [&values.cluster_ca_certificate, &values.client_certificate];
        let secrets = [&values.client_key, &values.token];
        let given = texts.into_iter().flatten().map(String::as_str);
        let given = given.chain(secrets.into_iter().flatten().map(|text| text.as_str()));
        for text in given {
            if is_placeholder_text(text) {
                return Err(Unusable::Placeholder(HOST));
            }
        }
        Ok(values)
    }
}

impl Way {
    /// Reads what lies on disk and puts it together.
    pub async fn access(self) -> Result<Access, Unusable> {
        let access = match self {
            Self::Text(given) => Access::from_kubeconfig(given).await,
            Self::File(path, context) => {
                let text = read(&path).await?;
                Access::from_kubeconfig(FromKubeconfig {
                    text: text.into(),
                    context,
                })
                .await
            }
            Self::Values(given) => Access::from_values(given),
        };
        access.map_err(|error| malformed(&error))
    }
}

async fn read(path: &str) -> Result<String, Unusable> {
    tokio::fs::read_to_string(path).await.map_err(|error| Unusable::Malformed {
        attribute: "kubernetes",
        summary: "TS-K8S-KUBECONFIG: the kubeconfig cannot be read".to_owned(),
        detail: format!("{path}: {error}. Correct `kubernetes.kubeconfig_path` (or KUBE_CONFIG_PATH), or give the text as `kubernetes.kubeconfig`."),
    })
}

/// What the client says of the access, put down to the attribute.
pub fn malformed(error: &kubernetes::Error) -> Unusable {
    Unusable::Malformed {
        attribute: "kubernetes",
        summary: error.summary(),
        detail: error.detail(),
    }
}

fn known<T: Clone>(field: &Field<T>) -> Result<Option<T>, Unusable> {
    match field {
        Field::Unknown => Err(Unusable::Unknown),
        Field::Null => Ok(None),
        Field::Known(value) => Ok(Some(value.clone())),
    }
}

fn secret(field: &Field<Secret<String>>) -> Result<Option<String>, Unusable> {
    Ok(known(field)?.map(|secret| secret.expose().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut KubernetesAccess)) -> Result<Way, Unusable> {
        let mut access = KubernetesAccess::absent();
        change(&mut access);
        access.way()
    }

    #[test]
    fn placeholders_are_never_used() {
        let secret = |text: &str| Field::Known(Secret::new(text.to_owned()));
        let all = [
            with(|access| access.kubeconfig = secret("mock")),
            with(|access| access.kubeconfig = secret("")),
            with(|access| access.kubeconfig_path = "/tmp/mock-kubeconfig".into()),
            with(|access| access.host = "https://cluster.invalid:6443".into()),
            with(|access| {
                access.host = "https://10.0.0.1:6443".into();
                access.token = secret("mock-token");
            }),
            with(|_| ()),
        ];
        assert!(
            all.iter()
                .all(|way| matches!(way, Err(Unusable::Placeholder(_))))
        );
        assert!(matches!(
            with(|access| access.kubeconfig = Field::Unknown),
            Err(Unusable::Unknown)
        ));
    }

    #[test]
    fn text_comes_before_a_path_and_a_path_before_values() {
        let all = |access: &mut KubernetesAccess| {
            access.kubeconfig = Field::Known(Secret::new("kind: Config".to_owned()));
            access.kubeconfig_path = "/kube".into();
            access.host = "https://10.0.0.1:6443".into();
        };
        assert!(matches!(with(all), Ok(Way::Text(_))));
        assert!(
            matches!(with(|access| { all(access); access.kubeconfig = Field::Null; }), Ok(Way::File(path, None)) if path == "/kube")
        );
        assert!(matches!(
            with(|access| access.host = "10.0.0.1:6443".into()),
            Ok(Way::Values(_))
        ));
    }
}
