//! The remote object is a file on storages. It is delivered host by host; what lies there is read back, and what an earlier version
//! left behind is removed once no virtual machine names it.

use framework::prelude::*;

use super::deliver::deliver;
use super::import::import;
use super::model::TalosImage;
use super::observe::{note, observe};
use super::plan::{self, Private};
use super::usage::{self, Stopped};
use crate::provider::TalosStack;
use crate::shared::left_behind::Left;
use crate::shared::{proxmox, report};

/// The resource.
pub struct TalosImageResource;

impl Resource for TalosImageResource {
    type Provider = TalosStack;
    type Model = TalosImage;
    type Private = Private;
    const NAME: &'static str = "proxmox_talos_image";
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(60);

    fn validate(config: &TalosImage, diagnostics: &mut Diagnostics) {
        plan::validate(config, diagnostics);
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        let factory = cx.provider().and_then(|data| data.factory().ok());
        plan::plan(
            cx.provider().map(|data| data.proxmox.check()),
            factory,
            plan,
        );
        Ok(())
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: TalosImage,
        _config: TalosImage,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        deliver(cx, &planned, Private::default(), slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: TalosImage,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let name = state.file_name.text().to_owned();
        let client = match cx.provider().proxmox.client() {
            Ok(client) => client,
            Err(problem) => {
                cx.warn(
                    report::skipped(&name),
                    format!("{}; what state holds is kept.", problem.reason()),
                );
                return Ok(Read::state(state, private));
            }
        };
        let calls = proxmox::during(proxmox::REFRESH.min(cx.remaining()), cx.token());
        match observe(&client, &calls, &state).await {
            // What this resource left behind elsewhere is not forgotten with it.
            Ok(seen)
                if seen.present.is_empty()
                    && !seen.missing.is_empty()
                    && private.superseded.is_empty() =>
            {
                return Ok(Read::Gone);
            }
            Ok(seen) => {
                for (node, size) in &seen.replaced {
                    cx.warn(
                        format!("TS-IMAGE-REPLACED: {name}: the file on {node} is another one"),
                        format!("It has {size} bytes now. It is left alone; remove it to have the image delivered again."),
                    );
                }
                note(&mut state, &mut private, seen);
            }
            Err(error) => cx.warn(proxmox::kept(&name, &error), error.detail()),
        }
        state.id = state.file_id.clone();
        Ok(Read::state(state, private))
    }

    async fn update(
        cx: &ApplyCx<Self>,
        prior: TalosImage,
        planned: TalosImage,
        _config: TalosImage,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let mut private = cx.private().clone();
        if planned.file_ids == prior.file_ids
            && planned.size_bytes.is_known()
            && private.lacking().is_empty()
        {
            // Only what is not about the file changed.
            slot.set(planned);
            return Ok(());
        }
        private.superseded.extend(private.own(&prior));
        deliver(cx, &planned, private, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: TalosImage,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        let name = state.file_name.text().to_owned();
        let client = proxmox::client(cx.provider(), &name)?;
        let calls = proxmox::during(cx.remaining().min(proxmox::DESTROY * 4), cx.token());
        let mut volumes = cx.private().superseded.clone();
        volumes.extend(cx.private().own(&state));
        let mut left = usage::remove_unused(&client, &calls, volumes).await;
        for (node, volume) in &left.used {
            slot.warn(
                format!("TS-IMAGE-IN-USE: {name}: {volume} was left on {node}"),
                "A virtual machine has it in a drive, and could not start again without it. Remove it when that is over.",
            );
        }
        let unrecorded = cx.private().unrecorded(&state);
        let kept = [
            left.told_unseen(&name),
            usage::told_unrecorded(&name, &unrecorded),
        ];
        for (summary, detail) in kept.into_iter().flatten() {
            slot.warn(summary, detail);
        }
        let behind = Left {
            about: &name,
            undone: "the image was not removed",
            there: "The file is still there.",
        };
        match left.error.take() {
            None => Ok(()),
            Some(Stopped::Unseen(error)) => {
                proxmox::undone(&name, &error).end(cx.provider(), &behind, slot)
            }
            Some(Stopped::Call(error)) => Err(proxmox::error(&name, &error)),
        }
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(TalosImage, Private), Error> {
        let client = proxmox::client(cx.provider(), id)?;
        let calls = proxmox::during(cx.remaining(), cx.token());
        import(&client, &calls, id).await
    }
}
