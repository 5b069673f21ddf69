//! The demo provider, driven by the real commands: Terraform, and OpenTofu where it is built.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod harness;

use harness::{Attach, Core, World, cores};

const BASICS: &str = r#"
resource "demo_file" "a" {
  name    = "a.txt"
  content = var.content
  tags    = ["x", "y"]
  owners  = { me = { role = "r" } }
}
data "demo_file" "a" { name = demo_file.a.id }
ephemeral "demo_token" "t" { subject = "me" }
resource "demo_file" "wo" {
  name       = "wo.txt"
  content_wo = ephemeral.demo_token.t.token
}
variable "content" { default = "hello" }
output "content" { value = data.demo_file.a.content }
output "joined" { value = provider::demo::join("-", "a", ["b", "c"]) }
"#;

/// Runs a scenario with every core, once started by it over mutual TLS and once attached to a running process.
fn everywhere(scenario: impl Fn(&World)) {
    let cores = cores();
    assert!(!cores.is_empty(), "neither terraform nor tofu is there");
    for core in cores {
        for attach in [Attach::Spawned, Attach::Running] {
            eprintln!("{} {attach:?}", core.name);
            scenario(&World::new(&core, attach));
        }
    }
}

#[test]
fn the_whole_life_of_resources() {
    everywhere(|world| {
        world.write(BASICS);
        let plan = world.succeeds(&["plan"]);
        assert!(
            plan.contains("2 to add, 0 to change") && plan.contains("(write-only attribute)"),
            "{plan}"
        );
        let applied = world.succeeds(&["apply", "-auto-approve"]);
        assert!(
            applied.contains("content = \"hello\"") && applied.contains("joined = \"a-b-c\""),
            "{applied}"
        );
        world.plans_nothing();
        let changed = world.succeeds(&["apply", "-auto-approve", "-var=content=longer text"]);
        assert!(changed.contains("1 changed, 0 destroyed"), "{changed}");
        assert_eq!(world.file("a.txt"), Some("longer text".to_owned()));
        world.succeeds(&["destroy", "-auto-approve"]);
        assert_eq!((world.file("a.txt"), world.file("wo.txt")), (None, None));
        let tokens = world.file("tokens.log").unwrap_or_default();
        assert_eq!(
            tokens.matches("open me").count(),
            tokens.matches("close me").count(),
            "{tokens}"
        );
    });
}

#[test]
fn no_secret_reaches_state_or_log() {
    for core in cores() {
        let world = World::new(&core, Attach::Spawned);
        world.write(&format!(
            "{BASICS}\nvariable \"password\" {{ default = \"planted-password\" }}"
        ));
        world.configure("password = var.password");
        let run = world.run_with(&["apply", "-auto-approve"], &[("TF_LOG_PROVIDER", "TRACE")]);
        assert!(run.success, "{}", run.text);
        assert!(
            run.text.contains("tf_rpc=apply_resource_change"),
            "the log is there: {}",
            run.text
        );
        let state = world.file("terraform.tfstate").unwrap_or_default();
        assert!(state.contains("a.txt"));
        for secret in ["token-of-me", "planted-password"] {
            assert!(
                !run.text.contains(secret) && !state.contains(secret),
                "{secret} leaked"
            );
        }
    }
}

#[test]
fn drift_is_told_and_reverted_when_asked() {
    everywhere(|world| {
        world.write("resource \"demo_file\" \"a\" {\n  name = \"a.txt\"\n  content_wo = \"hello\"\n  drift = var.drift\n}\nvariable \"drift\" { default = \"report\" }");
        world.succeeds(&["apply", "-auto-approve"]);
        world.put("a.txt", "changed by others");
        let told = world.succeeds(&["plan"]);
        assert!(
            told.contains("DEMO-DRIFT a.txt was changed by others"),
            "{told}"
        );
        world.succeeds(&["apply", "-auto-approve", "-var=drift=revert"]);
        assert_eq!(world.file("a.txt"), Some("hello".to_owned()));
        world.put("a.txt", "changed again");
        let reverted = world.succeeds(&["apply", "-auto-approve", "-var=drift=revert"]);
        assert!(reverted.contains("1 changed"), "{reverted}");
        assert_eq!(world.file("a.txt"), Some("hello".to_owned()));
    });
}

fn faulty(fault: &str, timeouts: &str) -> String {
    format!(
        "resource \"demo_file\" \"a\" {{\n  name = \"a.txt\"\n  content = \"hello\"\n  fault = {fault:?}\n  {timeouts}\n}}\n"
    )
}

#[test]
fn faults_become_diagnostics_and_leave_state() {
    let cases = [
        ("panic", "TS-PROVIDER-BUG: the provider hit a bug"),
        ("fail", "DEMO-FAILED the file was told to fail"),
        (
            "lie",
            "TS-PROVIDER-BUG: demo_file returned an invalid value for name",
        ),
    ];
    everywhere(|world| {
        for (fault, message) in cases {
            world.write(&faulty(fault, ""));
            let told = world.fails(&["apply", "-auto-approve"]);
            assert!(told.contains(message), "{fault}: {told}");
            assert!(
                !told.contains("panic:") && !told.contains("rpc error"),
                "{told}"
            );
            let state = world.succeeds(&["show"]);
            assert!(state.contains("(tainted)"), "{fault}: {state}");
            world.write("");
            world.succeeds(&["apply", "-auto-approve"]);
        }
    });
}

#[test]
fn what_must_not_be_tainted_ends_with_a_warning() {
    everywhere(|world| {
        world.write(&faulty("warn", ""));
        let told = world.succeeds(&["apply", "-auto-approve"]);
        assert!(told.contains("Warning: DEMO-UNFINISHED"), "{told}");
        assert!(!world.succeeds(&["show"]).contains("tainted"));
    });
}

#[test]
fn deadlines_end_operations_and_say_what_they_waited_for() {
    for core in cores() {
        let world = World::new(&core, Attach::Spawned);
        world.write(&faulty("hang", "timeouts = { create = \"1s\" }"));
        let started = std::time::Instant::now();
        let told = world.fails(&["apply", "-auto-approve"]);
        assert!(
            told.contains("TS-TIMED-OUT: create of demo_file timed out after 1s"),
            "{told}"
        );
        assert!(told.contains("It was hanging as told."), "{told}");
        assert!(started.elapsed().as_secs() < 9, "{:?}", started.elapsed());
        assert!(world.succeeds(&["show"]).contains("(tainted)"));
    }
}

#[test]
fn an_interrupt_ends_the_operation_and_keeps_its_state() {
    for core in cores() {
        for (fault, message) in [
            ("stop", "DEMO-STOPPED it was stopped"),
            (
                "hang",
                "TS-INTERRUPTED: create of demo_file was interrupted",
            ),
        ] {
            let world = World::new(&core, Attach::Spawned);
            world.write(&faulty(fault, ""));
            let (told, took) = world.interrupted(&["apply", "-auto-approve"], || {
                world.file("a.txt").is_some()
            });
            assert!(told.contains(message), "{fault}: {told}");
            assert!(took.as_secs_f32() < 5.5, "{fault}: {took:?}");
            assert!(world.succeeds(&["show"]).contains("a.txt"));
        }
    }
}

#[test]
fn bad_configuration_is_refused_at_its_line() {
    everywhere(|world| {
        world.write("resource \"demo_file\" \"a\" {\n  name = \"a/b\"\n  drift = \"maybe\"\n}\n");
        let told = world.fails(&["validate"]);
        assert!(
            told.contains("\"maybe\" is not one of \"report\", \"revert\"."),
            "{told}"
        );
        assert!(told.contains("main.tf line 3"), "{told}");
        world.write("resource \"demo_file\" \"a\" {\n  name = \"a/b\"\n}\n");
        let told = world.fails(&["validate"]);
        assert!(
            told.contains("DEMO-NAME") && told.contains("main.tf line 2"),
            "{told}"
        );
        world.write("output \"o\" { value = provider::demo::join(\"-\", \"a\", 7) }\n");
        let told = world.fails(&["plan"]);
        assert!(
            told.contains("A text or a list of texts is needed."),
            "{told}"
        );
    });
}

#[test]
fn objects_are_imported_and_taken_over() {
    everywhere(|world| {
        world.put("old.txt", "there before");
        world.write("resource \"demo_file\" \"a\" {\n  name = \"old.txt\"\n  content = \"there before\"\n}\n");
        world.succeeds(&["import", "demo_file.a", "old.txt"]);
        let after = world.succeeds(&["apply", "-auto-approve"]);
        assert!(
            after.contains("1 changed, 0 destroyed") || after.contains("0 changed, 0 destroyed"),
            "{after}"
        );
        world.plans_nothing();
    });
    everywhere(|world| {
        world.put("moved.txt", "x");
        world.write("resource \"terraform_data\" \"old\" { input = \"moved.txt\" }\n");
        world.succeeds(&["apply", "-auto-approve"]);
        world.write("moved {\n  from = terraform_data.old\n  to = demo_file.new\n}\nresource \"demo_file\" \"new\" {\n  name = \"moved.txt\"\n}\n");
        let plan = world.succeeds(&["plan"]);
        assert!(plan.contains("has moved to"), "{plan}");
        assert!(
            plan.contains("0 to add, 0 to change, 0 to destroy"),
            "{plan}"
        );
    });
}

/// Terraform of the pinned version knows no identities; OpenTofu does.
#[test]
fn identities_are_stored_and_import() {
    for core in cores().iter().filter(|core| core.name == "tofu") {
        for attach in [Attach::Spawned, Attach::Running] {
            let world = World::new(core, attach);
            let resource = "resource \"demo_file\" \"a\" {\n  name = \"old.txt\"\n  content = var.content\n}\nvariable \"content\" { default = \"there\" }\n";
            let import = "import {\n  to = demo_file.a\n  identity = { name = \"old.txt\" }\n}\n";
            world.put("old.txt", "there");
            world.write(&format!("{import}{resource}"));
            let imported = world.succeeds(&["apply", "-auto-approve"]);
            assert!(imported.contains("1 imported"), "{imported}");
            let identity = || {
                let state = world.file("terraform.tfstate").unwrap_or_default();
                let stripped: String = state.split_whitespace().collect();
                stripped.contains("\"identity\":{\"name\":\"old.txt\"}")
            };
            assert!(identity(), "{:?}", world.file("terraform.tfstate"));
            world.plans_nothing();
            world.succeeds(&["apply", "-auto-approve", "-var=content=longer"]);
            assert!(identity(), "{:?}", world.file("terraform.tfstate"));
        }
    }
}

#[test]
fn unknown_values_plan_and_replacements_are_declared() {
    everywhere(|world| {
        world.write(
            "resource \"terraform_data\" \"later\" { input = \"n\" }\nresource \"demo_file\" \"a\" {\n  name = \"a.txt\"\n  content = terraform_data.later.id\n  tags = [\"fixed\", terraform_data.later.id]\n  owners = { me = { role = terraform_data.later.id } }\n}\n",
        );
        world.succeeds(&["apply", "-auto-approve"]);
        world.plans_nothing();
        world.write("resource \"demo_file\" \"a\" {\n  name = \"b.txt\"\n}\n");
        let plan = world.succeeds(&["plan"]);
        assert!(
            plan.contains("# forces replacement")
                && plan.contains("1 to add, 0 to change, 2 to destroy"),
            "{plan}"
        );
    });
}

#[test]
fn a_large_value_passes() {
    for core in cores() {
        let world = World::new(&core, Attach::Spawned);
        world.write("resource \"demo_file\" \"a\" {\n  name = \"a.txt\"\n  content = join(\"\", [for i in range(200) : join(\"\", [for j in range(500) : \"0123456789012345678901234567890123456789012345678901234567890123\"])])\n}\n");
        world.succeeds(&["apply", "-auto-approve"]);
        assert_eq!(world.file("a.txt").unwrap_or_default().len(), 6_400_000);
    }
}

#[test]
fn it_refuses_to_serve_anyone_but_a_host() {
    let run = Core::plugin_alone();
    assert!(
        !run.success && run.text.contains("a plugin"),
        "{}",
        run.text
    );
}

#[test]
fn it_ends_when_its_host_is_killed() {
    for core in cores() {
        let world = World::new(&core, Attach::Spawned);
        world.write(&faulty("stop", ""));
        let survivors = world.killed(&["apply", "-auto-approve"], || {
            world.file("a.txt").is_some()
        });
        assert_eq!(survivors, 0, "the plugin outlived {}", core.name);
    }
}

#[test]
fn a_destruction_can_be_refused_at_plan() {
    everywhere(|world| {
        world.write(&faulty("keep", ""));
        world.succeeds(&["apply", "-auto-approve"]);
        let told = world.fails(&["plan", "-destroy"]);
        assert!(told.contains("DEMO-KEPT the file is protected"), "{told}");
        assert!(world.file("a.txt").is_some());
    });
}

#[test]
fn a_destruction_that_fails_keeps_the_object() {
    everywhere(|world| {
        world.write(&faulty("stay", ""));
        world.succeeds(&["apply", "-auto-approve"]);
        let told = world.fails(&["destroy", "-auto-approve"]);
        assert!(told.contains("DEMO-STAYS the file stays"), "{told}");
        assert!(world.succeeds(&["show"]).contains("a.txt"));
    });
}

#[test]
fn a_host_without_tls_is_served_in_plain_text() {
    for core in cores() {
        let world = World::new(&core, Attach::Spawned);
        world.write(BASICS);
        let run = world.run_with(&["plan"], &[("TF_DISABLE_PLUGIN_TLS", "1")]);
        assert!(run.success, "{}", run.text);
    }
}
