//! The remote object is a virtual machine; its identity is vmid and SMBIOS UUID, wherever it runs.

use framework::prelude::*;
use proxmox_client::Kind;

use super::describe::{Scope, describe};
use super::model::TalosVm;
use super::observe::{Found, Sought, Wants, observe, place};
use super::plan::{self, Private};
use super::sight::Sight;
use super::superseded::left_over;
use super::{check, create, destroy, import, update};
use crate::provider::{Proxmox, TalosStack};
use crate::shared::proxmox;
use crate::shared::report;

/// The resource.
pub struct TalosVmResource;

impl Resource for TalosVmResource {
    type Provider = TalosStack;
    type Model = TalosVm;
    type Private = Private;
    const NAME: &'static str = "proxmox_talos_vm";
    const TIMEOUTS: OperationTimeouts = OperationTimeouts::minutes(30);

    fn validate(config: &TalosVm, diagnostics: &mut Diagnostics) {
        check::validate(config, diagnostics);
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        let cluster = cx.provider().map_or("", |data| data.cluster_name.as_str());
        plan::plan(
            cluster,
            cx.provider().map(|data| Proxmox::check(&data.proxmox)),
            plan,
        )
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: TalosVm,
        _config: TalosVm,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        create::create(cx, planned, slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: TalosVm,
        mut private: Private,
    ) -> Result<Read<Self>, Error> {
        let name = state.name.as_str().unwrap_or(state.id.text()).to_owned();
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
        let vmid = update::vmid_of(&state)?;
        let hint = state
            .current_node
            .as_str()
            .unwrap_or(state.node.text())
            .to_owned();
        let sought = Sought {
            vmid,
            uuid: state.uuid.text(),
            hint: &hint,
            cluster: &private.sight.cluster,
        };
        match observe(&client, &calls, &sought, Wants::of(&state)).await {
            Ok(Found::Here(sight)) => see(&mut state, &mut private, *sight),
            // An interrupted creation goes on: the next apply waits for it.
            Ok(Found::Making(_)) => private.unfinished = true,
            Ok(Found::Gone) => return Ok(Read::Gone),
            Ok(Found::Other) => {
                cx.warn(
                    format!("TS-VM-OTHER: {name}: vmid {vmid} belongs to another machine"),
                    "It has another UUID or is a container, and is left alone. The machine that state knows is gone.",
                );
                return Ok(Read::Gone);
            }
            Err(error) => cx.warn(proxmox::kept(&name, &error), error.detail()),
        }
        Ok(Read::state(state, private))
    }

    async fn update(
        cx: &ApplyCx<Self>,
        prior: TalosVm,
        planned: TalosVm,
        _config: TalosVm,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        update::update(cx, prior, planned, slot).await
    }

    async fn delete(
        cx: &ApplyCx<Self>,
        state: TalosVm,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        destroy::destroy(cx, state, slot).await
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(TalosVm, Private), Error> {
        let vmid = import::vmid(id)?;
        let client = proxmox::client(cx.provider(), id)?;
        let calls = proxmox::during(cx.remaining(), cx.token());
        let place = place(&client, &calls, vmid)
            .await
            .map_err(|error| proxmox::error(id, &error))?;
        let Some(place) = place else {
            return Err(Error::new(
                format!("TS-IMPORT: there is no virtual machine {vmid}"),
                "No host of the cluster has one with this vmid.",
            ));
        };
        if place.kind == Kind::Container {
            return Err(Error::new(
                format!("TS-IMPORT: {vmid} is a container"),
                "Only virtual machines can be imported. Write the vmid of one.",
            ));
        }
        let sight = super::observe::look(
            &client,
            &calls,
            &place.node,
            vmid,
            Wants {
                pool: true,
                ha: true,
                guest: false,
            },
        );
        let sight = sight.await.map_err(|error| proxmox::error(id, &error))?;
        import::imported(vmid, sight)
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        vec![IdentityAttribute {
            name: "vmid",
            description: "Number of the virtual machine in its Proxmox VE cluster.",
            required: true,
        }]
    }

    fn identity(state: &TalosVm) -> Option<Identity> {
        let vmid = state.vmid.get()?;
        Some(Identity::from([("vmid".to_owned(), vmid.to_string())]))
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        identity
            .get("vmid")
            .cloned()
            .ok_or_else(|| Error::new("TS-IMPORT: the identity has no vmid", "Set `vmid`."))
    }
}

/// What was seen, into state and private state.
fn see(state: &mut TalosVm, private: &mut Private, sight: Sight) {
    private.superseded = left_over(private, state, &sight);
    if !private.unfinished {
        describe(state, &sight, Scope::Set);
    }
    private.sight = sight;
}
