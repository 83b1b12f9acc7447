//! Seeing a server off, whatever becomes of this program.
//!
//! The user does not wait for a server's leisurely exit, and a server must not outlive the program
//! that started it, not even one that ended by SIGKILL. So a watcher is forked before the server is
//! started. It holds one end of a pipe, the *lifeline*; this program holds the other and never
//! writes to it again after naming the server's process group. However this program ends, the
//! system closes its end, and the watcher sees the group off as the protocol asks (MCP 2025-11-25,
//! Lifecycle, Shutdown, stdio): the server's input is closed by then, so it waits a moment, sends
//! SIGTERM, waits again, and sends SIGKILL.
//!
//! A second program beside the first would do as well and cost the start of a process on every
//! call; a thread or an exit hook would not survive SIGKILL.

#![cfg(unix)]
#![expect(
    unsafe_code,
    reason = "fork has no safe form: what runs after it is limited to async-signal-safe calls"
)]

use std::io::{PipeWriter, Write};
use std::os::fd::AsRawFd;

/// How long a server has to end by itself, and then again after SIGTERM, in milliseconds.
const PATIENCE_MS: i32 = 1500;

/// How often the watcher looks whether the server's group is gone, in milliseconds.
const INTERVAL_MS: i32 = 20;

/// This program's end of the lifeline. Dropping it sees the server off.
#[derive(Debug)]
pub(crate) struct Reaper {
    lifeline: PipeWriter,
}

impl Reaper {
    /// Forks the watcher. Call it before the server is started, so that the watcher inherits no end
    /// of the server's pipes.
    pub(crate) fn stand_by() -> std::io::Result<Self> {
        let (reader, lifeline) = std::io::pipe()?;
        // SAFETY: the child runs `watch` alone, which allocates nothing, takes no lock and makes
        // only async-signal-safe calls, so it is sound even when other threads exist (fork(2)).
        match unsafe { libc::fork() } {
            -1 => Err(std::io::Error::last_os_error()),
            0 => watch(reader.as_raw_fd()),
            _ => Ok(Self { lifeline }),
        }
    }

    /// Names the process group to see off.
    pub(crate) fn watch_over(&mut self, group: u32) -> std::io::Result<()> {
        self.lifeline.write_all(&group.to_ne_bytes())
    }
}

/// The watcher's whole life. Never returns.
fn watch(lifeline: i32) -> ! {
    // SAFETY: plain system calls on numbers that this function owns, and no memory but its stack.
    unsafe {
        libc::setsid();
        // Everything inherited but the lifeline is closed: a reader of this program's output must
        // not wait for the watcher, nor a lock of the caller's be held by it.
        libc::dup2(lifeline, 0);
        close_from(1);
        let mut group = [0u8; 4];
        let mut named = 0;
        loop {
            let read = libc::read(0, group.as_mut_ptr().add(named).cast(), group.len() - named);
            match read {
                1.. => named += read.unsigned_abs(),
                0 => break,
                _ if interrupted() => {}
                _ => break,
            }
            if named == group.len() {
                // Named: from here on nothing is written, and the read returns at the end alone.
                let mut nothing = 0u8;
                while libc::read(0, (&raw mut nothing).cast(), 1) < 0 && interrupted() {}
                break;
            }
        }
        if named == group.len() {
            see_off(i32::from_ne_bytes(group));
        }
        libc::_exit(0)
    }
}

/// Waits, asks, waits, kills.
unsafe fn see_off(group: i32) {
    for signal in [libc::SIGTERM, libc::SIGKILL] {
        let mut waited = 0;
        while waited < PATIENCE_MS {
            // SAFETY: signal 0 only asks whether the group exists.
            if unsafe { libc::kill(-group, 0) } != 0 {
                return;
            }
            // SAFETY: no file descriptors are passed.
            unsafe { libc::poll(std::ptr::null_mut(), 0, INTERVAL_MS) };
            waited += INTERVAL_MS;
        }
        // SAFETY: a system call on numbers.
        unsafe { libc::kill(-group, signal) };
    }
}

unsafe fn interrupted() -> bool {
    std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
}

unsafe fn close_from(first: i32) {
    #[cfg(target_os = "linux")]
    // SAFETY: closes descriptors this process does not use again.
    if unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) } == 0 {
        return;
    }
    // SAFETY: as above; sysconf reads a limit.
    unsafe {
        let limit = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 65_536);
        for descriptor in first..i32::try_from(limit).unwrap_or(256) {
            libc::close(descriptor);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_server_that_ignores_sigterm_is_killed_once_the_lifeline_is_dropped() {
        let mut reaper = Reaper::stand_by().unwrap();
        let mut server = Command::new("sh")
            .args(["-c", "trap '' TERM; while :; do sleep 0.05; done"])
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        reaper.watch_over(server.id()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert!(
            server.try_wait().unwrap().is_none(),
            "seen off while the lifeline was held"
        );
        let dropped = Instant::now();
        drop(reaper);
        let status = server.wait().unwrap();
        assert!(!status.success());
        assert!(
            dropped.elapsed() < Duration::from_secs(5),
            "{:?}",
            dropped.elapsed()
        );
    }
}
