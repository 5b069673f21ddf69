//! Fields of the things that expressions look at, as Talos's resource definitions have them.

use super::types::Kind::{self, Bool, Bytes, Fields, Int, Other, Text, Texts, Uint};

pub(super) type Entries = &'static [(&'static str, Kind)];

pub(super) const DISK_FIELDS: Entries = &[
    ("size", Uint),
    ("io_size", Uint),
    ("sector_size", Uint),
    ("readonly", Bool),
    ("model", Text),
    ("serial", Text),
    ("modalias", Text),
    ("wwid", Text),
    ("bus_path", Text),
    ("sub_system", Text),
    ("transport", Text),
    ("rotational", Bool),
    ("cdrom", Bool),
    ("dev_path", Text),
    ("pretty_size", Text),
    ("secondary_disks", Texts),
    ("uuid", Text),
    ("symlinks", Texts),
];

pub(super) const VOLUME_FIELDS: Entries = &[
    ("size", Uint),
    ("sector_size", Uint),
    ("io_size", Uint),
    ("name", Text),
    ("uuid", Text),
    ("label", Text),
    ("block_size", Uint),
    ("filesystem_block_size", Uint),
    ("probed_size", Uint),
    ("partition_uuid", Text),
    ("partition_type", Text),
    ("partition_label", Text),
    ("partition_index", Uint),
    ("type", Text),
    ("device_path", Text),
    ("parent", Text),
    ("dev_path", Text),
    ("parent_dev_path", Text),
    ("pretty_size", Text),
];

pub(super) const LINK_FIELDS: Entries = &[
    ("index", Uint),
    ("type", Int),
    ("link_index", Uint),
    ("flags", Uint),
    ("hardware_addr", Bytes),
    ("broadcast_addr", Bytes),
    ("mtu", Uint),
    ("queue_disc", Text),
    ("master_index", Uint),
    ("operational_state", Int),
    ("kind", Text),
    ("slave_kind", Text),
    ("bus_path", Text),
    ("pciid", Text),
    ("driver", Text),
    ("driver_version", Text),
    ("firmware_version", Text),
    ("product_id", Text),
    ("vendor_id", Text),
    ("product", Text),
    ("vendor", Text),
    ("link_state", Bool),
    ("speed_megabits", Int),
    ("port", Int),
    ("duplex", Int),
    ("vlan", Fields(VLAN_FIELDS)),
    ("bridge_master", Fields(BRIDGE_FIELDS)),
    ("bond_master", Fields(BOND_FIELDS)),
    ("wireguard", Fields(WIREGUARD_FIELDS)),
    ("permanent_addr", Bytes),
    ("alias", Text),
    ("alt_names", Texts),
];

pub(super) const DISK_FIELDS_1_14: [(&str, Kind); 19] =
    join(DISK_FIELDS, &[("firmware_version", Text)]);

pub(super) const VOLUME_FIELDS_1_12: [(&str, Kind); 20] = join(VOLUME_FIELDS, &[("offset", Uint)]);

pub(super) const LINK_FIELDS_1_13: [(&str, Kind); 33] =
    join(LINK_FIELDS, &[("vrf_master", Fields(VRF_FIELDS))]);

pub(super) const LINK_FIELDS_1_14: [(&str, Kind); 34] =
    join(&LINK_FIELDS_1_13, &[("veth", Fields(VETH_FIELDS))]);

const fn join<const N: usize>(
    old: &[(&'static str, Kind)],
    new: &[(&'static str, Kind)],
) -> [(&'static str, Kind); N] {
    let mut all = [("", Bool); N];
    let mut at = 0;
    while at < N {
        all[at] = if at < old.len() {
            old[at]
        } else {
            new[at - old.len()]
        };
        at += 1;
    }
    all
}

const VRF_FIELDS: Entries = &[("table", Int)];

const VETH_FIELDS: Entries = &[("peer", Text)];

const VLAN_FIELDS: Entries = &[("vid", Uint), ("protocol", Int)];

const BRIDGE_FIELDS: Entries = &[("stp", Fields(STP_FIELDS)), ("vlan", Fields(FILTER_FIELDS))];

const STP_FIELDS: Entries = &[("enabled", Bool)];

const FILTER_FIELDS: Entries = &[("filtering_enabled", Bool)];

const BOND_FIELDS: Entries = &[
    ("mode", Int),
    ("hash_policy", Int),
    ("lacp_rate", Int),
    ("arp_validate", Int),
    ("arp_all_targets", Int),
    ("primary_reselect", Int),
    ("fail_over_mac", Int),
    ("ad_select", Int),
    ("adlacp_active", Int),
    ("primary_index", Uint),
    ("mii_mon", Uint),
    ("up_delay", Uint),
    ("down_delay", Uint),
    ("arp_interval", Uint),
    ("resend_igmp", Uint),
    ("min_links", Uint),
    ("lp_interval", Uint),
    ("packets_per_slave", Uint),
    ("num_peer_notif", Uint),
    ("tlb_dynamic_lb", Uint),
    ("all_slaves_active", Uint),
    ("ad_actor_sys_prio", Uint),
    ("ad_user_port_key", Uint),
    ("peer_notify_delay", Uint),
    ("missed_max", Uint),
    ("use_carrier", Bool),
    ("arpip_targets", Other),
    ("nsip6_targets", Other),
];

const WIREGUARD_FIELDS: Entries = &[
    ("private_key", Text),
    ("public_key", Text),
    ("listen_port", Int),
    ("firewall_mark", Int),
    ("peers", Other),
];
