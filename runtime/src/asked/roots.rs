//! The folders that a server may work in: `roots/list`.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use crate::error::Error;

/// What is encoded in a path (RFC 3986, section 3.3, and less than it allows).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// The folders as the protocol has them, each once.
///
/// # Errors
///
/// For the first that is no folder.
pub(super) fn of(folders: &[String]) -> Result<Vec<Value>, Error> {
    let mut roots: Vec<Value> = Vec::new();
    for folder in folders {
        let wrong =
            |reason: &dyn std::fmt::Display| Error::usage(format!("--mcp-root {folder}: {reason}"));
        let path = std::fs::canonicalize(folder).map_err(|error| wrong(&error))?;
        if !path.is_dir() {
            return Err(wrong(&"not a folder"));
        }
        let root = root(&path);
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    Ok(roots)
}

fn root(path: &Path) -> Value {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec();
    #[cfg(not(unix))]
    let bytes = {
        let text = path.to_string_lossy().replace('\\', "/");
        let text = text.strip_prefix("//?/").unwrap_or(&text);
        format!("/{text}").into_bytes()
    };
    let name = path.file_name().unwrap_or(path.as_os_str());
    json!({
        "uri": format!("file://{}", percent_encode(&bytes, ENCODED)),
        "name": name.to_string_lossy(),
    })
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_told_by_its_real_place() {
        let home = std::env::temp_dir().canonicalize().unwrap();
        let folder = home.join(format!("a b#ü%-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let winding = format!(
            "{}/../{}",
            folder.display(),
            folder.file_name().unwrap().display()
        );
        let roots = of(&[winding, folder.display().to_string()]).unwrap();
        std::fs::remove_dir(&folder).unwrap();
        let home = home.display();
        let own = std::process::id();
        assert_eq!(
            Value::from(roots),
            json!([{"uri": format!("file://{home}/a%20b%23%C3%BC%25-{own}"), "name": format!("a b#ü%-{own}")}])
        );
        assert_eq!(root(Path::new("/"))["uri"], "file:///");
    }

    #[test]
    fn what_is_no_folder_is_a_wrong_command_line() {
        for (folder, reason) in [
            (
                "/no/such",
                "--mcp-root /no/such: No such file or directory (os error 2)",
            ),
            ("/dev/null", "--mcp-root /dev/null: not a folder"),
        ] {
            let error = of(&[folder.to_owned()]).unwrap_err();
            assert_eq!(error.to_string(), reason);
        }
    }
}
