//! Stages of a machine's life (MachineStage of Talos' resources and events).

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Booting,
    Installing,
    Maintenance,
    Running,
    Rebooting,
    ShuttingDown,
    Resetting,
}

impl Stage {
    /// As resources and scenarios name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Booting => "booting",
            Self::Installing => "installing",
            Self::Maintenance => "maintenance",
            Self::Running => "running",
            Self::Rebooting => "rebooting",
            Self::ShuttingDown => "shutting down",
            Self::Resetting => "resetting",
        }
    }

    /// As events number it.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Booting => 1,
            Self::Installing => 2,
            Self::Maintenance => 3,
            Self::Running => 4,
            Self::Rebooting => 5,
            Self::ShuttingDown => 6,
            Self::Resetting => 7,
        }
    }
}
