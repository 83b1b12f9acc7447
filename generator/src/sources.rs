//! The Rust files of a program, as text.

use std::num::NonZero;
use std::thread::{self, available_parallelism};

use crate::emit::{self, SourceFile};
use crate::format;
use crate::ir::{Program, Tool};
use crate::package::File;

/// The fewest tools that are worth a thread of their own.
const FEWEST: usize = 64;

/// Emits and formats a program, `src/main.rs` first, then one file a tool.
///
/// One tool's file depends on no other's, so they are made on as many threads as there are cores, and
/// put together in order.
pub fn sources(program: &Program) -> Vec<File> {
    let threads = available_parallelism().map_or(1, NonZero::get);
    let share = program.tools.len().div_ceil(threads).max(FEWEST);
    let mut files: Vec<File> = emit::frame(program).into_iter().map(text).collect();
    thread::scope(|scope| {
        let parts: Vec<_> = program
            .tools
            .chunks(share)
            .zip((0..).step_by(share))
            .map(|(tools, before)| scope.spawn(move || part(before, tools)))
            .collect();
        for part in parts {
            files.extend(part.join().expect("emission is total"));
        }
    });
    files
}

/// The files of some tools, of which so many go before.
fn part(before: usize, tools: &[Tool]) -> Vec<File> {
    let numbered = tools.iter().enumerate();
    numbered
        .map(|(index, tool)| text(emit::tool(before + index + 1, tool)))
        .collect()
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
