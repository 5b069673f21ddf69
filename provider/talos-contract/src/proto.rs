//! The contracts of `proto/talos`, read when they are needed.

use std::path::Path;
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/talos");
    let files = [
        "cluster/cluster.proto",
        "cosi/resource/state.proto",
        "machine/machine.proto",
        "machine/operator.proto",
        "storage/storage.proto",
    ];
    let files = files.map(|file| folder.join(file));
    let set = protox::compile(files, [&folder]).expect("the contracts can be read");
    DescriptorPool::from_file_descriptor_set(set).expect("the contracts are whole")
});

/// Methods that no contract of this repository has, with a message of the same form as their
/// request. Their answers are not looked into.
const STRANGERS: [(&str, &str); 4] = [
    ("cosi.resource.State/Create", "cosi.resource.GetResponse"),
    ("cosi.resource.State/Destroy", "cosi.resource.GetRequest"),
    (
        "machine.MachineService/EtcdRemoveMemberByID",
        "machine.EtcdMemberAlarm",
    ),
    ("machine.MachineService/Upgrade", "machine.ReadRequest"),
];

/// Request and answer of a method; none where its contract is not known.
pub(crate) fn messages(method: &str) -> (Option<MessageDescriptor>, Option<MessageDescriptor>) {
    if let Some((service, name)) = method.split_once('/')
        && let Some(service) = POOL.get_service_by_name(service)
        && let Some(found) = service.methods().find(|one| one.name() == name)
    {
        return (Some(found.input()), Some(found.output()));
    }
    let stranger = STRANGERS.iter().find(|(name, _)| *name == method);
    let message = stranger.and_then(|(_, message)| POOL.get_message_by_name(message));
    (message, None)
}
