//! A person signs in: the browser goes out, and a code comes back.
//!
//! ```text
//! browser ──▶ authorization server ──▶ http://127.0.0.1:PORT/callback?code=… ──▶ listener
//!                                       └─ or pasted, where the browser is on another machine
//! ```

use std::io::{BufRead, IsTerminal};

use super::http::Fault;
use super::listener::Listener;
use super::pending::{Callback, Pending};
use crate::browser;
use crate::output::printer::Printer;
use crate::person::Conversation;
use crate::settings::{Format, Verbosity};
use crate::text::plain;
use crate::transport::AuthorizationSettings;

/// Shows the person where to sign in, and waits for the answer.
pub(super) async fn ask(
    settings: &AuthorizationSettings,
    pending: &Pending,
    listener: &Listener,
) -> Result<Callback, Fault> {
    let _conversation = Conversation::begin();
    let say = |line: &str| Printer::new(Format::Text, Verbosity::Normal).say(&plain(line));
    let is_open = settings.browser && browser::open(&pending.url).is_ok();
    let can_paste = !is_open && std::io::stdin().is_terminal();
    if is_open {
        say("sign in in the browser that was opened; if none was, open this:");
    } else {
        say("open this in a browser and sign in:");
    }
    say(&format!("  {}", pending.url));
    if can_paste {
        say("if that browser is on another machine, it ends at a page that it cannot show:");
        say("paste that page's address here, and press Enter");
    }
    let accept = |address: &str| {
        let callback = Callback::parse(address)?;
        match callback.state == pending.state {
            true => Ok(callback),
            false => Err("This is the answer to another sign-in.".to_owned()),
        }
    };
    let visit = listener.visit(&settings.program, accept);
    tokio::pin!(visit);
    loop {
        let pasted = async {
            match can_paste {
                true => line().await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            visited = &mut visit => {
                return visited.map_err(|error| Fault::Unusable(format!("cannot listen for the browser: {error}")));
            }
            pasted = pasted => {
                let Some(pasted) = pasted else {
                    return Err(Fault::Unusable("the input ended before the sign-in did".to_owned()));
                };
                match accept(&pasted) {
                    Ok(callback) => return Ok(callback),
                    Err(reason) => say(&format!("that is not it: {reason}")),
                }
            }
        }
    }
}

/// A line of the standard input; nothing at its end.
async fn line() -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.is_ok_and(|bytes| bytes > 0).then_some(line)
    });
    read.await.ok().flatten()
}
