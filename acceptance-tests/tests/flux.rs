//! The real flux-operator and its controllers, installed and driven by the plugin under a real core, on a real API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

#[path = "flux/bench.rs"]
mod bench;
mod support;

use std::time::{Duration, Instant};

use acceptance_tests::control_plane::{ControlPlane, FLUX, SERVER};
use acceptance_tests::secrecy::Scanner;
use acceptance_tests::skip;
use bench::{Bench, KEY, OTHER_KEY};

/// How long a conclusive answer may take to be told.
const TOLD: Duration = Duration::from_secs(10);

/// A cluster with a Ready instance, broken in each way a user can break it, and taken down again.
#[test]
fn flux_from_nothing_to_nothing() {
    if skip::unless_built("flux_from_nothing_to_nothing", FLUX) {
        return;
    }
    let bench = Bench::start();
    comes_up(&bench);
    syncs_that_cannot_work(&bench);
    drift_is_seen_and_put_back(&bench);
    dead_operator(&bench);
    goes_down(&bench);
}

fn comes_up(bench: &Bench) {
    let began = Instant::now();
    let run = bench.apply();
    assert!(run.ok, "{}\n{}", run.told(), bench.logs());
    println_took("apply", began);
    assert_eq!(bench.object("flux_operator.this")["ready"], true);
    operator_is_patched(bench);
    let instance = bench.object("flux_instance.this");
    assert_eq!(instance["ready"], true, "{instance}");
    assert_eq!(instance["installed_version"], "2.7.5");
    assert!(
        instance["sync_revision"]
            .as_str()
            .unwrap()
            .starts_with("refs/heads/main@sha1:"),
        "{instance}"
    );
    let settings = bench.plane.get("default", "configmap/from-git").unwrap();
    assert_eq!(settings["data"]["a"], "1");
    let secret = bench.plane.get("default", "secret/from-git").unwrap();
    assert_eq!(
        secret["data"]["word"], "ZGVjcnlwdGVk",
        "decrypted, in base64"
    );
    let plan = bench.plan();
    assert_eq!(
        (plan.ok, plan.changes),
        (true, false),
        "{}",
        plan.run.told()
    );
    let state = std::fs::read_to_string(bench.state_file()).unwrap();
    assert!(!state.contains(KEY.trim()), "a write-only key is in state");
}

/// What the patches of the module say, seen in the cluster.
fn operator_is_patched(bench: &Bench) {
    let get = |namespace: &str, object: &str| bench.plane.get(namespace, object).unwrap();
    let deployment = get("flux-system", "deployment/flux-operator");
    let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
    let env: Vec<_> = env
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        env.contains(&"REPORTING_INTERVAL") && env.contains(&"RUNTIME_NAMESPACE"),
        "{env:?}"
    );
    let service = get("flux-system", "service/flux-operator");
    assert_eq!(
        service["metadata"]["annotations"]["example.com/patched"],
        "yes"
    );
    assert!(get("", "clusterrole/flux-web-admin").is_null());
    assert!(!get("", "clusterrole/flux-operator-edit").is_null());
}

fn syncs_that_cannot_work(bench: &Bench) {
    let cases: [(&str, &str, &str); 4] = [
        ("path", "clusters/nowhere", "TS-FLUX-PATH"),
        ("url", "nothing.git", "TS-FLUX-SOURCE-UNKNOWN"),
        ("ref", "refs/heads/nobody", "TS-FLUX-SOURCE-UNKNOWN"),
        ("key", OTHER_KEY, "TS-FLUX-SOPS-KEY"),
    ];
    for (what, value, code) in cases {
        bench.set(what, value);
        let run = bench.apply();
        let told = run.told();
        let errors = run.errors();
        assert_eq!(errors.len(), 1, "{what}: {told}\n{}", bench.logs());
        assert!(errors[0].summary.starts_with(code), "{what}: {told}");
        for part in ["Tried: ", "Seen: ", "Cause: ", "Cure: "] {
            assert!(errors[0].detail.contains(part), "{what}: {told}");
        }
        // The cluster said it at the time in the condition; the run ended soon after.
        let late = bench.late();
        assert!(
            late.is_none_or(|late| late < TOLD),
            "{what}: told {late:?} after the cluster said it"
        );
        assert!(
            !bench.object("flux_instance.this").is_null(),
            "{what}: state is kept"
        );
        bench.reset();
        let run = bench.apply();
        assert!(run.ok, "after {what}: {}\n{}", run.told(), bench.logs());
    }
    // The key's secret vanishes: the refresh sees it, and the next apply writes it again.
    bench
        .plane
        .run(&["delete", "secret", "-n", "flux-system", "sops-age"])
        .unwrap();
    let plan = bench.plan();
    assert!(plan.changes, "{}", plan.run.told());
    assert!(
        !plan.run.warnings("TS-K8S-DRIFT").is_empty(),
        "{}",
        plan.run.told()
    );
    let run = bench.apply();
    assert!(run.ok, "{}", run.told());
}

fn drift_is_seen_and_put_back(bench: &Bench) {
    bench
        .plane
        .run(&["delete", "service", "-n", "flux-system", "flux-operator"])
        .unwrap();
    let plan = bench.plan();
    let told = plan.run.told();
    assert!(
        plan.changes && told.contains("Service/flux-system/flux-operator: applied -> (absent)"),
        "{told}"
    );
    let run = bench.apply();
    assert!(run.ok, "{}", run.told());
    assert!(!bench.plan().changes);
    // A field that somebody took is not taken back silently: its owner is named.
    bench
        .plane
        .run(&[
            "scale",
            "deployment",
            "-n",
            "flux-system",
            "flux-operator",
            "--replicas=2",
        ])
        .unwrap();
    let run = bench.apply();
    let told = run.told();
    assert!(
        run.errors()
            .iter()
            .any(|error| error.summary.starts_with("TS-K8S-CONFLICT")
                && error.detail.contains(".spec.replicas is owned by kubectl")),
        "{told}"
    );
    bench.set("adopt", "any");
    let run = bench.apply();
    assert!(run.ok, "{}", run.told());
    bench.set("adopt", "none");
    let run = bench.apply();
    assert!(run.ok, "{}", run.told());
}

fn dead_operator(bench: &Bench) {
    bench.flux.hold("flux-operator");
    bench
        .plane
        .run(&[
            "scale",
            "deployment",
            "-n",
            "flux-system",
            "flux-operator",
            "--replicas=0",
        ])
        .unwrap();
    bench.set("path", "clusters/other");
    let began = Instant::now();
    let run = bench.apply_only("flux_instance.this");
    let told = run.told();
    assert_eq!(run.errors().len(), 1, "{told}");
    assert!(
        run.errors()[0].summary.starts_with("TS-FLUX-OPERATOR-DEAD"),
        "{told}"
    );
    assert!(
        began.elapsed() < TOLD + Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let run = bench.destroy();
    assert!(
        run.errors()
            .iter()
            .any(|error| error.summary.starts_with("TS-FLUX-OPERATOR-DEAD")),
        "{}",
        run.told()
    );
    assert!(bench.plane.get("flux-system", "fluxinstance/flux").unwrap()["metadata"]["deletionTimestamp"].is_null());
    bench.flux.release();
    bench.reset();
    bench.set("adopt", "any");
    let run = bench.apply();
    assert!(run.ok, "{}\n{}", run.told(), bench.logs());
}

fn goes_down(bench: &Bench) {
    let began = Instant::now();
    let run = bench.destroy();
    assert!(run.ok, "{}\n{}", run.told(), bench.logs());
    println_took("destroy", began);
    for gone in [
        "fluxinstance/flux",
        "deployment/flux-operator",
        "secret/sops-age",
    ] {
        assert!(
            bench.plane.get("flux-system", gone).unwrap().is_null(),
            "{gone} is still there"
        );
    }
    assert!(
        bench
            .plane
            .get("", "clusterrolebinding/flux-operator-cluster-admin")
            .unwrap()
            .is_null()
    );
    // What Flux had deployed stays, and so do the definitions and the namespace.
    assert!(
        !bench
            .plane
            .get("default", "configmap/from-git")
            .unwrap()
            .is_null()
    );
    assert!(
        !bench
            .plane
            .get("", "namespace/flux-system")
            .unwrap()
            .is_null()
    );
}

/// What a variable is set to may be a secret, and core does not know that `changes` has it from one.
fn values_of_variables_are_not_told(bench: &bench::Alone) {
    const SECOND: &str = "second-token-of-the-operator";
    const THIRD: &str = "third-token-of-the-operator";
    let names = ["first-token-of-the-operator", SECOND, THIRD];
    let scanner = Scanner::new(names.map(|token| (token.to_owned(), token.to_owned())));
    let is_silent = |what: &str, text: &str| {
        let found = scanner.find(text);
        assert!(found.is_empty(), "{what} holds {found:?}");
    };
    bench.set_token(SECOND);
    let run = bench.apply();
    assert!(run.ok, "{}", run.told());
    is_silent("the apply", &run.told());
    let changes = &bench.object("flux_operator.this")["changes"];
    let changed = "Deployment/flux-system/flux-operator spec.template.spec.containers[manager].env[TOKEN].value";
    assert_eq!(changes[changed], "(value) -> (another value)", "{changes}");
    is_silent("`changes`", &changes.to_string());
    let set = |token: &str| {
        let variable = format!("TOKEN={token}");
        let deployment = "deployment/flux-operator";
        let set = ["set", "env", "-n", "flux-system", deployment, &variable];
        bench.plane.run(&set).unwrap();
    };
    set(THIRD);
    let run = bench.plan().run;
    assert_eq!(run.warnings("TS-K8S-DRIFT").len(), 1, "{}", run.told());
    is_silent("the drift", &run.told());
    set(SECOND);
    assert!(!bench.plan().changes);
    let log = bench.log();
    assert!(log.contains("provider.terraform-provider-talos-stack"));
    is_silent("the log", &log);
}

/// The operator alone, on an API server without controllers: nobody runs its pod, so nothing waits for it.
#[test]
fn clusters_that_are_not_ours_or_silent() {
    if skip::unless_built("clusters_that_are_not_ours_or_silent", SERVER) {
        return;
    }
    let mut bench = bench::Alone::start();
    bench.set_patched("DaemonSet");
    let plan = bench.plan();
    let told = plan.run.told();
    assert!(
        !plan.ok
            && told.contains("TS-PATCH-REFUSED")
            && told.contains("patches[0] matches nothing"),
        "{told}"
    );
    bench.set_patched("Deployment");
    let run = bench.apply();
    assert!(run.ok, "{}", run.told());
    let deployment = bench.plane.get("flux-system", "deployment/flux-operator");
    assert_eq!(deployment.unwrap()["metadata"]["labels"]["patched"], "1");
    assert!(!bench.plan().changes);
    values_of_variables_are_not_told(&bench);

    let foreign = ControlPlane::start().unwrap();
    let ours = bench.kubeconfig(foreign.kubeconfig());
    let plan = bench.plan();
    assert!(
        plan.run
            .errors()
            .iter()
            .any(|error| error.summary.starts_with("TS-K8S-OTHER-CLUSTER")),
        "{}",
        plan.run.told()
    );
    let run = bench.destroy();
    assert!(
        run.errors()
            .iter()
            .any(|error| error.summary.starts_with("TS-K8S-OTHER-CLUSTER")),
        "{}",
        run.told()
    );
    assert!(
        foreign.get("", "namespace/flux-system").unwrap().is_null(),
        "the other cluster was written to"
    );
    bench.kubeconfig(&ours);

    bench.plane.stop_server();
    let began = Instant::now();
    let plan = bench.plan();
    assert!(plan.ok && !plan.changes, "{}", plan.run.told());
    assert!(
        !plan.run.warnings("TS-REFRESH-KEPT").is_empty(),
        "{}",
        plan.run.told()
    );
    bench.set_replicas(3);
    let run = bench.apply();
    assert_eq!(run.errors().len(), 1, "{}", run.told());
    assert!(
        run.errors()[0].summary.starts_with("TS-K8S-UNREACHABLE"),
        "{}",
        run.told()
    );
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        bench.object("flux_operator.this")["version"],
        "0.58.1",
        "state is unharmed"
    );

    bench.plane.start_server().unwrap();
    let run = bench.destroy();
    assert!(run.ok, "{}", run.told());
}

fn println_took(what: &str, began: Instant) {
    use acceptance_tests::progress::{Progress as _, Stderr};
    Stderr.line(&format!("{what} took {} s", began.elapsed().as_secs()));
}
