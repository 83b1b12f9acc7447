//! The inverse: JSON as the command line that makes it.
//!
//! Each value is written as its flag's text where reading that text gives the very same value back;
//! where it does not, the value goes by `--set`, which can say anything. So what is written may be
//! clumsy, but is never wrong.

use serde_json::{Map, Value};

use super::value::{read, shown};
use super::{patch, place};
use crate::spec::{Field, Parameter, Shape};

/// What a flag is given, an item an occurrence; none is the flag without a value.
type Texts = Vec<Option<String>>;

/// The words that make the arguments, without the program and the command.
pub(super) fn words(parameters: &[Parameter], arguments: &Map<String, Value>) -> Vec<String> {
    let paths = parameters
        .iter()
        .map(|parameter| (place::path(parameter.pointer), parameter));
    let mut writer = Writer {
        paths: paths.collect(),
        parameters,
        words: Vec::new(),
    };
    writer.fields(&[], arguments);
    writer.words
}

struct Writer<'p> {
    paths: Vec<(Vec<String>, &'p Parameter)>,
    parameters: &'p [Parameter],
    words: Vec<String>,
}

impl Writer<'_> {
    fn fields(&mut self, path: &[String], object: &Map<String, Value>) {
        for (key, value) in object {
            let mut path = path.to_vec();
            path.push(key.clone());
            let parameter = self.paths.iter().find(|(place, _)| *place == path);
            match parameter.map(|(_, parameter)| *parameter) {
                Some(parameter) => self.value(&path, parameter, value),
                None => self.set(&path, value),
            }
        }
    }

    fn value(&mut self, path: &[String], parameter: &Parameter, value: &Value) {
        if value.is_null() || parameter.more().secret {
            return self.set(path, value);
        }
        if let Value::Object(object) = value
            && self.has_fields(path)
        {
            let before = self.words.len();
            self.fields(path, object);
            if self.words.len() == before {
                self.words.push(format!("--{}={{}}", parameter.flag));
            }
            return;
        }
        if let Shape::Constant(only) = parameter.shape
            && parameter.required
            && serde_json::from_str::<Value>(only).is_ok_and(|only| only == *value)
        {
            return; // It is sent by itself, where its object is.
        }
        match texts(parameter.shape, value) {
            Some(texts) => {
                for text in texts {
                    self.flag(parameter, text);
                }
            }
            None => self.set(path, value),
        }
    }

    fn has_fields(&self, path: &[String]) -> bool {
        self.paths
            .iter()
            .any(|(place, _)| place.len() > path.len() && place.starts_with(path))
    }

    fn flag(&mut self, parameter: &Parameter, text: Option<String>) {
        let flag = parameter.flag;
        match (text, parameter.more().negation) {
            (None, _) => self.words.push(format!("--{flag}")),
            (Some(text), Some(negation))
                if parameter.shape == Shape::Boolean && text == "false" =>
            {
                self.words.push(format!("--{negation}"));
            }
            (Some(text), _)
                if parameter.shape == Shape::Boolean
                    || text.is_empty()
                    || text.starts_with('-') =>
            {
                self.words.push(format!("--{flag}={text}"));
            }
            (Some(text), _) => self.words.extend([format!("--{flag}"), text]),
        }
    }

    fn set(&mut self, path: &[String], value: &Value) {
        self.words
            .extend(patch::words(path, value, self.parameters));
    }
}

/// What to give a flag of the shape for the value, if there is anything.
fn texts(shape: Shape, value: &Value) -> Option<Texts> {
    let is_same = |texts: &Texts| {
        let given: Vec<_> = texts.iter().map(Option::as_deref).collect();
        // Nothing given is no empty list but none at all.
        let sayable = !given.is_empty() && !given.iter().flatten().any(|text| text.contains('\0'));
        sayable && read(shape, &given).as_ref() == Ok(value)
    };
    candidates(shape, value).into_iter().find(is_same)
}

/// What might be given, the handiest first.
fn candidates(shape: Shape, value: &Value) -> Vec<Texts> {
    let json = || vec![Some(value.to_string())];
    match (shape, value) {
        (Shape::Boolean | Shape::Constant(_), Value::Bool(true)) => vec![vec![None], json()],
        (Shape::Constant(_), _) => vec![vec![None], vec![Some(shown(value))]],
        (Shape::List(item), Value::Array(items)) => {
            let each = items.iter().map(|value| text(*item, value)).collect();
            vec![each, json()]
        }
        (Shape::Tuple(slots), Value::Array(values)) => {
            let parts = slots
                .iter()
                .zip(values)
                .filter_map(|(slot, value)| text(*slot, value));
            let parts: Vec<String> = parts.collect();
            vec![vec![Some(parts.join(","))], json()]
        }
        (Shape::Object { fields, rest }, Value::Object(object)) => {
            vec![pairs(fields, *rest, object), json()]
        }
        (Shape::Union(branches), value) => {
            let mut all: Vec<Texts> = branches
                .iter()
                .flat_map(|branch| candidates(*branch, value))
                .collect();
            all.push(json());
            // Where no branch is a switch, the flag always has a value.
            all.retain(|texts| branches.contains(&Shape::Boolean) || !texts.contains(&None));
            all
        }
        (_, value) => vec![vec![Some(shown(value))], json()],
    }
}

/// One text for a value inside of another.
fn text(shape: Shape, value: &Value) -> Option<String> {
    match (shape, value) {
        (_, Value::String(text)) => Some(text.clone()),
        (Shape::Boolean, Value::Bool(value)) => Some(value.to_string()),
        (_, value) => Some(value.to_string()),
    }
}

/// `KEY=VALUE` for each of an object's keys.
fn pairs(fields: &[Field], rest: Shape, object: &Map<String, Value>) -> Texts {
    let pair = |(key, value): (&String, &Value)| {
        let field = fields.iter().find(|field| field.key == key);
        let shape = field.map_or(rest, |field| field.shape);
        let plain = text(shape, value).filter(|text| {
            !text.contains('\0') && super::value::one(shape, text).as_ref() == Ok(value)
        });
        Some(match plain {
            Some(text) => format!("{key}={text}"),
            None => format!("{key}:={value}"),
        })
    };
    object.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty_is_said_and_not_left_out() {
        for (shape, value, text) in [
            (Shape::List(&Shape::Text), json!([]), "[]"),
            (Shape::List(&Shape::Integer), json!([]), "[]"),
            (Shape::List(&Shape::Json), json!([]), "[]"),
            (
                Shape::Object {
                    fields: &[],
                    rest: &Shape::Any,
                },
                json!({}),
                "{}",
            ),
        ] {
            assert_eq!(
                texts(shape, &value),
                Some(vec![Some(text.to_owned())]),
                "{shape:?}"
            );
        }
    }

    #[test]
    fn a_flag_of_several_shapes_stands_alone_only_where_one_is_a_switch() {
        for (branch, text) in [
            (Shape::Constant("true"), Some("true".to_owned())),
            (Shape::Boolean, None),
        ] {
            let branches: &[Shape] = Box::leak(Box::new([branch, Shape::Any]));
            let texts = texts(Shape::Union(branches), &json!(true));
            assert_eq!(texts, Some(vec![text]), "{branch:?}");
        }
    }

    #[test]
    fn what_is_sent_by_itself_is_not_written() {
        let field = |pointer, flag, shape| Parameter {
            pointer,
            flag,
            shape,
            required: true,
            ..Parameter::PLAIN
        };
        let object = Shape::Object {
            fields: &[],
            rest: &Shape::Text,
        };
        let parameters = [
            field("/to", "to", object),
            field("/to/kind", "to.kind", Shape::Constant("\"user\"")),
            field("/to/id", "to.id", Shape::Text),
        ];
        for (arguments, line) in [
            (json!({"to": {}}), "--to={}"),
            (json!({"to": {"kind": "user"}}), "--to={}"),
            (json!({"to": {"kind": "user", "id": "x"}}), "--to.id x"),
            (
                json!({"to": {"kind": "user", "other": 1}}),
                "--set to.other:=1",
            ),
        ] {
            let words = words(&parameters, arguments.as_object().unwrap());
            assert_eq!(words.join(" "), line, "{arguments}");
        }
    }
}
