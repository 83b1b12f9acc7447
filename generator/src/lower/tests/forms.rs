//! What prompts and resource templates become.

use serde_json::{Value, json};

use super::super::{Lowered, Options, lower};
use crate::capture::Capture;
use crate::ir::{Form, Shape};
use crate::lock::Lock;

fn lowered(prompts: Value, templates: Value) -> Lowered {
    let list = |value: Value| value.as_array().cloned().unwrap();
    let capture = Capture {
        prompts: list(prompts),
        resource_templates: list(templates),
        ..Capture::default()
    };
    lower(&capture, &Options::new("p"), &Lock::default())
}

/// What each is called, with its flags; a required one has a bang.
fn lines(forms: &[Form]) -> Vec<String> {
    let line = |form: &Form| {
        let flags = form.parameters.iter().map(|it| {
            let bang = if it.required { "!" } else { "" };
            format!(" --{}{bang}", it.flag)
        });
        format!("{}{}", form.command, flags.collect::<String>())
    };
    forms.iter().map(line).collect()
}

fn told(lowered: &Lowered) -> Vec<String> {
    lowered
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_prompt_is_a_command_with_a_flag_for_each_argument() {
    let lowered = lowered(
        json!([
            {"name": "codeReview", "description": "Reviews code. At length.", "arguments": [
                {"name": "codeText", "description": "The code\u{1b}[1m", "required": true},
                {"name": "language", "title": "Its language"},
            ]},
            {"name": "plain", "title": "A plain one", "arguments": null},
        ]),
        json!([]),
    );
    assert_eq!(told(&lowered), [""; 0]);
    let prompts = &lowered.program.prompts;
    assert_eq!(
        lines(prompts),
        ["code-review --code-text! --language", "plain"]
    );
    let [code, language] = &prompts[0].parameters[..] else {
        panic!("two flags")
    };
    assert_eq!(prompts[0].about, "Reviews code");
    assert_eq!(prompts[1].about, "A plain one");
    assert_eq!((&*code.pointer, &*code.help), ("/codeText", "The code"));
    assert_eq!(code.aliases, ["codeText"]);
    assert_eq!(language.help, "Its language");
}

#[test]
fn a_resource_template_is_a_command_with_a_flag_for_each_variable() {
    let lowered = lowered(
        json!([]),
        json!([
            {"name": "get_file", "uriTemplate": "file:///{+path}{?lang,lang}"},
            {"uriTemplate": "proc://{pid}/{section*}"},
            {"name": "all", "uriTemplate": "all://things"},
        ]),
    );
    assert_eq!(told(&lowered), [""; 0]);
    let templates = &lowered.program.templates;
    assert_eq!(
        lines(templates),
        [
            "get-file --path! --lang",
            "proc-pid-section --pid! --section!",
            "all"
        ]
    );
    assert_eq!(
        templates[1].parameters[1].shape,
        Shape::List(Box::new(Shape::Text))
    );
}

#[test]
fn flags_of_every_command_are_kept_out_of_the_way() {
    let arguments =
        json!(["out", "arg", "output", "mcp-url", "a b", "a_b"].map(|name| json!({"name": name})));
    let lowered = lowered(json!([{"name": "help", "arguments": arguments}]), json!([]));
    assert_eq!(
        lines(&lowered.program.prompts),
        ["help --arg-out --arg-arg --arg-output --arg-mcp-url --a-b --a-b-2"]
    );
}

#[test]
fn what_is_malformed_costs_itself_alone() {
    let lowered = lowered(
        json!([
            7,
            {"description": "no name"},
            {"name": "a", "arguments": {}},
            {"name": "a"},
            {"name": "b", "arguments": [null, {"name": 1}, {"name": "x", "required": "yes"}, {"name": "x"}]},
        ]),
        json!([
            {"name": "x"},
            {"uriTemplate": "x://{"},
            {"uriTemplate": "x://{}"},
            {"name": "x", "uriTemplate": "x://{y}"},
            {"name": "z", "uriTemplate": "x://{y}"},
        ]),
    );
    assert_eq!(lines(&lowered.program.prompts), ["a", "b --x"]);
    assert_eq!(lines(&lowered.program.templates), ["x --y!"]);
    assert_eq!(
        told(&lowered),
        [
            "/prompts/0: The entry is not an object, so it is left out.",
            "/prompts/1: The entry has no `name`, so it is left out.",
            "/prompts/3: Another entry before it has the same `name`, so this one is left out.",
            "/prompts/2/arguments: The arguments are no list, so the prompt has no flags.",
            "/prompts/4/arguments/0: The argument has no name, so it has no flag.",
            "/prompts/4/arguments/1: The argument has no name, so it has no flag.",
            "/prompts/4/arguments/3: Another argument before it has the same name.",
            "/resourceTemplates/0: The entry has no `uriTemplate`, so it is left out.",
            "/resourceTemplates/4: Another entry before it has the same `uriTemplate`, so this one is left out.",
            "/resourceTemplates/1/uriTemplate: `x://{` has a brace without its counterpart, so the template has no command.",
            "/resourceTemplates/2/uriTemplate: `{}` is no expression of RFC 6570, so the template has no command.",
        ]
    );
}
