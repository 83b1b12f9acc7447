//! The values of the table: the fields of the program, as the runtime's constants.
//!
//! Every struct is taken apart field by field, so that a new field in the program does not compile
//! until the table has it too.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};

use super::literal;
use crate::ir::{
    Binding, Branch, Effect, Failure, Field, Form, Omitted, Parameter, Program, Server, Shape,
    Slot, Tool, Transport,
};

/// What the lists of prompts and of resource templates are called.
pub(super) const PROMPTS: &str = "PROMPTS";
pub(super) const TEMPLATES: &str = "TEMPLATES";

/// `Spec { … }`
pub(super) fn spec(program: &Program) -> TokenStream {
    let Program {
        format,
        name,
        about,
        server,
        slots,
        tools: _,
        prompts,
        templates,
        omitted,
        vault: _,
    } = program;
    let format = Literal::u32_unsuffixed(*format);
    let (name, about) = (literal::text(name), literal::text(about));
    let server = self::server(server);
    let slots = slots.iter().map(slot);
    let list = |forms: &[Form], name| match forms {
        [] => quote!(&[]),
        _ => Ident::new(name, Span::call_site()).into_token_stream(),
    };
    let (prompts, templates) = (list(prompts, PROMPTS), list(templates, TEMPLATES));
    let omitted = self::omitted(omitted);
    quote! {
        Spec {
            format: #format,
            name: #name,
            about: #about,
            server: #server,
            slots: &[#(#slots),*],
            tools: TOOLS,
            prompts: #prompts,
            templates: #templates,
            omitted: #omitted,
        }
    }
}

/// `Omitted { … }`, or the constant for a program that has all tools.
fn omitted(omitted: &Omitted) -> TokenStream {
    if *omitted == Omitted::default() {
        return quote!(Omitted::NOTHING);
    }
    let Omitted {
        tools,
        later,
        options,
    } = omitted;
    let options = options.iter().map(|word| literal::text(word));
    let tools = tools.iter().map(|wire| literal::text(wire));
    quote!(Omitted { tools: &[#(#tools),*], later: #later, options: &[#(#options),*] })
}

/// `Tool { … }`: what differs from the plain one.
pub(super) fn tool(tool: &Tool) -> TokenStream {
    let Tool {
        wire,
        command,
        about,
        group,
        hidden,
        effect,
        failure,
        examples,
        parameters,
        definition,
    } = tool;
    let mut fields = Fields::default();
    fields.text("wire", wire);
    fields.text("command", command);
    fields.text("about", about);
    fields.text("group", group);
    fields.flag("hidden", *hidden);
    if let Some(effect) = self::effect(*effect) {
        fields.add("effect", quote!(Effect::#effect));
    }
    match failure {
        Failure::Shaped => {}
        Failure::Flagged => fields.add("failure", quote!(Failure::Flagged)),
        Failure::Equals { pointer, value } => {
            let (pointer, value) = (literal::text(pointer), literal::json(value));
            fields.add(
                "failure",
                quote!(Failure::Equals { pointer: #pointer, value: #value }),
            );
        }
    }
    fields.texts("examples", examples);
    fields.parameters(parameters);
    fields.add("definition", literal::json(definition).into_token_stream());
    fields.of("Tool")
}

/// `Form { … }`: what differs from the plain one.
pub(super) fn form(form: &Form) -> TokenStream {
    let Form {
        wire,
        command,
        about,
        parameters,
    } = form;
    let mut fields = Fields::default();
    fields.text("wire", wire);
    fields.text("command", command);
    fields.text("about", about);
    fields.parameters(parameters);
    fields.of("Form")
}

fn effect(effect: Effect) -> Option<Ident> {
    let name = match effect {
        Effect::Unknown => return None,
        Effect::ReadOnly => "ReadOnly",
        Effect::Additive => "Additive",
        Effect::Destructive => "Destructive",
    };
    Some(Ident::new(name, Span::call_site()))
}

/// The fields of a constant that differ from those of its type's `PLAIN`.
#[derive(Default)]
struct Fields(Vec<TokenStream>);

impl Fields {
    fn add(&mut self, name: &str, value: TokenStream) {
        let name = Ident::new(name, Span::call_site());
        self.0.push(quote!(#name: #value));
    }

    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(name, literal::text(value).into_token_stream());
        }
    }

    fn texts(&mut self, name: &str, values: &[String]) {
        if !values.is_empty() {
            let values = values.iter().map(|value| literal::text(value));
            self.add(name, quote!(&[#(#values),*]));
        }
    }

    fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.add(name, quote!(true));
        }
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        if !parameters.is_empty() {
            let parameters = parameters.iter().map(parameter);
            self.add("parameters", quote!(&[#(#parameters),*]));
        }
    }

    fn some(&mut self, name: &str, value: Option<impl ToTokens>) {
        if let Some(value) = value {
            self.add(name, quote!(Some(#value)));
        }
    }

    fn of(self, kind: &str) -> TokenStream {
        let (fields, kind) = (self.0, Ident::new(kind, Span::call_site()));
        quote!(#kind { #(#fields,)* ..#kind::PLAIN })
    }
}

/// The types that [`spec`] names.
pub(super) fn names_of_server(program: &Program) -> Vec<Ident> {
    let bindings = match &program.server.transport {
        Transport::Stdio { env, .. } => !env.is_empty(),
        Transport::Http { headers, .. } => !headers.is_empty(),
        Transport::Unknown => false,
    };
    let used = [
        ("Binding", bindings),
        ("Omitted", true),
        ("Server", true),
        ("Slot", !program.slots.is_empty()),
        ("Spec", true),
        ("Transport", true),
    ];
    identifiers(&used)
}

/// The types that [`tool`] names.
pub(super) fn names(tool: &Tool) -> Vec<Ident> {
    let own = [
        ("Effect", tool.effect != Effect::Unknown),
        ("Failure", tool.failure != Failure::Shaped),
        ("Tool", true),
    ];
    used(&own, &tool.parameters.iter().collect::<Vec<_>>())
}

/// The types that [`form`] names.
pub(super) fn names_of_forms(forms: &[Form]) -> Vec<Ident> {
    let parameters = forms.iter().flat_map(|form| &form.parameters);
    used(&[("Form", true)], &parameters.collect::<Vec<_>>())
}

/// The types among these, and those that the parameters name.
fn used(own: &[(&'static str, bool)], parameters: &[&Parameter]) -> Vec<Ident> {
    let shaped = |is: fn(&Shape) -> bool| parameters.iter().any(|p| any(&p.shape, &is));
    let mut used = vec![
        ("Branch", parameters.iter().any(|p| p.only.is_some())),
        (
            "Field",
            shaped(|shape| matches!(shape, Shape::Object { fields, .. } if !fields.is_empty())),
        ),
        ("More", parameters.iter().any(|p| !more(p).0.is_empty())),
        ("Parameter", !parameters.is_empty()),
        ("Shape", parameters.iter().any(|p| p.shape != Shape::Text)),
    ];
    used.extend(own);
    used.sort_unstable();
    identifiers(&used)
}

/// Whether a shape, or one it is made of, is such a one.
fn any(shape: &Shape, is: &dyn Fn(&Shape) -> bool) -> bool {
    is(shape)
        || match shape {
            Shape::List(item) => any(item, is),
            Shape::Tuple(shapes) | Shape::Union(shapes) => {
                shapes.iter().any(|shape| any(shape, is))
            }
            Shape::Object { fields, rest } => {
                any(rest, is) || fields.iter().any(|field| any(&field.shape, is))
            }
            Shape::Text
            | Shape::Integer
            | Shape::Number
            | Shape::Boolean
            | Shape::Choice(_)
            | Shape::Constant(_)
            | Shape::Any
            | Shape::Json => false,
        }
}

fn identifiers(used: &[(&str, bool)]) -> Vec<Ident> {
    let used = used.iter().filter(|(_, used)| *used);
    used.map(|(name, _)| Ident::new(name, Span::call_site()))
        .collect()
}

fn server(server: &Server) -> TokenStream {
    let Server {
        transport,
        protocol,
        capabilities,
        capture,
    } = server;
    let transport = self::transport(transport);
    let protocol = literal::text(protocol);
    let (capabilities, capture) = (literal::json(capabilities), literal::json(capture));
    quote! {
        Server {
            transport: #transport,
            protocol: #protocol,
            capabilities: #capabilities,
            capture: #capture,
        }
    }
}

fn transport(transport: &Transport) -> TokenStream {
    match transport {
        Transport::Stdio {
            command,
            args,
            env,
            directory,
        } => {
            let command = literal::text(command);
            let args = args.iter().map(|arg| literal::text(arg));
            let env = env.iter().map(binding);
            let directory = option(directory.as_deref().map(literal::text));
            quote! {
                Transport::Stdio {
                    command: #command,
                    args: &[#(#args),*],
                    env: &[#(#env),*],
                    directory: #directory,
                }
            }
        }
        Transport::Http {
            url,
            headers,
            events,
        } => {
            let url = literal::text(url);
            let headers = headers.iter().map(binding);
            quote!(Transport::Http { url: #url, headers: &[#(#headers),*], events: #events })
        }
        Transport::Unknown => quote!(Transport::Unknown),
    }
}

fn binding(Binding { name, value }: &Binding) -> TokenStream {
    let (name, value) = (literal::text(name), literal::text(value));
    quote!(Binding { name: #name, value: #value })
}

fn slot(
    Slot {
        name,
        about,
        required,
        secret,
    }: &Slot,
) -> TokenStream {
    let mut fields = Fields::default();
    fields.text("name", name);
    fields.text("about", about);
    fields.flag("required", *required);
    fields.some("secret", *secret);
    fields.of("Slot")
}

fn parameter(parameter: &Parameter) -> TokenStream {
    let mut fields = Fields::default();
    fields.text("pointer", &parameter.pointer);
    fields.text("flag", &parameter.flag);
    fields.texts("aliases", &parameter.aliases);
    if parameter.shape != Shape::Text {
        fields.add("shape", self::shape(&parameter.shape));
    }
    fields.flag("required", parameter.required);
    fields.text("help", &parameter.help);
    fields.some("default", parameter.default.as_deref().map(literal::json));
    let more = more(parameter);
    if !more.0.is_empty() {
        let more = more.of("More");
        fields.add("more", quote!(Some(&#more)));
    }
    fields.of("Parameter")
}

/// What most parameters have not.
fn more(parameter: &Parameter) -> Fields {
    let Parameter {
        pointer: _,
        flag: _,
        aliases: _,
        shape: _,
        required: _,
        help: _,
        default: _,
        negation,
        short,
        positional,
        group,
        value_name,
        example,
        sends,
        only,
        hidden,
        deprecated,
        secret,
    } = parameter;
    let mut more = Fields::default();
    more.some("negation", negation.as_deref().map(literal::text));
    more.some("short", short.map(Literal::character));
    more.flag("positional", *positional);
    more.text("group", group);
    more.text("value_name", value_name);
    more.some("example", example.as_deref().map(literal::json));
    more.some("sends", sends.as_deref().map(literal::json));
    more.some("only", only.as_ref().map(branch));
    more.flag("hidden", *hidden);
    more.flag("deprecated", *deprecated);
    more.flag("secret", *secret);
    more
}

fn branch(branch: &Branch) -> TokenStream {
    let Branch {
        discriminator,
        values,
    } = branch;
    let discriminator = literal::text(discriminator);
    let values = values.iter().map(|value| literal::json(value));
    quote!(Branch { discriminator: #discriminator, values: &[#(#values),*] })
}

fn shape(shape: &Shape) -> TokenStream {
    match shape {
        Shape::Text => quote!(Shape::Text),
        Shape::Integer => quote!(Shape::Integer),
        Shape::Number => quote!(Shape::Number),
        Shape::Boolean => quote!(Shape::Boolean),
        Shape::Choice(values) => {
            let values = values.iter().map(|value| literal::json(value));
            quote!(Shape::Choice(&[#(#values),*]))
        }
        Shape::Constant(value) => {
            let value = literal::json(value);
            quote!(Shape::Constant(#value))
        }
        Shape::List(item) => {
            let item = self::shape(item);
            quote!(Shape::List(&#item))
        }
        Shape::Tuple(slots) => {
            let slots = slots.iter().map(self::shape);
            quote!(Shape::Tuple(&[#(#slots),*]))
        }
        Shape::Object { fields, rest } => {
            let fields = fields.iter().map(field);
            let rest = self::shape(rest);
            quote!(Shape::Object { fields: &[#(#fields),*], rest: &#rest })
        }
        Shape::Union(branches) => {
            let branches = branches.iter().map(self::shape);
            quote!(Shape::Union(&[#(#branches),*]))
        }
        Shape::Any => quote!(Shape::Any),
        Shape::Json => quote!(Shape::Json),
    }
}

fn field(field: &Field) -> TokenStream {
    let Field {
        key,
        shape,
        required,
    } = field;
    let (key, shape) = (literal::text(key), self::shape(shape));
    quote!(Field { key: #key, shape: #shape, required: #required })
}

fn option(value: Option<Literal>) -> TokenStream {
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}
