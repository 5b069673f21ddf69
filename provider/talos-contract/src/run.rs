//! Asking a machine everything.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::normal::{Own, normal};
use crate::{Answered, Exchange, Site, Step, Transcript, Who, call, suite};

/// How long a machine may take to come to where a step waits for it.
const PATIENCE: Duration = Duration::from_secs(180);
const AGAIN: Duration = Duration::from_millis(200);

/// Asks an unconfigured machine all of the list; it is a control plane with etcd then.
///
/// # Panics
/// The machine does not come to where a step waits for it.
pub async fn run(site: &Site) -> Transcript {
    let mut running = Running {
        site,
        own: Own::of(site),
        tls: HashMap::new(),
    };
    let mut exchanges = Vec::new();
    for step in suite::steps(site) {
        match step {
            Step::Ask(exchange) => {
                let answered = running.ask(&exchange).await;
                running.own.learn_from(&answered);
                exchanges.push(answered);
            }
            Step::Wait(exchange, so) => {
                let answered = running.wait(&exchange, so).await;
                running.own.learn_from(&answered);
            }
        }
    }
    let talos = exchanges
        .iter()
        .find_map(|one| one.at("/messages/0/version/tag").as_str())
        .unwrap_or_default()
        .to_owned();
    let exchanges = exchanges.iter().map(|one| normal(one, &running.own));
    Transcript {
        talos,
        exchanges: exchanges.collect(),
    }
}

struct Running<'s> {
    site: &'s Site,
    own: Own,
    tls: HashMap<Who, rustls::ClientConfig>,
}

impl Running<'_> {
    async fn ask(&mut self, exchange: &Exchange) -> Answered {
        let site = self.site;
        let tls = self.tls.entry(exchange.who);
        let tls = tls.or_insert_with(|| site.tls(exchange.who)).clone();
        call::ask(site.address, tls, exchange).await
    }

    async fn wait(&mut self, exchange: &Exchange, so: fn(&Answered) -> bool) -> Answered {
        let begun = Instant::now();
        loop {
            let answered = self.ask(exchange).await;
            if so(&answered) {
                return answered;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} never came to pass: {answered:#?}",
                exchange.name
            );
            tokio::time::sleep(AGAIN).await;
        }
    }
}
