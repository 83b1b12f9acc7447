//! What the help says of a tool and of its parameters.

use serde_json::Value;

use super::flag::repeats;
use crate::arguments::SECRET;
use crate::spec::{Effect, Field, Parameter, Shape, Tool};
use crate::text::{clean, cut, first_sentence, line};

/// The most columns that the name of a value takes.
const NAME: usize = 40;
/// The most columns that a list of values, or one value, takes in a short text.
const SHORT: usize = 60;

/// What a tool does, in a sentence.
pub(super) fn about(tool: &Tool) -> String {
    with_effect(clean(tool.about), "\n", tool)
}

/// What a tool does, in the words of its server.
pub(crate) fn long_about(tool: &Tool) -> String {
    let description = tool.description();
    let description = if description.is_empty() {
        clean(tool.about)
    } else {
        description
    };
    with_effect(description, "\n\n", tool)
}

fn with_effect(text: String, link: &str, tool: &Tool) -> String {
    let effect = match tool.effect {
        Effect::ReadOnly => "Read-only.",
        Effect::Destructive => "Destructive: what it changes or deletes may be lost.",
        Effect::Additive | Effect::Unknown => return text,
    };
    if text.is_empty() {
        effect.to_owned()
    } else {
        format!("{text}{link}{effect}")
    }
}

/// What a parameter is, in a line.
pub(super) fn help(tool: &Tool, parameter: &Parameter) -> String {
    let notes = notes(tool, parameter, false);
    let mut help = first_sentence(parameter.help);
    if !help.is_empty() && !notes.is_empty() {
        help.push(' ');
    }
    help.push_str(&notes.join(" "));
    help
}

/// All that is known of a parameter.
pub(super) fn long_help(tool: &Tool, parameter: &Parameter) -> String {
    let mut parts = vec![clean(parameter.help)];
    if let Some(values) = choices(parameter.shape).filter(|values| is_long(values)) {
        parts.push(format!("One of: {}", values.join(", ")));
    }
    parts.extend(shorthand(tool, parameter));
    if let Some(example) = parameter
        .more()
        .example
        .filter(|_| !parameter.more().secret)
    {
        parts.push(format!("Example: {}", shown(example)));
    }
    parts.push(notes(tool, parameter, true).join(" "));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// What follows the text, in brackets.
fn notes(tool: &Tool, parameter: &Parameter, full: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let value = |text: &str| {
        let text = shown(text);
        if full { text } else { cut(&text, SHORT) }
    };
    if let Some(values) = choices(parameter.shape)
        && !full
        && is_long(&values)
    {
        notes.push(format!("[one of: {}]", first_of(&values)));
    }
    if let Shape::Constant(only) = parameter.shape {
        notes.push(format!("[sends: {}]", value(only)));
    }
    if let Some(negation) = parameter.more().negation {
        notes.push(format!("[or --{negation}]"));
    }
    if parameter.more().positional {
        notes.push("[or without its flag]".to_owned());
    }
    if parameter.more().secret {
        notes.push("[secret]".to_owned());
    } else if repeats(parameter.shape) {
        notes.push("[repeats]".to_owned());
    }
    if let Some(sent) = parameter.more().sends.filter(|_| !parameter.more().secret) {
        notes.push(format!("[sent unless given: {}]", value(sent)));
    } else if let Some(default) = parameter.default {
        notes.push(format!("[server's default: {}]", value(default)));
    }
    if let Some(only) = parameter.more().only {
        let told = flag_at(tool, only.discriminator);
        let values: Vec<String> = only.values.iter().map(|text| value(text)).collect();
        let and = if parameter.required {
            ", and required"
        } else {
            ""
        };
        notes.push(format!("[only with {told} {}{and}]", values.join(" or ")));
    } else if is_required(tool, parameter) {
        notes.push("[required]".to_owned());
    } else if parameter.required
        && let Some(parent) = parent(tool, parameter)
    {
        notes.push(format!("[required with --{}]", parent.flag));
    }
    notes
}

/// Whether a call cannot do without it: it is required, and so is all that it is inside of.
pub(super) fn is_required(tool: &Tool, parameter: &Parameter) -> bool {
    let mut inner = Some(parameter);
    while let Some(at) = inner {
        if !at.required || at.more().only.is_some() || at.more().sends.is_some() {
            return false;
        }
        inner = parent(tool, at);
    }
    true
}

/// The object that a parameter is a field of.
pub(super) fn parent(tool: &Tool, parameter: &Parameter) -> Option<&'static Parameter> {
    let (outer, _) = parameter.pointer.rsplit_once('/')?;
    if outer.is_empty() {
        return None;
    }
    let parameters: &'static [Parameter] = tool.parameters;
    parameters.iter().find(|parent| parent.pointer == outer)
}

/// Whether some of an object's fields have flags of their own.
pub(super) fn has_fields(tool: &Tool, parameter: &Parameter) -> bool {
    let mut parameters = tool.parameters.iter();
    parameters.any(|other| is_inside(other, parameter))
}

/// Whether some of these fields must be there if the object is.
pub(super) fn has_required_fields(tool: &Tool, parameter: &Parameter) -> bool {
    let mut parameters = tool.parameters.iter();
    parameters.any(|other| other.required && !other.more().hidden && is_inside(other, parameter))
}

/// Whether a parameter is a field of another, or of one of its fields.
pub(super) fn is_inside(parameter: &Parameter, outer: &Parameter) -> bool {
    let rest = parameter.pointer.strip_prefix(outer.pointer);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// What a place is called on the command line.
fn flag_at(tool: &Tool, pointer: &str) -> String {
    let mut parameters = tool.parameters.iter();
    match parameters.find(|parameter| parameter.pointer == pointer) {
        Some(parameter) => format!("--{}", parameter.flag),
        None => line(pointer),
    }
}

/// How something with parts is written.
fn shorthand(tool: &Tool, parameter: &Parameter) -> Option<String> {
    let object = |shape| match shape {
        Shape::Object { fields, .. } => Some(fields),
        _ => None,
    };
    let way = |shape| match shape {
        Shape::List(item) => object(*item).map(|fields| match sketch(fields, ",") {
            Some(sketch) => format!("An item: {sketch}, or JSON."),
            None => "An item: KEY=VALUE,KEY:=JSON, or JSON.".to_owned(),
        }),
        shape => object(shape).map(|fields| match sketch(fields, " ") {
            _ if has_fields(tool, parameter) => {
                "Given by the flags of its fields, KEY=VALUE, KEY:=JSON, or JSON.".to_owned()
            }
            Some(sketch) => format!("KEY=VALUE, KEY:=JSON, or JSON: {sketch}."),
            None => "KEY=VALUE, KEY:=JSON, or JSON.".to_owned(),
        }),
    };
    match parameter.shape {
        _ if parameter.more().secret => {
            Some("Read from a file, standard input or a variable, to be seen by nobody.".to_owned())
        }
        Shape::Union(branches) => branches.iter().find_map(|branch| way(*branch)),
        shape => way(shape),
    }
}

/// The first fields of an object as they are typed, what is required before the others.
fn sketch(fields: &[Field], link: &str) -> Option<String> {
    const FEW: usize = 3;
    let (required, optional): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.required);
    let fields: Vec<_> = required.into_iter().chain(optional).collect();
    let typed = |field: &&&Field| {
        let plain = |c: char| c.is_alphanumeric() || "_-$@".contains(c);
        field.key.chars().all(plain) && !matches!(field.shape, Shape::Constant(_))
    };
    let pair = |field: &&Field| match field.shape {
        Shape::Object { .. } | Shape::List(_) | Shape::Json => format!("{}:=JSON", field.key),
        shape => format!("{}={}", field.key, name_of(shape)),
    };
    let mut pairs: Vec<String> = fields.iter().filter(typed).take(FEW).map(pair).collect();
    if pairs.is_empty() {
        return None;
    }
    if pairs.len() < fields.len() {
        pairs.push("…".to_owned());
    }
    Some(pairs.join(link))
}

/// What a value looks like in the help.
pub(super) fn value_name(parameter: &Parameter) -> String {
    if parameter.more().secret {
        return SECRET.to_owned();
    }
    if !parameter.more().value_name.is_empty() {
        return parameter.more().value_name.to_owned();
    }
    name_of(parameter.shape)
}

fn name_of(shape: Shape) -> String {
    match shape {
        Shape::List(item) => name_of(*item),
        Shape::Text => "TEXT".to_owned(),
        Shape::Integer => "INT".to_owned(),
        Shape::Number => "NUM".to_owned(),
        Shape::Choice(values) => choice_name(values),
        Shape::Boolean => "true|false".to_owned(),
        Shape::Any => "VALUE".to_owned(),
        Shape::Tuple(slots) => joined(slots, ","),
        Shape::Object { .. } => "KEY=VALUE|JSON".to_owned(),
        Shape::Union(branches) => joined(branches, "|"),
        Shape::Constant(only) => choice_name(&[only]),
        Shape::Json => "JSON".to_owned(),
    }
}

fn joined(shapes: &[Shape], link: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in shapes.iter().map(|shape| name_of(*shape)) {
        if link == "," || !names.contains(&name) {
            names.push(name);
        }
    }
    let name = names.join(link);
    if name.len() <= NAME {
        name
    } else {
        "VALUE".to_owned()
    }
}

/// `A|B|C`, as long as it fits a line.
fn choice_name(values: &[&str]) -> String {
    let name = all_shown(values).join("|");
    if name.len() <= NAME {
        name
    } else {
        "CHOICE".to_owned()
    }
}

/// The values that a flag, or an item of it, is one of.
fn choices(shape: Shape) -> Option<Vec<String>> {
    match shape {
        Shape::Choice(values) => Some(all_shown(values)),
        Shape::List(item) => choices(*item),
        Shape::Union(branches) => branches.iter().find_map(|branch| choices(*branch)),
        _ => None,
    }
}

/// Whether the values are too many for the name of a value.
fn is_long(values: &[String]) -> bool {
    let length: usize = values.iter().map(|value| value.len() + 1).sum();
    length > NAME + 1
}

/// The first values, and how many more there are.
fn first_of(values: &[String]) -> String {
    let mut shown = 0;
    let mut wide = 0;
    for value in values {
        wide += value.len() + 2;
        if wide > SHORT && shown > 0 {
            break;
        }
        shown += 1;
    }
    let first = values[..shown].join(", ");
    match values.len() - shown {
        0 => first,
        more => format!("{first}, … {more} more"),
    }
}

fn all_shown(values: &[&str]) -> Vec<String> {
    values.iter().map(|text| shown(text)).collect()
}

/// A value as it would be typed, in one line: JSON text, and a string without its quotes where
/// nothing is lost with them.
fn shown(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) if !text.is_empty() && line(&text) == text => text,
        _ => json.to_owned(),
    }
}
