//! From the items of a file to its text, as a person would write it.

use std::mem::discriminant;

use prettyplease::unparse;
use syn::{File, Item};

/// The text of a Rust file: a blank line between items, imports and modules in blocks, one newline at
/// the end.
///
/// The printer puts items on consecutive lines, so each is printed alone and the blank lines go
/// between: nothing ever edits code that was printed.
pub fn text(file: File) -> String {
    let mut parts = vec![print(file.attrs, Vec::new())];
    let mut last = None;
    for item in file.items {
        let kind = discriminant(&item);
        let in_block = last == Some(kind) && matches!(item, Item::Use(_) | Item::Mod(_));
        let part = print(Vec::new(), vec![item]);
        match parts.last_mut() {
            Some(block) if in_block => block.push_str(&part),
            _ => parts.push(part),
        }
        last = Some(kind);
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn print(attrs: Vec<syn::Attribute>, items: Vec<Item>) -> String {
    unparse(&File {
        shebang: None,
        frontmatter: None,
        attrs,
        items,
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn items_stand_apart_and_imports_together() {
        let text = text(parse_quote! {
            #![doc = " A file."]
            use a::b; use c::d;
            mod e; mod f;
            static A: &[u8] = &[1]; static B: u8 = 2;
            fn main() {}
        });
        assert_snapshot!(text, @r"
        //! A file.

        use a::b;
        use c::d;

        mod e;
        mod f;

        static A: &[u8] = &[1];

        static B: u8 = 2;

        fn main() {}
        ");
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn an_empty_file_is_empty() {
        assert_eq!(text(parse_quote!()), "");
    }
}
