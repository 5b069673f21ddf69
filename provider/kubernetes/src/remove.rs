//! Deletion: of the very object that was seen, waited for, never forced.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::error::{Code, Error, Result};
use crate::object::Id;
use crate::owner::{Owner, owner};
use crate::readiness::finalizers;
use client_core::{Backoff, Cx};

/// Longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

impl Client {
    /// Asks for the deletion of an object as it was seen; one that somebody made anew under the name is left alone. Its absence is success.
    ///
    /// # Errors
    /// Whatever the server says.
    pub async fn delete(&self, cx: &Cx, seen: &Value) -> Result<()> {
        let id = Id::of(seen)?;
        let body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": seen["metadata"]["uid"]},
        });
        let call = Call {
            method: Method::DELETE,
            target: self.path(cx, &id).await?,
            content_type: "application/json",
            body: Some(&body),
        };
        match self.call(cx, &call).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code, Code::Gone | Code::KindUnknown | Code::Exists) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until an object that was seen is gone. `look` may end the wait early with a reason why it never will be.
    ///
    /// # Errors
    /// [`Code::Stuck`] with what holds the object when the time is over, and what `look` says.
    pub async fn gone<F>(
        &self,
        cx: &Cx,
        seen: &Value,
        mut look: impl FnMut(Value) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let id = Id::of(seen)?;
        let backoff = Backoff::up_to(PAUSE);
        loop {
            let Some(object) = self.find(cx, &id).await? else {
                return Ok(());
            };
            if object["metadata"]["uid"] != seen["metadata"]["uid"] {
                return Ok(());
            }
            let problem = Error::new(
                Code::Stuck,
                format!("waiting until {id} is gone"),
                finalizers(&object),
            );
            look(object).await?;
            backoff.pause(cx, problem).await?;
        }
    }

    /// Deletes what is listed, there and ours, last first, and waits until each is gone. What somebody else made or took over stays.
    ///
    /// # Errors
    /// The first that does not go.
    pub async fn prune(&self, cx: &Cx, ids: &[Id]) -> Result<Vec<Id>> {
        let mut removed = Vec::new();
        for id in ids.iter().rev() {
            let Some(seen) = self.find(cx, id).await? else {
                continue;
            };
            if owner(&seen) != Owner::Us {
                continue;
            }
            self.delete(cx, &seen).await?;
            self.gone(cx, &seen, |_| async { Ok(()) }).await?;
            removed.push(id.clone());
        }
        Ok(removed)
    }
}
