//! Every code with its meaning, usual cause and cure. The documentation of diagnostics is made from this table.

client_core::catalogue! {
    stopped Cancelled;
    Settings "TS-PVE-SETTINGS" ends: "the access to Proxmox VE is not set up",
        because "an endpoint, the API token, the CA or a fingerprint in `proxmox` of the provider block is missing or has the wrong form",
        so "write what the message names; the environment variables PROXMOX_VE_ENDPOINT, PROXMOX_VE_API_TOKEN, PROXMOX_VE_CA_PEM and PROXMOX_VE_INSECURE stand in for what the block leaves out";
    Unreachable "TS-PVE-UNREACHABLE" waits: "Proxmox VE does not answer",
        because "the host is off, or the address, the port or a firewall on the way is wrong",
        so "check that port 8006 of the endpoint answers from here, or add other hosts of the cluster to `proxmox.endpoints`";
    Name "TS-PVE-NAME" waits: "the endpoint's host name has no address",
        because "the name is misspelt, or its DNS record is missing",
        so "use the host's IP address in the endpoint, or create the DNS record";
    NotProxmox "TS-PVE-NOT-PROXMOX" ends: "something else answers at the endpoint",
        because "the address or the port belongs to another service, or a proxy answers in Proxmox VE's place",
        so "point the endpoint at the API of a Proxmox VE host, such as https://pve1.example.com:8006";
    TlsAuthority "TS-PVE-TLS-AUTHORITY" ends: "the endpoint's certificate is not trusted",
        because "it is signed by the cluster's own authority or another one that is not known here",
        so "set `proxmox.ca_pem` to /etc/pve/pve-root-ca.pem of the cluster, or `proxmox.tls_fingerprints` to the fingerprint that the message shows, once you compared it with the one of the host";
    TlsFingerprint "TS-PVE-TLS-FINGERPRINT" ends: "the endpoint's certificate has another fingerprint than the pinned ones",
        because "the certificate was renewed, the address leads to another host, or somebody is in between",
        so "compare the fingerprint that the message shows with the host's own (pvenode cert info), then add it to `proxmox.tls_fingerprints`";
    TlsName "TS-PVE-TLS-NAME" ends: "the endpoint's certificate does not name this address",
        because "the endpoint is an address or a name that the certificate was not made for",
        so "use a name out of the certificate, or pin its fingerprint with `proxmox.tls_fingerprints`";
    TlsExpired "TS-PVE-TLS-EXPIRED" ends: "the endpoint's certificate is not valid at this time",
        because "it was not renewed, or the clock of this computer or of the host is wrong",
        so "set both clocks, or renew the certificate (pvecm updatecerts --force)";
    Auth "TS-PVE-AUTH" ends: "Proxmox VE does not accept the API token",
        because "the token does not exist, its secret is wrong, it has expired or its user is disabled",
        so "make a token (pveum user token add) and pass it as `proxmox.api_token` or PROXMOX_VE_API_TOKEN, in the form user@realm!name=secret";
    Permission "TS-PVE-PERMISSION" ends: "the API token lacks a privilege",
        because "neither the token nor, with privilege separation, its user has the privilege on that path",
        so "grant a role with the privilege: pveum acl modify PATH --tokens 'USER@REALM!NAME' --roles ROLE";
    RootOnly "TS-PVE-ROOT-ONLY" ends: "Proxmox VE lets only root set this",
        because "some settings are refused to every API token, also to one of root@pam",
        so "use a mapping (`mapping`) in place of a raw device, or set it on the host and leave it out here";
    Input "TS-PVE-INPUT" ends: "Proxmox VE refuses a value",
        because "a parameter has a value or a form that this version does not take",
        so "correct what the answer names";
    NotFound "TS-PVE-NOT-FOUND" ends: "the virtual machine is not there",
        because "it was destroyed or moved to another host",
        so "plan again: the refresh finds where it is";
    Unsupported "TS-PVE-UNSUPPORTED" ends: "this Proxmox VE does not offer the call",
        because "its version is too old, or another service answers",
        so "update Proxmox VE to 8.4 or later";
    VmidTaken "TS-PVE-VMID-TAKEN" ends: "the vmid belongs to another virtual machine",
        because "somebody else made a virtual machine with this vmid; it is left alone",
        so "choose another `vmid`, leave it out to get a free one, or import the machine if it is this one";
    Locked "TS-PVE-LOCKED" waits: "the virtual machine is locked",
        because "a backup, migration, snapshot or another task is at work on it",
        so "wait for the task to end; a lock that stays behind after a crash is taken off on the host with qm unlock";
    Protected "TS-PVE-PROTECTED" ends: "the virtual machine is protected",
        because "its protection flag forbids to destroy it and to take its disks away",
        so "set `protection = false` and apply, then try again";
    StorageUnknown "TS-PVE-STORAGE-UNKNOWN" ends: "the storage does not exist on this host",
        because "its name is misspelt, or the storage is limited to other hosts",
        so "choose one that pvesm status shows on that host";
    StorageContent "TS-PVE-STORAGE-CONTENT" ends: "the storage does not take this kind of content",
        because "the content type is not enabled on it",
        so "enable it beside the types that the storage has (pvesm set STORAGE --content with all of them replaces its list), or choose another storage";
    StorageFull "TS-PVE-STORAGE-FULL" ends: "the storage is full",
        because "there is not enough space left for the volume",
        so "free space or choose another storage; nothing is left behind by the attempt";
    StorageBusy "TS-PVE-STORAGE-BUSY" waits: "the storage is busy",
        because "other tasks allocate volumes on it at this moment",
        so "run again when they are done; a smaller `proxmox.max_parallel` helps";
    VolumeMissing "TS-PVE-VOLUME-MISSING" ends: "a volume does not exist",
        because "the image or disk that is named was removed, or never arrived on this host",
        so "apply the stage that uploads it, or correct the volume's name";
    Bridge "TS-PVE-BRIDGE-UNKNOWN" ends: "the bridge does not exist on this host",
        because "its name is misspelt, or the bridge or virtual network is not set up on that host",
        so "correct `nics.….bridge`, or set the network up on the host (SDN: apply the pending configuration)";
    HostUnknown "TS-PVE-HOST-UNKNOWN" ends: "there is no such host in the cluster",
        because "`node` names a host that the cluster does not have",
        so "write a name that pvecm nodes or the tree of the web interface shows";
    OtherCluster "TS-PVE-OTHER-CLUSTER" ends: "another cluster of Proxmox VE answers",
        because "the endpoint (`proxmox.endpoint` or PROXMOX_VE_ENDPOINT) leads to another cluster than the one in state",
        so "point the endpoint at a host of the cluster that the message names; where that cluster is gone for good, take the resource out of state (terraform state rm ADDRESS), and the next apply makes it anew";
    HostOffline "TS-PVE-HOST-OFFLINE" waits: "the host is offline",
        because "the host is off, starting, or cut off from the cluster",
        so "bring the host back, then run again";
    Quorum "TS-PVE-QUORUM" waits: "the cluster has no quorum",
        because "too few hosts of the cluster see each other; the configuration cannot be written",
        so "bring the missing hosts back (pvecm status), then run again";
    Changed "TS-PVE-CHANGED" ends: "somebody else changed the virtual machine at the same time",
        because "its configuration is not the one that was looked at before",
        so "plan again and review";
    Hotplug "TS-PVE-HOTPLUG" ends: "the change did not take effect on the running machine",
        because "the guest or the host refused to plug or unplug the device; it stays pending",
        so "power-cycle the machine at a good time (a restart from inside the guest is not enough), or set the value back";
    Start "TS-PVE-START" ends: "the virtual machine does not start",
        because "the host cannot give it what it asks for",
        so "see the task's log, correct what it names, then run again";
    Checksum "TS-PVE-CHECKSUM" ends: "the file does not have the expected checksum",
        because "another file lies at the address, or the checksum belongs to another version",
        so "correct `checksum`, or the address";
    Download "TS-PVE-DOWNLOAD" ends: "the host cannot download the file",
        because "the address is wrong, or the host has no way to it",
        so "correct the address, or set `delivery = \"upload\"` to fetch the file here and upload it";
    FileExists "TS-PVE-FILE-EXISTS" ends: "a file of that name is there already",
        because "another file was put there under the same name",
        so "remove it, or set another `file_name`";
    TaskFailed "TS-PVE-TASK-FAILED" ends: "a task of Proxmox VE failed",
        because "see the task's log",
        so "correct what the log names, then run again";
    TaskLost "TS-PVE-TASK-LOST" ends: "a task of Proxmox VE ended without a result",
        because "the host was restarted or the task was killed while it ran",
        so "run again: what it did is looked at first";
    Unclear "TS-PVE-UNCLEAR" ends: "it is not known whether Proxmox VE carried the request out",
        because "the connection broke before the answer came",
        so "run again: what is done is seen and not repeated";
    Busy "TS-PVE-BUSY" waits: "the host is busy",
        because "it could not start another task",
        so "run again when it has less to do";
    Timeout "TS-PVE-TIMEOUT" waits: "Proxmox VE took too long to answer",
        because "the host is overloaded, or the connection broke without notice",
        so "check the host, then run again";
    Cancelled "TS-PVE-CANCELLED" ends: "stopped as asked",
        because "the run was interrupted",
        so "run again: what is done is seen and not repeated";
    Answer "TS-PVE-ANSWER" ends: "the answer cannot be read",
        because "this version of Proxmox VE answers in another form than known",
        so "report it with the version of Proxmox VE and a trace log";
    Failed "TS-PVE-FAILED" ends: "Proxmox VE answered with an error",
        because "see the answer",
        so "correct what the answer names, then run again";
}
