//! Looks at the certificate that a machine presents.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::report::Point;
use super::{Client, Op};
use crate::cx::Cx;
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result};
use crate::facts::Stage;
use crate::method;

impl Client {
    /// Fingerprint (base64 SHA-256 of the public key) of the certificate that the machine presents.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn fingerprint(&self, cx: &Cx) -> Result<String> {
        let op = Op::new(&method::STATE_GET, &());
        let begun = Instant::now();
        let dial = self
            .0
            .pool
            .connection(self.endpoint(), &self.0.credentials, self.0.patience);
        match cx.bounded(dial).await {
            Ok(connection) => Ok(connection?.peer.fingerprint.clone()),
            Err(ended) => Err(self.ended(&op, ended, None, begun, Point::Dialling)),
        }
    }

    /// A certificate that is not of our cluster may be that of maintenance mode: its looks are not the same in all versions of Talos.
    pub(super) async fn look_closer(&self, endpoint: &Endpoint, error: Error) -> Error {
        if error.code == Code::NodeWrongCa
            && in_maintenance(endpoint.clone(), self.0.patience).await
        {
            return Error::new(
                Code::NodeMaintenance,
                error.attempted,
                "it says that it is in maintenance mode",
            );
        }
        error
    }
}

/// Asks without a certificate of our own. Boxed, because asking is what it is a part of.
fn in_maintenance(
    endpoint: Endpoint,
    patience: Duration,
) -> Pin<Box<dyn Future<Output = bool> + Send>> {
    Box::pin(async move {
        let Ok(client) = Client::builder(vec![endpoint])
            .connect_timeout(patience)
            .build()
        else {
            return false;
        };
        let status = client.machine_status(&Cx::new(patience)).await;
        status.is_ok_and(|status| status.stage == Stage::Maintenance)
    })
}
