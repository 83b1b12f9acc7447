//! `mcpress inspect`: what a server offers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ArgMatches;
use mcpress_runtime::server_info;
use mcpress_runtime::text::plain;
use serde_json::Value;

use super::failure::Failure;
use super::print;
use super::source::source;
use crate::capture::Capture;

pub(super) fn run(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let positional = matches
        .get_one::<String>("name-in-config")
        .map(String::as_str);
    let source = source(matches, positional)?;
    for warning in &source.warnings {
        eprintln!("note: {}", plain(warning));
    }
    let text = source.capture.to_text();
    if let Some(path) = matches.get_one::<PathBuf>("capture") {
        std::fs::write(path, &text)
            .map_err(|error| Failure::io(format!("cannot write {}", path.display()), error))?;
        eprintln!("saved to {}", path.display());
    }
    match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => print(&text)?,
        _ => print(&summary(&source.capture))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(capture: &Capture) -> String {
    let info = server_info(&capture.initialize);
    let mut text = format!(
        "{} {} (MCP {})\n",
        plain(
            info["title"]
                .as_str()
                .or(info["name"].as_str())
                .unwrap_or("unnamed server")
        ),
        plain(info["version"].as_str().unwrap_or_default()),
        plain(&capture.protocol_version),
    );
    for (kind, items, name) in [
        ("tools", &capture.tools, "name"),
        ("prompts", &capture.prompts, "name"),
        ("resources", &capture.resources, "uri"),
        (
            "resource templates",
            &capture.resource_templates,
            "uriTemplate",
        ),
    ] {
        if items.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{} {kind}\n", items.len()));
        for item in items {
            text.push_str(&line(item, name));
        }
    }
    text
}

fn line(item: &Value, name: &str) -> String {
    let description = plain(item["description"].as_str().unwrap_or_default());
    let first = description.trim().lines().next().unwrap_or_default();
    let first: String = first.chars().take(80).collect();
    format!(
        "  {:<32} {first}",
        plain(item[name].as_str().unwrap_or("?"))
    )
    .trim_end()
    .to_owned()
        + "\n"
}
