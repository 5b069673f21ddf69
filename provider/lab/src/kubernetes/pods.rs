//! Pods as the API server tells of them.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::client::Api;

/// What happened to pods.
#[derive(Debug)]
pub(super) enum Told {
    /// All pods there are.
    All(Vec<Value>),
    /// A pod as it is now.
    Is(Value),
    /// A pod that is gone.
    Gone(Value),
}

/// Tells of all pods until it is dropped.
pub(super) struct Watcher {
    pub told: mpsc::Receiver<Told>,
    task: JoinHandle<()>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watcher {
    pub(super) fn start(api: Api) -> Self {
        let (tell, told) = mpsc::channel(256);
        let task = tokio::spawn(async move {
            loop {
                // Whatever went wrong, the list says how things are.
                let _ = follow(&api, &tell).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
        Self { told, task }
    }
}

async fn follow(api: &Api, tell: &mpsc::Sender<Told>) -> Result<(), String> {
    let list = api.get("/api/v1/pods").await?;
    let version = list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or("0")
        .to_owned();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    // Nobody listens any more: then the task is dropped, too.
    let _ = tell.send(Told::All(items)).await;
    let path = format!("/api/v1/pods?watch=1&timeoutSeconds=240&resourceVersion={version}");
    api.watch(&path, read, tell).await
}

fn read(event: Value) -> Option<Told> {
    let object = event["object"].clone();
    match event["type"].as_str() {
        Some("ADDED" | "MODIFIED") => Some(Told::Is(object)),
        Some("DELETED") => Some(Told::Gone(object)),
        _ => None,
    }
}
