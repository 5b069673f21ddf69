//! What older releases lack (reference: table of versions).

use crate::proxmox::answer::{Answer, Refusal, Reply};
use crate::proxmox::datacenter::Version;
use crate::proxmox::schema::Method;

impl Version {
    fn is_before(self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) < (major, minor)
    }

    /// Whether a release serves a method: HA rules came with 9.0.
    pub(super) fn serves(self, method: &Method) -> bool {
        !(method.path.starts_with("/cluster/ha/rules") && self.is_before(9, 0))
    }

    /// Whether a release knows a parameter: `ha-managed` came with 9.1, `overrule-shutdown` with
    /// 8.2.
    pub(super) fn knows(self, parameter: &str) -> bool {
        match parameter {
            "ha-managed" => !self.is_before(9, 1),
            "overrule-shutdown" => !self.is_before(8, 2),
            _ => true,
        }
    }

    /// The privilege that a release has in place of one of 9.0: guest agents were VM.Monitor's.
    pub(super) fn privilege(self, name: &str) -> &str {
        match name.starts_with("VM.GuestAgent.") && self.is_before(9, 0) {
            true => "VM.Monitor",
            false => name,
        }
    }

    /// Before 8.4 the message stood in the reason phrase alone.
    pub(super) fn shape(self, mut answer: Answer) -> Answer {
        let body = answer.body.as_mut().and_then(|body| body.as_object_mut());
        if let Some(body) = body.filter(|_| answer.status >= 400 && self.is_before(8, 4)) {
            body.remove("message");
        }
        answer
    }

    /// Before 8.4 only OVA files could be imported.
    pub(super) fn check_import_file(self, content: &str, name: &str) -> Reply<()> {
        match content == "import" && self.is_before(8, 4) && !name.ends_with(".ova") {
            true => Err(Refusal::parameter("filename", "wrong file extension")),
            false => Ok(()),
        }
    }
}
