//! Killing the process at the other end of a connection.

use std::fs;
use std::net::{IpAddr, SocketAddr};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills the process that owns a socket of this machine, by SIGKILL. Nothing happens where the
/// socket belongs to the lab itself, or to nobody that can be seen.
pub(crate) fn kill_peer(peer: SocketAddr) {
    let owner = inode(peer).and_then(|inode| owner(&inode));
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    if let Some(pid) = owner.filter(|pid| *pid != own) {
        // It may be gone already.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// The inode of a local socket, from the kernel's tables.
fn inode(local: SocketAddr) -> Option<String> {
    let wanted = format!("{}:{:04X}", hexadecimal(local.ip()), local.port());
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let lines = tables
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    let found = lines
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<String>>())
        .find_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            (columns.get(1) == Some(&wanted.as_str()))
                .then(|| columns.get(9).map(ToString::to_string))
        });
    found.flatten()
}

/// Addresses stand in those tables as words in the machine's byte order.
fn hexadecimal(address: IpAddr) -> String {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let words = bytes.chunks_exact(4).map(|word| {
        let word: [u8; 4] = word.try_into().unwrap_or_default();
        format!("{:08X}", u32::from_ne_bytes(word))
    });
    words.collect()
}

fn owner(inode: &str) -> Option<i32> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    numbers.find(|pid| {
        let files = fs::read_dir(format!("/proc/{pid}/fd"));
        files.into_iter().flatten().flatten().any(|file| {
            fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_behind_a_connection_is_killed() {
        use std::os::unix::process::ExitStatusExt;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let dial = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; exec sleep 60");
        let mut child = std::process::Command::new("bash")
            .args(["-c", &dial])
            .spawn()
            .unwrap();
        let (_stream, peer) = listener.accept().unwrap();
        kill_peer(peer);
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }

    #[test]
    fn a_socket_is_found_with_its_owner() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let found = inode(address).and_then(|inode| owner(&inode));
        assert_eq!(found, i32::try_from(std::process::id()).ok());
    }
}
