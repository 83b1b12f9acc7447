//! The way out of drift.

use crate::spec::{Spec, Transport};

/// The line that makes a program again from its server; its name is left out where it is empty.
pub fn again(spec: &Spec) -> String {
    let mut words = vec!["mcpress".to_owned(), "generate-cli".to_owned()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    match spec.server.transport {
        Transport::Stdio { command, args, .. } => {
            let line = std::iter::once(&command).chain(args);
            option(
                "--command",
                line.map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            );
        }
        Transport::Http { url, headers, .. } => {
            option("--url", url.to_owned());
            for header in headers {
                option("--header", format!("{}: {}", header.name, header.value));
            }
        }
        Transport::Unknown => option("--from", "NEWER-CAPTURE".to_owned()),
    }
    if !matches!(spec.server.transport, Transport::Http { .. }) {
        for slot in spec.slots {
            let mark = if slot.required { "" } else { "?" };
            option("--env", format!("{}{mark}", slot.name));
        }
    }
    words.extend(spec.omitted.options.iter().map(|&word| word.to_owned()));
    if !spec.name.is_empty() {
        words.extend(["--name".to_owned(), spec.name.to_owned()]);
    }
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Binding, FORMAT, Omitted, Server, Slot};

    fn spec(transport: Transport) -> Spec {
        Spec {
            format: FORMAT,
            name: "x-cli",
            about: "",
            server: Server {
                transport,
                protocol: "",
                capabilities: "{}",
                capture: "",
            },
            slots: &[
                Slot {
                    name: "KEY",
                    required: true,
                    ..Slot::PLAIN
                },
                Slot {
                    name: "ZONE",
                    ..Slot::PLAIN
                },
            ],
            tools: &[],
            prompts: &[],
            templates: &[],
            omitted: Omitted {
                options: &["--exclude-tools", "drop_*"],
                ..Omitted::NOTHING
            },
        }
    }

    #[test]
    fn the_line_that_makes_a_program_again_names_its_server() {
        for (transport, line) in [
            (
                Transport::Stdio {
                    command: "uvx",
                    args: &["some mcp", "--fast"],
                    env: &[],
                    directory: None,
                },
                r#"mcpress generate-cli --command "uvx 'some mcp' --fast" --env KEY --env 'ZONE?' --exclude-tools 'drop_*' --name x-cli"#,
            ),
            (
                Transport::Http {
                    url: "https://example.com/mcp",
                    headers: &[Binding {
                        name: "Authorization",
                        value: "Bearer ${KEY}",
                    }],
                    events: false,
                },
                "mcpress generate-cli --url https://example.com/mcp --header 'Authorization: Bearer ${KEY}' --exclude-tools 'drop_*' --name x-cli",
            ),
        ] {
            assert_eq!(again(&spec(transport)), line);
        }
    }
}
