//! Puts the runtime inside the generator.
//!
//! Every generated crate carries the runtime it needs, so that it builds anywhere with cargo alone.
//! Three things are made here, where the workspace is at hand: the runtime's sources, a manifest for
//! them that stands alone, and a `Cargo.lock` that holds what the runtime links and nothing else, in
//! the versions that this workspace was tested with.

#[path = "build/lock.rs"]
mod lock;
#[path = "build/manifest.rs"]
mod manifest;

use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let generator = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let root = generator
        .parent()
        .ok_or("the generator is in no workspace")?;
    let runtime = root.join("runtime");
    for path in [
        runtime.join("Cargo.toml"),
        runtime.join("src"),
        root.join("Cargo.toml"),
        root.join("Cargo.lock"),
        generator.join("build.rs"),
        generator.join("build"),
    ] {
        if !path.exists() {
            return Err(format!(
                "mcpress is built from its repository: no {}",
                path.display()
            )
            .into());
        }
        println!("cargo::rerun-if-changed={}", path.display());
    }

    let workspace = manifest::read(&root.join("Cargo.toml"))?;
    let own = manifest::standalone(&workspace, manifest::read(&runtime.join("Cargo.toml"))?)?;
    fs::write(out.join("runtime.toml"), toml::to_string(&own)?)?;
    fs::write(
        out.join("runtime.lock"),
        lock::prune(root, &own, &out.join("skeleton"))?,
    )?;

    let mut code = String::new();
    list_features(&own, &mut code)?;
    let sources = sources(&runtime)?;
    list_sources(&sources, &mut code)?;
    name_directory(&out.join("runtime.toml"), &sources, &mut code)?;
    fs::write(out.join("runtime.rs"), code)?;

    let shared =
        ["edition", "rust-version"].map(|key| (key, &workspace["workspace"]["package"][key]));
    let mut shared =
        toml::Table::from_iter(shared.map(|(key, value)| (key.to_owned(), value.clone())));
    shared.insert("profile".into(), workspace["profile"].clone());
    fs::write(out.join("workspace.toml"), toml::to_string(&shared)?)?;
    Ok(())
}

/// `static FEATURES`: what a generated crate can turn on in the runtime.
fn list_features(runtime: &toml::Table, code: &mut String) -> Result<(), Box<dyn Error>> {
    let features = runtime.get("features").and_then(toml::Value::as_table);
    let names = features
        .into_iter()
        .flat_map(|table| table.keys())
        .filter(|name| *name != "default");
    let names: Vec<&String> = names.collect();
    writeln!(code, "pub(super) static FEATURES: &[&str] = &{names:?};")?;
    Ok(())
}

/// Each file of the runtime with its path there, in order.
fn sources(runtime: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let mut files = Vec::new();
    collect(&runtime.join("src"), &mut files)?;
    files.sort();
    let named = files.into_iter().map(|file| {
        let parts = file.strip_prefix(runtime)?.components();
        let parts: Vec<_> = parts
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        Ok((parts.join("/"), file))
    });
    named.collect()
}

/// `static SOURCES`: each file of the runtime with its path.
fn list_sources(sources: &[(String, PathBuf)], code: &mut String) -> Result<(), Box<dyn Error>> {
    writeln!(code, "pub(super) static SOURCES: &[(&str, &str)] = &[")?;
    for (path, file) in sources {
        writeln!(code, "    ({path:?}, include_str!({file:?})),")?;
    }
    writeln!(code, "];")?;
    Ok(())
}

/// `const DIRECTORY`: where the runtime goes in a generated crate, named by a hash of its content.
fn name_directory(
    manifest: &Path,
    sources: &[(String, PathBuf)],
    code: &mut String,
) -> Result<(), Box<dyn Error>> {
    let mut hash = DefaultHasher::new();
    fs::read(manifest)?.hash(&mut hash);
    for (path, file) in sources {
        (path, fs::read(file)?).hash(&mut hash);
    }
    let hash = hash.finish() as u32;
    writeln!(
        code,
        "pub(super) const DIRECTORY: &str = \"vendor/mcpress-runtime-{hash:08x}\";"
    )?;
    Ok(())
}

/// Every file below a directory, less what only tests read.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_of_tests = matches!(
            &*name,
            "snapshots" | "proptest-regressions" | "tests" | "tests.rs" | "vectors.rs"
        );
        if name.starts_with('.') || name.ends_with(".json") || is_of_tests {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
