//! Login and a look at one's own rights.

use serde_json::{Map, Value, json};

use super::acl::Login;
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::call::Call;

/// How long a ticket lasts, in seconds (documentation of the API).
const TICKET: i64 = 7200;

/// Logs in with a password. A failure is 401 with a message (recorded with PVE 9.2); the answer
/// to a good password is from the API viewer.
pub(crate) fn ticket(call: &mut Call<'_>) -> Reply {
    let name = call.text("username");
    let user = match (name.contains('@'), call.args.get("realm")) {
        (false, Some(realm)) => format!("{name}@{realm}"),
        _ => name.to_owned(),
    };
    let right = call.dc.access.users.get(&user).map(String::as_str) == call.args.get("password");
    if !right {
        return Err(Refusal::status(401, "authentication failure"));
    }
    let now = call.dc.seconds();
    let ticket = format!("PVE:{user}:{now:08X}::{}", call.dc.random.hex(64));
    let csrf = format!("{now:08X}:{}", call.dc.random.hex(43));
    let login = Login {
        user: user.clone(),
        csrf: csrf.clone(),
        expires: now + TICKET,
    };
    call.dc.access.logins.insert(ticket.clone(), login);
    Ok(json!({ "username": user, "ticket": ticket, "CSRFPreventionToken": csrf }))
}

/// What a browser gets that opens the login's address.
pub(crate) fn ticket_form(_: &mut Call<'_>) -> Reply {
    Ok(Value::Null)
}

/// The caller's own rights: path, privilege, and whether it counts below the path, too (1 in all that was recorded; 0 from the
/// documentation of user management).
pub(crate) fn permissions(call: &mut Call<'_>) -> Reply {
    let paths = match call.args.get("path") {
        Some(path) => [path.to_owned()].into(),
        None => call.dc.acl_paths(),
    };
    let mut tree = Map::new();
    for path in paths {
        let held = call.dc.rights(&call.user.id, &path);
        if !held.is_empty() {
            let flag = |(name, below)| (name, json!(u8::from(below)));
            let held: Map<String, Value> = held.into_iter().map(flag).collect();
            tree.insert(path, Value::Object(held));
        }
    }
    Ok(Value::Object(tree))
}
