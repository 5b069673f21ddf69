//! One look, no waiting: what is not well within seconds is not healthy.

use std::time::Duration;

use framework::prelude::*;
use talos_client::{Cx, health};

use super::api::{self, Api};
use super::cluster;
use super::kubernetes;
use super::machines::{Unusable, machines};
use super::model::Health;
use super::verdict::{self, Beyond, Finding};
use crate::provider::TalosStack;
use crate::shared::kubernetes as operation;

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
        let calls = operation::during(cx.remaining(), cx.token()).capped(PATIENCE);
        let (_, beyond) = verdict::level(config.level.as_str());
        let api = match beyond {
            Beyond::Talos => Ok(None),
            _ => api::api(cx.provider(), &config, &calls).await,
        };
        let usable = both(machines, api);
        // Placeholders fail no plan; what is not wired up yet cannot be healthy either.
        let placeholders = usable
            .as_ref()
            .is_err_and(|list| list.iter().all(|machine| machine.why.placeholder));
        let findings = match usable {
            Ok((nodes, api)) => {
                cx.phase("looking at the health of the cluster");
                let calls = Cx::new(cx.remaining())
                    .with_cancel(cx.token().clone())
                    .capped(PATIENCE);
                look(&nodes, api.as_ref(), config.level.as_str(), &calls).await
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

/// The machines and the API, or all that is wrong with the inputs of either.
fn both(
    machines: Result<Vec<health::Node>, Vec<Unusable>>,
    api: Result<Option<Api>, Unusable>,
) -> Result<(Vec<health::Node>, Option<Api>), Vec<Unusable>> {
    match (machines, api) {
        (Ok(machines), Ok(api)) => Ok((machines, api)),
        (Err(list), Ok(_)) => Err(list),
        (Ok(_), Err(one)) => Err(vec![one]),
        (Err(mut list), Err(one)) => {
            list.push(one);
            Err(list)
        }
    }
}

async fn look(
    nodes: &[health::Node],
    api: Option<&Api>,
    level: Option<&str>,
    cx: &Cx,
) -> Vec<Finding> {
    let (level, beyond) = verdict::level(level);
    let mut findings: Vec<Finding> = health::look(nodes, level, cx)
        .await
        .into_iter()
        .map(Finding::from)
        .collect();
    if beyond >= Beyond::Kubernetes {
        findings.extend(match api {
            Some(api) => api::look(api, nodes, cx).await,
            None => kubernetes::look(nodes, cx).await,
        });
    }
    if beyond >= Beyond::Cluster {
        findings.extend(match api {
            Some(api) => cluster::look_with(api).await,
            None => cluster::look(nodes, cx).await,
        });
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
