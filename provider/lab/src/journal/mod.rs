//! The journal: one JSON line per request, and per fault that strikes a machine by itself.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds of the lab's clock since 1970.
    pub time: i64,
    /// The service that answered; `machine` where a machine was struck without a request.
    pub service: String,
    /// HTTP method or procedure; the stage that the machine entered.
    pub method: String,
    /// Path; empty for procedures.
    pub path: String,
    /// The host or machine.
    pub node: String,
    /// HTTP or gRPC status; 0 where no answer was given.
    pub status: u16,
    /// Whether it changed something.
    pub write: bool,
    /// The fault that hit it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fault: Option<String>,
}

/// How many entries memory keeps.
const KEPT: usize = 100_000;

/// Where entries go: memory, and a file where one is wanted.
#[derive(Debug, Default)]
pub struct Journal {
    file: Option<Mutex<File>>,
    entries: Mutex<VecDeque<Entry>>,
}

impl Journal {
    /// A journal that is written to a file, too, after what is there already.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn to_file(path: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            file: Some(Mutex::new(file)),
            entries: Mutex::default(),
        })
    }

    /// Adds an entry.
    pub fn add(&self, entry: Entry) {
        if let (Some(file), Ok(line)) = (&self.file, serde_json::to_string(&entry))
            && let Ok(mut file) = file.lock()
        {
            // A journal that cannot be written must not change what the lab answers.
            let _ = writeln!(file, "{line}");
        }
        if let Ok(mut entries) = self.entries.lock() {
            if entries.len() == KEPT {
                entries.pop_front();
            }
            entries.push_back(entry);
        }
    }

    /// The last hundred thousand entries.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.entries
            .lock()
            .map(|entries| entries.iter().cloned().collect())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_lines_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let entry = Entry {
            time: 1,
            service: "proxmox".into(),
            method: "GET".into(),
            path: "/version".into(),
            node: "pve1".into(),
            status: 200,
            write: false,
            fault: None,
        };
        let journal = Journal::to_file(&path).unwrap();
        journal.add(entry.clone());
        journal.add(entry.clone());
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Entry> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines, [entry.clone(), entry]);
        assert_eq!(journal.entries().len(), 2);
    }
}
