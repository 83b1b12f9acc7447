//! The values of the table: the fields of the program, as the runtime's constants.
//!
//! Every struct is taken apart field by field, so that a new field in the program does not compile
//! until the table has it too.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::literal;
use crate::ir::{Binding, Parameter, Program, Server, Shape, Slot, Tool, Transport};

/// `Spec { … }`
pub(super) fn spec(program: &Program) -> TokenStream {
    let Program {
        format,
        name,
        about,
        server,
        slots,
        tools: _,
    } = program;
    let format = proc_macro2::Literal::u32_unsuffixed(*format);
    let (name, about) = (literal::text(name), literal::text(about));
    let server = self::server(server);
    let slots = slots.iter().map(slot);
    quote! {
        Spec {
            format: #format,
            name: #name,
            about: #about,
            server: #server,
            slots: &[#(#slots),*],
            tools: TOOLS,
        }
    }
}

/// `Tool { … }`
pub(super) fn tool(tool: &Tool) -> TokenStream {
    let Tool {
        wire,
        command,
        about,
        parameters,
        definition,
    } = tool;
    let [wire, command, about] = [wire, command, about].map(|name| literal::text(name));
    let parameters = parameters.iter().map(parameter);
    let definition = literal::json(definition);
    quote! {
        Tool {
            wire: #wire,
            command: #command,
            about: #about,
            parameters: &[#(#parameters),*],
            definition: #definition,
        }
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
        ("Server", true),
        ("Slot", !program.slots.is_empty()),
        ("Spec", true),
        ("Transport", true),
    ];
    identifiers(&used)
}

/// The types that [`tool`] names.
pub(super) fn names(tool: &Tool) -> Vec<Ident> {
    let flags = !tool.parameters.is_empty();
    identifiers(&[("Parameter", flags), ("Shape", flags), ("Tool", true)])
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
        capture,
    } = server;
    let transport = self::transport(transport);
    let (protocol, capture) = (literal::text(protocol), literal::json(capture));
    quote! {
        Server {
            transport: #transport,
            protocol: #protocol,
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
        Transport::Http { url, headers } => {
            let url = literal::text(url);
            let headers = headers.iter().map(binding);
            quote!(Transport::Http { url: #url, headers: &[#(#headers),*] })
        }
        Transport::Unknown => quote!(Transport::Unknown),
    }
}

fn binding(Binding { name, value }: &Binding) -> TokenStream {
    let (name, value) = (literal::text(name), literal::text(value));
    quote!(Binding { name: #name, value: #value })
}

fn slot(Slot { name, required }: &Slot) -> TokenStream {
    let name = literal::text(name);
    quote!(Slot { name: #name, required: #required })
}

fn parameter(parameter: &Parameter) -> TokenStream {
    let Parameter {
        pointer,
        flag,
        aliases,
        shape,
        required,
        help,
        default,
    } = parameter;
    let [pointer, flag, help] = [pointer, flag, help].map(|text| literal::text(text));
    let aliases = aliases.iter().map(|alias| literal::text(alias));
    let shape = self::shape(shape);
    let default = option(default.as_deref().map(literal::json));
    quote! {
        Parameter {
            pointer: #pointer,
            flag: #flag,
            aliases: &[#(#aliases),*],
            shape: #shape,
            required: #required,
            help: #help,
            default: #default,
        }
    }
}

fn shape(shape: &Shape) -> TokenStream {
    match shape {
        Shape::Text => quote!(Shape::Text),
        Shape::Integer => quote!(Shape::Integer),
        Shape::Number => quote!(Shape::Number),
        Shape::Boolean { negation } => {
            let negation = option(negation.as_deref().map(literal::text));
            quote!(Shape::Boolean { negation: #negation })
        }
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
        Shape::Any => quote!(Shape::Any),
        Shape::Json => quote!(Shape::Json),
    }
}

fn option(value: Option<proc_macro2::Literal>) -> TokenStream {
    match value {
        Some(value) => quote!(Some(#value)),
        None => quote!(None),
    }
}
