//! Every code with its meaning, usual cause and cure. The documentation of diagnostics is made from this table.

/// Stable name of a kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // each is described once, in CATALOGUE
pub enum Code {
    ClientConfiguration,
    ClientEndpoint,
    NodeUnreachable,
    NodeName,
    NodeNotTalos,
    NodeWrongCa,
    NodeAddress,
    NodeClock,
    NodeCertExpired,
    NodeCertRejected,
    NodeFingerprint,
    NodeMaintenance,
    NodeNotMaintenance,
    NodeRole,
    NodeBooting,
    NodeBusy,
    NodeUnsupported,
    NodeNotFound,
    NodeFailed,
    NodeTimeout,
    NodeCancelled,
    ConfigRefused,
    EtcdExists,
    EtcdDown,
    EtcdNotControlPlane,
    EtcdSnapshot,
}

impl Code {
    /// The text that appears in summaries, such as `TS-NODE-UNREACHABLE`.
    pub fn as_str(self) -> &'static str {
        self.entry().text
    }

    /// The code's line in the catalogue.
    pub fn entry(self) -> &'static Entry {
        &CATALOGUE[self as usize]
    }
}

/// One line of the catalogue.
#[derive(Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// Its stable text.
    pub text: &'static str,
    /// Waiting alone may cure it.
    pub transient: bool,
    /// What it says about the machine.
    pub meaning: &'static str,
    /// What is usually behind it.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
}

const fn entry(
    code: Code,
    text: &'static str,
    transient: bool,
    meaning: &'static str,
    cause: &'static str,
    cure: &'static str,
) -> Entry {
    Entry {
        code,
        text,
        transient,
        meaning,
        cause,
        cure,
    }
}

/// All codes, in the order of [`Code`].
pub static CATALOGUE: [Entry; 26] = [
    entry(
        Code::ClientConfiguration,
        "TS-CLIENT-CONFIGURATION",
        false,
        "the client configuration cannot be used",
        "a member of client_configuration is not base64 of PEM, or certificate and key do not belong together",
        "pass the client_configuration of talos_secrets or of the ephemeral talos_client_config unchanged",
    ),
    entry(
        Code::ClientEndpoint,
        "TS-CLIENT-ENDPOINT",
        false,
        "an endpoint is not an address",
        "an endpoint is a host name or an IP address, with a port where it is not 50000",
        "write it as 10.0.0.1, 10.0.0.1:50000, fd00::1, [fd00::1]:50000 or a host name",
    ),
    entry(
        Code::NodeUnreachable,
        "TS-NODE-UNREACHABLE",
        true,
        "the machine does not answer",
        "the machine is off, still starting, or the address or a firewall on the way is wrong",
        "check that the machine runs and that its Talos API port answers from here, then run again",
    ),
    entry(
        Code::NodeName,
        "TS-NODE-NAME",
        true,
        "a host name has no address",
        "the name is misspelt, or its DNS record is not there yet",
        "use the machine's IP address in endpoints, or create the DNS record",
    ),
    entry(
        Code::NodeNotTalos,
        "TS-NODE-NOT-TALOS",
        false,
        "something else answers at the endpoint",
        "the address or the port belongs to another service",
        "point endpoints at the Talos API of the machine, port 50000 unless it is proxied",
    ),
    entry(
        Code::NodeWrongCa,
        "TS-NODE-WRONG-CA",
        false,
        "the machine belongs to another cluster",
        "the machine's certificate is not signed by the CA in client_configuration: the address leads to a machine of another cluster, \
         or the secrets of this cluster were made anew after the machine was configured",
        "compare the fingerprints, then correct endpoints or pass the client_configuration of the cluster that the machine is in",
    ),
    entry(
        Code::NodeAddress,
        "TS-NODE-ADDRESS",
        false,
        "the machine's certificate does not name this address",
        "the endpoint is an address that Talos does not know as its own, such as a NAT address, a load balancer or a new DNS name",
        "use an address out of the certificate, or add this one to machine.certSANs",
    ),
    entry(
        Code::NodeClock,
        "TS-NODE-CLOCK",
        false,
        "clocks disagree",
        "a certificate is not valid at the present time of this computer: its clock or the machine's is wrong",
        "set both clocks (NTP on the machine: talosctl time), then run again",
    ),
    entry(
        Code::NodeCertExpired,
        "TS-NODE-CERT-EXPIRED",
        false,
        "the client certificate has expired",
        "the certificate in client_configuration is past its end",
        "renew it: apply the stage with talos_secrets, or take the ephemeral talos_client_config, which is minted at every run",
    ),
    entry(
        Code::NodeCertRejected,
        "TS-NODE-CERT-REJECTED",
        false,
        "the machine does not accept the client certificate",
        "the certificate was not signed by a CA that the machine accepts, or is not a client certificate",
        "pass the client_configuration of the cluster that the machine is in",
    ),
    entry(
        Code::NodeFingerprint,
        "TS-NODE-FINGERPRINT",
        false,
        "the machine in maintenance mode is not the expected one",
        "its certificate has another fingerprint than the one given; it changes at every boot",
        "compare with the fingerprint on the machine's console",
    ),
    entry(
        Code::NodeMaintenance,
        "TS-NODE-MAINTENANCE",
        false,
        "the machine is in maintenance mode",
        "the machine has no configuration yet, or lost it with its disk",
        "apply its configuration first (stage apply), then run again",
    ),
    entry(
        Code::NodeNotMaintenance,
        "TS-NODE-NOT-MAINTENANCE",
        false,
        "the machine is configured already",
        "the machine wants a client certificate and none was given",
        "pass the client_configuration of its cluster",
    ),
    entry(
        Code::NodeRole,
        "TS-NODE-ROLE",
        false,
        "the client certificate's role is too small",
        "the call needs a role that the certificate does not carry",
        "use a client_configuration with the role os:admin",
    ),
    entry(
        Code::NodeBooting,
        "TS-NODE-BOOTING",
        true,
        "the machine is not ready for this yet",
        "it is still starting",
        "wait for it, then run again; talosctl health or data talos_health says what is missing",
    ),
    entry(
        Code::NodeBusy,
        "TS-NODE-BUSY",
        true,
        "the machine is busy with another change",
        "another apply, reboot, upgrade or reset is running on it",
        "wait for it to end, then run again",
    ),
    entry(
        Code::NodeUnsupported,
        "TS-NODE-UNSUPPORTED",
        false,
        "the machine does not offer this call",
        "its Talos version, its role or its mode (such as a container) has no such call",
        "see the machine's answer; update Talos or leave the setting out",
    ),
    entry(
        Code::NodeNotFound,
        "TS-NODE-NOT-FOUND",
        false,
        "the machine does not have what was asked for",
        "the file or the resource is not there",
        "see the machine's answer",
    ),
    entry(
        Code::NodeFailed,
        "TS-NODE-FAILED",
        false,
        "the machine answered with an error",
        "see the machine's answer",
        "look at talosctl dmesg and talosctl service of the machine",
    ),
    entry(
        Code::NodeTimeout,
        "TS-NODE-TIMEOUT",
        true,
        "the machine took too long to answer",
        "it is overloaded, or the connection broke without notice",
        "check the machine, give the operation more time if it is only slow, then run again",
    ),
    entry(
        Code::NodeCancelled,
        "TS-NODE-CANCELLED",
        false,
        "stopped as asked",
        "the run was interrupted",
        "run again: what is done is seen and not repeated",
    ),
    entry(
        Code::ConfigRefused,
        "TS-CONFIG-REFUSED",
        false,
        "Talos refuses the configuration",
        "the configuration is not valid on this machine; nothing was changed",
        "correct what the machine's answer names",
    ),
    entry(
        Code::EtcdExists,
        "TS-ETCD-EXISTS",
        false,
        "the machine has etcd data already",
        "the cluster was bootstrapped before, here or from another machine",
        "do not bootstrap again; data talos_health shows the members",
    ),
    entry(
        Code::EtcdDown,
        "TS-ETCD-DOWN",
        false,
        "etcd does not run on the machine",
        "the cluster is not bootstrapped, or etcd has not started or lost its quorum",
        "bootstrap the cluster, or look at talosctl service etcd of the machine",
    ),
    entry(
        Code::EtcdNotControlPlane,
        "TS-ETCD-NOT-CONTROL-PLANE",
        false,
        "the machine is not a control plane",
        "etcd runs on machines of type controlplane only",
        "name a control plane machine",
    ),
    entry(
        Code::EtcdSnapshot,
        "TS-ETCD-SNAPSHOT",
        false,
        "the etcd snapshot cannot be read",
        "the file is missing, empty or not readable",
        "name a file that talosctl etcd snapshot has written",
    ),
];
