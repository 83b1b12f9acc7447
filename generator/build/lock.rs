//! The workspace's lock, less everything that a generated crate does not link.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use toml::{Table, Value};

/// The lock of a crate that depends on the runtime and offers all of its features.
///
/// Which packages stay depends on the features each turns on in the next, so it is cargo that says:
/// it is given such a crate and the workspace's lock, and drops what is superfluous. Walking the
/// dependencies in the lock does not do, since they hold what the workspace's tests need as well, and
/// `--locked` refuses a lock with anything to spare. Nothing is downloaded.
pub(crate) fn prune(
    workspace: &Path,
    runtime: &Table,
    skeleton: &Path,
) -> Result<String, Box<dyn Error>> {
    let edition = &runtime["package"]["edition"];
    let features = runtime
        .get("features")
        .and_then(Value::as_table)
        .cloned()
        .unwrap_or_default();
    let features: Vec<String> = features
        .keys()
        .map(|name| format!("{name:?} = [\"mcpress-runtime/{name}\"]"))
        .collect();
    let manifest = format!(
        "workspace = {{ exclude = [\"runtime\"] }}\n\
         package = {{ name = \"skeleton\", version = \"0.0.0\", edition = {edition} }}\n\
         dependencies = {{ mcpress-runtime = {{ path = \"runtime\", default-features = false }} }}\n\
         [features]\n{}\n",
        features.join("\n")
    );
    for (path, text) in [
        ("Cargo.toml", manifest.as_str()),
        ("src/main.rs", ""),
        ("runtime/Cargo.toml", &toml::to_string(runtime)?),
        ("runtime/src/lib.rs", ""),
        (
            "Cargo.lock",
            &fs::read_to_string(workspace.join("Cargo.lock"))?,
        ),
    ] {
        let path = skeleton.join(path);
        fs::create_dir_all(path.parent().ok_or("a file in the skeleton")?)?;
        fs::write(path, text)?;
    }
    // Not `cargo metadata`, which wants the packages of every platform at hand; and started in the
    // workspace, whose configuration may say where packages come from.
    let cargo = env::var_os("CARGO").ok_or("cargo runs this script")?;
    let output = Command::new(cargo)
        .args(["update", "--workspace", "--offline", "--manifest-path"])
        .arg(skeleton.join("Cargo.toml"))
        .current_dir(workspace)
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo could not make the lock of generated crates: {why}").into());
    }
    Ok(fs::read_to_string(skeleton.join("Cargo.lock"))?)
}
