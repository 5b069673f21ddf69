//! The one rule of what destroy leaves behind: what nobody answered for, where the provider says so.
//!
//! Settings that are missing, wrong or stand in for others, refused credentials and another cluster are errors whatever it says: nobody
//! was asked then, or somebody answered.

use framework::prelude::*;

use super::report;
use crate::provider::{Data, UnreachableDestroy};

/// Why destroy did not do its work.
pub struct Undone {
    error: Error,
    unanswered: bool,
}

/// What stays where nobody answers.
pub struct Left<'a> {
    /// Its name in messages.
    pub about: &'a str,
    /// What was not done, such as `the image was not removed`.
    pub undone: &'a str,
    /// What is there because of that, in a sentence.
    pub there: &'a str,
}

impl Undone {
    /// A failure, and whether it is that nobody answered.
    pub fn new(error: Error, unanswered: bool) -> Self {
        Self { error, unanswered }
    }

    /// Ends the destruction: with the error, or where the provider says so with a warning that tells it.
    pub fn end<R: Resource>(
        self,
        data: &Data,
        left: &Left<'_>,
        slot: &mut Slot<R>,
    ) -> Result<(), Error> {
        if data.unreachable_destroy == UnreachableDestroy::Error || !self.unanswered {
            return Err(self.error);
        }
        let Left {
            about,
            undone,
            there,
        } = left;
        slot.warn(
            format!("TS-LEFT-BEHIND: {about}: {undone}"),
            format!(
                "{about} is out of reach, and `on_unreachable_destroy` is \"forget\". {there}\n\n{}",
                report::told(&self.error)
            ),
        );
        Ok(())
    }
}

/// A failure that says nothing of who can be reached.
impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::new(error, false)
    }
}

impl From<Undone> for Error {
    fn from(undone: Undone) -> Self {
        undone.error
    }
}
