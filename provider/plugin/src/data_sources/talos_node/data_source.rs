//! One look. Silence is an answer; a machine that answers something else than it should is an error.

use std::time::Duration;

use framework::prelude::*;
use talos_client::{Cx, NodeFacts, Pool, Reach};

use super::decide;
use super::model::Node;
use crate::provider::TalosStack;
use crate::shared::access::{Access, Unusable};
use crate::shared::report;

/// How long a machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The data source.
pub struct TalosNode;

impl DataSource for TalosNode {
    type Provider = TalosStack;
    type Model = Node;
    const NAME: &'static str = "talos_node";

    async fn read(cx: &DataCx<Self>, mut config: Node) -> Result<Node, Error> {
        let place = place(&config);
        let access = match cx
            .provider()
            .access(&config.endpoints, &config.client_configuration)
        {
            Ok(access) => access,
            Err(problem @ (Unusable::Placeholder(_) | Unusable::Unknown)) => {
                cx.warn(
                    format!("TS-NODE-NOT-READ: {place} was not read"),
                    format!(
                        "{}. Its stage is reported as `unreachable`.",
                        problem.reason()
                    ),
                );
                decide::unreachable(&mut config);
                return Ok(config);
            }
            Err(problem) => return Err(problem.diagnostic(&place).into()),
        };
        let calls = Cx::new(cx.remaining())
            .with_cancel(cx.token().clone())
            .capped(PATIENCE);
        match facts(&access, &cx.provider().pool, &calls).await {
            Ok(facts) => decide::describe(&mut config, facts),
            Err(error) if error.code.is_out_of_reach() => {
                cx.warn(
                    report::summary(&place, &error),
                    format!(
                        "{}\n\nIts stage is reported as `unreachable`.",
                        error.detail()
                    ),
                );
                decide::unreachable(&mut config);
            }
            Err(error) => return Err(report::error(&place, &error)),
        }
        Ok(config)
    }
}

async fn facts(access: &Access, pool: &Pool, cx: &Cx) -> talos_client::Result<NodeFacts> {
    let client =
        match talos_client::reach(&access.endpoints, access.identity.as_ref(), pool, cx).await? {
            Reach::Configured { client, .. } | Reach::Maintenance { client, .. } => client,
        };
    client.facts(cx).await
}

/// The machine in messages: it has no name here, so its first address stands for it.
fn place(config: &Node) -> String {
    let first = config.endpoints.get().and_then(|list| list.first());
    first
        .and_then(Field::as_str)
        .unwrap_or("the machine")
        .to_owned()
}
