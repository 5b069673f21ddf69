//! Where the Kubernetes API is and who we are to it. Values only; nothing is dialled here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::Config;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use serde_json::json;
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};

/// Access as a kubeconfig gives it.
pub struct FromKubeconfig {
    /// The text of the file.
    pub text: Zeroizing<String>,
    /// Context to use; its own current one unless given.
    pub context: Option<String>,
}

/// Access as single values. Certificates and keys are PEM text, or base64 of it.
#[derive(Default)]
pub struct FromValues {
    /// URL of the API server.
    pub host: String,
    /// Authority that signed its certificate.
    pub cluster_ca_certificate: Option<String>,
    /// Client certificate.
    pub client_certificate: Option<String>,
    /// Key of the client certificate.
    pub client_key: Option<Zeroizing<String>>,
    /// Bearer token.
    pub token: Option<Zeroizing<String>>,
    /// Accept any certificate of the server.
    pub insecure: bool,
}

/// Access to one cluster. No `Debug`: it holds credentials.
pub struct Access {
    pub(crate) config: Config,
}

impl Access {
    /// Reads a kubeconfig.
    ///
    /// # Errors
    /// [`Code::Kubeconfig`] when it is damaged, lacks the context, or logs in through a program: none is run.
    pub async fn from_kubeconfig(given: FromKubeconfig) -> Result<Access> {
        const READING: &str = "reading the kubeconfig";
        // The parser's own words may quote the text, which holds a key.
        let kubeconfig = Kubeconfig::from_yaml(&given.text).map_err(|_| {
            Error::new(
                Code::Kubeconfig,
                READING,
                "it is not the YAML of a kubeconfig",
            )
        })?;
        if kubeconfig.auth_infos.iter().any(|named| {
            named
                .auth_info
                .as_ref()
                .is_some_and(|user| user.exec.is_some() || user.auth_provider.is_some())
        }) {
            let seen = "a user logs in through `exec` or `auth-provider`";
            return Err(Error::new(Code::Kubeconfig, READING, seen)
                .cured_by("use a kubeconfig with a client certificate or a token"));
        }
        let options = KubeConfigOptions {
            context: given.context,
            ..KubeConfigOptions::default()
        };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|error| Error::new(Code::Kubeconfig, READING, error.to_string()))?;
        Ok(Access { config })
    }

    /// Puts single values together.
    ///
    /// # Errors
    /// [`Code::Settings`] for a value that cannot be read.
    pub fn from_values(given: FromValues) -> Result<Access> {
        const READING: &str = "reading `kubernetes`";
        let host = if given.host.contains("://") {
            given.host.clone()
        } else {
            format!("https://{}", given.host)
        };
        let url = host.parse().map_err(|_| {
            Error::new(
                Code::Settings,
                READING,
                format!("`host` is {:?}, which is no URL", given.host),
            )
        })?;
        let mut config = Config::new(url);
        config.accept_invalid_certs = given.insecure;
        if let Some(text) = &given.cluster_ca_certificate {
            let ca = "`cluster_ca_certificate` holds no PEM certificate";
            let ders =
                certificates(&pem(text)).ok_or_else(|| Error::new(Code::Settings, READING, ca))?;
            config.root_cert = Some(ders);
        }
        config.auth_info = user(&given)?;
        Ok(Access { config })
    }

    /// URL of the API server.
    pub fn host(&self) -> String {
        self.config
            .cluster_url
            .to_string()
            .trim_end_matches('/')
            .to_owned()
    }
}

/// The user as a kubeconfig would say it: that way one reader judges both forms.
fn user(given: &FromValues) -> Result<AuthInfo> {
    let encoded = |text: &str| STANDARD.encode(pem(text));
    let mut user = json!({});
    if let (Some(certificate), Some(key)) = (&given.client_certificate, &given.client_key) {
        user["client-certificate-data"] = encoded(certificate).into();
        user["client-key-data"] = encoded(key).into();
    }
    if let Some(token) = &given.token {
        user["token"] = token.as_str().into();
    }
    serde_json::from_value(user).map_err(|_| {
        Error::new(
            Code::Settings,
            "reading `kubernetes`",
            "the credentials cannot be read",
        )
    })
}

/// PEM text, out of base64 where it is given so.
fn pem(text: &str) -> Vec<u8> {
    if text.contains("-----BEGIN") {
        return text.as_bytes().to_vec();
    }
    let compact: String = text.split_whitespace().collect();
    STANDARD
        .decode(compact)
        .unwrap_or_else(|_| text.as_bytes().to_vec())
}

/// The certificates of a PEM text as DER; `None` where there is none.
fn certificates(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let read = CertificateDer::pem_slice_iter(text).map(|one| one.map(|der| der.to_vec()));
    let all: Vec<Vec<u8>> = read.collect::<std::result::Result<_, _>>().ok()?;
    (!all.is_empty()).then_some(all)
}
