//! Machines that end by themselves are switched on again: Talos in a container reboots by ending its first process.

use super::rack::Rack;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(200);

/// Watches until dropped.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches the machines of `rack` on a thread of its own.
    pub(super) fn over(rack: Rack) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                restart_ended(&rack);
                std::thread::sleep(POLL);
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn restart_ended(rack: &Rack) {
    for machine in rack
        .machines()
        .filter(|machine| machine.has_ended_by_itself())
    {
        if let Err(error) = machine.start() {
            // The next round tries again; whoever looks why the machine is off looks into its log.
            let log = File::options().append(true).open(machine.log());
            let _ = log.and_then(|mut log| writeln!(log, "[rack] cannot switch on again: {error}"));
        }
    }
}
