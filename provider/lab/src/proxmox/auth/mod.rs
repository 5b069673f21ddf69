//! Users, tokens, tickets and who may do what.

mod acl;
mod api;
mod privileges;
mod token;

pub(crate) use acl::{Access, Acl, Token};
pub(crate) use api::{permissions, ticket, ticket_form};
pub(crate) use privileges::role;
pub(crate) use token::authenticate;

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// `root@pam` or `root@pam!token`.
    pub(crate) id: String,
    /// Whether it came with a ticket.
    pub(crate) by_ticket: bool,
}

impl User {
    /// Nobody: for paths that need no login.
    pub(crate) fn nobody() -> Self {
        Self {
            id: String::new(),
            by_ticket: false,
        }
    }

    /// PVE compares the name literally: a token of root is not root.
    pub(crate) fn is_root(&self) -> bool {
        self.id == "root@pam"
    }
}
