//! What is said of a panic, which is a defect of the program whoever caused it.
//!
//! The message of a panic may hold any value at all, so it goes through the mask as all that is
//! printed does; that of the standard library would not.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Display;
use std::panic::{PanicHookInfo, set_hook};

use crate::secret::mask::mask_at_once;
use crate::text::line;

/// From here on panics are told as errors of the program, without any secret. They end it all the
/// same.
pub fn watch() {
    set_hook(Box::new(|info| {
        eprintln!("{}", words(info.location(), message(info)));
        // As the standard library does: where RUST_BACKTRACE asks for it. A trace holds no values.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            eprintln!("{trace}");
        }
    }));
}

fn message<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = info.payload();
    let formatted = payload.downcast_ref::<String>().map(String::as_str);
    let literal = || payload.downcast_ref::<&str>().copied();
    formatted.or_else(literal).unwrap_or("no message")
}

fn words(place: Option<impl Display>, message: &str) -> String {
    let place = place.map_or_else(String::new, |place| format!(", at {place}"));
    // Where nobody can tell whether a secret is in it, it is not shown.
    let message = mask_at_once(message).unwrap_or("not shown".into());
    format!(
        "error: this program has a defect{place}: {}\nhint: it was ended here; please report it with this line",
        line(&message)
    )
}

#[cfg(test)]
mod tests {
    use crate::secret::Secret;

    use super::*;

    #[test]
    fn a_panic_is_told_on_a_line_without_the_secrets_in_its_message() {
        let _secret = Secret::new("defect-s3cret");
        assert_eq!(
            words(
                Some("src/x.rs:1:2"),
                "left: \"defect-s3cret\"\nright: \x1b[2J"
            ),
            "error: this program has a defect, at src/x.rs:1:2: left: \"[redacted]\" right:\n\
             hint: it was ended here; please report it with this line"
        );
        assert!(
            words(None::<&str>, "no place").starts_with("error: this program has a defect: no")
        );
    }
}
