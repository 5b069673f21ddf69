//! Reboot, reset, shutdown: calls that start a sequence and return before it ends.

use proto_talos::machine::{
    self, RebootResponse, ResetPartitionSpec, ResetResponse, ShutdownRequest, ShutdownResponse,
};

use crate::client::{Client, Op, only};
use crate::cx::Cx;
use crate::error::Result;
use crate::method;

/// How to reboot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RebootMode {
    /// By kexec where the machine allows it.
    #[default]
    Default,
    /// Through the firmware.
    PowerCycle,
    /// Without stopping services first (Talos 1.12 and later).
    Force,
}

/// What a reset does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResetRequest {
    /// Leave etcd, cordon and drain first.
    pub graceful: bool,
    /// Start again instead of powering off.
    pub reboot: bool,
    /// Labels of system partitions to wipe, such as STATE and EPHEMERAL; none wipes the whole system disk.
    pub wipe_labels: Vec<String>,
}

impl Client {
    /// Starts a reboot; the answer marks its events. Needs the role os:operator.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn reboot(&self, cx: &Cx, mode: RebootMode) -> Result<String> {
        use machine::reboot_request::Mode;
        let mode = match mode {
            RebootMode::Default => Mode::Default,
            RebootMode::PowerCycle => Mode::Powercycle,
            RebootMode::Force => Mode::Force,
        };
        let request = machine::RebootRequest { mode: mode.into() };
        let op = Op::new(&method::REBOOT, &request);
        let answer: RebootResponse = self.unary(cx, &op, &request).await?;
        Ok(only(&op, &self.place(self.endpoint()), answer.messages)?.actor_id)
    }

    /// Starts a reset; the answer marks its events. Needs the role os:admin.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn reset(&self, cx: &Cx, reset: &ResetRequest) -> Result<String> {
        let partition = |label: &String| ResetPartitionSpec {
            label: label.clone(),
            wipe: true,
        };
        let request = machine::ResetRequest {
            graceful: reset.graceful,
            reboot: reset.reboot,
            system_partitions_to_wipe: reset.wipe_labels.iter().map(partition).collect(),
            ..machine::ResetRequest::default()
        };
        let op = Op::new(&method::RESET, &request);
        let answer: ResetResponse = self.unary(cx, &op, &request).await?;
        Ok(only(&op, &self.place(self.endpoint()), answer.messages)?.actor_id)
    }

    /// Starts a shutdown; with `force` without leaving the cluster in order. Needs the role os:operator.
    ///
    /// # Errors
    /// Any of the taxonomy.
    pub async fn shutdown(&self, cx: &Cx, force: bool) -> Result<String> {
        let request = ShutdownRequest { force };
        let op = Op::new(&method::SHUTDOWN, &request);
        let answer: ShutdownResponse = self.unary(cx, &op, &request).await?;
        Ok(only(&op, &self.place(self.endpoint()), answer.messages)?.actor_id)
    }
}
