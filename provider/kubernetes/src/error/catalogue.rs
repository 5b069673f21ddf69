//! Every code with its meaning, usual cause and cure. The documentation of diagnostics is made from this table.

client_core::catalogue! {
    stopped Cancelled;
    Settings "TS-K8S-SETTINGS" ends: "the access to Kubernetes is not set up",
        because "the `kubernetes` attribute is missing, or a part of it has the wrong form",
        so "give it a `kubeconfig` (or `kubeconfig_path`), or `host` with a CA and a client certificate or token, here or in the provider block; KUBE_CONFIG_PATH stands in where neither says anything";
    Kubeconfig "TS-K8S-KUBECONFIG" ends: "the kubeconfig cannot be used",
        because "it is damaged, lacks the context, or logs in through a program, which is not run",
        so "correct what the message names; `talosctl kubeconfig` or the resource `talos_kubeconfig` makes one that works";
    Unreachable "TS-K8S-UNREACHABLE" waits: "the Kubernetes API does not answer",
        because "the control planes are off or starting, or the address, the port or a firewall on the way is wrong",
        so "check that the port answers from here, usually 6443, and that kube-apiserver runs on a control plane";
    Name "TS-K8S-NAME" waits: "the host name of the Kubernetes API has no address",
        because "the name is misspelt, or its DNS record is missing",
        so "use an address in the kubeconfig, or create the DNS record";
    NotKubernetes "TS-K8S-NOT-KUBERNETES" ends: "something else answers in place of the Kubernetes API",
        because "the address or the port belongs to another service, or a proxy answers",
        so "point the kubeconfig at a Kubernetes API server";
    TlsAuthority "TS-K8S-TLS-AUTHORITY" ends: "the certificate of the Kubernetes API is signed by another authority",
        because "the kubeconfig belongs to another cluster, or the cluster was built anew",
        so "use the kubeconfig of this cluster: apply its bootstrap stage again, then this one";
    TlsName "TS-K8S-TLS-NAME" ends: "the certificate of the Kubernetes API does not name this address",
        because "the address in the kubeconfig is none that the API server's certificate was made for",
        so "use an address out of the certificate, or add this one to `cert_sans` of the machine configuration";
    TlsExpired "TS-K8S-TLS-EXPIRED" ends: "a certificate is not valid at this time",
        because "it was not renewed, or the clock of this computer or of a control plane is wrong",
        so "set the clocks, or renew the certificate; a kubeconfig is renewed by its bootstrap stage";
    Auth "TS-K8S-AUTH" ends: "the Kubernetes API does not accept the credentials",
        because "the client certificate is signed by another cluster's authority or has expired, or the token is wrong",
        so "use the kubeconfig of this cluster: apply its bootstrap stage again, then this one";
    Permission "TS-K8S-PERMISSION" ends: "the user may not do this",
        because "no role grants what the answer names",
        so "grant it with a ClusterRoleBinding, or use the administrator's kubeconfig";
    OtherCluster "TS-K8S-OTHER-CLUSTER" ends: "another cluster answers",
        because "the kubeconfig leads to a cluster whose kube-system namespace has another UID than the one in state",
        so "use the kubeconfig of the right cluster; if the cluster was built anew on purpose, remove the resource from state and apply";
    KindUnknown "TS-K8S-KIND-UNKNOWN" waits: "the cluster does not know this kind of object",
        because "the CustomResourceDefinition is not installed, or the apiVersion is wrong",
        so "install what defines the kind first, or correct apiVersion and kind";
    Manifest "TS-K8S-MANIFEST" ends: "a manifest cannot be read",
        because "the text is no YAML, or a document lacks apiVersion, kind or metadata.name",
        so "correct the document that the message names";
    Invalid "TS-K8S-INVALID" ends: "the cluster refuses an object",
        because "a field has a value that its kind does not take",
        so "correct the fields that the answer names";
    UnknownField "TS-K8S-UNKNOWN-FIELD" ends: "a manifest has a field that its kind does not have",
        because "it is misspelt, or belongs to another version of the kind",
        so "correct or remove the field that the answer names";
    Immutable "TS-K8S-IMMUTABLE" ends: "a field of an object cannot be changed",
        because "its kind lets the field be set at creation only",
        so "set the field back, or delete the object yourself and apply again";
    Conflict "TS-K8S-CONFLICT" ends: "somebody else owns a field",
        because "another field manager set it to another value",
        so "leave the field to its owner, or take it over where the resource offers `adopt`";
    Owned "TS-K8S-OWNED" ends: "an object belongs to somebody else",
        because "it was installed by another tool before",
        so "set `adopt` to take it over, or remove the other installation first";
    Exists "TS-K8S-CHANGED" ends: "an object changed while it was worked on",
        because "somebody else wrote or replaced it at the same time",
        so "run again: what is there is looked at first";
    Webhook "TS-K8S-WEBHOOK" waits: "an admission webhook does not answer",
        because "the service behind it is not running yet, or cannot be reached by the API server",
        so "bring up the service that the answer names, or delete its webhook configuration";
    Admission "TS-K8S-ADMISSION" ends: "an admission policy refuses an object",
        because "a webhook or ValidatingAdmissionPolicy of the cluster forbids it",
        so "change the object as the answer says, or the policy";
    Busy "TS-K8S-BUSY" waits: "the Kubernetes API is not able to answer now",
        because "it is starting, overloaded, or etcd has no leader",
        so "run again when it has settled";
    Terminating "TS-K8S-TERMINATING" waits: "an object is being deleted",
        because "what it holds, or a controller's finalizer on it, is not done yet",
        so "see what the message names; the deletion goes on by itself once that is gone";
    Stuck "TS-K8S-STUCK" ends: "a deletion does not come to its end",
        because "a finalizer waits for a controller that does not run, or something in the namespace cannot be deleted",
        so "bring the controller that the message names back, or remove what blocks; nothing is forced";
    NotReady "TS-K8S-NOT-READY" ends: "an object does not become ready",
        because "see what was seen last",
        so "correct what the message names, then apply again: it goes on where it stopped";
    NoNode "TS-K8S-NO-NODE" ends: "no node takes pods",
        because "no node is ready, or all carry taints that the pods do not tolerate; without a network (CNI) no node becomes ready",
        so "install the network first, or set `tolerations`";
    ImagePull "TS-K8S-IMAGE" ends: "an image cannot be pulled",
        because "the registry or the tag is wrong, the nodes have no way to it, or it needs a pull secret",
        so "check the image from a node, or use a mirror; `image_pull_secrets` names secrets for it";
    Crash "TS-K8S-CRASH" ends: "a container does not stay up",
        because "see its last message",
        so "correct what the message names; kubectl logs --previous shows more";
    RegistryUnreachable "TS-K8S-REGISTRY-UNREACHABLE" waits: "the registry of the artifact does not answer",
        because "the address is wrong, or there is no way to it from here",
        so "check the address from here, or point `source` at a mirror or at a file";
    RegistryAuth "TS-K8S-REGISTRY-AUTH" ends: "the registry refuses the artifact",
        because "it is not public, or its name is wrong",
        so "correct the name in `source.oci`, or use a mirror that hands it out to everybody";
    ArtifactMissing "TS-K8S-ARTIFACT-MISSING" ends: "there is no such artifact",
        because "this version was never published, or not to this registry",
        so "correct `version` or `source`";
    ArtifactDigest "TS-K8S-ARTIFACT-DIGEST" ends: "the artifact is not the expected one",
        because "its digest differs from the pinned or the announced one: it was replaced, or damaged on the way",
        so "compare with the publisher's digest, then correct `source.digest`";
    ArtifactContent "TS-K8S-ARTIFACT-CONTENT" ends: "the artifact does not hold what is expected",
        because "it is another artifact, or one of another time",
        so "point `source` at the manifests of flux-operator";
    OperatorAbsent "TS-FLUX-OPERATOR-ABSENT" ends: "flux-operator is not installed",
        because "its stage was not applied, or it was removed",
        so "apply `flux_operator` first";
    OperatorDead "TS-FLUX-OPERATOR-DEAD" ends: "flux-operator does not run",
        because "its Deployment has no available pod",
        so "see why with kubectl -n flux-system describe pod -l app.kubernetes.io/name=flux-operator, then apply again";
    OperatorElsewhere "TS-FLUX-OPERATOR-ELSEWHERE" ends: "flux-operator watches another namespace",
        because "an instance is only seen in the namespace that the operator runs in",
        so "set `namespace` to the operator's";
    InstanceExists "TS-FLUX-INSTANCE-EXISTS" ends: "a FluxInstance still exists",
        because "without the operator nobody can uninstall it any more, and its deletion would wait for ever",
        so "destroy `flux_instance` first";
    Build "TS-FLUX-BUILD" ends: "flux-operator cannot build this instance",
        because "the version, the registry or a patch is wrong; it does not try again before the spec changes",
        so "correct what the message names";
    Source "TS-FLUX-SOURCE" ends: "Flux cannot fetch its source",
        because "see what the source says",
        so "correct `sync`, or the way from the cluster to the source";
    SourceUnknown "TS-FLUX-SOURCE-UNKNOWN" ends: "the source of the sync does not exist",
        because "`sync.url` or `sync.ref` is misspelt, or the repository is private and asked for without credentials",
        so "correct `sync.url` or `sync.ref`, or set `git_auth`";
    SourceAuth "TS-FLUX-SOURCE-AUTH" ends: "the source of the sync refuses the credentials",
        because "the credentials are missing, wrong or expired",
        so "correct `git_auth`, or the secret that `sync.pull_secret` names";
    SourceUnreachable "TS-FLUX-SOURCE-UNREACHABLE" ends: "the cluster cannot reach the source of the sync",
        because "the host name is wrong or not resolved in the cluster, or nothing answers there",
        so "correct `sync.url`, or the cluster's DNS and way out";
    Path "TS-FLUX-PATH" ends: "the path does not exist in the source",
        because "`sync.path` is misspelt, or was not pushed to this branch",
        so "correct `sync.path`, or push the folder";
    SopsKey "TS-FLUX-SOPS-KEY" ends: "no key decrypts the secrets of the source",
        because "the age key belongs to another recipient than the files were encrypted for",
        so "set `sops.age_key` to the key of a recipient in .sops.yaml, or encrypt the files anew (sops updatekeys)";
    SopsMissing "TS-FLUX-SOPS-MISSING" ends: "the secret with the age key is not there",
        because "`sops` is not set, or the secret was deleted",
        so "set `sops.age_key`, or create the secret that the message names";
    SopsFormat "TS-FLUX-SOPS-FORMAT" ends: "the age key has the wrong form",
        because "an age secret key is a line that begins with AGE-SECRET-KEY-1",
        so "give the text of the key file that age-keygen wrote";
    Sync "TS-FLUX-SYNC" ends: "the sync fails",
        because "see what its Kustomization says",
        so "correct what the message names in the source";
    Instance "TS-FLUX-INSTANCE" ends: "Flux does not become ready",
        because "see what the FluxInstance says",
        so "correct what the message names, then apply again";
    Unclear "TS-K8S-UNCLEAR" waits: "it is not known whether the Kubernetes API carried the request out",
        because "the connection broke before the answer came",
        so "run again: what is done is seen and not repeated";
    Timeout "TS-K8S-TIMEOUT" waits: "the Kubernetes API took too long to answer",
        because "it is overloaded, or the connection broke without notice",
        so "check the control planes, then run again";
    Cancelled "TS-K8S-CANCELLED" ends: "stopped as asked",
        because "the run was interrupted",
        so "run again: what is done is seen and not repeated";
    Gone "TS-K8S-GONE" ends: "an object is not there",
        because "somebody deleted it",
        so "plan again: the refresh sees that it is gone";
    Failed "TS-K8S-FAILED" ends: "the Kubernetes API answered with an error",
        because "see the answer",
        so "correct what the answer names, then run again";
}
