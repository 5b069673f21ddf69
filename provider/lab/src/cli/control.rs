//! The socket by which a served world is told what people do.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream as Stream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::faults::Fault;
use crate::talos::Fleet;
use crate::world::{Lab, Switch};

/// What a served world may be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Order {
    /// Somebody does this at a machine.
    Power(String, Switch),
    /// From now on this goes wrong and nothing else.
    Faults(Vec<Fault>),
}

fn path(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

fn word(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "on",
        Switch::Off => "off",
        Switch::Reset => "reset",
    }
}

/// Takes orders until it is dropped.
///
/// # Errors
/// The socket cannot be made.
pub(super) fn listen(folder: &Path) -> Result<UnixListener, String> {
    let path = path(folder);
    // A lab that was killed leaves its socket behind.
    let _ = std::fs::remove_file(&path);
    UnixListener::bind(&path).map_err(|error| format!("cannot make {}: {error}", path.display()))
}

/// Serves orders.
pub(super) async fn serve(lab: Arc<Lab>, machines: Arc<Fleet>, listener: UnixListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let (lab, machines) = (Arc::clone(&lab), Arc::clone(&machines));
        tokio::spawn(async move { obey(&lab, &machines, stream).await });
    }
}

async fn obey(lab: &Lab, machines: &Fleet, stream: UnixStream) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    if tokio::io::BufReader::new(read)
        .read_line(&mut line)
        .await
        .is_err()
    {
        return;
    }
    let answer = match Order::read(&line) {
        // A machine without a hypervisor is nobody's VM.
        Some(Order::Power(machine, switch)) => machines
            .switch(&machine, switch)
            .unwrap_or_else(|| lab.switch(&machine, switch)),
        Some(Order::Faults(faults)) => {
            lab.replace_faults(faults);
            Ok(())
        }
        None => Err("this is no order".to_owned()),
    };
    let text = match answer {
        Ok(()) => "ok\n".to_owned(),
        Err(problem) => format!("{problem}\n"),
    };
    // Whoever asked may have gone.
    let _ = write.write_all(text.as_bytes()).await;
}

impl Order {
    /// `on cp01`, or `faults` with a list in JSON.
    fn read(line: &str) -> Option<Self> {
        let (word, rest) = line.trim().split_once(' ')?;
        let switch = match word {
            "on" => Switch::On,
            "off" => Switch::Off,
            "reset" => Switch::Reset,
            "faults" => return serde_json::from_str(rest).ok().map(Self::Faults),
            _ => return None,
        };
        Some(Self::Power(rest.to_owned(), switch))
    }

    fn line(&self) -> Result<String, String> {
        match self {
            Self::Power(machine, switch) => Ok(format!("{} {machine}", word(*switch))),
            Self::Faults(faults) => {
                let faults = serde_json::to_string(faults);
                Ok(format!(
                    "faults {}",
                    faults.map_err(|error| error.to_string())?
                ))
            }
        }
    }
}

/// Gives an order to a served world.
///
/// # Errors
/// No world is served there, or it refuses.
pub(super) fn send(folder: &Path, order: &Order) -> Result<ExitCode, String> {
    let none =
        |error: std::io::Error| format!("no lab is being served in {} ({error})", folder.display());
    let mut stream = Stream::connect(path(folder)).map_err(none)?;
    writeln!(stream, "{}", order.line()?).map_err(none)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(none)?;
    match line.trim() {
        "ok" => Ok(ExitCode::SUCCESS),
        problem => Err(problem.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_back() {
        let switches = [Switch::On, Switch::Off, Switch::Reset];
        let powers = switches.map(|switch| Order::Power("cp01".to_owned(), switch));
        let text =
            "{ match: { method: GET, every: 2 }, when: after, effect: delay, milliseconds: 5 }";
        let faults = Order::Faults(vec![serde_saphyr::from_str(text).unwrap()]);
        for order in powers.into_iter().chain([faults]) {
            let line = order.line().unwrap();
            assert_eq!(Order::read(&format!("{line}\n")), Some(order));
        }
        assert_eq!(Order::read("burn cp01"), None);
    }
}
