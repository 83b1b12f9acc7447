//! The contents of a resource: text as it is, bytes to a file.

use std::fs;
use std::io::{self, IsTerminal, Write};

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use crate::error::Error;
use crate::output::{Answer, Files};
use crate::run::Run;
use crate::settings::Format;

/// Standard output, as `--out` names it.
const STDOUT: &str = "-";

/// Some servers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Makes sure that contents can go there, before anything is asked for.
///
/// # Errors
///
/// When bytes would go to a terminal.
pub(super) fn check(out: Option<&str>) -> Result<(), Error> {
    if out == Some(STDOUT) && io::stdout().is_terminal() {
        return Err(Error::usage_with_hint(
            "--out -: standard output is a terminal",
            "name a file, or pipe it to a program",
        ));
    }
    Ok(())
}

/// Tells the answer to `resources/read`: the one text that it is word for word, else what each
/// content is. With `out`, the one content goes there.
pub(super) fn tell(
    run: &Run,
    answer: Value,
    out: Option<&str>,
    origin: &str,
    files: &Files,
) -> Result<(), Error> {
    if let Some(out) = out {
        return write(run, &answer, out);
    }
    if run.printer.format() == Format::Text
        && let [only] = contents(&answer)
        && let Some(text) = only.get("text").and_then(Value::as_str)
    {
        // Verbatim for a file or a program; a person's prompt begins a line.
        let wants_end = io::stdout().is_terminal() && !text.is_empty() && !text.ends_with('\n');
        run.printer.data(text)?;
        return if wants_end {
            run.printer.data("\n")
        } else {
            Ok(())
        };
    }
    run.tell(Answer::new(answer), origin, files)
}

fn contents(answer: &Value) -> &[Value] {
    let contents = answer.get("contents").and_then(Value::as_array);
    contents.map_or(&[], Vec::as_slice)
}

/// Writes the only content to a file or, as it is, to standard output.
fn write(run: &Run, answer: &Value, out: &str) -> Result<(), Error> {
    let content = match contents(answer) {
        [only] => only,
        contents => {
            return Err(Error::usage_with_hint(
                format!(
                    "the resource has {} contents, and --out is for one",
                    contents.len()
                ),
                "leave --out away, or take them as JSON with --output json",
            ));
        }
    };
    let bytes = bytes(content)?;
    let failed = |source| Error::Io {
        what: format!("cannot write {out}"),
        source,
    };
    if out == STDOUT {
        let mut stdout = io::stdout().lock();
        return match stdout.write_all(&bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(failed),
        };
    }
    fs::write(out, &bytes).map_err(failed)?;
    run.printer
        .note(&format!("saved {out} ({} bytes)", bytes.len()));
    Ok(())
}

fn bytes(content: &Value) -> Result<Vec<u8>, Error> {
    let field = |name: &str| content.get(name).and_then(Value::as_str);
    match (field("text"), field("blob")) {
        (Some(text), _) => Ok(text.as_bytes().to_vec()),
        (None, Some(blob)) => {
            let blob: String = blob.split_ascii_whitespace().collect();
            BASE64
                .decode(blob)
                .map_err(|_| Error::Protocol("the resource's `blob` is not base64".to_owned()))
        }
        (None, None) => Err(Error::Protocol(
            "the resource has neither a text nor a blob".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_are_read_with_and_without_padding_and_over_lines() {
        for blob in ["aGVsbG8=", "aGVsbG8", "aGVs\nbG8=\n"] {
            assert_eq!(bytes(&json!({"blob": blob})).unwrap(), b"hello");
        }
        assert!(bytes(&json!({"blob": "n0t!"})).is_err());
        assert!(bytes(&json!({})).is_err());
    }
}
