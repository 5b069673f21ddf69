//! Services as they come up. Which there are: `StartAllServices` and the sequencer of Talos 1.12.

use super::{Rack, Step};
use crate::talos::machine::{Door, Key, Machine, Run, Service};

/// From the configuration to apid's certificate.
pub(super) const API: i64 = 1_000;
/// How often a worker asks for its certificate.
const ASK: i64 = 1_000;
const CRI: i64 = 1_500;
const KUBELET: i64 = 4_000;

impl Rack {
    /// What runs before there is a configuration.
    pub(super) fn services_of_the_kernel(&mut self, key: &Key) {
        let now = self.now;
        let metal = [
            "auditd",
            "containerd",
            "dashboard",
            "machined",
            "syslogd",
            "udevd",
        ];
        let Some(run) = self.run_mut(key) else {
            return;
        };
        for name in metal {
            let mut service = Service::begin(now, "");
            service.run(now, "Service started as goroutine");
            if !["auditd", "dashboard"].contains(&name) {
                service.check(now, true);
            }
            run.services.insert(name.to_owned(), service);
        }
    }

    pub(super) fn start_services(&mut self, key: &Key) {
        let now = self.now;
        let Some(run) = self.run_mut(key) else {
            return;
        };
        let control_plane = run.control_plane();
        let mut waits = |name: &str, what: &str| {
            let service = Service::begin(now, what);
            run.services.insert(name.to_owned(), service);
        };
        waits("cri", "network");
        waits("kubelet", "service \"cri\" to be \"up\"");
        if control_plane {
            waits("etcd", "service \"cri\" to be \"up\", time sync, network");
        }
        self.renew_extensions(key);
        self.later(key, CRI, Step::Cri);
        self.later(key, KUBELET, Step::Kubelet);
    }

    /// Extension services by the configuration in force.
    pub(super) fn renew_extensions(&mut self, key: &Key) {
        let now = self.now;
        let Some(run) = self.run_mut(key) else {
            return;
        };
        let wanted = run
            .active
            .as_ref()
            .map(|config| config.extension_services());
        let names: Vec<String> = wanted.unwrap_or_default();
        let names: Vec<String> = names.iter().map(|name| format!("ext-{name}")).collect();
        run.services
            .retain(|name, _| !name.starts_with("ext-") || names.contains(name));
        for name in names {
            run.services.entry(name).or_insert_with(|| {
                let mut service = Service::begin(now, "service \"cri\" to be \"up\"");
                service.run(now, "Started task");
                service
            });
        }
    }

    pub(super) fn api(&mut self, key: &Key) {
        let now = self.now;
        if self.identity(key).is_none() {
            // trustd of a control plane signs it (`secrets.APIController`).
            self.later(key, ASK, Step::Api);
            return;
        }
        let Some(run) = self.run_mut(key) else {
            return;
        };
        let mut names = vec![("apid", "api certificates")];
        if run.control_plane() {
            names.push(("trustd", "time sync, network"));
        }
        for (name, what) in names {
            let mut service =
                Service::begin(now, &format!("service \"containerd\" to be \"up\", {what}"));
            service.run(now, "Started task");
            service.check(now, true);
            run.services.insert(name.to_owned(), service);
        }
        run.open(Door::Api);
    }

    pub(super) fn cri(&mut self, key: &Key) {
        self.running(key, "cri");
        self.healthy(key, "cri");
        if self.run(key).is_some_and(Run::control_plane) {
            self.etcd_try(key);
        }
    }

    pub(super) fn kubelet(&mut self, key: &Key) {
        self.running(key, "kubelet");
        self.healthy(key, "kubelet");
    }

    pub(super) fn running(&mut self, key: &Key, name: &str) {
        let now = self.now;
        let service = self.run_mut(key).and_then(|run| run.services.get_mut(name));
        if let Some(service) = service {
            service.run(now, "Started task");
        }
    }

    fn healthy(&mut self, key: &Key, name: &str) {
        let now = self.now;
        let service = self.run_mut(key).and_then(|run| run.services.get_mut(name));
        if let Some(service) = service {
            service.check(now, true);
        }
    }

    /// What etcd's health check says.
    pub(super) fn see_to_health(&mut self) {
        let keys: Vec<Key> = self.machines.keys().cloned().collect();
        let now = self.now;
        for key in keys {
            let healthy = self.etcd_healthy(&key);
            let run = self.run_mut(&key).filter(|run| run.etcd);
            if let Some(etcd) = run.and_then(|run| run.services.get_mut("etcd")) {
                etcd.check(now, healthy);
            }
        }
    }

    /// The authority that signs for apid: certificate and key, in PEM. A worker's is the control
    /// planes', and there only while one of them runs trustd.
    pub(crate) fn identity(&self, key: &Key) -> Option<(Vec<u8>, Vec<u8>)> {
        let config = self.machine(key)?.active()?;
        let certificate = config.bytes_at("/machine/ca/crt")?;
        if let Some(own) = config.bytes_at("/machine/ca/key") {
            return Some((certificate, own));
        }
        let mut others = self.machines.values();
        others.find_map(|other| {
            let config = trusting(other)?;
            let same = config.bytes_at("/machine/ca/crt")? == certificate;
            let same = same && config.text_at("/machine/token") == self.token(key);
            same.then(|| Some((certificate.clone(), config.bytes_at("/machine/ca/key")?)))?
        })
    }

    fn token(&self, key: &Key) -> Option<&str> {
        self.machine(key)?.active()?.text_at("/machine/token")
    }
}

/// The configuration of a machine that runs trustd.
fn trusting(machine: &Machine) -> Option<&crate::talos::config::Config> {
    let runs = machine.run.as_ref()?.service_runs("trustd");
    machine.active().filter(|_| runs)
}
