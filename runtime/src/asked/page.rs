//! A page that the server, or the vault, wants to be opened.

use super::address::Address;
use super::form::is_yes;
use super::terminal::{Console, Terminal};
use super::words::quote;
use crate::browser;
use crate::output::printer::Printer;

/// What opens an address.
pub(super) type Browser = fn(&str) -> std::io::Result<()>;

/// A page that a person may be sent to, beside what the server asks in a call.
#[derive(Debug)]
pub(crate) struct Page(Address);

impl Page {
    /// The page at an address.
    ///
    /// # Errors
    ///
    /// Why nobody is sent there.
    pub(crate) fn read(url: &str) -> Result<Self, String> {
        Address::read(url).map(Self)
    }

    /// The address, as it is shown and opened.
    pub(crate) fn url(&self) -> &str {
        &self.0.whole
    }

    /// Shows the page to the person at the terminal with the words of whoever wants it, and opens it if
    /// they say so: whether they did. Where nobody is there, nothing is shown.
    pub(crate) async fn offer(&self, printer: &Printer, who: &str, words: &str) -> bool {
        let Some(console) = Console::find() else {
            return false;
        };
        let _turn = console.turn().lock().await;
        let _hold = printer.hold();
        let agreed = open(&console, browser::open, who, words, &self.0).await;
        agreed.unwrap_or_default()
    }

    #[cfg(feature = "http")]
    /// Opens the page for a person who asked for it.
    pub(crate) fn open(&self, printer: &Printer) {
        match browser::open(&self.0.whole) {
            Ok(()) => printer.say("go on in the browser that was opened; if none was, open this:"),
            Err(_) => printer.say("open this in a browser:"),
        }
        printer.say(&format!("  {}", self.0.whole));
    }
}

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
