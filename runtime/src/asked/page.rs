//! A page that the server wants to be opened.

use super::address::Address;
use super::form::is_yes;
use super::terminal::Terminal;
use super::words::quote;

/// What opens an address.
pub(super) type Browser = fn(&str) -> std::io::Result<()>;

/// Shows the page to a person, and opens it if they say so. False when they do not.
pub(super) async fn open(
    terminal: &dyn Terminal,
    browser: Browser,
    server: &str,
    message: &str,
    address: &Address,
) -> std::io::Result<bool> {
    terminal.forget();
    terminal.show(&format!(
        "{server} asks to open a page:\n{}  host: {}\n  page: {}\n",
        quote(message),
        address.host,
        address.whole
    ));
    for warning in &address.warnings {
        terminal.show(&format!("  warning: {warning}\n"));
    }
    terminal.show(&format!("open {} in the browser? [y/N] ", address.host));
    let consent = terminal.line(false).await?;
    if !consent.is_some_and(|typed| is_yes(&typed)) {
        return Ok(false);
    }
    if let Err(error) = browser(&address.whole) {
        terminal.show(&format!("cannot open it ({error}); open it yourself\n"));
    }
    Ok(true)
}

/// Asks whether to go on, where the server asks again for a page that was opened. False when not.
pub(super) async fn wait(
    terminal: &dyn Terminal,
    server: &str,
    address: &Address,
) -> std::io::Result<bool> {
    terminal.show(&format!(
        "{server} still waits for {}; Enter once it is done there, Ctrl-D to decline: ",
        address.whole
    ));
    Ok(terminal.line(false).await?.is_some())
}
