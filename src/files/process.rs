//! Whether a process that wrote its name into a file is still alive. Starts and ends none.
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A process in words that another process, here or elsewhere, can check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The name of its computer, for people.
    pub host: String,
    /// Host, boot and process namespace: equal where the same `pid` means the same process. `None` where the system tells none of this.
    pub machine: Option<String>,
    pub pid: u32,
    /// When it started, in the system's ticks since boot: tells a process from a later one with the same `pid`.
    pub started_at: Option<u64>,
}

/// What can be said about a process from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    Alive,
    Dead,
    /// It runs on another machine, or this system does not tell.
    Unknown,
}

impl Process {
    /// The process with this number on this machine, as it is now.
    pub fn here(pid: u32) -> Self {
        let host = line("/proc/sys/kernel/hostname").or_else(|| line("/etc/hostname")).unwrap_or_else(|| "unknown".to_owned());
        let started_at = Seen::of(pid).map(|seen| seen.started_at);
        Self { machine: machine(&host), host, pid, started_at }
    }

    /// Whether it still runs. Errs on the side of `Unknown`.
    pub fn life(&self) -> Life {
        let Some(started_at) = self.started_at.filter(|_| self.machine.is_some() && self.machine == Self::here(self.pid).machine) else {
            return Life::Unknown;
        };
        match Seen::of(self.pid) {
            Some(seen) if seen.started_at == started_at && !seen.ended => Life::Alive,
            Some(_) => Life::Dead,
            // Processes of other users can be hidden; then the first process of the system is, too.
            None if Path::new("/proc/1/stat").exists() && !Path::new(&format!("/proc/{}", self.pid)).exists() => Life::Dead,
            None => Life::Unknown,
        }
    }
}

/// What the system says of a process.
struct Seen {
    started_at: u64,
    /// It has ended, but its parent has not asked for its exit code yet.
    ended: bool,
}

impl Seen {
    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name of the program stands in parentheses and may hold anything; the state is the third field, the start the twenty-second.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        let started_at = fields.nth(18)?.parse().ok()?;
        Some(Self { started_at, ended: matches!(state, "Z" | "X") })
    }
}

fn machine(host: &str) -> Option<String> {
    let boot = line("/proc/sys/kernel/random/boot_id")?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{host} {boot} {}", namespace.to_str()?))
}

/// A file of one line, such as the system's own.
fn line(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_alive_until_it_has_ended() {
        let me = Process::here(std::process::id());
        assert_eq!(me.life(), Life::Alive);
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("started");
        let there = Process::here(child.id());
        assert_eq!(there.life(), Life::Alive);
        child.kill().expect("killed");
        while there.life() == Life::Alive {
            std::thread::yield_now();
        }
        assert_eq!(there.life(), Life::Dead, "ended, not waited for");
        child.wait().expect("waited");
        assert_eq!(there.life(), Life::Dead);
    }

    #[test]
    fn another_process_of_the_same_number_is_not_the_same() {
        let me = Process::here(std::process::id());
        let earlier = Process { started_at: me.started_at.map(|at| at - 1), ..me.clone() };
        assert_eq!(earlier.life(), Life::Dead);
        let elsewhere = Process { machine: Some("other boot pid:[1]".to_owned()), ..earlier.clone() };
        assert_eq!(elsewhere.life(), Life::Unknown);
        assert_eq!(Process { machine: None, ..earlier.clone() }.life(), Life::Unknown);
        assert_eq!(Process { started_at: None, ..earlier }.life(), Life::Unknown);
    }

    #[test]
    fn it_is_kept_as_text() {
        let me = Process::here(std::process::id());
        let text = serde_json::to_string(&me).expect("written");
        assert_eq!(serde_json::from_str::<Process>(&text).expect("read"), me);
    }
}
