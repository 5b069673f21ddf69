//! Power cycles, with guests whose ports are real.

use std::collections::BTreeSet;
use std::net::TcpListener;

use framework::testing::{MiniCore, Object};

use super::super::model::VmHa;
use super::*;
use crate::provider::TalosStack;
use crate::resources::proxmox_talos_vm::TalosVmResource;
use crate::shared::fake_pve::{FakePve, Fault};
use crate::shared::testing::told;

/// Where guests are: an address at which nobody else listens, for their ports are opened again.
const ADDRESS: &str = "127.83.0.1";

/// What a guest listens at.
struct Guest {
    open: Vec<TcpListener>,
    /// Ports that it listens at after a start.
    serves: BTreeSet<u16>,
}

impl Guest {
    /// A guest that listens at so many free ports.
    fn new(ports: usize) -> Self {
        let bind = |_| TcpListener::bind((ADDRESS, 0)).unwrap();
        let open: Vec<TcpListener> = (0..ports).map(bind).collect();
        let port = |socket: &TcpListener| socket.local_addr().unwrap().port();
        let serves = open.iter().map(port).collect();
        Self { open, serves }
    }

    fn power(&mut self, on: bool) {
        self.open.clear();
        if on {
            let bind = |port: &u16| TcpListener::bind((ADDRESS, *port)).unwrap();
            self.open = self.serves.iter().map(bind).collect();
        }
    }
}

/// The ports of Talos, etcd and the API; nothing listens at the last one.
struct Ports {
    talos: u16,
    etcd: u16,
    api: u16,
}

/// A cluster whose two machines share an address, as far as knocking goes.
async fn cluster() -> (FakePve, MiniCore<TalosStack>, Guest, Ports) {
    let pve = FakePve::start().await;
    let guest = Guest::new(3);
    let mut ports = guest.serves.iter().copied();
    let mut next = || ports.next().unwrap();
    let ports = Ports {
        talos: next(),
        etcd: next(),
        api: next(),
    };
    let mut data = pve.data();
    data.proxmox.counted_on = [ports.etcd, ports.api];
    (pve, MiniCore::with_data(data), guest, ports)
}

fn member(name: &str, vmid: i64, mib: i64, talos: u16) -> TalosVm {
    changed(|config| {
        config.name = name.into();
        config.vmid = vmid.into();
        config.memory.get_mut().unwrap().mib = mib.into();
        config.reboot_policy = "if_required".into();
        let seed = config.network_seed.get_mut().unwrap();
        seed.interfaces = one(
            "net0",
            SeedInterface {
                addresses: Field::Known(vec![format!("{ADDRESS}/8").into()]),
                gateway4: Field::Null,
                ..interface()
            },
        );
        config.wait_for = Field::Known(VmWaitFor {
            port: i64::from(talos).into(),
            timeout: GoDuration::parse("400ms").into(),
        });
    })
}

/// Orders to the machines' power, such as `101 shutdown`.
fn orders(pve: &FakePve) -> Vec<String> {
    let writes = pve.host.writes();
    let order = |line: &String| {
        let (vmid, what) = line.split_once("/qemu/")?.1.split_once("/status/")?;
        Some(format!("{vmid} {what}"))
    };
    writes.iter().filter_map(order).collect()
}

async fn two(
    core: &MiniCore<TalosStack>,
    talos: u16,
) -> (Object<TalosVmResource>, Object<TalosVmResource>) {
    let (mut one, mut other) = (core.object(), core.object());
    one.apply(Some(&member("cp01", 101, 4096, talos)))
        .await
        .unwrap();
    other
        .apply(Some(&member("cp02", 102, 4096, talos)))
        .await
        .unwrap();
    (one, other)
}

#[tokio::test]
async fn machines_are_cycled_one_after_the_other() {
    let (pve, core, mut guest, ports) = cluster().await;
    let (mut one, mut other) = two(&core, ports.talos).await;
    let begun = orders(&pve).len();
    pve.world().on_power = Some(Box::new(move |_, on| guest.power(on)));
    let larger = [
        member("cp01", 101, 8192, ports.talos),
        member("cp02", 102, 8192, ports.talos),
    ];
    let (first, second) = tokio::join!(one.apply(Some(&larger[0])), other.apply(Some(&larger[1])));
    first.unwrap();
    second.unwrap();
    let mut done = orders(&pve).split_off(begun);
    // Either may be the first.
    if done[0].starts_with("102") {
        done.rotate_left(2);
    }
    assert_eq!(
        done,
        ["101 shutdown", "101 start", "102 shutdown", "102 start"]
    );
}

#[tokio::test]
async fn the_next_one_is_held_while_a_port_that_answered_stays_silent() {
    for service in ["talos", "etcd", "api"] {
        let (pve, core, mut guest, ports) = cluster().await;
        let (mut one, mut other) = two(&core, ports.talos).await;
        let silent = match service {
            "talos" => ports.talos,
            "etcd" => ports.etcd,
            _ => ports.api,
        };
        guest.serves.remove(&silent);
        let begun = orders(&pve).len();
        pve.world().on_power = Some(Box::new(move |_, on| guest.power(on)));

        let larger = member("cp01", 101, 8192, ports.talos);
        let error = told(&one.apply(Some(&larger)).await.err().unwrap());
        for part in ["TS-VM-SILENT: cp01", &format!("port {silent} of"), "Cure: "] {
            assert!(error.contains(part), "{service}: {part}: {error}");
        }
        let larger = member("cp02", 102, 8192, ports.talos);
        let error = told(&other.apply(Some(&larger)).await.err().unwrap());
        for part in [
            "TS-VM-SILENT: cp02",
            "was not begun",
            "power cycle of cp01 did not come to its end",
        ] {
            assert!(error.contains(part), "{service}: {part}: {error}");
        }
        let done = orders(&pve).split_off(begun);
        assert_eq!(done, ["101 shutdown", "101 start"], "{service}");
        assert!(pve.world().vms[&102].running);
    }
}

#[tokio::test]
async fn what_did_not_answer_before_is_not_waited_for() {
    let (pve, core, mut guest, ports) = cluster().await;
    let (mut one, mut other) = two(&core, ports.talos).await;
    // A worker: neither etcd nor the API.
    guest.serves = BTreeSet::from([ports.talos]);
    guest.power(true);
    pve.world().on_power = Some(Box::new(move |_, on| guest.power(on)));
    one.apply(Some(&member("cp01", 101, 8192, ports.talos)))
        .await
        .unwrap();
    other
        .apply(Some(&member("cp02", 102, 8192, ports.talos)))
        .await
        .unwrap();
}

/// The provider of another run, which sees nothing of the guests.
fn blind(pve: &FakePve) -> MiniCore<TalosStack> {
    let mut data = pve.data();
    data.proxmox.counted_on = [1, 1];
    MiniCore::with_data(data)
}

#[tokio::test]
async fn a_machine_that_cannot_be_seen_holds_the_next_one_until_another_run() {
    // No way to the machines from here, or no address that is known.
    for seeded in [true, false] {
        let of = |name: &str, vmid: i64, mib: i64| {
            let mut wanted = member(name, vmid, mib, 1);
            if !seeded {
                wanted.network_seed = Field::Null;
            }
            wanted
        };
        let pve = FakePve::start().await;
        let core = blind(&pve);
        let mut one = core.object::<TalosVmResource>();
        let mut other = core.object::<TalosVmResource>();
        one.apply(Some(&of("cp01", 101, 4096))).await.unwrap();
        other.apply(Some(&of("cp02", 102, 4096))).await.unwrap();
        let begun = orders(&pve).len();
        one.apply(Some(&of("cp01", 101, 8192))).await.unwrap();
        let larger = of("cp02", 102, 8192);
        let error = told(&other.apply(Some(&larger)).await.err().unwrap());
        for part in [
            "TS-VM-UNSEEN: cp02",
            "was not begun",
            "cp01",
            "Apply again",
            "-target",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let why = if seeded { ADDRESS } else { "no address" };
        assert!(error.contains(why), "{error}");
        let done = orders(&pve).split_off(begun);
        assert_eq!(done, ["101 shutdown", "101 start"]);
        // It is not held by itself.
        one.apply(Some(&of("cp01", 101, 4096))).await.unwrap();

        let core = blind(&pve);
        let mut next = core.object::<TalosVmResource>();
        next.assume(&other.state().unwrap(), &other.private().unwrap())
            .unwrap();
        next.apply(Some(&larger)).await.unwrap();
        assert_eq!(pve.world().vms[&102].values["memory"], "8192");
    }
}

const SHUTDOWN: &str = "POST /nodes/pve1/qemu/101/status/shutdown";
const DISOBEYS: Fault = Fault::Fails("VM quit/powerdown failed - got timeout");

#[tokio::test]
async fn a_guest_gets_half_of_the_time_before_its_power_is_cut() {
    let (pve, core, guest, ports) = cluster().await;
    let (mut one, _) = two(&core, ports.talos).await;
    let begun = orders(&pve).len();
    let larger = TalosVm {
        timeouts: Field::Known(Timeouts {
            update: GoDuration::parse("40m").into(),
            ..Timeouts::default()
        }),
        ..member("cp01", 101, 8192, ports.talos)
    };
    let plan = one.plan(Some(&larger)).await.unwrap();
    let text = told(&plan.warnings);
    assert!(
        text.contains("TS-VM-POWER-CYCLE: cp01")
            && text.contains("20m0s to shut down")
            && text.contains("its power is cut"),
        "{text}"
    );
    pve.fault(SHUTDOWN, DISOBEYS);
    let text = told(&one.apply_plan(Some(&larger), &plan).await.unwrap());
    assert!(text.contains("TS-VM-POWER-CUT: cp01"), "{text}");
    assert!(
        text.contains("after 0s of up to 20m0s"),
        "what was waited, not what could have been: {text}"
    );
    assert_eq!(
        orders(&pve).split_off(begun),
        ["101 shutdown", "101 stop", "101 start"]
    );
    let journal = pve.host.journal();
    let asked = journal.iter().find(|asked| asked.line() == SHUTDOWN);
    let asked = asked.unwrap();
    let patience: u64 = asked.get("timeout").unwrap().parse().unwrap();
    assert_eq!(patience, 1200, "what the plan says");
    assert_eq!(
        asked.get("forceStop"),
        Some("0"),
        "the cut is told before it is made"
    );
    drop(guest);
}

#[tokio::test]
async fn a_guest_that_must_not_be_cut_off_is_left_running() {
    let (pve, core, _guest, ports) = cluster().await;
    let gentle = |mib: i64| TalosVm {
        on_destroy: Field::Known(VmOnDestroy {
            shutdown_timeout: Field::Null,
            force_stop: false.into(),
            foreign_disks: Field::Null,
        }),
        ..member("cp01", 101, mib, ports.talos)
    };
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&gentle(4096))).await.unwrap();
    pve.fault(SHUTDOWN, DISOBEYS);
    let error = told(&vm.apply(Some(&gentle(8192))).await.err().unwrap());
    assert!(error.contains("TS-PVE-TASK-FAILED: cp01"), "{error}");
    assert!(error.contains("powerdown failed"), "{error}");
    assert!(pve.world().vms[&101].running);
    assert_eq!(
        orders(&pve).last().map(String::as_str),
        Some("101 shutdown")
    );
}

#[tokio::test]
async fn a_guest_that_was_not_asked_keeps_its_power() {
    let unheard = [
        (Fault::Refused(401, "no such token"), 1, "TS-PVE-AUTH"),
        (Fault::Refused(404, "not here"), 1, "TS-PVE-NOT-PROXMOX"),
        (Fault::Refused(500, "something new"), 1, "TS-PVE-FAILED"),
        (Fault::Fails("unexpected status"), 3, "TS-PVE-TASK-LOST"),
        (Fault::Refused(503, "busy"), 99, "TS-PVE-BUSY"),
    ];
    for (fault, times, code) in unheard {
        for off in [false, true] {
            let pve = FakePve::start().await;
            let core = pve.core();
            let mut vm = core.object::<TalosVmResource>();
            vm.apply(Some(&member("cp01", 101, 4096, 1))).await.unwrap();
            (0..times).for_each(|_| pve.fault(SHUTDOWN, fault.clone()));
            let mut wanted = within("12s", member("cp01", 101, 8192, 1));
            if off {
                wanted.power_state = "stopped".into();
            }
            let error = told(&vm.apply(Some(&wanted)).await.err().unwrap());
            assert!(error.contains(&format!("{code}: cp01")), "{code}: {error}");
            let done = orders(&pve);
            assert!(!done.contains(&"101 stop".to_owned()), "{code}: {done:?}");
            assert!(pve.world().vms[&101].running, "{code}");
        }
    }
}

#[tokio::test]
async fn a_paused_machine_cannot_be_asked_and_is_cut_off() {
    let (pve, core, _guest, ports) = cluster().await;
    let (mut one, _) = two(&core, ports.talos).await;
    pve.fault(
        SHUTDOWN,
        Fault::Refused(500, "VM is paused - cannot shutdown"),
    );
    let larger = member("cp01", 101, 8192, ports.talos);
    let plan = one.plan(Some(&larger)).await.unwrap();
    let text = told(&one.apply_plan(Some(&larger), &plan).await.unwrap());
    assert!(text.contains("TS-VM-POWER-CUT: cp01"), "{text}");
    assert!(text.contains("VM is paused"), "{text}");
    assert!(orders(&pve).contains(&"101 stop".to_owned()));
}

#[tokio::test]
async fn a_shutdown_whose_answer_was_lost_is_seen_or_asked_for_again() {
    for (fault, presses) in [(Fault::Lost, 1), (Fault::Dropped, 2)] {
        let (pve, core, _guest, ports) = cluster().await;
        let (mut one, _) = two(&core, ports.talos).await;
        pve.fault(SHUTDOWN, fault);
        one.apply(Some(&member("cp01", 101, 8192, ports.talos)))
            .await
            .unwrap();
        let pressed = orders(&pve);
        let pressed = pressed.iter().filter(|order| order.ends_with("shutdown"));
        assert_eq!(pressed.count(), presses);
        assert_eq!(pve.world().vms[&101].values["memory"], "8192");
    }
}

/// The time that a member's update has.
fn within(time: &str, member: TalosVm) -> TalosVm {
    TalosVm {
        timeouts: Field::Known(Timeouts {
            update: GoDuration::parse(time).into(),
            ..Timeouts::default()
        }),
        ..member
    }
}

#[tokio::test]
async fn a_machine_whose_turn_comes_too_late_is_not_touched() {
    // Its turn comes with two of six seconds left, or not at all.
    for (time, why) in [
        ("6s", "are left when its turn comes"),
        ("2s", "its time ran out"),
    ] {
        let pve = FakePve::start().await;
        let data = pve.data();
        let cycling = data.proxmox.clone();
        let core = MiniCore::with_data(data);
        let mut vm = core.object::<TalosVmResource>();
        vm.apply(Some(&member("cp01", 101, 4096, 1))).await.unwrap();
        let begun = orders(&pve).len();
        let turn = cycling.turn().await;
        let busy = async {
            tokio::time::sleep(std::time::Duration::from_secs(4)).await;
            drop(turn);
        };
        let larger = within(time, member("cp01", 101, 8192, 1));
        let (applied, ()) = tokio::join!(vm.apply(Some(&larger)), busy);
        let error = told(&applied.err().unwrap());
        for part in ["TS-VM-NO-TIME: cp01", why, "raise `timeouts.update`"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("interrupted"), "{error}");
        assert_eq!(orders(&pve).len(), begun, "its power is left alone");
        assert!(pve.world().vms[&101].running);
        // The next run takes it up.
        vm.apply(Some(&member("cp01", 101, 8192, 1))).await.unwrap();
        assert_eq!(orders(&pve).split_off(begun), ["101 shutdown", "101 start"]);
    }
}

#[tokio::test]
async fn the_plan_says_what_becomes_of_a_guest_that_does_not_shut_down() {
    let pve = FakePve::start().await;
    let core = pve.core();
    let gentle = |mib: i64, state: Option<&'static str>| TalosVm {
        on_destroy: Field::Known(VmOnDestroy {
            shutdown_timeout: Field::Null,
            force_stop: false.into(),
            foreign_disks: Field::Null,
        }),
        ha: state.map_or(Field::Null, |state| {
            Field::Known(VmHa {
                state: state.into(),
                max_restart: Field::Null,
                max_relocate: Field::Null,
                comment: Field::Null,
            })
        }),
        ..member("cp01", 101, mib, 1)
    };
    let mut vm = core.object::<TalosVmResource>();
    vm.apply(Some(&gentle(4096, None))).await.unwrap();
    for (state, ending) in [
        (None, "it is left running"),
        (Some("ignored"), "it is left running"),
        (Some("started"), "high availability stops it by force"),
    ] {
        let plan = vm.plan(Some(&gentle(8192, state))).await.unwrap();
        let text = told(&plan.warnings);
        assert!(text.contains(ending), "{state:?}: {text}");
    }
}
