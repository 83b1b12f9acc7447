//! The runtime's manifest with nothing left to inherit.

use std::error::Error;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

/// Reads a manifest.
pub(crate) fn read(path: &Path) -> Result<Table, Box<dyn Error>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text
        .parse::<Table>()
        .map_err(|error| format!("{}: {error}", path.display()))?)
}

/// The manifest of a member of the workspace, as it reads outside: every `workspace = true` is filled
/// in as cargo would, and what only its own tests need is gone.
pub(crate) fn standalone(workspace: &Table, mut manifest: Table) -> Result<Table, Box<dyn Error>> {
    let workspace = workspace["workspace"]
        .as_table()
        .ok_or("[workspace] is a table")?;
    let package = manifest
        .get_mut("package")
        .and_then(Value::as_table_mut)
        .ok_or("no [package]")?;
    for (key, value) in package.iter_mut() {
        if inherits(value) {
            *value = workspace["package"][key.as_str()].clone();
        }
    }
    if manifest.get("lints").is_some_and(inherits) {
        manifest.insert("lints".into(), workspace["lints"].clone());
    }
    for section in ["dev-dependencies", "bench", "test", "example", "bin"] {
        manifest.remove(section);
    }
    let shared = workspace["dependencies"]
        .as_table()
        .ok_or("[workspace.dependencies] is a table")?;
    dependencies(&mut manifest, shared)?;
    if let Some(targets) = manifest.get_mut("target").and_then(Value::as_table_mut) {
        for (_, target) in targets.iter_mut() {
            let target = target.as_table_mut().ok_or("a [target.…] is a table")?;
            target.remove("dev-dependencies");
            dependencies(target, shared)?;
        }
    }
    Ok(manifest)
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Fills in the dependencies of a manifest or of one of its targets.
fn dependencies(table: &mut Table, shared: &Table) -> Result<(), Box<dyn Error>> {
    for section in ["dependencies", "build-dependencies"] {
        let Some(section) = table.get_mut(section).and_then(Value::as_table_mut) else {
            continue;
        };
        for (name, dependency) in section.iter_mut() {
            if inherits(dependency) {
                let shared = shared
                    .get(name)
                    .ok_or_else(|| format!("`{name}` is not in the workspace"))?;
                *dependency = merge(shared, dependency);
            }
        }
    }
    Ok(())
}

/// A dependency as the workspace says it, with what the member adds: features add up.
fn merge(shared: &Value, own: &Value) -> Value {
    let mut merged = match shared {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let own = own
        .as_table()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "workspace");
    for (key, value) in own {
        match (merged.get_mut(key), value) {
            (Some(Value::Array(features)), Value::Array(more)) => {
                features.extend(more.iter().cloned())
            }
            _ => {
                merged.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Table(merged)
}
