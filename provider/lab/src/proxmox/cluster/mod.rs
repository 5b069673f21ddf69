//! What belongs to the whole cluster.

mod ha;
mod mapping;
mod pools;
mod resources;

pub(crate) use ha::{
    resource, resource_add, resource_change, resource_remove, resources as ha_resources, rule,
    rule_add, rule_change, rule_remove, rules, status as ha_status,
};
pub(crate) use mapping::{add, change, check_look, list as mappings, look, remove};
pub(crate) use pools::{pool, pool_add, pool_change, pool_remove, pools};
pub(crate) use resources::{nextid, nodes, options, resources, root, status, version, vnet, vnets};
