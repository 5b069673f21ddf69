//! Ephemeral resource `demo_token`.

use framework::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Demo;

/// A token that is never stored.
#[derive(Model, Clone)]
pub struct TokenModel {
    /// Whom it is for.
    #[tf(required)]
    pub subject: Field<String>,
    /// The token.
    #[tf(computed)]
    pub token: Field<Secret<String>>,
}

/// What ends it.
#[derive(Serialize, Deserialize, Default, Clone)]
pub struct TokenLease {
    subject: String,
}

pub struct Token;

impl Ephemeral for Token {
    type Provider = Demo;
    type Model = TokenModel;
    type Lease = TokenLease;

    const NAME: &'static str = "demo_token";

    async fn open(cx: &EphemeralCx<Self>, mut config: TokenModel) -> Result<Opened<Self>, Error> {
        let subject = config.subject.text().to_owned();
        note(cx, &format!("open {subject}"))?;
        config.token = Field::Known(Secret::new(format!("token-of-{subject}")));
        Ok(Opened {
            model: config,
            lease: TokenLease { subject },
            renew_at: None,
        })
    }

    async fn close(cx: &EphemeralCx<Self>, lease: TokenLease) -> Result<(), Error> {
        note(cx, &format!("close {}", lease.subject))
    }
}

/// Leaves a trace that tests can read.
fn note(cx: &EphemeralCx<Token>, what: &str) -> Result<(), Error> {
    use std::io::Write;
    let path = cx.provider().path("tokens.log")?;
    let opened = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    let written = opened.and_then(|mut file| writeln!(file, "{what}"));
    written.map_err(|error| Error::new("DEMO-NOTE the trace cannot be written", error.to_string()))
}
