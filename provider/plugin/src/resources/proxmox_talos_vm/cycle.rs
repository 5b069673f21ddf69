//! Power cycles: one machine at a time, and the next one only when what this one served is served again.

use framework::prelude::*;

use super::describe::computed;
use super::job::Job;
use super::model::TalosVm;
use super::observe::look;
use super::plan::cycles;
use super::power;

/// Shuts down and starts a machine that has something pending, where that is allowed.
pub async fn cycle(job: &Job<'_>, planned: &TalosVm, vmid: u32, node: &str) -> Result<(), Error> {
    if !cycles(planned) {
        return Ok(());
    }
    let pending = job.client.pending(&job.calls, node, vmid).await;
    if pending.map_err(|error| job.error(&error))?.is_empty() {
        return Ok(());
    }
    job.cx.phase("waiting for other machines to come back");
    let mut turn = tokio::select! {
        turn = job.data().proxmox.turn() => turn,
        () = job.cx.token().cancelled() => return Err(held(&job.name, "the run was interrupted")),
    };
    if let Some(silent) = turn.as_ref() {
        return Err(held(
            &job.name,
            &format!("{silent} did not come back from its own"),
        ));
    }
    let addresses = addresses(job, planned, vmid, node).await?;
    let ports = [
        &[power::port(planned)][..],
        &job.data().proxmox.counted_on[..],
    ]
    .concat();
    let served = power::answering(&addresses, &ports).await;

    // Until it is seen again, no other one may go.
    *turn = Some(job.name.clone());
    let done = async {
        job.shut_down(node, vmid, planned).await?;
        job.cx.phase("starting again");
        power::start(&job.client, &job.calls, node, vmid).await
    };
    done.await.map_err(|error| job.error(&error))?;
    job.cx
        .phase(format!("waiting for ports {served:?} to answer again"));
    for port in served {
        if !power::answers_at(
            planned,
            &addresses,
            port,
            job.cx.remaining(),
            job.cx.token(),
        )
        .await
        {
            return Err(silent(&job.name, port, &addresses));
        }
    }
    *turn = None;
    Ok(())
}

/// Where the machine is now.
async fn addresses(
    job: &Job<'_>,
    planned: &TalosVm,
    vmid: u32,
    node: &str,
) -> Result<Vec<String>, Error> {
    let sight = look(&job.client, &job.calls, node, vmid, job.wants).await;
    let mut now = planned.clone();
    computed(&mut now, &sight.map_err(|error| job.error(&error))?);
    Ok(now.talos_endpoints.all_known().unwrap_or_default())
}

fn held(name: &str, why: &str) -> Error {
    Error::new(
        format!("TS-VM-SILENT: {name}: the power cycle was not begun"),
        format!(
            "Changes of {name} are pending until it is switched off and on, and {why}. Machines of a cluster are cycled one \
             after the other, so that etcd keeps its quorum. See to the other machine, then apply again."
        ),
    )
}

fn silent(name: &str, port: u16, addresses: &[String]) -> Error {
    Error::new(
        format!(
            "TS-VM-SILENT: {name}: the machine does not serve again what it served before its power cycle"
        ),
        format!(
            "Tried: port {port} of {}\nCause: it is still starting, or does not start with what was changed.\n\
             Cure: look at its console in Proxmox VE, then apply again. No other machine is cycled until then.",
            addresses.join(", ")
        ),
    )
}
