//! One operation on one machine: what it needs, checked once.

use std::collections::BTreeMap;
use std::time::Duration;

use framework::model::go_text;
use framework::prelude::*;
use proxmox_client::{Client, Cx, Source, Upload};
use tokio::time::Instant;

use super::TalosVmResource;
use super::delta::{Delta, HaChange};
use super::model::TalosVm;
use super::observe::Wants;
use super::plan::{hardware_addresses, placeholder};
use super::power;
use super::seed::seed_image;
use super::sight::Sight;
use crate::provider::Data;
use crate::shared::proxmox;

/// Everything that an operation needs.
pub struct Job<'a> {
    /// Context of the operation.
    pub cx: &'a ApplyCx<TalosVmResource>,
    /// Client of the cluster.
    pub client: Client,
    /// Limits of calls.
    pub calls: Cx,
    /// Name of the machine, for messages.
    pub name: String,
    /// What is worth a call of its own.
    pub wants: Wants,
}

impl<'a> Job<'a> {
    /// Refuses what stands in for values of earlier stages.
    pub fn new(cx: &'a ApplyCx<TalosVmResource>, model: &TalosVm) -> Result<Self, Error> {
        let name = model.name.text().to_owned();
        if let Some(attribute) = placeholder(model) {
            return Err(proxmox::refuse_placeholder(&name, &attribute));
        }
        Ok(Self {
            client: proxmox::client(cx.provider(), &name)?,
            calls: proxmox::during(cx.remaining(), cx.token()),
            wants: Wants::of(model),
            cx,
            name,
        })
    }

    /// The provider's data.
    pub fn data(&self) -> &Data {
        self.cx.provider()
    }

    /// An error of the client as one of this machine.
    pub fn error(&self, error: &proxmox_client::Error) -> Error {
        proxmox::error(&self.name, error)
    }

    /// Puts the image of the seed where it belongs, unless the machine has it in its drive. Gives slot and volume.
    pub async fn deliver_seed(
        &self,
        node: &str,
        model: &TalosVm,
        sight: &Sight,
    ) -> Result<Option<(String, String)>, Error> {
        let macs = hardware_addresses(&self.data().cluster_name, model, sight);
        let Some(image) = seed_image(model, &macs) else {
            return Ok(None);
        };
        let volume = image.volume();
        let in_drive = sight
            .values
            .get(&image.slot)
            .is_some_and(|drive| drive.split(',').next() == Some(volume.as_str()));
        if !in_drive {
            self.cx.phase("uploading the seed");
            let upload = Upload {
                content: "iso",
                file_name: &image.file_name,
                checksum: Some(("sha256", &image.sha256)),
                source: Source::Bytes(image.bytes),
            };
            self.upload(node, &image.storage, &upload).await?;
        }
        Ok(Some((image.slot, volume)))
    }

    /// Uploads the same bytes under the same name: doing it twice is the same as doing it once.
    async fn upload(&self, node: &str, storage: &str, upload: &Upload<'_>) -> Result<(), Error> {
        let mut last = None;
        for _ in 0..3 {
            match self.client.upload(&self.calls, node, storage, upload).await {
                Ok(_) => return Ok(()),
                Err(error) if error.sent == proxmox_client::Sent::Maybe || error.is_transient() => {
                    last = Some(error)
                }
                Err(error) => return Err(self.error(&error)),
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        Err(match last {
            Some(error) => self.error(&error),
            None => Error::new(
                "TS-PROVIDER-BUG: an upload ended without a result",
                "Please report this.",
            ),
        })
    }

    /// Removes the image of a seed that is in no drive any more, and says whether it is gone. One that stays behind is harmless, and told.
    pub async fn remove_volume(&self, node: &str, volume: &str) -> bool {
        let calls = self.calls.capped(proxmox::DESTROY);
        let Err(error) = self.client.remove_volume(&calls, node, volume).await else {
            return true;
        };
        self.cx.warn(
            format!(
                "TS-VM-SEED-LEFT: {}: the image of a seed was left behind",
                self.name
            ),
            format!("{volume} could not be removed.\n{}", error.detail()),
        );
        false
    }

    /// Destroys a machine that was never started. Its protection was set with it and protects nothing yet: it is taken off first.
    pub async fn remove_unstarted(
        &self,
        calls: &Cx,
        node: &str,
        vmid: u32,
    ) -> proxmox_client::Result<()> {
        self.unprotect(calls, node, vmid).await?;
        self.client.destroy_vm(calls, node, vmid).await.map(|_| ())
    }

    /// Takes off the protection of Proxmox VE, where it is on.
    pub async fn unprotect(&self, calls: &Cx, node: &str, vmid: u32) -> proxmox_client::Result<()> {
        let config = self.client.config(calls, node, vmid).await?;
        if config.values.get("protection").is_none_or(|on| on != "1") {
            return Ok(());
        }
        let off = BTreeMap::from([("protection".to_owned(), "0".to_owned())]);
        let digest = &config.digest;
        self.client
            .configure(calls, node, vmid, &off, &[], digest)
            .await
            .map(|_| ())
    }

    /// Carries out a decision, step by step.
    pub async fn carry_out(
        &self,
        vmid: u32,
        sight: &Sight,
        delta: &Delta,
    ) -> proxmox_client::Result<()> {
        let node = &sight.node;
        for (slot, gib) in &delta.grow {
            self.cx.phase(format!("growing {slot}"));
            self.client
                .grow(&self.calls, node, vmid, slot, *gib)
                .await?;
        }
        if !delta.set.is_empty() || !delta.delete.is_empty() {
            self.cx.phase("changing the configuration");
            self.configure(vmid, sight, delta).await?;
        }
        if let Some((from, to)) = &delta.pool {
            match (from, to) {
                (_, Some(to)) => self.client.join_pool(&self.calls, to, vmid).await?,
                (Some(from), None) => self.client.leave_pool(&self.calls, from, vmid).await?,
                (None, None) => {}
            }
        }
        match &delta.ha {
            HaChange::None => Ok(()),
            HaChange::Add(settings) => self.client.ha_add(&self.calls, vmid, settings).await,
            HaChange::Set(settings, unset) => {
                self.client.ha_set(&self.calls, vmid, settings, unset).await
            }
            HaChange::Remove => self.client.ha_remove(&self.calls, vmid).await,
        }
    }

    /// What the running machine did not take stays pending; that is told and no failure.
    async fn configure(
        &self,
        vmid: u32,
        sight: &Sight,
        delta: &Delta,
    ) -> proxmox_client::Result<()> {
        let digest = if delta.grow.is_empty() {
            sight.digest.clone()
        } else {
            self.client
                .config(&self.calls, &sight.node, vmid)
                .await?
                .digest
        };
        let delete: Vec<String> = delta.delete.iter().cloned().collect();
        let set = self.with_present_sizes(vmid, sight, delta).await?;
        match self
            .client
            .configure(&self.calls, &sight.node, vmid, &set, &delete, &digest)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.code == proxmox_client::Code::Hotplug => {
                self.cx
                    .warn(proxmox::summary(&self.name, &error), error.detail());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A disk that just grew has another size in its settings than the one that was looked at.
    async fn with_present_sizes(
        &self,
        vmid: u32,
        sight: &Sight,
        delta: &Delta,
    ) -> proxmox_client::Result<BTreeMap<String, String>> {
        let mut set = delta.set.clone();
        if !set.keys().any(|key| delta.grow.contains_key(key)) {
            return Ok(set);
        }
        let present = self
            .client
            .config(&self.calls, &sight.node, vmid)
            .await?
            .values;
        for key in delta.grow.keys() {
            let format = proxmox_client::codec::format_of(key);
            let read = |text: Option<&String>| format.and_then(|format| format.parse(text?).ok());
            if let (Some(format), Some(mut new), Some(now)) =
                (format, read(set.get(key)), read(present.get(key)))
                && let Some(size) = now.get("size")
            {
                new.set("size", size);
                set.insert(key.clone(), format.print(&new));
            }
        }
        Ok(set)
    }

    /// Shuts a machine down that is needed again, and tells where its power has to be cut.
    pub async fn shut_down(
        &self,
        node: &str,
        vmid: u32,
        how: power::Shutdown,
    ) -> proxmox_client::Result<()> {
        self.cx.phase(how.told());
        let asked = Instant::now();
        power::stop(&self.client, &self.calls, node, vmid, how, |error| {
            let waited = Duration::from_secs(asked.elapsed().as_secs());
            self.cx
                .phase("the guest did not shut down; cutting its power");
            self.cx.warn(
                format!("TS-VM-POWER-CUT: {}: the guest did not shut down", self.name),
                format!(
                    "Tried: its power button; given up after {} of up to {}\nSeen: {}\nIts power was cut. Cause: the guest hangs or is paused, or its \
                     pods take longer to end.\nCure: look at its console in Proxmox VE. A longer `timeouts.update` gives it more time: half of it. `on_destroy.force_stop = false` leaves it running instead.",
                    go_text(waited),
                    go_text(how.patience),
                    error.seen
                ),
            );
        })
        .await
    }

    /// Waits until one of the addresses takes a connection at `port`; false when time runs out.
    pub async fn answers(&self, model: &TalosVm, addresses: &[String], port: u16) -> bool {
        let (left, token) = (self.cx.remaining(), self.cx.token());
        power::answers_at(model, addresses, port, left, token).await
    }

    /// Waits for the machine to answer; running out of time is told and no failure.
    pub async fn wait_for(&self, model: &TalosVm) {
        let addresses = model.talos_endpoints.all_known().unwrap_or_default();
        if addresses.is_empty() {
            return;
        }
        self.cx.phase("waiting for Talos to answer");
        let port = power::port(model);
        if !self.answers(model, &addresses, port).await {
            self.cx.warn(
                format!("TS-VM-SILENT: {}: the machine does not answer yet", self.name),
                format!(
                    "Tried: {}\nCause: it is still starting, has no system to start from, or its addresses do not lead to it from here.\n\
                     Cure: look at its console in Proxmox VE. The next stage says what is missing.",
                    addresses.join(", ")
                ),
            );
        }
    }
}

/// The volume in the drive of the seed.
pub fn seed_volume(model: &TalosVm, sight: &Sight) -> Option<String> {
    let slot = model.network_seed.get()?.slot.as_str()?;
    let volume = sight.values.get(slot)?.split(',').next()?;
    volume
        .contains(":iso/talos-seed-")
        .then(|| volume.to_owned())
}
