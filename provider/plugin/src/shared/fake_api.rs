//! An API server for unit tests: it keeps objects by path, and counts who wrote what. It knows the kinds that the tests use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use framework::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::shared::kubernetes_access::KubernetesAccess;

/// Kinds of a group: kind, name in paths, whether they are in namespaces.
type Kinds = &'static [(&'static str, &'static str, bool)];

/// Kinds by path of their group.
const KINDS: [(&str, Kinds); 4] = [
    (
        "/api/v1",
        &[
            ("Namespace", "namespaces", false),
            ("ConfigMap", "configmaps", true),
            ("Secret", "secrets", true),
            ("Service", "services", true),
            ("Node", "nodes", false),
        ],
    ),
    (
        "/apis/rbac.authorization.k8s.io/v1",
        &[("ClusterRoleBinding", "clusterrolebindings", false)],
    ),
    (
        "/apis/apps/v1",
        &[
            ("Deployment", "deployments", true),
            ("DaemonSet", "daemonsets", true),
        ],
    ),
    (
        "/apis/fluxcd.controlplane.io/v1",
        &[
            ("FluxInstance", "fluxinstances", true),
            ("ResourceSet", "resourcesets", true),
        ],
    ),
];

#[derive(Default)]
struct Content {
    objects: BTreeMap<String, Value>,
    writes: Vec<String>,
    refused: String,
    forbidden: String,
    statuses: BTreeMap<String, Value>,
}

/// The server; ends with the test's runtime.
#[derive(Clone)]
pub struct FakeApi {
    content: Arc<Mutex<Content>>,
    url: String,
}

impl FakeApi {
    /// Starts one that holds the namespace kube-system alone.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let api = Self {
            content: Arc::default(),
            url,
        };
        api.put(
            "/api/v1/namespaces/kube-system",
            json!({"metadata": {"uid": "uid"}}),
        );
        let content = Arc::clone(&api.content);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&content)));
            }
        });
        api
    }

    /// Access to it.
    pub fn access(&self) -> Field<KubernetesAccess> {
        Field::Known(KubernetesAccess {
            host: self.url.as_str().into(),
            ..KubernetesAccess::absent()
        })
    }

    /// Puts an object at a path.
    pub fn put(&self, path: &str, object: Value) {
        let mut content = self.content.lock().unwrap();
        content.objects.insert(path.to_owned(), object);
    }

    /// Takes an object away.
    pub fn remove(&self, path: &str) {
        self.content.lock().unwrap().objects.remove(path);
    }

    /// The object at a path.
    pub fn at(&self, path: &str) -> Option<Value> {
        self.content.lock().unwrap().objects.get(path).cloned()
    }

    /// Whatever is written at a path gets this status.
    pub fn status(&self, path: &str, status: Value) {
        let mut content = self.content.lock().unwrap();
        content.statuses.insert(path.to_owned(), status);
    }

    /// Refuses writing at a path; at none with an empty one.
    pub fn refuse(&self, path: &str) {
        path.clone_into(&mut self.content.lock().unwrap().refused);
    }

    /// Refuses reading at a path.
    pub fn forbid(&self, path: &str) {
        path.clone_into(&mut self.content.lock().unwrap().forbidden);
    }

    /// Method and path of each write since the last call of this; dry runs are none.
    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.content.lock().unwrap().writes)
    }
}

async fn serve(stream: TcpStream, content: Arc<Mutex<Content>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if stream.read_line(&mut first).await? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let (status, answer) = answer(&mut content.lock().unwrap(), method, target, body);
        let text = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        stream.write_all((head + &text).as_bytes()).await?;
    }
}

fn answer(content: &mut Content, method: &str, target: &str, body: Value) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let dry = query.contains("dryRun");
    if method != "GET" && !dry {
        content.writes.push(format!("{method} {path}"));
        if path == content.refused {
            return status(403, "Forbidden");
        }
    }
    match method {
        "GET" if path == content.forbidden => status(403, "Forbidden"),
        "GET" => read(content, path),
        "PATCH" => {
            let mut object = patched(content.objects.get(path), body);
            if let Some(status) = content.statuses.get(path) {
                object["status"] = status.clone();
            }
            if !dry {
                content.objects.insert(path.to_owned(), object.clone());
            }
            (200, object)
        }
        _ => match content.objects.remove(path) {
            Some(object) => (200, object),
            None => status(404, "NotFound"),
        },
    }
}

fn read(content: &Content, path: &str) -> (u16, Value) {
    if let Some((_, kinds)) = KINDS.iter().find(|(group, _)| *group == path) {
        let list = kinds.iter().map(|(kind, plural, namespaced)| json!({"kind": kind, "name": plural, "namespaced": namespaced}));
        return (200, json!({"resources": list.collect::<Vec<_>>()}));
    }
    match content.objects.get(path) {
        Some(object) => (200, object.clone()),
        None if is_collection(path) => (200, json!({"items": members(content, path)})),
        None => status(404, "NotFound"),
    }
}

fn is_collection(path: &str) -> bool {
    let plurals = KINDS.iter().flat_map(|(_, kinds)| *kinds);
    let last = path.rsplit('/').next().unwrap_or_default();
    plurals.into_iter().any(|(_, plural, _)| *plural == last)
}

fn members(content: &Content, path: &str) -> Vec<Value> {
    let (group, plural) = path.rsplit_once('/').unwrap_or_default();
    let (here, anywhere) = (format!("{path}/"), format!("{group}/namespaces/"));
    let of_a_namespace = |at: &str| {
        let mut rest = at.strip_prefix(&anywhere).unwrap_or_default().split('/');
        rest.nth(1) == Some(plural)
    };
    let found = content.objects.iter();
    found
        .filter(|(at, _)| at.starts_with(&here) || of_a_namespace(at))
        .map(|(_, object)| object.clone())
        .collect()
}

/// What a patch leaves: members are merged, null removes, and the writer is noted.
fn patched(live: Option<&Value>, patch: Value) -> Value {
    let mut object = live.cloned().unwrap_or_else(|| json!({}));
    merge(&mut object, patch);
    let metadata = &mut object["metadata"];
    metadata["uid"] = "one".into();
    let managers = &mut metadata["managedFields"];
    let ours = json!({"manager": kubernetes::MANAGER});
    match managers.as_array_mut() {
        Some(list) if list.contains(&ours) => {}
        Some(list) => list.push(ours),
        None => *managers = json!([ours]),
    }
    object
}

fn merge(target: &mut Value, patch: Value) {
    let Value::Object(members) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(&name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

fn status(code: u16, reason: &str) -> (u16, Value) {
    (
        code,
        json!({"kind": "Status", "reason": reason, "code": code, "message": reason}),
    )
}
