//! Where the demo's cluster runs: in a network of its own that goes on after the demo, so that people can look around.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

/// A network with machines in it.
pub struct Site {
    /// Cluster of the stage tree that suits the machines.
    pub cluster: &'static str,
    /// Option of the demo that means this site, after a space; empty for the default.
    pub option: &'static str,
    /// A command of its own that runs another one inside, without that one.
    pub inside: Vec<OsString>,
    /// Address of a control plane, for examples.
    pub machine: &'static str,
    /// Further commands to look around with, and what they show.
    pub hints: Vec<(String, &'static str)>,
}

impl Site {
    /// `exec --dir DIR --` of the program that serves the site.
    pub fn exec(program: &Path, dir: &Path) -> Vec<OsString> {
        let words: [&OsStr; 5] = [
            program.as_os_str(),
            "exec".as_ref(),
            "--dir".as_ref(),
            dir.as_os_str(),
            "--".as_ref(),
        ];
        words.map(OsStr::to_owned).into()
    }

    /// A command that runs `program` inside.
    pub fn command(&self, program: &Path) -> Command {
        let mut words = self.inside.iter();
        let mut command = Command::new(
            words
                .next()
                .map_or(program.as_os_str(), OsString::as_os_str),
        );
        command.args(words).arg(program);
        command
    }

    /// The same as text for a shell.
    pub fn line(&self, program: &str) -> String {
        let words = self.inside.iter().map(|word| word.to_string_lossy());
        let words: Vec<_> = words.chain([program.into()]).collect();
        words.join(" ")
    }
}
