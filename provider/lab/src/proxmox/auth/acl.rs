//! The access control tree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{User, role};
use crate::proxmox::datacenter::Datacenter;

/// Accounts and rights.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Access {
    /// Passwords by user.
    pub(crate) users: BTreeMap<String, String>,
    /// By full id (`user@realm!name`).
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Roles beside the built-in ones.
    pub(crate) roles: BTreeMap<String, BTreeSet<String>>,
    pub(crate) acl: Vec<Acl>,
    /// Logins by ticket.
    pub(crate) logins: BTreeMap<String, Login>,
}

/// An API token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) secret: String,
    /// Whether it has only rights of its own.
    pub(crate) separate: bool,
}

/// A ticket that was given out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) csrf: String,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

/// A right: a role for a user or token at a path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Acl {
    pub(crate) path: String,
    pub(crate) who: String,
    pub(crate) role: String,
    pub(crate) propagate: bool,
}

impl Datacenter {
    /// Whether a user has one of the privileges at a path.
    pub(crate) fn may(&self, user: &User, path: &str, privileges: &[&str]) -> bool {
        let held = self.privileges(&user.id, path);
        privileges.iter().any(|wanted| held.contains(*wanted))
    }

    /// Privileges of a user or token at a path.
    pub(crate) fn privileges(&self, id: &str, path: &str) -> BTreeSet<String> {
        self.rights(id, path).into_keys().collect()
    }

    /// Privileges of a user or token at a path, each with whether it counts below the path, too. A token's are never more than its
    /// user's (documentation of user management).
    pub(crate) fn rights(&self, id: &str, path: &str) -> BTreeMap<String, bool> {
        let Some((user, _)) = id.split_once('!') else {
            return self.granted(id, path);
        };
        let of_user = self.granted(user, path);
        let separate = self
            .access
            .tokens
            .get(id)
            .is_none_or(|token| token.separate);
        if !separate {
            return of_user;
        }
        let own = self.granted(id, path).into_iter();
        own.filter_map(|(name, below)| {
            let also_below = *of_user.get(&name)?;
            Some((name, below && also_below))
        })
        .collect()
    }

    fn granted(&self, id: &str, path: &str) -> BTreeMap<String, bool> {
        if id == "root@pam" {
            let all = role(&self.access.roles, "Administrator", self.version.major);
            return all.into_iter().map(|name| (name, true)).collect();
        }
        let mut held = self.granted_at(id, path);
        let vm = path
            .strip_prefix("/vms/")
            .and_then(|vmid| vmid.parse().ok());
        if let Some(pool) = vm.and_then(|vmid| self.pool_of(vmid)) {
            for (name, below) in self.granted_at(id, &format!("/pool/{pool}")) {
                *held.entry(name).or_default() |= below;
            }
        }
        held
    }

    /// Roles of a deeper path replace those from above.
    fn granted_at(&self, id: &str, path: &str) -> BTreeMap<String, bool> {
        let mut roles: Vec<&Acl> = Vec::new();
        for level in levels(path) {
            let here = self
                .access
                .acl
                .iter()
                .filter(|acl| acl.who == id && acl.path == level);
            let here: Vec<&Acl> = here.collect();
            if !here.is_empty() {
                let counts = |acl: &&Acl| acl.propagate || level == path;
                roles = here.into_iter().filter(counts).collect();
            }
        }
        let mut held = BTreeMap::new();
        for acl in roles {
            for name in role(&self.access.roles, &acl.role, self.version.major) {
                *held.entry(name).or_default() |= acl.propagate;
            }
        }
        held
    }

    /// Paths at which anything may be granted, for a look at one's own rights.
    pub(crate) fn acl_paths(&self) -> BTreeSet<String> {
        let fixed = [
            "/",
            "/access",
            "/access/groups",
            "/access/realm",
            "/mapping",
            "/nodes",
            "/pool",
            "/sdn",
            "/storage",
            "/vms",
        ];
        let granted = self.access.acl.iter().map(|acl| acl.path.clone());
        fixed
            .into_iter()
            .map(str::to_owned)
            .chain(granted)
            .collect()
    }
}

/// `/`, `/a`, `/a/b` of `/a/b`.
fn levels(path: &str) -> Vec<String> {
    let mut found = vec!["/".to_owned()];
    let mut level = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        level = format!("{level}/{part}");
        found.push(level.clone());
    }
    found
}
