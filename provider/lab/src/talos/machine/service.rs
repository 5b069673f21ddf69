//! Services of a machine, as `ServiceList` shows them.

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// What it does.
    pub state: State,
    /// None where nobody checks, or nobody has yet.
    pub healthy: Option<bool>,
    /// What came to pass, oldest first.
    pub events: Vec<Event>,
    /// When its health last changed, in milliseconds of the lab.
    pub changed: i64,
}

/// Something that came to pass with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub message: String,
    pub state: State,
    /// Milliseconds of the lab.
    pub time: i64,
}

/// What a service does (`internal/app/machined/pkg/system/events`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Starting,
    Waiting,
    Preparing,
    Running,
    Finished,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Waiting => "Waiting",
            Self::Preparing => "Preparing",
            Self::Running => "Running",
            Self::Finished => "Finished",
        }
    }
}

/// How many events are kept (`MaxEventsToKeep` upstream).
const KEPT: usize = 64;

impl Service {
    /// A service that starts, and first waits for something where that is named
    /// (`service_runner.go`).
    pub(crate) fn begin(now: i64, waits: &str) -> Self {
        let mut service = Self {
            state: State::Starting,
            healthy: None,
            events: Vec::new(),
            changed: now,
        };
        service.enter(now, State::Starting, "Starting service");
        if !waits.is_empty() {
            service.enter(now, State::Waiting, &format!("Waiting for {waits}"));
        }
        service
    }

    /// What it waited for is there.
    pub(crate) fn prepare(&mut self, now: i64) {
        if self.state != State::Preparing {
            self.enter(now, State::Preparing, "Running pre state");
        }
    }

    pub(crate) fn run(&mut self, now: i64, message: &str) {
        self.prepare(now);
        self.enter(now, State::Preparing, "Creating service runner");
        self.enter(now, State::Running, message);
    }

    pub(crate) fn enter(&mut self, now: i64, state: State, message: &str) {
        self.state = state;
        if state != State::Running {
            self.healthy = None;
        }
        self.note(now, message);
    }

    /// Notes a health check's outcome where it is news.
    pub(crate) fn check(&mut self, now: i64, healthy: bool) {
        if self.state != State::Running || self.healthy == Some(healthy) {
            return;
        }
        self.healthy = Some(healthy);
        self.changed = now;
        self.note(
            now,
            match healthy {
                true => "Health check successful",
                false => "Health check failed: context deadline exceeded",
            },
        );
    }

    pub(crate) fn running(&self) -> bool {
        self.state == State::Running
    }

    fn note(&mut self, now: i64, message: &str) {
        if self.events.len() == KEPT {
            self.events.remove(0);
        }
        self.events.push(Event {
            message: message.to_owned(),
            state: self.state,
            time: now,
        });
    }
}
