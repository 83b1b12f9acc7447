//! The mask over every secret of the run in all that is printed.
//!
//! Servers repeat what they were sent, in answers, in logs, in the reasons of their failures. Every
//! [`Secret`](super::Secret) is known here from its first line on until the program ends, in the
//! forms that it is sent in: as it is, within JSON, within a URL, in base64, and as a half of Basic
//! credentials (RFC 7617). What is shorter than [`SHORTEST`] is not looked for: it would be found in
//! words that have nothing to do with it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, TryLockError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// What stands in a secret's place.
const MASK: &str = "[redacted]";

/// The length of the shortest secret that is masked, in bytes.
const SHORTEST: usize = 6;

/// The most secrets that are known at once. A program that reads more than these reads them again and
/// again, and the oldest are of no use to anybody.
const MOST: usize = 64;

/// The most secrets of which every two are taken for halves of Basic credentials.
const HALVES: usize = 8;

static KNOWN: Mutex<Vec<Arc<Zeroizing<String>>>> = Mutex::new(Vec::new());

fn known() -> MutexGuard<'static, Vec<Arc<Zeroizing<String>>>> {
    // A list that was being added to when a thread ended is a list.
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a secret masked from here on.
pub(super) fn learn(secret: &Arc<Zeroizing<String>>) {
    shield();
    if secret.len() < SHORTEST {
        return;
    }
    let mut known = known();
    if known.iter().any(|one| one == secret) {
        return;
    }
    if known.len() == MOST {
        known.remove(0);
    }
    known.push(Arc::clone(secret));
}

/// Forgets all secrets, and wipes those that nobody else holds: the last thing a program does.
pub(crate) fn forget() {
    known().clear();
}

/// Keeps other processes of the user and the files of crashes from this one's memory, where the
/// system allows.
fn shield() {
    static SHIELD: Once = Once::new();
    SHIELD.call_once(|| {
        #[cfg(unix)]
        {
            use rustix::process::{Resource, Rlimit, setrlimit};
            let none = Rlimit {
                current: Some(0),
                maximum: Some(0),
            };
            // Where this fails nothing is lost but the care.
            let _ = setrlimit(Resource::Core, none);
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, set_dumpable_behavior};
            let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        }
    });
}

/// The forms in which the secrets that are known are looked for.
fn forms() -> Vec<Zeroizing<String>> {
    forms_of(&known())
}

/// The forms in which these secrets are looked for, the longest first.
fn forms_of(known: &[Arc<Zeroizing<String>>]) -> Vec<Zeroizing<String>> {
    let mut forms: Vec<Zeroizing<String>> = Vec::new();
    let mut add = |form: String| {
        let form = Zeroizing::new(form);
        if !forms.contains(&form) {
            forms.push(form);
        }
    };
    for secret in known.iter() {
        add(secret.to_string());
        let json = Zeroizing::new(serde_json::Value::from(secret.as_str()).to_string());
        add(json.trim_matches('"').to_owned());
        add(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
        add(STANDARD.encode(secret.as_bytes()));
    }
    for user in known.iter().take(HALVES) {
        for password in known.iter().take(HALVES) {
            let both = Zeroizing::new(format!("{}:{}", user.as_str(), password.as_str()));
            add(STANDARD.encode(both.as_bytes()));
        }
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

/// The text with a mask where a secret is.
pub(crate) fn mask(text: &str) -> Cow<'_, str> {
    Mask::now().over(text)
}

/// A mask over the secrets that are known now, for several texts.
pub(crate) struct Mask(Vec<Zeroizing<String>>);

impl Mask {
    pub(crate) fn now() -> Self {
        Self(forms())
    }

    /// The text with a mask where a secret is.
    pub(crate) fn over<'a>(&self, text: &'a str) -> Cow<'a, str> {
        masked(text, &self.0)
    }
}

/// The same for one who cannot wait for his turn; none where somebody else has it.
pub(crate) fn mask_at_once(text: &str) -> Option<Cow<'_, str>> {
    let known = match KNOWN.try_lock() {
        Ok(known) => known,
        Err(TryLockError::Poisoned(known)) => known.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    Some(masked(text, &forms_of(&known)))
}

fn masked<'a>(text: &'a str, forms: &[Zeroizing<String>]) -> Cow<'a, str> {
    let mut masked = Cow::Borrowed(text);
    for form in forms {
        if masked.contains(form.as_str()) {
            masked = Cow::Owned(masked.replace(form.as_str(), MASK));
        }
    }
    masked
}

/// A writer that masks what goes through it, wherever the pieces of it begin and end.
pub(crate) struct Masked<W> {
    out: W,
    forms: Vec<Zeroizing<String>>,
    /// What may be the beginning of a secret.
    held: Vec<u8>,
}

impl<W: Write> Masked<W> {
    /// A mask over the secrets that are known now.
    pub(crate) fn over(out: W) -> Self {
        Self::with(out, forms())
    }

    fn with(out: W, forms: Vec<Zeroizing<String>>) -> Self {
        Self {
            out,
            forms,
            held: Vec::new(),
        }
    }

    /// Writes what is held. Nothing follows.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.pass(0)?;
        self.out.flush()
    }

    /// Writes all but the last bytes, as many as may be the beginning of a secret.
    fn pass(&mut self, kept: usize) -> io::Result<()> {
        let mut from = 0;
        while let Some((start, end)) = self.next(from) {
            self.out.write_all(&self.held[from..start])?;
            self.out.write_all(MASK.as_bytes())?;
            from = end;
        }
        let until = self.held.len().saturating_sub(kept).max(from);
        self.out.write_all(&self.held[from..until])?;
        self.held.drain(..until);
        Ok(())
    }

    /// The first secret from here on, the longest of those that begin there.
    fn next(&self, from: usize) -> Option<(usize, usize)> {
        let found = self.forms.iter().filter_map(|form| {
            let start = memmem::find(&self.held[from..], form.as_bytes())? + from;
            Some((start, start + form.len()))
        });
        found.min_by_key(|&(start, end)| (start, std::cmp::Reverse(end)))
    }
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(longest) = self.forms.first().map(|form| form.len()) else {
            return self.out.write(bytes);
        };
        self.held.extend_from_slice(bytes);
        if self.held.len() >= longest {
            self.pass(longest - 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Secret;
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_form_that_it_is_sent_in() {
        // Not those that are known to the whole process, of which other tests have theirs.
        let secrets = [Secret::plain("mask-key\"1"), Secret::plain("mask-wörd/2")];
        let forms = forms_of(&secrets.map(|secret| secret.0));
        let basic = STANDARD.encode("mask-key\"1:mask-wörd/2");
        let text = format!(
            "plain mask-key\"1, json \"mask-key\\\"1\", url ?k=mask%2Dkey%221, basic {basic}, \
             base64 {}, and nothing else",
            STANDARD.encode("mask-wörd/2")
        );
        let masked = masked(&text, &forms);
        assert_eq!(
            masked,
            "plain [redacted], json \"[redacted]\", url ?k=[redacted], basic [redacted], \
             base64 [redacted], and nothing else"
        );
        // However it is cut into pieces.
        for size in [1, 2, 7, 1000] {
            let mut out = Vec::new();
            let mut writer = Masked::with(&mut out, forms.clone());
            for piece in text.as_bytes().chunks(size) {
                writer.write_all(piece).unwrap();
            }
            writer.finish().unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), masked, "pieces of {size}");
        }
    }

    #[test]
    fn a_secret_is_masked_from_its_first_line_on() {
        let _secret = Secret::new("mask-me-from-here-on");
        assert_eq!(mask("so mask-me-from-here-on"), "so [redacted]");
    }

    #[test]
    fn what_is_short_or_no_secret_is_printed() {
        let _short = Secret::new("abcde");
        let _plain = Secret::plain("mask-organisation");
        assert_eq!(mask("abcde mask-organisation"), "abcde mask-organisation");
    }
}
