//! Who the system says is calling.

/// The name of the user that the process runs as. It is the system's word: a variable could be anybody's.
#[cfg(unix)]
pub(super) fn name() -> String {
    let id = rustix::process::geteuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|account| {
        let mut fields = account.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("uid {id}"))
}

/// The name of the user, as the session has it.
#[cfg(not(unix))]
pub(super) fn name() -> String {
    std::env::var("USERNAME").unwrap_or_default()
}
