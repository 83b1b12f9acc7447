//! Values that must not be on a command line, where every process of the machine can read them.

use super::patch;

/// What a secret is called in the help.
pub(crate) const VALUE_NAME: &str = "@FILE|-|env:NAME";

/// The secret that a reference names: `@FILE`, `-` for standard input, `env:NAME` for a variable. The
/// line's end of a file is not part of it.
///
/// # Errors
///
/// For anything else, which is taken for the secret itself and not repeated.
pub(super) fn read(flag: &str, reference: &str) -> Result<String, String> {
    if let Some(name) = reference.strip_prefix("env:") {
        return std::env::var(name).map_err(|_| format!("the variable {name} is not set"));
    }
    let source = match reference {
        "-" => "-",
        reference => reference.strip_prefix('@').ok_or_else(|| {
            format!(
                "a secret is not given on the command line; give --{flag} @FILE, --{flag} - for standard \
                 input, --{flag} env:NAME, or --from-file {flag}=FILE"
            )
        })?,
    };
    let bytes = patch::read(source).map_err(|error| format!("{source}: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{source}: not UTF-8 text"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
