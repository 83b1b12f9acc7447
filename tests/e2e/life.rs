//! A server's life: nothing of it is left, however the program ends.

#![cfg(unix)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mcpress_tests::{Kind, Sandbox, fixture, mcpress, press, pressed, wait_until};

/// Whether a process runs; one that has ended and was not waited for does not.
fn runs(pid: &str) -> bool {
    let state = Command::new("ps")
        .args(["-o", "stat=", "-p", pid])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

fn pids(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A program of the stubborn server, which writes the pids of itself and its child to a file.
fn stubborn(kind: Kind) -> (Sandbox, std::path::PathBuf, std::path::PathBuf) {
    let sandbox = Sandbox::new();
    let file = sandbox.file("pids");
    let sandbox = sandbox.env("FIXTURE_PIDS", file.to_str().unwrap());
    let program = sandbox.file("stubborn");
    let options = ["--command", &fixture("stubborn"), "--env", "FIXTURE_PIDS"];
    press(&sandbox, kind, "stubborn", &program, &options);
    // The introspection's server wrote there too.
    let _ = std::fs::remove_file(&file);
    (sandbox, program, file)
}

#[test]
fn a_server_that_ignores_everything_and_its_child_are_gone_after_a_call() {
    for kind in Kind::BOTH {
        let (sandbox, program, file) = stubborn(kind);
        let outcome = sandbox.run(&program, ["echo", "--text", "x"]).exits(0);
        // The user does not wait for its end.
        assert!(outcome.elapsed < Duration::from_millis(1200), "{outcome:?}");
        let pids = pids(&file);
        assert_eq!(pids.len(), 2, "{pids:?}");
        wait_until("the server and its child are gone", || {
            pids.iter().all(|pid| !runs(pid))
        });
    }
}

#[test]
fn a_server_is_gone_after_the_program_was_killed() {
    for kind in Kind::BOTH {
        let (sandbox, program, file) = stubborn(kind);
        // The first call may be over before the signal: it is the server that must not outlive it.
        let running = sandbox.spawn(&program, ["echo", "--text", "x"]);
        wait_until("the server has started", || pids(&file).len() == 2);
        running.signal_if_running("KILL");
        running.finish();
        let pids = pids(&file);
        wait_until("the server and its child are gone", || {
            pids.iter().all(|pid| !runs(pid))
        });
    }
}

#[test]
fn a_signal_cancels_the_call_at_the_server_and_is_the_exit_status() {
    for kind in Kind::BOTH {
        for (signal, code) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
            let sandbox = Sandbox::new();
            let log = sandbox.file("log");
            let sandbox = sandbox.env("FIXTURE_LOG", log.to_str().unwrap());
            let program = sandbox.file("everyday");
            let options = ["--command", &fixture("everyday"), "--env", "FIXTURE_LOG"];
            press(&sandbox, kind, "everyday", &program, &options);
            let running = sandbox.spawn(&program, ["sleep", "--ms", "20000"]);
            std::thread::sleep(Duration::from_millis(500));
            running.signal_if_running(signal);
            let outcome = running.finish().exits(code);
            assert!(outcome.elapsed < Duration::from_secs(4), "{outcome:?}");
            wait_until("the server was told", || {
                std::fs::read_to_string(&log).is_ok_and(|log| log.contains("cancelled"))
            });
        }
    }
}

#[test]
fn who_is_to_outlive_the_terminal_does() {
    let program = pressed(Kind::Bundled, "everyday");
    let script = format!("trap '' HUP; exec {} sleep --ms 1500", program.display());
    let sandbox = Sandbox::new();
    let running = sandbox.spawn(Path::new("/bin/sh"), ["-c", &script]);
    std::thread::sleep(Duration::from_millis(700));
    running.signal_if_running("HUP");
    let outcome = running.finish();
    // Where the system does not show what is ignored, nothing is listened for either.
    outcome.exits(0);
}

#[test]
fn a_call_that_takes_too_long_is_cancelled_and_exits_6() {
    for kind in Kind::BOTH {
        let line = ["sleep", "--ms", "20000", "--timeout", "300ms", "-o", "json"];
        let outcome = Sandbox::new()
            .run(&pressed(kind, "everyday"), line)
            .exits(6);
        assert_eq!(outcome.error()["code"], "timeout");
        assert!(outcome.elapsed < Duration::from_secs(4));
    }
}

#[test]
fn progress_resets_the_limit_of_a_call() {
    for kind in Kind::BOTH {
        let line = [
            "count",
            "--n",
            "6",
            "--delay-ms",
            "200",
            "--timeout",
            "900ms",
        ];
        Sandbox::new()
            .run(&pressed(kind, "everyday"), line)
            .exits(0);
    }
}

#[test]
fn a_server_of_generation_is_gone_too() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("pids");
    let sandbox = sandbox.env("FIXTURE_PIDS", file.to_str().unwrap());
    sandbox
        .run(
            mcpress(),
            [
                "inspect",
                "--command",
                &fixture("stubborn"),
                "--env",
                "FIXTURE_PIDS",
            ],
        )
        .exits(0);
    let pids = pids(&file);
    assert_eq!(pids.len(), 2);
    wait_until("the server and its child are gone", || {
        pids.iter().all(|pid| !runs(pid))
    });
}
