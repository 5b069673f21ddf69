//! The Talos client on real machines: from maintenance mode to etcd, and what it says when a machine refuses or goes away.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::fs::File;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use acceptance_tests::machines::{Rack, RackSpec};
use acceptance_tests::progress::Stderr;
use acceptance_tests::skip;
use acceptance_tests::talosctl::{Talosctl, until};
use talos_client::{
    Applied, ApplyMode, ApplyRequest, Bootstrap, Client, Code, ConfigId, Cx, Endpoint, Error,
    Identity, JsonLines, Pool, Reach, Sent, Stage, health, reach,
};

const ADDRESS: &str = "10.5.0.11";

/// Runs calls in the rack's network.
fn inside<T: Send>(rack: &Rack, work: impl Future<Output = T> + Send) -> T {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    rack.inside(|| runtime().block_on(work)).unwrap()
}

fn cx(seconds: u64) -> Cx {
    Cx::new(Duration::from_secs(seconds))
}

fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::parse(ADDRESS).unwrap()]
}

/// The identity in a talosconfig.
fn identity(talosconfig: &Path) -> Identity {
    let text = std::fs::read_to_string(talosconfig).unwrap();
    let member = |key| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(key))
            .unwrap()
            .trim()
    };
    Identity::parse(member("ca:"), member("crt:"), member("key:")).unwrap()
}

/// Where the exchanges of a test are written, a line of JSON each.
fn transcript(test: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("talos-client-{test}.jsonl"))
}

struct Bench {
    rack: Rack,
    identity: Identity,
    config: String,
    transcript: Arc<JsonLines<File>>,
}

impl Bench {
    fn new(test: &str) -> Self {
        let rack = Rack::start(RackSpec::new(1), &mut Stderr).unwrap();
        let files = rack.files().unwrap();
        Talosctl::new(&rack, &files)
            .unwrap()
            .generate("client", &rack.addresses())
            .unwrap();
        Self::with(rack, test)
    }

    /// With the files that talosctl has made for the rack's cluster.
    fn with(rack: Rack, test: &str) -> Self {
        let files = rack.files().unwrap();
        let identity = identity(&files.join("talosconfig"));
        let config = std::fs::read_to_string(files.join("controlplane.yaml")).unwrap();
        Self {
            rack,
            identity,
            config,
            transcript: Arc::new(JsonLines::new(File::create(transcript(test)).unwrap())),
        }
    }

    fn client(&self) -> Client {
        let builder = Client::builder(endpoints()).identity(self.identity.clone());
        builder.recorder(self.transcript.clone()).build().unwrap()
    }

    fn apply(
        &self,
        client: &Client,
        config: &str,
        mode: ApplyMode,
        dry_run: bool,
    ) -> Result<Applied, Error> {
        let request = ApplyRequest {
            data: config.as_bytes(),
            mode,
            dry_run,
            try_timeout: None,
        };
        inside(&self.rack, async {
            client.apply_configuration(&cx(30), &request).await
        })
    }

    fn on_disk(&self, id: ConfigId) -> String {
        let client = self.client();
        let config = inside(&self.rack, async {
            client.machine_config(&cx(30), id).await
        });
        config.unwrap().unwrap().text.expose().to_owned()
    }
}

/// The configuration with a sysctl in it.
fn with_sysctl(config: &str) -> String {
    config.replacen(
        "machine:\n",
        "machine:\n    sysctls:\n        net.core.somaxconn: \"4096\"\n",
        1,
    )
}

#[test]
fn one_machine_from_maintenance_mode_to_etcd_and_back_from_the_dead() {
    if skip::unless_machines_run("one_machine_from_maintenance_mode_to_etcd_and_back_from_the_dead")
    {
        return;
    }
    let bench = Bench::new("life");
    unconfigured(&bench);
    configured(&bench);
    strangers(&bench);
    reconfigured(&bench);
    bootstrapped(&bench);
    killed(&bench);
    transcribed(&bench);
}

fn unconfigured(bench: &Bench) {
    let found = inside(&bench.rack, async {
        let found = reach(
            &endpoints(),
            Some(&bench.identity),
            &Pool::default(),
            &cx(30),
        )
        .await
        .unwrap();
        let Reach::Maintenance { client, status, .. } = found else {
            panic!("seen as configured")
        };
        assert_eq!(status.stage, Stage::Maintenance);
        let facts = client.facts(&cx(30)).await.unwrap();
        assert_eq!(
            (facts.talos_version.as_deref(), facts.cluster),
            (Some("v1.12.6"), None)
        );
        assert!(
            facts.node_id.is_some()
                && facts.links.contains_key("eth0")
                && facts.addresses == [ADDRESS]
        );
        client
    });
    let version = inside(&bench.rack, async {
        bench.client().version(&cx(30)).await.unwrap_err()
    });
    assert_eq!(version.code, Code::NodeMaintenance, "{version}");

    let unknown = bench
        .config
        .replacen("machine:\n", "machine:\n    tokn: planted-secret\n", 1);
    let refused = bench
        .apply(&found, &unknown, ApplyMode::Auto, false)
        .err()
        .unwrap();
    assert_eq!(
        (refused.code, refused.sent),
        (Code::ConfigRefused, Sent::Refused),
        "{refused}"
    );
    assert!(
        refused.seen.contains("tokn") && !refused.to_string().contains("planted-secret"),
        "{refused}"
    );
    let mode = bench
        .apply(&found, &bench.config, ApplyMode::NoReboot, false)
        .err()
        .unwrap();
    assert_eq!(mode.code, Code::NodeUnsupported, "{mode}");
    let dry = bench
        .apply(&found, &bench.config, ApplyMode::Auto, true)
        .ok()
        .unwrap();
    assert!(
        dry.details.contains("does not have a config yet"),
        "{}",
        dry.details
    );

    bench
        .apply(&found, &bench.config, ApplyMode::Auto, false)
        .ok()
        .unwrap();
}

fn configured(bench: &Bench) {
    let client = bench.client();
    inside(&bench.rack, async {
        // etcd waits for its bootstrap, so a machine that has come up stays in this stage.
        client
            .wait_machine(&cx(60), |status| status.stage == Stage::Booting)
            .await
            .unwrap();
        let facts = client.facts(&cx(30)).await.unwrap();
        assert_eq!(facts.machine_type.as_deref(), Some("controlplane"));
        assert_eq!(facts.cluster.unwrap().name, "client");
        assert_eq!(client.version(&cx(30)).await.unwrap().mode, "container");
        let members = client.etcd_members(&cx(30), false).await.unwrap_err();
        assert_eq!(members.code, Code::EtcdDown, "{members}");
    });
    assert_eq!(bench.on_disk(ConfigId::Active), bench.config);
    assert_eq!(bench.on_disk(ConfigId::Persistent), bench.config);
}

fn strangers(bench: &Bench) {
    let other = tempfile::tempdir().unwrap();
    let talosctl = Talosctl::new(&bench.rack, other.path()).unwrap();
    talosctl.generate("other", &bench.rack.addresses()).unwrap();
    let stranger = identity(&other.path().join("talosconfig"));
    let reader = bench.rack.files().unwrap().join("reader");
    let ours = Talosctl::new(&bench.rack, &bench.rack.files().unwrap()).unwrap();
    ours.at(
        ADDRESS,
        &[
            "config",
            "new",
            "--roles",
            "os:reader",
            &reader.to_string_lossy(),
        ],
    )
    .unwrap();
    let reader = identity(&reader);

    let at = |endpoint: &str| Client::builder(vec![Endpoint::parse(endpoint).unwrap()]);
    let wrong = told_soon(
        bench,
        &at(ADDRESS).identity(stranger.clone()).build().unwrap(),
    );
    assert_eq!(wrong.code, Code::NodeWrongCa, "{wrong}");
    assert!(wrong.seen.contains(stranger.ca_fingerprint()), "{wrong}");
    let refused = told_soon(bench, &at(ADDRESS).build().unwrap());
    assert_eq!(refused.code, Code::NodeNotMaintenance, "{refused}");
    let registry = told_soon(
        bench,
        &at("10.5.0.1:5000").identity(stranger).build().unwrap(),
    );
    assert_eq!(registry.code, Code::NodeNotTalos, "{registry}");
    let small = told_soon(bench, &at(ADDRESS).identity(reader).build().unwrap());
    assert_eq!(small.code, Code::NodeRole, "{small}");
    assert!(small.cause.contains("os:reader"), "{small}");
}

/// The error of a call that has a minute, and must not need it.
fn told_soon(bench: &Bench, client: &Client) -> Error {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let noted = waits.clone();
    let cx = cx(60).with_progress(Arc::new(move |progress| {
        noted
            .lock()
            .unwrap()
            .push(format!("{:?} {}", progress.elapsed, progress.seen));
    }));
    let begun = Instant::now();
    let answer = inside(&bench.rack, async {
        client.machine_config(&cx, ConfigId::Active).await
    });
    let error = answer.err().unwrap();
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "took {took:?}: {error} after {waits:?}"
    );
    error
}

fn reconfigured(bench: &Bench) {
    let client = bench.client();
    let changed = with_sysctl(&bench.config);
    let dry = bench
        .apply(&client, &changed, ApplyMode::Auto, true)
        .ok()
        .unwrap();
    assert!(
        dry.details.contains("+        net.core.somaxconn"),
        "{}",
        dry.details
    );
    assert_eq!(bench.on_disk(ConfigId::Active), bench.config);

    let applied = bench
        .apply(&client, &changed, ApplyMode::NoReboot, false)
        .ok()
        .unwrap();
    assert_eq!(applied.mode, ApplyMode::NoReboot);
    assert_eq!(bench.on_disk(ConfigId::Active), changed);
    bench
        .apply(&client, &bench.config, ApplyMode::Staged, false)
        .ok()
        .unwrap();
    assert_eq!(bench.on_disk(ConfigId::Active), changed);
    assert_eq!(bench.on_disk(ConfigId::Persistent), bench.config);
    bench
        .apply(&client, &bench.config, ApplyMode::Auto, false)
        .ok()
        .unwrap();

    let env = bench.config.replacen(
        "machine:\n",
        "machine:\n    env:\n        PLANTED: planted-secret\n",
        1,
    );
    let reboot = bench
        .apply(&client, &env, ApplyMode::NoReboot, false)
        .err()
        .unwrap();
    assert_eq!(reboot.code, Code::ConfigRefused, "{reboot}");
    assert!(
        reboot.cause.contains("reboot") && !reboot.to_string().contains("planted-secret"),
        "{reboot}"
    );
}

fn bootstrapped(bench: &Bench) {
    let client = bench.client();
    inside(&bench.rack, async {
        client.bootstrap(&cx(60), Bootstrap::New).await.unwrap();
        let patient = cx(90).patient_with(&[Code::EtcdDown]);
        let members = loop {
            let members = client.etcd_members(&patient, false).await.unwrap();
            if !members.is_empty() {
                break members;
            }
        };
        assert_eq!(members.iter().filter(|member| !member.learner).count(), 1);
        let again = client.bootstrap(&cx(60), Bootstrap::New).await.unwrap_err();
        assert_eq!(
            (again.code, again.sent),
            (Code::EtcdExists, Sent::Refused),
            "{again}"
        );
        client
            .wait_machine(&cx(90), |status| status.stage == Stage::Running)
            .await
            .unwrap();
        assert_eq!(
            client.etcd_status(&cx(30)).await.unwrap().member_id,
            members[0].id
        );
        let node = health::Node {
            name: "cp1".into(),
            client: client.clone(),
            control_plane: true,
            addresses: vec![ADDRESS.into()],
        };
        // A health check that has not run yet is not passed.
        let begun = Instant::now();
        loop {
            let checks =
                health::look(std::slice::from_ref(&node), health::Level::Etcd, &cx(30)).await;
            if checks.iter().all(|check| check.ok) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "{checks:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
}

fn killed(bench: &Bench) {
    let client = bench.client();
    let machine = bench.rack.machine("cp1").unwrap();
    inside(&bench.rack, async {
        client.version(&cx(30)).await.unwrap()
    });
    machine.kill().unwrap();
    let begun = Instant::now();
    let gone = inside(&bench.rack, async {
        client.version(&cx(5)).await.unwrap_err()
    });
    assert!(
        gone.code.is_out_of_reach() && begun.elapsed() < Duration::from_secs(7),
        "{gone}"
    );

    machine.start().unwrap();
    inside(&bench.rack, async {
        client
            .wait_machine(&cx(90), |status| status.stage == Stage::Running)
            .await
            .unwrap();
        let patient = cx(90).patient_with(&[Code::EtcdDown]);
        assert_eq!(client.etcd_members(&patient, false).await.unwrap().len(), 1);
    });
    assert_eq!(bench.on_disk(ConfigId::Active), bench.config);
}

/// Every write is in the transcript, and no secret of the configuration.
fn transcribed(bench: &Bench) {
    let told = std::fs::read_to_string(transcript("life")).unwrap();
    let writes: Vec<_> = told
        .lines()
        .filter(|line| line.contains(r#""write":true"#))
        .collect();
    let count = |method: &str| writes.iter().filter(|line| line.contains(method)).count();
    assert_eq!(
        (count("/ApplyConfiguration"), count("/Bootstrap")),
        (4, 2),
        "{told}"
    );
    let secrets = bench
        .config
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    for (key, value) in secrets
        .filter(|(key, _)| ["token", "key", "secret", "secretboxEncryptionSecret"].contains(key))
    {
        assert!(!told.contains(value), "{key} is in the transcript");
    }
}

#[test]
fn a_cluster_comes_back_from_a_snapshot_of_etcd() {
    if skip::unless_machines_run("a_cluster_comes_back_from_a_snapshot_of_etcd") {
        return;
    }
    let first = Bench::new("before");
    come_up(&first, None);
    let cluster = kubernetes(&first);
    let kept = tempfile::tempdir().unwrap();
    let snapshot = kept.path().join("snapshot");
    let files = first.rack.files().unwrap();
    let talosctl = Talosctl::new(&first.rack, &files).unwrap();
    talosctl
        .at(ADDRESS, &["etcd", "snapshot", &snapshot.to_string_lossy()])
        .unwrap();
    for name in ["talosconfig", "controlplane.yaml"] {
        std::fs::copy(files.join(name), kept.path().join(name)).unwrap();
    }
    drop(first);

    let rack = Rack::start(RackSpec::new(1), &mut Stderr).unwrap();
    for name in ["talosconfig", "controlplane.yaml"] {
        std::fs::copy(kept.path().join(name), rack.files().unwrap().join(name)).unwrap();
    }
    let second = Bench::with(rack, "recovered");
    come_up(&second, Some(&snapshot));
    assert_eq!(kubernetes(&second), cluster);
}

/// Configures and bootstraps the machine, anew or from a snapshot.
fn come_up(bench: &Bench, snapshot: Option<&Path>) {
    let found = inside(&bench.rack, async {
        reach(&endpoints(), None, &Pool::default(), &cx(30))
            .await
            .unwrap()
    });
    let Reach::Maintenance { client, .. } = found else {
        panic!("seen as configured")
    };
    bench
        .apply(&client, &bench.config, ApplyMode::Auto, false)
        .ok()
        .unwrap();
    let client = bench.client();
    inside(&bench.rack, async {
        client
            .wait_machine(&cx(60), |status| status.stage == Stage::Booting)
            .await
            .unwrap();
        let missing = client
            .etcd_recover(&cx(60), Path::new("/nowhere"))
            .await
            .unwrap_err();
        assert_eq!(missing.code, Code::EtcdSnapshot, "{missing}");
        let from = match snapshot {
            None => Bootstrap::New,
            Some(snapshot) => {
                client.etcd_recover(&cx(60), snapshot).await.unwrap();
                Bootstrap::Recover {
                    skip_hash_check: false,
                }
            }
        };
        client.bootstrap(&cx(60), from).await.unwrap();
        client
            .wait_machine(&cx(120), |status| status.stage == Stage::Running)
            .await
            .unwrap();
    });
}

/// What tells one Kubernetes cluster from another: the UID of its first namespace.
fn kubernetes(bench: &Bench) -> String {
    let files = bench.rack.files().unwrap();
    let talosctl = Talosctl::new(&bench.rack, &files).unwrap();
    talosctl
        .at(
            ADDRESS,
            &[
                "kubeconfig",
                "--force",
                &files.join("kubeconfig").to_string_lossy(),
            ],
        )
        .unwrap();
    let ask = || {
        talosctl.kubectl(&[
            "get",
            "namespace",
            "kube-system",
            "--output=jsonpath={.metadata.uid}",
        ])
    };
    until(Duration::from_secs(180), ask, |uid| uid.len() == 36).unwrap()
}
