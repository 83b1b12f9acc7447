//! The fields of an object, whether it is described in one piece or as one of several forms.

use mcpress_runtime::schema::Document;
use serde_json::Value;

use super::{
    schema::{Fault, Node},
    text,
};
use crate::ir::Branch;

/// What is known of an object.
pub(super) struct Object<'a> {
    /// Its fields, in the schema's order.
    pub(super) fields: Vec<Field<'a>>,
    /// The field that tells its forms apart, where it has several and one does.
    pub(super) discriminator: Option<&'a str>,
    /// Whether it has several forms.
    pub(super) united: bool,
    /// The values of keys that are not described.
    pub(super) rest: Option<Node<'a>>,
}

/// A field of an object.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    /// Its schema, or each that it has in one of the object's forms.
    pub(super) forms: Vec<Node<'a>>,
    /// Whether the object must have it, whatever its form.
    pub(super) required: bool,
    /// Whether every form has it.
    pub(super) common: bool,
    /// The discriminator's values in the forms that have it; empty where nothing tells them apart.
    pub(super) values: Vec<String>,
}

impl<'a> Field<'a> {
    /// The forms it belongs to, if not to all; `object` is the pointer of the object it is a field of.
    pub(super) fn only(&self, object: &str, discriminator: Option<&str>) -> Option<Branch> {
        if self.common || self.values.is_empty() {
            return None;
        }
        Some(Branch {
            discriminator: format!(
                "{object}/{}",
                mcpress_runtime::schema::escape(discriminator?)
            ),
            values: self.values.clone(),
        })
    }
}

/// Whether a value is an object by its schema, in any form.
pub(super) fn is_object(node: &Node<'_>) -> bool {
    let types = node.types();
    let mut kinds = types.iter().filter(|kind| **kind != "null");
    match (kinds.next(), kinds.next()) {
        (Some(&kind), None) => kind == "object",
        (None, _) => {
            types.is_empty()
                && node.has(&["properties", "additionalProperties", "patternProperties"])
        }
        _ => false,
    }
}

/// What is known of an object, if the value is one in every form it can have.
pub(super) fn object<'a>(document: &Document<'a>, node: &Node<'a>) -> Option<Object<'a>> {
    if node.fault.is_some() {
        return None;
    }
    let Some(forms) = node.alternatives(document) else {
        return is_object(node).then(|| whole(document, node));
    };
    let possible =
        |form: &Node<'_>| !matches!(form.fault, Some(Fault::Never | Fault::Contradiction));
    let forms: Vec<_> = forms.into_iter().filter(possible).collect();
    let mut objects = Vec::with_capacity(forms.len());
    for form in &forms {
        objects.push(object(document, form)?);
    }
    united(objects)
}

fn whole<'a>(document: &Document<'a>, node: &Node<'a>) -> Object<'a> {
    let required = node.required();
    let allowed = |(_, part): &(&str, Node<'_>)| {
        // What is forbidden or never read back has no flag.
        part.fault != Some(Fault::Never) && !part.is("readOnly")
    };
    let field = |(name, part): (&'a str, Node<'a>)| Field {
        name,
        required: required.contains(&name) || part.is("required"),
        forms: vec![part],
        common: true,
        values: Vec::new(),
    };
    Object {
        fields: node
            .properties(document)
            .into_iter()
            .filter(allowed)
            .map(field)
            .collect(),
        discriminator: None,
        united: false,
        rest: node.rest(document),
    }
}

/// Several forms as one object.
fn united<'a>(mut objects: Vec<Object<'a>>) -> Option<Object<'a>> {
    if objects.len() <= 1 {
        return objects.pop();
    }
    let discriminator = discriminator(&objects);
    let mut fields: Vec<Field<'a>> = Vec::new();
    let count = objects.len();
    let mut seen = Vec::new();
    for object in &mut objects {
        let values = discriminator.map_or_else(Vec::new, |name| told(object, name));
        for field in std::mem::take(&mut object.fields) {
            match fields.iter().position(|known| known.name == field.name) {
                Some(at) => {
                    seen[at] += 1;
                    fields[at].forms.extend(field.forms);
                    fields[at].required &= field.required;
                    fields[at].common &= field.common;
                    fields[at].values.extend(values.iter().cloned());
                }
                None => {
                    seen.push(1);
                    let values = values.clone();
                    fields.push(Field { values, ..field });
                }
            }
        }
    }
    for (field, seen) in fields.iter_mut().zip(seen) {
        field.common &= seen == count;
        field.required &= seen == count;
    }
    Some(Object {
        fields,
        discriminator,
        united: true,
        rest: objects.into_iter().find_map(|object| object.rest),
    })
}

/// The field whose values tell the forms apart: in each a constant, or a choice that no other has.
fn discriminator<'a>(objects: &[Object<'a>]) -> Option<&'a str> {
    let (first, others) = objects.split_first()?;
    let tells = |name: &&str| {
        let mut all = told(first, name);
        !all.is_empty()
            && others.iter().all(|object| {
                let values = told(object, name);
                let new = !values.is_empty() && values.iter().all(|value| !all.contains(value));
                all.extend(values);
                new
            })
    };
    first.fields.iter().map(|field| field.name).find(tells)
}

/// The values that a field can have in one form, where the schema lists them.
fn told(object: &Object<'_>, name: &str) -> Vec<String> {
    let field = object.fields.iter().find(|field| field.name == name);
    let values = field.and_then(|field| match &field.forms[..] {
        [form] => form.values(),
        _ => None,
    });
    let text = |value: &&Value| text::json(value);
    values.unwrap_or_default().iter().map(text).collect()
}
