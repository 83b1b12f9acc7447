//! The runtime as it was when this mcpress was built.

mod built {
    include!(concat!(env!("OUT_DIR"), "/runtime.rs"));
}

/// The runtime's manifest, which inherits nothing.
pub(super) const MANIFEST: &str = include_str!(concat!(env!("OUT_DIR"), "/runtime.toml"));

/// The lock of a crate named `skeleton` that links the runtime.
pub(super) const LOCK: &str = include_str!(concat!(env!("OUT_DIR"), "/runtime.lock"));

/// The edition, the oldest compiler and the profiles of the workspace.
pub(super) const WORKSPACE: &str = include_str!(concat!(env!("OUT_DIR"), "/workspace.toml"));

/// The features of the runtime.
pub(super) static FEATURES: &[&str] = built::FEATURES;

/// Every file of the runtime: its path in the runtime's directory, and its text.
pub(super) fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once(("Cargo.toml", MANIFEST)).chain(built::SOURCES.iter().copied())
}

/// Where the runtime goes in a generated crate.
///
/// The path holds a hash of the content because cargo goes by the path and by times: a runtime that
/// changed is another crate to it, and one that did not is built once for all generated crates.
pub(super) const DIRECTORY: &str = built::DIRECTORY;

/// What the path of every vendored runtime begins with.
pub(super) const PREFIX: &str = "vendor/mcpress-runtime-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_stands_alone() {
        assert!(!MANIFEST.contains("workspace"), "{MANIFEST}");
        let manifest: toml::Table = MANIFEST.parse().expect("TOML");
        let rmcp = &manifest["dependencies"]["rmcp"];
        assert!(rmcp["version"].is_str(), "{rmcp}");
        assert_eq!(rmcp["default-features"].as_bool(), Some(false));
        assert_eq!(rmcp["features"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn the_lock_holds_what_every_platform_and_feature_links_and_no_more() {
        for name in ["rmcp", "clap", "reqwest", "windows-sys"] {
            assert!(
                LOCK.contains(&format!("name = \"{name}\"\n")),
                "{name} is missing"
            );
        }
        for name in ["prettyplease", "proptest", "insta", "mcpress"] {
            assert!(
                !LOCK.contains(&format!("name = \"{name}\"\n")),
                "{name} is there"
            );
        }
    }

    #[test]
    fn the_sources_are_there_with_slashes_in_their_paths() {
        assert!(files().any(|(path, text)| path == "src/lib.rs" && !text.is_empty()));
        assert!(files().all(|(path, _)| !path.contains('\\')));
    }
}
