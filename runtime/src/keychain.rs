//! The operating system's own store of secrets: Keychain, Credential Manager, or the Secret Service.
//!
//! What is kept there is found by two names: the program's, and that of what it is for, which is the
//! address of a remote server or the name of a slot.
//!
//! For the last there are crates too. They cost between 0.56 and 1.84 MB of a program that has 6 in
//! all, and a minute or two of its first build; what is said over the bus here is five calls.

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod secret_service;
#[cfg(not(target_os = "linux"))]
mod system;

#[cfg(target_os = "linux")]
use secret_service as store;
#[cfg(not(target_os = "linux"))]
use system as store;

use crate::secret::Secret;

/// Whether there is one, as far as that can be told without asking it.
pub(crate) fn is_there() -> bool {
    store::is_there()
}

/// What is kept for a program at a server.
pub(crate) async fn get(program: &str, url: &str) -> Result<Option<Secret>, String> {
    aside(program, url, |program, url| store::get(&program, &url)).await
}

pub(crate) async fn set(program: &str, url: &str, value: Secret) -> Result<(), String> {
    aside(program, url, move |program, url| {
        store::set(&program, &url, &value)
    })
    .await
}

pub(crate) async fn delete(program: &str, url: &str) -> Result<(), String> {
    aside(program, url, |program, url| store::delete(&program, &url)).await
}

/// Asks on a thread of its own: the store may ask the person to unlock it first.
async fn aside<T: Send + 'static>(
    program: &str,
    url: &str,
    ask: impl FnOnce(String, String) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    if !is_there() {
        return Err("there is none".to_owned());
    }
    let _conversation = crate::person::Conversation::begin();
    let (program, url) = (program.to_owned(), url.to_owned());
    let asked = tokio::task::spawn_blocking(move || ask(program, url));
    asked.await.unwrap_or_else(|error| Err(error.to_string()))
}
