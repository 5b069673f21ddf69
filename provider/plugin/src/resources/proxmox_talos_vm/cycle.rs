//! Power cycles: one machine at a time, and the next one only when what this one served is served again. After a machine that served
//! nothing that can be seen, no other one follows in the same run.

use std::time::Duration;

use framework::model::go_text;
use framework::prelude::*;

use super::describe::computed;
use super::job::Job;
use super::model::TalosVm;
use super::observe::look;
use super::plan::cycles;
use super::power;
use crate::provider::Away;

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
        () = job.cx.token().cancelled() => return Err(queued(&job.name, job.cx.stop_reason())),
    };
    if let Some(away) = turn.as_ref().filter(|away| away.vmid != vmid) {
        return Err(held(&job.name, away));
    }
    let addresses = addresses(job, planned, vmid, node).await?;
    let ports = [
        &[power::port(planned)][..],
        &job.data().proxmox.counted_on[..],
    ]
    .concat();
    let served = power::answering(&addresses, &ports).await;
    let how = power::Shutdown::for_cycle(planned);
    if let Some(error) = late(&job.name, how, job.cx.remaining()) {
        return Err(error);
    }

    // Until it is seen again, no other one may go.
    *turn = Some(Away {
        vmid,
        name: job.name.clone(),
        unseen: served.is_empty().then(|| unseen(&addresses, &ports)),
    });
    let done = async {
        job.shut_down(node, vmid, how).await?;
        job.cx.phase("starting again");
        power::start(&job.client, &job.calls, node, vmid).await
    };
    done.await.map_err(|error| job.error(&error))?;
    if served.is_empty() {
        return Ok(());
    }
    job.cx
        .phase(format!("waiting for ports {served:?} to answer again"));
    for port in served {
        if !job.answers(planned, &addresses, port).await {
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

fn held(name: &str, away: &Away) -> Error {
    match &away.unseen {
        None => not_begun(
            "TS-VM-SILENT",
            name,
            &format!("the power cycle of {} did not come to its end", away.name),
            "See to the other machine, then apply again.",
        ),
        Some(why) => not_begun(
            "TS-VM-UNSEEN",
            name,
            &format!(
                "whether {} is back from its own power cycle cannot be seen from here: {why}",
                away.name
            ),
            &format!(
                "Workers wait as well, for nothing tells them from control planes here.\n\n\
                 Apply again once {} is back: each run cycles one such machine, and -target chooses which. Or run where the \
                 machines can be reached, with addresses from `network_seed` or the guest agent: then one run does them all.",
                away.name
            ),
        ),
    }
}

/// Why nothing was seen of a machine before its power cycle.
fn unseen(addresses: &[String], ports: &[u16]) -> String {
    if addresses.is_empty() {
        return "no address of it is known, neither from `network_seed` nor from its guest agent"
            .to_owned();
    }
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!(
        "none of the ports {} of {} took a connection before it either",
        ports.join(", "),
        addresses.join(", ")
    )
}

/// The operation ended while others had their turn.
fn queued(name: &str, reason: Option<StopReason>) -> Error {
    match reason {
        Some(StopReason::Deadline) => not_begun(
            "TS-VM-NO-TIME",
            name,
            "its time ran out before those of other machines were done",
            NO_TIME,
        ),
        Some(StopReason::Stopped) | None => not_begun(
            "TS-INTERRUPTED",
            name,
            "the run was interrupted while other machines had their turn",
            "Apply again.",
        ),
    }
}

const NO_TIME: &str = "Nothing was done to its power. Apply again, or raise `timeouts.update`.";

/// Refuses to begin what may not come to its end: the guest would be cut off early, or the machine would stay off.
fn late(name: &str, how: power::Shutdown, left: Duration) -> Option<Error> {
    let needed = how.with_start();
    (left < needed).then(|| {
        let why = format!(
            "{} of `timeouts.update` are left when its turn comes. The guest may need {} to shut down, and {} are needed with the start",
            go_text(Duration::from_secs(left.as_secs())),
            go_text(how.patience),
            go_text(needed)
        );
        not_begun("TS-VM-NO-TIME", name, &why, NO_TIME)
    })
}

fn not_begun(code: &str, name: &str, why: &str, cure: &str) -> Error {
    Error::new(
        format!("{code}: {name}: the power cycle was not begun"),
        format!(
            "Changes of {name} are pending until it is switched off and on, and {why}. Machines of a cluster are cycled one \
             after the other, so that etcd keeps its quorum. {cure}"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::testing::told;

    #[test]
    fn a_power_cycle_needs_its_shutdown_and_the_start() {
        let how = power::Shutdown {
            patience: Duration::from_secs(900),
            cut: true,
        };
        let error = told(&late("cp03", how, Duration::from_secs(1079)).unwrap().into());
        for part in ["TS-VM-NO-TIME: cp03", "17m59s of", "18m0s are needed"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(late("cp03", how, Duration::from_secs(1080)).is_none());
        // A short update has a short start.
        let short = power::Shutdown {
            patience: Duration::from_secs(60),
            ..how
        };
        assert!(late("cp03", short, Duration::from_secs(89)).is_some());
        assert!(late("cp03", short, Duration::from_secs(90)).is_none());
    }

    #[test]
    fn out_of_time_is_not_interrupted() {
        let told = |reason| told(&queued("cp03", Some(reason)).into());
        assert!(told(StopReason::Deadline).contains("TS-VM-NO-TIME"));
        assert!(told(StopReason::Stopped).contains("TS-INTERRUPTED"));
    }
}
