//! Codes with their meaning, usual cause and cure. The documentation of diagnostics is made from them.

use std::fmt::Debug;

/// One line of a catalogue.
#[derive(Debug)]
pub struct Entry {
    /// The code's stable text, such as `TS-K8S-UNREACHABLE`.
    pub text: &'static str,
    /// Waiting alone may cure it.
    pub transient: bool,
    /// What it says.
    pub meaning: &'static str,
    /// What is usually behind it.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
}

/// A code of a catalogue.
pub trait Catalogued: Copy + Debug + PartialEq {
    /// The code of operations that somebody stopped.
    const STOPPED: Self;

    /// The code's line.
    fn entry(self) -> &'static Entry;
}

/// The codes and the catalogue of a client from one list, so that neither can lack what the other has: the enum `Code`
/// and the static `CATALOGUE`.
///
/// After `stopped Name;`, the code of operations that somebody stopped, a line is
/// `Name "TEXT" waits: "meaning", because "cause", so "cure";`, with `ends` in place of `waits` where waiting cures
/// nothing.
#[macro_export]
macro_rules! catalogue {
    (stopped $stopped:ident; $($code:ident $text:literal $transient:ident: $meaning:literal, because $cause:literal, so $cure:literal;)*) => {
        /// Stable name of a kind of failure.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)*
        }

        impl Code {
            /// The text that appears in summaries.
            pub fn as_str(self) -> &'static str {
                self.entry().text
            }

            /// The code's line in the catalogue.
            pub fn entry(self) -> &'static $crate::Entry {
                &CATALOGUE[self as usize]
            }
        }

        impl $crate::Catalogued for Code {
            const STOPPED: Self = Code::$stopped;

            fn entry(self) -> &'static $crate::Entry {
                Code::entry(self)
            }
        }

        /// All codes, in the order of [`Code`].
        pub static CATALOGUE: &[$crate::Entry] = &[$($crate::Entry {
            text: $text,
            transient: $crate::transient!($transient),
            meaning: $meaning,
            cause: $cause,
            cure: $cure,
        },)*];
    };
}

/// Whether waiting may cure it, as [`catalogue!`] writes it.
#[doc(hidden)]
#[macro_export]
macro_rules! transient {
    (waits) => {
        true
    };
    (ends) => {
        false
    };
}

/// The page of the documentation that lists all codes, as Markdown: after `head`, a table.
pub fn page(head: &str, catalogue: &[Entry]) -> String {
    let mut text = format!(
        "{head}\n| code | meaning | usual cause | what to do | waited out |\n|---|---|---|---|---|\n"
    );
    for entry in catalogue {
        let waited = if entry.transient { "yes" } else { "no" };
        text += &format!(
            "| `{}` | {} | {} | {} | {waited} |\n",
            entry.text, entry.meaning, entry.cause, entry.cure
        );
    }
    text
}

/// What is wrong with a catalogue's words; for tests of clients.
#[doc(hidden)]
pub fn faults(catalogue: &[Entry], families: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, entry) in catalogue.iter().enumerate() {
        let mut fault = |what: &str| faults.push(format!("{}: {what}", entry.text));
        if !families.iter().any(|family| entry.text.starts_with(family)) {
            fault("is of no family");
        }
        if catalogue[..index]
            .iter()
            .any(|other| other.text == entry.text)
        {
            fault("is there twice");
        }
        for text in [entry.meaning, entry.cause, entry.cure] {
            if text.is_empty() || text.ends_with('.') {
                fault("a text is empty or ends with a full stop");
            }
            if crate::plain(text) != text {
                fault("a text is one that wrappers retry on");
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::catalogue! {
        stopped Two;
        One "TS-A-ONE" waits: "it is not there yet", because "it takes time", so "wait";
        Two "TS-A-TWO" ends: "it is wrong", because "of a mistake", so "correct it";
    }

    #[test]
    fn codes_and_entries_belong_together() {
        assert_eq!(Code::Two.as_str(), "TS-A-TWO");
        assert!(Code::One.entry().transient && !Code::Two.entry().transient);
        assert!(faults(CATALOGUE, &["TS-A-"]).is_empty());
        assert_eq!(
            faults(CATALOGUE, &["TS-A-T"]),
            ["TS-A-ONE: is of no family"]
        );
    }

    #[test]
    fn a_page_has_a_line_for_each_code() {
        let page = page("# Head\n", CATALOGUE);
        assert!(page.starts_with("# Head\n\n| code |"), "{page}");
        assert!(
            page.ends_with("| `TS-A-TWO` | it is wrong | of a mistake | correct it | no |\n"),
            "{page}"
        );
    }
}
