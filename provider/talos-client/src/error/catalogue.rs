//! Every code with its meaning, usual cause and cure. The documentation of diagnostics is made from this table.

client_core::catalogue! {
    stopped NodeCancelled;
    ClientConfiguration "TS-CLIENT-CONFIGURATION" ends: "the client configuration cannot be used",
        because "a member of client_configuration is not base64 of PEM, or certificate and key do not belong together",
        so "pass the client_configuration of talos_secrets or of the ephemeral talos_client_config unchanged";
    ClientEndpoint "TS-CLIENT-ENDPOINT" ends: "an endpoint cannot be used",
        because "the list of endpoints is empty, or an entry of it is misspelt, begins with another scheme than https, has a path, or has a port that is not a number between 1 and 65535",
        so "write it as 10.0.0.1, 10.0.0.1:50000, fd00::1, [fd00::1]:50000 or a host name";
    NodeUnreachable "TS-NODE-UNREACHABLE" waits: "the machine does not answer",
        because "the machine is off, still starting, or the address or a firewall on the way is wrong",
        so "check that the machine runs and that its Talos API port answers from here, then run again";
    NodeName "TS-NODE-NAME" waits: "a host name has no address",
        because "the name is misspelt, or its DNS record is not there yet",
        so "use the machine's IP address in endpoints, or create the DNS record";
    NodeNotTalos "TS-NODE-NOT-TALOS" ends: "something else answers at the endpoint",
        because "the address or the port belongs to another service",
        so "point endpoints at the Talos API of the machine, port 50000 unless it is proxied";
    NodeWrongCa "TS-NODE-WRONG-CA" ends: "the machine belongs to another cluster",
        because "the machine's certificate is not signed by the CA in client_configuration: the address leads to a machine of another cluster, or the secrets of this cluster were made anew after the machine was configured",
        so "compare the fingerprints, then correct endpoints or pass the client_configuration of the cluster that the machine is in";
    NodeAddress "TS-NODE-ADDRESS" ends: "the machine's certificate does not name this address",
        because "the endpoint is an address that Talos does not know as its own, such as a NAT address, a load balancer or a new DNS name",
        so "use an address out of the certificate, or add this one to machine.certSANs";
    NodeClock "TS-NODE-CLOCK" ends: "clocks disagree",
        because "a certificate is not valid at the present time of this computer: its clock or the machine's is wrong",
        so "set both clocks (NTP on the machine: talosctl time), then run again";
    NodeCertExpired "TS-NODE-CERT-EXPIRED" ends: "the client certificate has expired",
        because "the certificate in client_configuration is past its end",
        so "renew it: apply the stage with talos_secrets, or take the ephemeral talos_client_config, which is minted at every run";
    NodeCertRejected "TS-NODE-CERT-REJECTED" ends: "the machine does not accept the client certificate",
        because "the certificate was not signed by a CA that the machine accepts, or is not a client certificate",
        so "pass the client_configuration of the cluster that the machine is in";
    NodeFingerprint "TS-NODE-FINGERPRINT" ends: "the machine in maintenance mode is not the expected one",
        because "its certificate has another fingerprint than the one given; it changes at every boot",
        so "compare with the fingerprint on the machine's console";
    NodeMaintenance "TS-NODE-MAINTENANCE" ends: "the machine is in maintenance mode",
        because "the machine has no configuration yet, or lost it with its disk",
        so "apply its configuration first (stage apply), then run again";
    NodeNotMaintenance "TS-NODE-NOT-MAINTENANCE" ends: "the machine is configured already",
        because "the machine wants a client certificate and none was given",
        so "pass the client_configuration of its cluster";
    NodeRole "TS-NODE-ROLE" ends: "the client certificate's role is too small",
        because "the call needs a role that the certificate does not carry",
        so "use a client_configuration with the role os:admin";
    NodeBooting "TS-NODE-BOOTING" waits: "the machine is not ready for this yet",
        because "it is still starting",
        so "wait for it, then run again; talosctl health or data talos_health says what is missing";
    NodeBusy "TS-NODE-BUSY" waits: "the machine is busy with another change",
        because "another apply, reboot, upgrade or reset is running on it",
        so "wait for it to end, then run again";
    NodeUnsupported "TS-NODE-UNSUPPORTED" ends: "the machine does not offer this call",
        because "its Talos version, its role or its mode (such as a container) has no such call",
        so "see the machine's answer; update Talos or leave the setting out";
    NodeNotFound "TS-NODE-NOT-FOUND" ends: "the machine does not have what was asked for",
        because "the file or the resource is not there",
        so "see the machine's answer";
    NodeFailed "TS-NODE-FAILED" ends: "the machine answered with an error",
        because "see the machine's answer",
        so "look at talosctl dmesg and talosctl service of the machine";
    NodeTimeout "TS-NODE-TIMEOUT" waits: "the machine took too long to answer",
        because "it is overloaded, or the connection broke without notice",
        so "check the machine, give the operation more time if it is only slow, then run again";
    NodeCancelled "TS-NODE-CANCELLED" ends: "stopped as asked",
        because "the run was interrupted",
        so "run again: what is done is seen and not repeated";
    ConfigRefused "TS-CONFIG-REFUSED" ends: "Talos refuses the configuration",
        because "the configuration is not valid on this machine; nothing was changed",
        so "correct what the machine's answer names";
    EtcdExists "TS-ETCD-EXISTS" ends: "the machine has etcd data already",
        because "the cluster was bootstrapped before, here or from another machine",
        so "do not bootstrap again; data talos_health shows the members";
    EtcdDown "TS-ETCD-DOWN" ends: "etcd does not run on the machine",
        because "the cluster is not bootstrapped, or etcd has not started or lost its quorum",
        so "bootstrap the cluster, or look at talosctl service etcd of the machine";
    EtcdNotControlPlane "TS-ETCD-NOT-CONTROL-PLANE" ends: "the machine is not a control plane",
        because "etcd runs on machines of type controlplane only",
        so "name a control plane machine";
    EtcdSnapshot "TS-ETCD-SNAPSHOT" ends: "the etcd snapshot cannot be read",
        because "the file is missing, empty or not readable",
        so "name a file that talosctl etcd snapshot has written";
}
