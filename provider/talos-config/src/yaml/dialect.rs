/// Which of the YAML libraries that Talos has used over time decides how texts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// That of Talos 1.11: every text of several lines is a block, `<<` is not quoted.
    First,
    /// That of Talos 1.12, and of files that are not configurations.
    #[default]
    Second,
    /// That of Talos 1.13: blocks that begin with an empty line have no hint about it.
    Third,
    /// That of Talos 1.14: numbers and booleans of YAML 1.1 are in single quotes.
    Fourth,
}
