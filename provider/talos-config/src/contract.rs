//! Version contracts: which shape of configuration a version of Talos gets.

use std::fmt;

use crate::tables::Line;
use crate::version;

/// Major and minor of the Talos version that a configuration is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contract {
    /// As in `v1.12`: 1.
    pub major: u32,
    /// As in `v1.12`: 12.
    pub minor: u32,
}

/// A version that is none, or none that we have rules for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractError(String);

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ContractError {}

impl Contract {
    /// The oldest contract that is generated.
    pub const OLDEST: Self = Self::new(1, 8);
    /// The newest contract whose rules are known.
    pub const NEWEST: Self = Self::new(1, Line::NEWEST.minor());

    /// A contract by its numbers.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Reads `v1.12.6`, `1.12`, `v1.12.0-alpha.1`; only major and minor count. `1.12.x`, which the official tools
    /// take for a contract, is refused: nothing of that version can be installed.
    pub fn parse(version: &str) -> Result<Self, ContractError> {
        match version::read(version) {
            Some(version) => Ok(Self::new(version.major, version.minor)),
            None => Err(ContractError(format!(
                "'{version}' is not a version of Talos; write it as v1.12.6, or as v1.12 where only the line counts"
            ))),
        }
    }

    /// The contract, if configurations can be generated for it. Versions that are newer than all
    /// we know get the newest rules; see [`Contract::warning`].
    pub fn supported(self) -> Result<Self, ContractError> {
        if self >= Self::OLDEST {
            return Ok(self);
        }
        Err(ContractError(format!(
            "Talos {self} is not supported: the rules are known from {} to {}, so write one of those",
            Self::OLDEST,
            Self::NEWEST
        )))
    }

    /// What to tell a user who asks for a version that we have no rules of its own for.
    pub fn warning(self) -> Option<String> {
        (self > Self::NEWEST).then(|| {
            format!(
                "Talos {self} is newer than this provider knows: the rules of {} are used",
                Self::NEWEST
            )
        })
    }

    /// Whether this is at least version 1.`minor`.
    pub(crate) fn from(self, minor: u32) -> bool {
        self >= Self::new(1, minor)
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

impl Line {
    /// The line whose machinery reads configurations of this contract. Older contracts are read
    /// by the oldest line that is known, as newer versions of Talos do.
    pub fn of(contract: Contract) -> Result<Self, ContractError> {
        let contract = contract.supported()?;
        let known = Self::ALL.into_iter().rev();
        let line = known
            .into_iter()
            .find(|line| contract >= Contract::new(1, line.minor()));
        Ok(line.unwrap_or(Self::ALL[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_major_and_minor_count() {
        for text in ["v1.12.6", "1.12", "v1.12.0-alpha.1", "v1.12"] {
            assert_eq!(Contract::parse(text), Ok(Contract::new(1, 12)), "{text}");
        }
        for text in ["", "v1", "1.x", "latest", "v1.12x", "1.12.x", "v1.12."] {
            assert!(Contract::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_contract_has_its_line() {
        for (minor, line) in [
            (8, Line::V1_11),
            (11, Line::V1_11),
            (12, Line::V1_12),
            (13, Line::V1_13),
            (14, Line::V1_14),
        ] {
            let contract = Contract::new(1, minor);
            assert_eq!(Line::of(contract), Ok(line), "1.{minor}");
            assert_eq!(contract.warning(), None, "1.{minor}");
        }
        assert!(Line::of(Contract::new(1, 7)).is_err());
    }

    #[test]
    fn newer_lines_get_the_newest_rules_and_a_warning() {
        for contract in [Contract::new(1, 15), Contract::new(2, 0)] {
            assert_eq!(Line::of(contract), Ok(Line::NEWEST));
            assert!(contract.warning().unwrap().contains("v1.14"));
        }
    }
}
