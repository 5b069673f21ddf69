//! Scripted answers to calls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use proto_talos::cosi::resource as cosi;
use proto_talos::cosi::resource::state_server::State;
use proto_talos::machine as api;
use proto_talos::machine::machine_service_server::MachineService;
use tonic::codegen::BoxStream;
use tonic::{Code, Request, Response, Status};

/// What becomes of one call.
#[derive(Clone)]
pub enum Answer {
    Ok,
    Status(Code, &'static str),
    /// Nothing, ever.
    Silence,
    /// The connection breaks after the call was carried out.
    Cut,
}

/// A machine that answers from a script, and well when the script is over.
#[derive(Clone, Default)]
pub struct Fake {
    script: Arc<Mutex<VecDeque<Answer>>>,
    pub calls: Arc<AtomicUsize>,
    pub cut: Arc<AtomicUsize>,
    /// What watches show, round by round; the watch ends after each round but the last.
    pub rounds: Arc<Mutex<VecDeque<Vec<&'static str>>>>,
    pub nodes: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub fn scripted(answers: impl IntoIterator<Item = Answer>) -> Fake {
        let fake = Fake::default();
        fake.script.lock().unwrap().extend(answers);
        fake
    }

    pub fn called(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn answer<T: Default>(&self, request: Request<impl Send>) -> Result<Response<T>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(node) = request.metadata().get("node") {
            self.nodes
                .lock()
                .unwrap()
                .push(node.to_str().unwrap().to_owned());
        }
        let next = self.script.lock().unwrap().pop_front();
        match next.unwrap_or(Answer::Ok) {
            Answer::Ok => {}
            Answer::Status(code, message) => return Err(Status::new(code, message)),
            Answer::Silence => std::future::pending().await,
            Answer::Cut => {
                self.cut.fetch_add(1, Ordering::SeqCst);
            }
        }
        Ok(Response::new(T::default()))
    }
}

fn status(stage: &str) -> cosi::Resource {
    let metadata = cosi::Metadata {
        id: "machine".into(),
        version: "1".into(),
        phase: "running".into(),
        ..Default::default()
    };
    let yaml_spec = format!("stage: {stage}\nstatus:\n    ready: true\n    unmetConditions: []\n");
    cosi::Resource {
        metadata: Some(metadata),
        spec: Some(cosi::Spec {
            proto_spec: Vec::new(),
            yaml_spec,
        }),
    }
}

#[tonic::async_trait]
impl MachineService for Fake {
    async fn version(
        &self,
        request: Request<()>,
    ) -> Result<Response<api::VersionResponse>, Status> {
        let mut answer = self.answer::<api::VersionResponse>(request).await?;
        let version = api::VersionInfo {
            tag: "v1.12.6".into(),
            ..Default::default()
        };
        answer.get_mut().messages.push(api::Version {
            version: Some(version),
            ..Default::default()
        });
        Ok(answer)
    }

    async fn bootstrap(
        &self,
        request: Request<api::BootstrapRequest>,
    ) -> Result<Response<api::BootstrapResponse>, Status> {
        let mut answer = self.answer::<api::BootstrapResponse>(request).await?;
        answer.get_mut().messages.push(api::Bootstrap::default());
        Ok(answer)
    }

    async fn apply_configuration(
        &self,
        request: Request<api::ApplyConfigurationRequest>,
    ) -> Result<Response<api::ApplyConfigurationResponse>, Status> {
        let mut answer = self
            .answer::<api::ApplyConfigurationResponse>(request)
            .await?;
        answer
            .get_mut()
            .messages
            .push(api::ApplyConfiguration::default());
        Ok(answer)
    }
}

#[tonic::async_trait]
impl State for Fake {
    async fn get(
        &self,
        request: Request<cosi::GetRequest>,
    ) -> Result<Response<cosi::GetResponse>, Status> {
        let mut answer = self.answer::<cosi::GetResponse>(request).await?;
        answer.get_mut().resource = Some(status("maintenance"));
        Ok(answer)
    }

    async fn watch(
        &self,
        request: Request<cosi::WatchRequest>,
    ) -> Result<Response<BoxStream<cosi::WatchResponse>>, Status> {
        // The real server does not survive a request without options.
        request
            .get_ref()
            .options
            .as_ref()
            .ok_or_else(|| Status::internal("options are missing"))?;
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut rounds = self.rounds.lock().unwrap();
        let stages = rounds.pop_front().unwrap_or_default();
        let last = rounds.is_empty();
        let event = |stage: &&str| match *stage {
            "" => cosi::Event {
                event_type: cosi::EventType::Destroyed.into(),
                resource: Some(status("")),
                ..Default::default()
            },
            stage => cosi::Event {
                event_type: cosi::EventType::Updated.into(),
                resource: Some(status(stage)),
                ..Default::default()
            },
        };
        let mut answers = vec![Ok(cosi::WatchResponse::default())];
        answers.extend(stages.iter().map(|stage| {
            Ok(cosi::WatchResponse {
                event: vec![event(stage)],
            })
        }));
        let shown = tokio_stream::iter(answers);
        Ok(Response::new(match last {
            true => Box::pin(tokio_stream::StreamExt::chain(
                shown,
                tokio_stream::pending(),
            )),
            false => Box::pin(shown),
        }))
    }
}
