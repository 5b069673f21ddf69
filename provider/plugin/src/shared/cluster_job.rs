//! One operation on the objects of a cluster: how it is reached, for how long, and what core knows of the work so far.

use framework::prelude::*;
use kubernetes::{Client, Code, Cx};

use super::kubernetes as operation;
use super::kubernetes_access::KubernetesAccess;
use super::left_behind::Undone;
use crate::provider::TalosStack;

/// What one operation works with.
pub struct Job<'a, R: Resource> {
    /// Its context.
    pub cx: &'a ApplyCx<R>,
    /// Name in messages.
    pub about: String,
    /// Its limits.
    pub calls: Cx,
    /// The cluster.
    pub client: Client,
    /// The cluster's UID.
    pub cluster: String,
}

impl<'a, R: Resource<Provider = TalosStack>> Job<'a, R> {
    /// Reaches the cluster, which must be the one of this UID; an empty one accepts any.
    pub async fn reach(
        cx: &'a ApplyCx<R>,
        own: &Field<KubernetesAccess>,
        about: String,
        uid: &str,
    ) -> Result<Self, Undone> {
        let calls = operation::during(cx.remaining(), cx.token());
        let (client, cluster) = operation::reach(cx.provider(), own, &about, &calls, uid).await?;
        Ok(Self {
            cx,
            about,
            calls,
            client,
            cluster,
        })
    }

    /// An error of the client, about what is worked on.
    pub fn error(&self, error: &kubernetes::Error) -> Error {
        operation::error(&self.about, error)
    }

    /// Whether a wait ended without anybody saying that it cannot come true: the next apply goes on waiting.
    pub fn is_undecided(&self, error: &kubernetes::Error) -> bool {
        error.code.is_silence() || error.code == Code::Cancelled || self.calls.is_over()
    }
}

/// State and private state as far as the work has come.
pub struct Progress<'s, R: Resource> {
    /// State.
    pub state: R::Model,
    /// Private state.
    pub private: R::Private,
    /// Where core gets them from.
    pub slot: &'s mut Slot<R>,
}

impl<R: Resource> Progress<'_, R>
where
    R::Model: Clone,
    R::Private: Clone,
{
    /// Makes both known to core, whatever comes after.
    pub fn record(&mut self) {
        self.slot.set(self.state.clone());
        self.slot.private(self.private.clone());
    }
}
