//! The last results, kept in the README beside this program.

use std::path::Path;

use crate::error::Error;
use crate::report::Report;

const BEGIN: &str = "<!-- results: written by --record -->";
const END: &str = "<!-- end of results -->";

/// Puts the report between the README's two markers. Half a report would read as a result: it is refused.
pub(crate) fn write(report: &Report) -> Result<(), Error> {
    if !report.is_whole() {
        return Err(Error::Usage(
            "not recorded, since not everything was measured".to_owned(),
        ));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
    let results = format!("```text\n{}```", report.to_text());
    let Some(text) = replace(&readme, &results) else {
        let what = format!("has no {BEGIN} before {END}");
        return Err(Error::Program {
            program: path.display().to_string(),
            what,
        });
    };
    std::fs::write(&path, text).map_err(Error::file(path))
}

/// The text with what stands between the markers exchanged, or none where they are missing.
fn replace(text: &str, results: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{results}\n\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nz\n");
        let once = replace(&text, "new").expect("both markers are there");
        assert_eq!(once, format!("a\n{BEGIN}\n\nnew\n\n{END}\nz\n"));
        assert_eq!(replace(&once, "new"), Some(once));
        assert_eq!(replace("no markers", "new"), None);
    }

    #[test]
    fn the_readme_has_the_markers() {
        assert!(replace(include_str!("../README.md"), "").is_some());
    }
}
