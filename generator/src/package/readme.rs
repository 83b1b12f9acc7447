//! The generated crate's `README.md`.

use std::fmt::Write;

use super::name::CrateName;
use crate::emit::is_hidden;
use crate::ir::{Parameter, Program, Shape, Slot, Tool, Transport};

/// How many tools the examples show.
const EXAMPLES: usize = 4;

/// The text of the README. What a server said is in fenced blocks alone: Markdown reads nothing there.
pub(super) fn text(name: &CrateName, program: &Program) -> String {
    let mut text = format!("# {name}\n\nA command line for an MCP server, made by mcpress.\n");
    let about = line(&program.about);
    if !about.is_empty() {
        section(&mut text, None, "text", &about);
    }
    section(
        &mut text,
        Some("Build"),
        "sh",
        &format!("cargo build --release\n./target/release/{name} --help"),
    );
    text.push_str(
        "\nEverything it needs that is not on crates.io is in `vendor/`. To make the crate again, from what\n\
         the server said then and with no server at hand:\n",
    );
    section(
        &mut text,
        None,
        "sh",
        &format!(
            "mcpress generate-cli --from capture.json{} --name {name} --out .",
            origin(program)
        ),
    );
    section(
        &mut text,
        Some("Server"),
        "text",
        &server(&program.server.transport),
    );
    if !program.slots.is_empty() {
        let slots: Vec<String> = program.slots.iter().map(slot).collect();
        text.push_str(
            "\n## Environment\n\nThe server is given these, and the program keeps none of them:\n",
        );
        section(&mut text, None, "text", &slots.join("\n"));
    }
    let mut examples = vec![format!("{name} --help"), format!("{name} self tools")];
    examples.extend(
        program
            .tools
            .iter()
            .take(EXAMPLES)
            .map(|tool| example(name, tool)),
    );
    section(&mut text, Some("Use"), "sh", &examples.join("\n"));
    text
}

/// A fenced block, under a heading if there is one.
fn section(text: &mut String, heading: Option<&str>, language: &str, content: &str) {
    if let Some(heading) = heading {
        append(text, format_args!("\n## {heading}\n"));
    }
    // A fence ends at one as long as itself: this one is longer than any in the text.
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    append(
        text,
        format_args!("\n{fence}{language}\n{content}\n{fence}\n"),
    );
}

fn server(transport: &Transport) -> String {
    match transport {
        Transport::Stdio {
            command,
            args,
            env: _,
            directory: _,
        } => {
            let words: Vec<String> = std::iter::once(command)
                .chain(args)
                .map(|word| quoted(word))
                .collect();
            words.join(" ")
        }
        Transport::Http { url, .. } => line(url),
        Transport::Unknown => "not known: name it with --mcp-command or --mcp-url".into(),
    }
}

/// What says on mcpress's command line how the server is started or reached, and which of its tools are
/// left out.
fn origin(program: &Program) -> String {
    let transport = &program.server.transport;
    let mut words = match transport {
        Transport::Stdio { .. } => format!(" --command {}", quoted(&server(transport))),
        Transport::Http { url, .. } => format!(" --url {}", quoted(url)),
        Transport::Unknown => String::new(),
    };
    for word in &program.omitted.options {
        append(&mut words, format_args!(" {}", quoted(word)));
    }
    words
}

fn slot(slot: &Slot) -> String {
    let need = if slot.required {
        "required"
    } else {
        "optional"
    };
    let about = match slot.about.as_str() {
        "" => String::new(),
        about => format!("  {}", line(about)),
    };
    format!("{}  ({need}){about}", line(&slot.name))
}

/// A call of a tool with the flags that it must have.
fn example(name: &CrateName, tool: &Tool) -> String {
    let mut words = vec![name.to_string(), quoted(&tool.command)];
    for Parameter {
        flag,
        shape,
        required,
        ..
    } in &tool.parameters
    {
        if *required && !matches!(shape, Shape::Constant(_)) {
            words.push(quoted(&format!("--{flag}")));
            words.extend(value(shape));
        }
    }
    words.join(" ")
}

fn value(shape: &Shape) -> Option<String> {
    let value = match shape {
        Shape::Boolean => return None,
        Shape::Text | Shape::Constant(_) => "…".into(),
        Shape::Integer | Shape::Number => "1".into(),
        Shape::Choice(values) => match values.first().map(|value| serde_json::from_str(value)) {
            Some(Ok(serde_json::Value::String(text))) => quoted(&text),
            Some(Ok(value)) => quoted(&value.to_string()),
            _ => "…".into(),
        },
        Shape::List(item) => return value(item),
        Shape::Tuple(slots) => {
            let slots: Option<Vec<_>> = slots.iter().map(value).collect();
            slots?.join(",")
        }
        Shape::Union(branches) => return branches.first().and_then(value),
        Shape::Any => "text".into(),
        Shape::Object { .. } | Shape::Json => "'{}'".into(),
    };
    Some(value)
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let word = line(word);
    shlex::try_quote(&word)
        .map(|quoted| quoted.into_owned())
        .unwrap_or(word)
}

/// Text on one line, with nothing in it that cannot be seen.
fn line(text: &str) -> String {
    text.chars()
        .map(|c| if is_hidden(c) { ' ' } else { c })
        .collect()
}

fn append(to: &mut String, part: std::fmt::Arguments<'_>) {
    to.write_fmt(part).expect("a String takes any text");
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::package::tests::program;

    #[test]
    fn the_readme_says_how_to_build_and_what_to_give() {
        let name = CrateName::new("altr-cli").expect("a name");
        assert_snapshot!(text(&name, &program()), @r#"
        # altr-cli

        A command line for an MCP server, made by mcpress.

        ```text
        Policies from a terminal
        ```

        ## Build

        ```sh
        cargo build --release
        ./target/release/altr-cli --help
        ```

        Everything it needs that is not on crates.io is in `vendor/`. To make the crate again, from what
        the server said then and with no server at hand:

        ```sh
        mcpress generate-cli --from capture.json --command "uvx altr-mcp 'two words'" --exclude-tools 'drop_*' --name altr-cli --out .
        ```

        ## Server

        ```text
        uvx altr-mcp 'two words'
        ```

        ## Environment

        The server is given these, and the program keeps none of them:

        ```text
        ALTR_KEY  (required)  Of the console,  under Keys
        ALTR_URL  (optional)
        ```

        ## Use

        ```sh
        altr-cli --help
        altr-cli self tools
        altr-cli get-tags
        altr-cli create-policy --tag … --kind 'a b'
        ```
        "#);
    }

    #[test]
    fn a_server_cannot_leave_its_fence() {
        let mut program = program();
        program.about = "```\n# Install\n`````` [x](javascript:)".into();
        program.tools[0].command = "a\n```\n<script>".into();
        let name = CrateName::new("x").expect("a name");
        let text = text(&name, &program);
        assert!(
            text.contains("\n```````text\n``` # Install `````` [x](javascript:)\n```````\n"),
            "{text}"
        );
        assert!(text.contains("\n````sh\n"), "{text}");
        assert!(!text.contains("\n<script>"), "{text}");
    }
}
