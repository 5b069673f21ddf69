//! Who a request is from (texts recorded with PVE 9.2).

use super::User;
use crate::proxmox::answer::{Refusal, Reply};
use crate::proxmox::codec::percent_decode;
use crate::proxmox::datacenter::Datacenter;
use crate::proxmox::request::Request;

/// The caller; a ticket wins over a token. Writes with a ticket need its CSRF token.
///
/// # Errors
/// 401 without a body.
pub(crate) fn authenticate(dc: &Datacenter, request: &Request) -> Reply<User> {
    let refused = |reason: &str| Refusal::Bare(401, reason.to_owned());
    if let Some(ticket) = cookie(request) {
        let login = dc.access.logins.get(&ticket);
        let login = login.filter(|login| login.expires > dc.seconds());
        let login = login.ok_or_else(|| refused("Authentication failed!"))?;
        let writes = request.verb != "GET" && !request.path.ends_with("/upload");
        if writes && request.csrf.as_ref() != Some(&login.csrf) {
            return Err(refused("Permission denied - invalid csrf token"));
        }
        return Ok(User {
            id: login.user.clone(),
            by_ticket: true,
        });
    }
    let header = request.authorization.as_deref().and_then(token_of);
    let token = header.ok_or_else(|| refused("No ticket"))?;
    let known = token
        .split_once('=')
        .filter(|(id, secret)| {
            let token = dc.access.tokens.get(*id);
            token.is_some_and(|token| token.secret == *secret)
        })
        .map(|(id, _)| id.to_owned());
    match known {
        Some(id) => Ok(User {
            id,
            by_ticket: false,
        }),
        None => Err(refused("Authentication failed!")),
    }
}

/// `PVEAPIToken=…`; a space instead of the first `=` is taken too.
fn token_of(header: &str) -> Option<&str> {
    header.strip_prefix("PVEAPIToken")?.strip_prefix(['=', ' '])
}

fn cookie(request: &Request) -> Option<String> {
    let cookies = request.cookie.as_deref()?.split(';');
    let value = cookies
        .map(str::trim)
        .find_map(|pair| pair.strip_prefix("PVEAuthCookie="))?;
    Some(percent_decode(value, false))
}
