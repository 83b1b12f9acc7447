//! The Rust files of a program, as text.

use crate::emit::{self, SourceFile};
use crate::format;
use crate::ir::Program;
use crate::package::File;
use crate::parallel;

/// The fewest tools that are worth a thread of their own.
const FEWEST: usize = 64;

/// Emits and formats a program, `src/main.rs` first, then one file a tool.
pub fn sources(program: &Program) -> Vec<File> {
    let mut files: Vec<File> = emit::frame(program).into_iter().map(text).collect();
    files.extend(parallel::map(&program.tools, FEWEST, |index, tool| {
        text(emit::tool(index + 1, tool))
    }));
    files
}

fn text(source: SourceFile) -> File {
    File::new(source.path, format::text(source.content))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::capture::Capture;
    use crate::lock::Lock;
    use crate::lower::{Options, lower};

    #[test]
    fn the_files_of_many_tools_are_in_the_order_of_the_tools() {
        let tools: Vec<_> = (0..3 * FEWEST + 1)
            .map(|number| json!({"name": format!("tool_{number}"), "inputSchema": {"type": "object"}}))
            .collect();
        let capture = Capture::read(&json!({"tools": tools}).to_string()).unwrap();
        let program = lower(&capture, &Options::new("many"), &Lock::default()).program;
        let files = sources(&program);
        assert_eq!(files.len(), 3 + tools.len());
        for (index, file) in files[3..].iter().enumerate() {
            assert_eq!(file.path, format!("src/tools/t{:03}.rs", index + 1));
            assert!(
                file.text.contains(&format!("wire: \"tool_{index}\"")),
                "{}",
                file.path
            );
        }
    }
}
