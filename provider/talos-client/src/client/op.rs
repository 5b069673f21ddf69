//! One operation: which call, on what, and how it is told to recorders.

use proto_talos::{common, machine};

use crate::error::{Code, Error, Result};
use crate::method::Method;

/// A message in a few words without secrets, for recorders.
pub(crate) trait Tell {
    fn tell(&self) -> String;
}

/// One call with its object.
pub(crate) struct Op<'a> {
    pub method: &'a Method,
    /// The object, where the method's title does not say it.
    pub object: String,
    pub request: &'a (dyn Tell + Send + Sync),
}

impl<'a> Op<'a> {
    pub fn new(method: &'a Method, request: &'a (dyn Tell + Send + Sync)) -> Op<'a> {
        Op {
            method,
            object: String::new(),
            request,
        }
    }

    pub fn on(mut self, object: impl Into<String>) -> Op<'a> {
        self.object = object.into();
        self
    }

    /// What is tried, and at which address.
    pub fn attempted(&self, place: &str) -> String {
        match self.object.as_str() {
            "" => format!("{} at {place}", self.method.title),
            object => format!("{} ({object}) at {place}", self.method.title),
        }
    }
}

impl Tell for () {
    fn tell(&self) -> String {
        String::new()
    }
}

/// A reply of one node.
pub(crate) trait FromNode {
    fn metadata(&self) -> Option<&common::Metadata>;
}

macro_rules! from_node {
    ($($reply:ident),*) => {
        $(impl FromNode for machine::$reply {
            fn metadata(&self) -> Option<&common::Metadata> {
                self.metadata.as_ref()
            }
        })*
    };
}

from_node!(
    ApplyConfiguration,
    Bootstrap,
    EtcdMembers,
    EtcdRecover,
    EtcdStatus,
    Memory,
    Reboot,
    Reset,
    ServiceList,
    Shutdown,
    Version
);

/// The reply of the one node that was asked.
pub(crate) fn only<T: FromNode>(op: &Op<'_>, place: &str, mut messages: Vec<T>) -> Result<T> {
    let failed = |seen: &str| Error::new(Code::NodeFailed, op.attempted(place), seen);
    let Some(reply) = messages.pop() else {
        return Err(failed("an empty answer"));
    };
    let metadata = reply.metadata().cloned().unwrap_or_default();
    let status = metadata.status.filter(|status| status.code != 0);
    match (status, metadata.error.as_str()) {
        (Some(status), _) => Err(failed(&status.message)),
        (None, "") => Ok(reply),
        (None, error) => Err(failed(error)),
    }
}
