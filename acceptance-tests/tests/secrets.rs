//! No secret of a run is in what people and logs get to see: plans, the plugin's log at TRACE, messages, values in
//! state that are not marked sensitive, arguments of processes.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

#[path = "secrets/module.rs"]
mod module;
#[path = "secrets/run.rs"]
mod run;

use acceptance_tests::machines::{Rack, RackSpec, patches};
use acceptance_tests::progress::{Progress as _, Stderr};
use acceptance_tests::roots::Root;
use acceptance_tests::secrecy::{Capture, Scanner, attributes, secrets_in};
use acceptance_tests::skip;
use serde_json::{Value, json};

const FIRST_PASSWORD: &str = "first-password-of-a-registry";
const SECOND_PASSWORD: &str = "second-password-of-a-registry";

#[test]
fn no_secret_of_a_run_is_told() {
    if skip::unless_machines_run("no_secret_of_a_run_is_told") {
        return;
    }
    let rack = Rack::start(RackSpec::new(1), &mut Stderr).unwrap();
    let root = Root::new(&rack, "run", module::RUN).unwrap();
    let mut capture = Capture::default();
    whole_run(&root, &mut capture);
    let passwords = [FIRST_PASSWORD, SECOND_PASSWORD]
        .map(|password| ("a password".to_owned(), password.to_owned()));
    let secrets = secrets_in(&root.state().unwrap());
    let scanner = Scanner::new(secrets.into_iter().chain(passwords));
    faults(&rack, &root, &mut capture);

    Stderr.line(&format!(
        "{} secrets, {} texts",
        scanner.count(),
        capture.texts().len()
    ));
    run::is_complete(&capture);
    capture.keeps(&scanner);
    planted(&root, &scanner);
}

fn variables(password: &str) -> Value {
    json!({ "suits_rack": patches::SUITS_RACK, "password": password, "planted": false })
}

/// From nothing to etcd, a change of secret settings by apply and by patch, and what each plan says.
fn whole_run(root: &Root<'_>, capture: &mut Capture) {
    for (name, password) in [("first", FIRST_PASSWORD), ("second", SECOND_PASSWORD)] {
        root.variables(&variables(password)).unwrap();
        run::plan(capture, root, &format!("{name} plan"));
        let applied = run::apply(capture, root, &format!("{name} apply"));
        assert!(applied, "{}", capture.last());
        run::state(capture, root, &format!("state after the {name} apply"));
    }
}

/// Secrets stand where something is wrong: next to it, under an unknown key, in the place of another type.
fn faults(rack: &Rack, root: &Root<'_>, capture: &mut Capture) {
    let state = root.state().unwrap();
    let secrets = attributes(&state, "talos_secrets").unwrap();
    let token = secrets["machine_secrets"]["trustdinfo"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let key = secrets["machine_secrets"]["certs"]["os"]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let texts = [
        format!("machine:\n  token: {token}\n bad: [\n"),
        format!("machine:\n  token: \"{token}\n"),
        format!("machine:\n  tokens: {token}\n"),
        format!("machine:\n  token: [{token}]\n"),
        format!("machine:\n  ca: {key}\n"),
        format!("machine:\n  ca: {{ crt: \"{key}!\", key: {token} }}\n"),
        format!("machine:\n  kubelet: {{ nodeIP: {{ validSubnets: [\"{token}\"] }} }}\n"),
        format!("{token}: {key}\n"),
        token.clone(),
        // Talos itself refuses this one.
        format!("machine:\n  files: [ {{ content: {token}, path: /etc/{token}, op: {token} }} ]\n"),
        // Another identity: what would change are secrets.
        "cluster: { id: other, secret: b3RoZXIgc2VjcmV0IG9mIGFub3RoZXIgY2x1c3Rlcg== }\n".to_owned(),
    ];
    let identity = &secrets["client_configuration"];
    for (index, text) in texts.iter().enumerate() {
        for (resource, module) in [
            ("apply", module::FAULTY_APPLY),
            ("patch", module::FAULTY_PATCH),
        ] {
            let root = Root::new(rack, &format!("faulty-{resource}"), module).unwrap();
            root.variables(&json!({ "client_configuration": identity, "text": text }))
                .unwrap();
            let name = format!("fault {index} by {resource}");
            let went_through = run::apply(capture, &root, &name);
            assert!(!went_through, "{name}: {text}");
        }
    }
    let broken = Root::new(rack, "broken", module::FAULTY_PATCH).unwrap();
    let identities = [
        json!({ "ca_certificate": token, "client_certificate": identity["client_certificate"], "client_key": identity["client_key"] }),
        json!({ "ca_certificate": identity["ca_certificate"], "client_certificate": identity["client_key"], "client_key": key }),
    ];
    for (index, identity) in identities.iter().enumerate() {
        broken
            .variables(&json!({ "client_configuration": identity, "text": "machine: {}" }))
            .unwrap();
        let went_through = run::apply(capture, &broken, &format!("broken identity {index}"));
        assert!(!went_through);
    }
}

/// The scanner finds each secret in whatever form, and one that a configuration gives away.
fn planted(root: &Root<'_>, scanner: &Scanner) {
    scanner.proves_itself();
    let mut variables = variables(SECOND_PASSWORD);
    variables["planted"] = json!(true);
    root.variables(&variables).unwrap();
    let mut capture = Capture::default();
    run::plan(&mut capture, root, "planted plan");
    let applied = run::apply(&mut capture, root, "planted apply");
    assert!(applied, "{}", capture.last());
    run::state(&mut capture, root, "planted state");
    for name in ["planted plan", "planted apply", "planted state"] {
        capture.betrays(name, scanner);
    }
}
