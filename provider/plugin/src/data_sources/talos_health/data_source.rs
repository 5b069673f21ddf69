//! One look, no waiting: what is not well within seconds is not healthy.

use std::time::Duration;

use framework::prelude::*;
use talos_client::{Cx, health};

use super::cluster;
use super::kubernetes;
use super::machines::machines;
use super::model::Health;
use super::verdict::{self, Beyond, Finding};
use crate::provider::TalosStack;

/// How long a machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The data source.
pub struct TalosHealth;

impl DataSource for TalosHealth {
    type Provider = TalosStack;
    type Model = Health;
    const NAME: &'static str = "talos_health";

    async fn read(cx: &DataCx<Self>, mut config: Health) -> Result<Health, Error> {
        let machines = machines(cx.provider(), &config);
        // Placeholders fail no plan; what is not wired up yet cannot be healthy either.
        let placeholders = machines
            .as_ref()
            .is_err_and(|list| list.iter().all(|machine| machine.why.placeholder));
        let findings = match machines {
            Ok(nodes) => {
                cx.phase("looking at the health of the cluster");
                let calls = Cx::new(cx.remaining())
                    .with_cancel(cx.token().clone())
                    .capped(PATIENCE);
                look(&nodes, config.level.as_str(), &calls).await
            }
            Err(unusable) => vec![Finding::unusable(unusable)],
        };
        let required = config.require.get() == Some(&true) && !placeholders;
        if let Some(wrong) = verdict::describe(&mut config, findings) {
            let summary = format!(
                "TS-CLUSTER-UNHEALTHY: {} is not healthy",
                name(&cx.provider().cluster_name)
            );
            if required {
                return Err(Error::new(
                    summary,
                    format!(
                        "These checks did not pass:\n{wrong}\n\nRead again when the cause is gone, or set `require = false` to go on with a warning."
                    ),
                ));
            }
            cx.warn(summary, format!("These checks did not pass:\n{wrong}"));
        }
        Ok(config)
    }
}

async fn look(nodes: &[health::Node], level: Option<&str>, cx: &Cx) -> Vec<Finding> {
    let (level, beyond) = verdict::level(level);
    let mut findings: Vec<Finding> = health::look(nodes, level, cx)
        .await
        .into_iter()
        .map(Finding::from)
        .collect();
    if beyond >= Beyond::Kubernetes {
        findings.extend(kubernetes::look(nodes, cx).await);
    }
    if beyond >= Beyond::Cluster {
        findings.extend(cluster::look(nodes, cx).await);
    }
    findings
}

fn name(cluster_name: &str) -> &str {
    if cluster_name.is_empty() {
        "the cluster"
    } else {
        cluster_name
    }
}
