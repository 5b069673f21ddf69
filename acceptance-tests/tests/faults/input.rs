//! Inputs that no machine need be asked about.

use serde_json::json;

use crate::bench::{Bench, Fault, SYSCTL, Subject};

const PATCHED: [&str; 1] = [SYSCTL];

/// What stands in for the output of a stage that has not run is refused at apply, wherever it stands.
pub fn placeholders(bench: &Bench, applied: &Subject<'_>) {
    let mock = json!({ "ca_certificate": "mock-ca", "client_certificate": "mock-cert", "client_key": "mock-key" });
    let cases = [
        ("endpoints", json!(["cp1.invalid"])),
        ("client_configuration", mock),
        ("machine_configuration", json!("mock")),
    ];
    for (attribute, value) in cases {
        applied.refuses(&Fault {
            name: &format!("placeholder in {attribute}"),
            inputs: json!({ "config_patches": PATCHED, attribute: value }),
            code: "TS-PLACEHOLDER",
            says: &[
                attribute,
                "stage that has not been applied",
                "Apply the earlier stage",
            ],
        });
    }
    bench.patch("placeholder", "cp1.invalid").refuses(&Fault {
        name: "placeholder in a first patch",
        inputs: json!({}),
        code: "TS-PLACEHOLDER",
        says: &["endpoints", "Apply the earlier stage"],
    });
}

/// Texts that are no configuration and no patch.
pub fn texts(bench: &Bench, applied: &Subject<'_>) {
    applied.refuses(&Fault {
        name: "malformed configuration",
        inputs: json!({ "machine_configuration": "machine:\n  type: controlplane\n network: {}\n" }),
        code: "TS-CONFIG-INVALID",
        says: &["line 3", "Nothing was changed"],
    });
    applied.refuses(&Fault {
        name: "unknown key in a configuration patch",
        inputs: json!({ "config_patches": ["machine: { sysctl: { net.core.somaxconn: \"1\" } }"] }),
        code: "TS-PATCH-REFUSED",
        says: &[
            "config_patches, patch 0",
            "sysctl",
            "sysctls",
            "Correct the patch",
        ],
    });
    let patch = bench.patch("texts", "10.5.0.11");
    patch.refuses(&Fault {
        name: "malformed patch",
        inputs: json!({ "patches": [SYSCTL, "machine: [\n"] }),
        code: "TS-PATCH-REFUSED",
        says: &["patches, patch 1", "line 2", "Correct the patch"],
    });
    patch.refuses(&Fault {
        name: "unknown kind in a patch",
        inputs: json!({ "patches": ["apiVersion: v1alpha1\nkind: HostnameConfg\nhostname: a\n"] }),
        code: "TS-PATCH-REFUSED",
        says: &["HostnameConfg", "HostnameConfig", "Correct the patch"],
    });
}
