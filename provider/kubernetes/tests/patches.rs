//! Patches of manifests; what a strategic merge makes of a Deployment is judged by kubectl.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, too, end a test by panicking"
)]

use std::process::Command;

use acceptance_tests::skip;
use kubernetes::patch::{Patch, Selection};
use serde_json::{Value, json};

/// A Deployment with a list of each sort.
fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "operator", "namespace": "flux", "labels": {"a": "b"}, "finalizers": ["x", "y"]},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"a": "b"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {
                    "nodeSelector": {"disk": "ssd"},
                    "tolerations": [{"key": "a", "operator": "Exists"}],
                    "imagePullSecrets": [{"name": "one"}],
                    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["one"]}],
                    "initContainers": [{"name": "first", "image": "i", "env": [{"name": "A", "value": "1"}]}],
                    "containers": [{
                        "name": "manager",
                        "image": "operator:1",
                        "args": ["--a", "--b"],
                        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
                        "envFrom": [{"secretRef": {"name": "one"}}],
                        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}],
                        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
                        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "data", "mountPath": "/data"}],
                    }],
                    "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "data", "configMap": {"name": "one", "items": [{"key": "a", "path": "a"}]}}],
                },
            },
        },
    })
}

/// A patch of the pod, and of its container.
fn pod(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

fn manager(mut members: Value) -> Value {
    members["name"] = "manager".into();
    pod(json!({"containers": [members]}))
}

/// What this crate makes of it.
fn ours(patch: &Value) -> Result<Value, String> {
    let selection = Selection {
        kind: Some("Deployment".to_owned()),
        ..Selection::default()
    };
    // JSON is YAML.
    let patch = Patch::parse(&patch.to_string(), Some(&selection));
    let mut objects = vec![deployment()];
    let patched = patch.and_then(|patch| patch.apply(&mut objects));
    patched.map_err(|fault| fault.to_string())?;
    Ok(objects.pop().unwrap_or_default())
}

/// What kubectl makes of it, without a cluster.
fn judged(patch: &Value) -> Result<Value, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), deployment().to_string()).unwrap();
    let output = Command::new("kubectl")
        .args(["patch", "--local", "--type=strategic", "--output=json"])
        .arg("--filename")
        .arg(file.path())
        .arg("--patch")
        .arg(patch.to_string())
        .env_remove("KUBECONFIG")
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn strategic_merge_does_what_kubectl_does() {
    if skip::unless_on_path("strategic_merge_does_what_kubectl_does", "kubectl") {
        return;
    }
    let patches = [
        json!({"spec": {"replicas": 2}}),
        json!({"metadata": {"labels": {"a": null, "c": "d"}, "annotations": {"e": "f"}}}),
        json!({"metadata": {"finalizers": ["z", "x"]}}),
        json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}}),
        json!({"spec": {"strategy": {"$patch": "replace", "type": "Recreate"}}}),
        // Containers by name: changed, added before and after.
        manager(json!({"image": "operator:2", "args": ["--c"]})),
        pod(json!({"containers": [{"name": "sidecar", "image": "s"}]})),
        pod(
            json!({"containers": [{"name": "manager", "tty": true}, {"name": "sidecar", "image": "s"}]}),
        ),
        pod(json!({"initContainers": [{"name": "first", "env": [{"name": "B", "value": "2"}]}]})),
        // Variables by name, in the order that kubectl leaves them in.
        manager(json!({"env": [{"name": "C", "value": "4"}, {"name": "D", "value": "5"}]})),
        manager(json!({"env": [{"name": "D", "value": "5"}, {"name": "B", "value": "4"}]})),
        manager(json!({"env": [{"name": "C", "value": "4"}, {"name": "A", "value": "5"}]})),
        manager(json!({"env": [{"name": "B", "$patch": "delete"}]})),
        manager(
            json!({"env": [{"name": "B", "$patch": "delete"}, {"name": "D", "value": "5"}, {"name": "A", "value": null}]}),
        ),
        manager(json!({"env": [{"$patch": "replace"}, {"name": "D", "value": "5"}]})),
        manager(
            json!({"env": [{"name": "A", "value": null, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
        ),
        manager(json!({"env": null})),
        // Lists that are replaced as a whole.
        manager(json!({"envFrom": [{"configMapRef": {"name": "two"}}]})),
        pod(json!({"tolerations": [{"key": "b"}]})),
        pod(
            json!({"volumes": [{"name": "data", "configMap": {"items": [{"key": "b", "path": "b"}]}}]}),
        ),
        // Lists by other keys.
        manager(
            json!({"ports": [{"containerPort": 8080, "name": "web"}, {"containerPort": 9090}]}),
        ),
        manager(json!({"ports": [{"containerPort": 53, "$patch": "delete"}]})),
        manager(
            json!({"volumeMounts": [{"mountPath": "/data", "readOnly": true}, {"mountPath": "/x", "name": "x"}]}),
        ),
        pod(
            json!({"volumes": [{"name": "x", "emptyDir": {}}, {"name": "tmp", "emptyDir": null, "secret": {"secretName": "s"}}]}),
        ),
        pod(json!({"volumes": [{"name": "tmp", "$patch": "delete"}]})),
        pod(
            json!({"imagePullSecrets": [{"name": "two"}], "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["two"]}]}),
        ),
        pod(json!({"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 1}]})),
        // Members that were not there.
        manager(json!({"securityContext": {"runAsUser": 1, "runAsGroup": null}})),
        pod(
            json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}}),
        ),
        manager(json!({"resources": {"limits": {"cpu": null}, "requests": {"cpu": "1"}}})),
        pod(json!({"nodeSelector": {"$patch": "replace", "zone": "a"}})),
        pod(json!({"nodeSelector": null})),
    ];
    for patch in patches {
        let wanted = judged(&patch).unwrap_or_else(|why| panic!("kubectl: {why}"));
        assert_eq!(ours(&patch), Ok(wanted), "{patch}");
    }
    // Both refuse an item that nobody can know.
    let nameless = pod(json!({"containers": [{"image": "x"}]}));
    assert!(judged(&nameless).is_err());
    let told = ours(&nameless).unwrap_err();
    assert!(
        told.contains("without `name` in spec.template.spec.containers"),
        "{told}"
    );
}

/// The one difference: what is deleted is gone, where kubectl leaves it empty.
#[test]
fn what_a_patch_deletes_is_gone() {
    let patch = pod(json!({"nodeSelector": {"$patch": "delete"}}));
    let mut wanted = deployment();
    let spec = wanted.pointer_mut("/spec/template/spec").unwrap();
    spec.as_object_mut().unwrap().remove("nodeSelector");
    assert_eq!(ours(&patch), Ok(wanted));
    assert_eq!(ours(&json!({"$patch": "delete"})), Ok(Value::Null));
}

fn service() -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "operator", "namespace": "flux"},
        "spec": {"ports": [{"port": 80, "targetPort": 8080}]}})
}

/// The objects after a patch.
fn patched(text: &str, selection: Option<Selection>) -> Result<Vec<Value>, String> {
    let mut objects = vec![service(), deployment()];
    Patch::parse(text, selection.as_ref())
        .and_then(|patch| patch.apply(&mut objects))
        .map(|()| objects)
        .map_err(|fault| fault.to_string())
}

fn kind(kind: &str) -> Option<Selection> {
    Some(Selection {
        kind: Some(kind.to_owned()),
        ..Selection::default()
    })
}

#[test]
fn a_document_says_itself_what_it_is_for() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: operator}\nspec:\n  ports: [{port: 80, name: http}]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: operator, namespace: flux}\nspec: {replicas: 3}\n";
    let objects = patched(text, None).unwrap();
    assert_eq!(
        objects[0]["spec"]["ports"],
        json!([{"port": 80, "targetPort": 8080, "name": "http"}])
    );
    assert_eq!(objects[1]["spec"]["replicas"], 3);
    let other =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: operator, namespace: other}\n";
    let told = patched(other, None).unwrap_err();
    assert!(
        told.contains("matches nothing") && told.contains("Deployment/flux/operator"),
        "{told}"
    );
}

#[test]
fn a_target_comes_before_what_a_document_says() {
    let text = "apiVersion: v1\nkind: Any\nmetadata: {name: not-used, labels: {x: z}}\n";
    let objects = patched(text, kind("Service|Deployment")).unwrap();
    for (object, before) in objects.iter().zip([service(), deployment()]) {
        assert_eq!(object["metadata"]["labels"]["x"], "z");
        assert_eq!(object["metadata"]["name"], before["metadata"]["name"]);
        assert_eq!(object["kind"], before["kind"]);
    }
    assert!(
        patched(text, kind("Pod"))
            .unwrap_err()
            .contains("matches nothing")
    );
}

#[test]
fn operations_are_carried_out_in_order() {
    let text = "- {op: test, path: /spec/replicas, value: 1}\n- {op: replace, path: /spec/replicas, value: 2}\n- {op: add, path: /spec/template/spec/containers/0/args/-, value: --c}\n- {op: remove, path: /spec/template/spec/nodeSelector}\n- {op: add, path: /metadata/labels/example.com~1a, value: b}\n";
    let objects = patched(text, kind("Deployment")).unwrap();
    let spec = &objects[1]["spec"];
    assert_eq!(spec["replicas"], 2);
    assert_eq!(
        spec["template"]["spec"]["containers"][0]["args"],
        json!(["--a", "--b", "--c"])
    );
    assert!(spec["template"]["spec"].get("nodeSelector").is_none());
    assert_eq!(objects[1]["metadata"]["labels"]["example.com/a"], "b");
    assert_eq!(objects[0], service());
}

#[test]
fn what_is_wrong_is_told_by_place_and_never_by_value() {
    let operation = |text: &str| patched(text, kind("Deployment")).unwrap_err();
    let cases = [
        (
            operation("- {op: replace, path: /spec/nothing, value: hunter2}"),
            "operation 0, replace /spec/nothing",
        ),
        (
            operation("- {op: test, path: /spec/replicas, value: hunter2}"),
            "finds another value",
        ),
        (
            operation("- {op: put, path: /spec}"),
            "operation 0 without a known `op`",
        ),
        (
            operation("- {op: add, path: spec, value: hunter2}"),
            "operation 0 without a `path`",
        ),
        (operation("- {op: add, path: /spec}"), "without a `value`"),
        (operation("- {op: move, path: /spec}"), "without a `from`"),
        (operation("- hunter2"), "that is no object"),
        (
            operation("- {op: replace, path: /metadata/name, value: hunter2}"),
            "renames Deployment/flux/operator",
        ),
        (
            operation("- {op: replace, path: '', value: hunter2}"),
            "renames Deployment/flux/operator",
        ),
        (
            patched("- {op: remove, path: /spec}", None).unwrap_err(),
            "without a target",
        ),
        (
            patched("spec: {replicas: 2}", None).unwrap_err(),
            "says not for what",
        ),
        (patched("hunter2", None).unwrap_err(), "no object"),
        (patched("", kind("Pod")).unwrap_err(), "is empty"),
        (patched("a: [hunter2", None).unwrap_err(), "is no YAML"),
        (
            operation("spec: {strategy: {$retainKeys: [type]}}"),
            "`$retainKeys`",
        ),
        (
            operation("spec: {strategy: {$patch: merge}}"),
            "neither delete nor replace",
        ),
        (
            operation(
                "spec: {template: {spec: {containers: [{name: manager, $patch: replace, image: hunter2}]}}}",
            ),
            "among other members in spec.template.spec.containers",
        ),
    ];
    for (told, part) in cases {
        assert!(
            told.contains(part) && !told.contains("hunter2"),
            "{part}: {told}"
        );
    }
}
