//! Who the process runs as, by the system's word: a variable could be anybody's.

use std::path::PathBuf;

/// The name of the user.
pub(crate) fn name() -> String {
    #[cfg(unix)]
    return account(0).unwrap_or_else(|| format!("uid {}", id()));
    #[cfg(not(unix))]
    std::env::var("USERNAME").unwrap_or_default()
}

/// The home of the user, where the system has it in its own list.
pub(super) fn home() -> Option<PathBuf> {
    #[cfg(unix)]
    return account(5)
        .map(PathBuf::from)
        .filter(|home| home.is_absolute());
    #[cfg(not(unix))]
    None
}

/// A field of the user's line (passwd(5)).
#[cfg(unix)]
fn account(field: usize) -> Option<String> {
    let id = id().to_string();
    let accounts = std::fs::read("/etc/passwd").unwrap_or_default();
    let accounts = String::from_utf8_lossy(&accounts);
    let mut lines = accounts.lines();
    lines.find_map(|line| {
        let is_own = line.split(':').nth(2) == Some(&id);
        let field = line.split(':').nth(field).filter(|_| is_own)?;
        Some(field.to_owned())
    })
}

#[cfg(unix)]
fn id() -> u32 {
    rustix::process::geteuid().as_raw()
}
