//! What holds for all names.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
};

use super::*;

/// Names that collide often: few words, many ways to write them, some reserved.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "(no|not|arg|mcp)?[-_ ]?(a|b|A|B|ID|IDs|help|output|call|cache)?[-_.$=]?(a|B|2|-2|3|url|tool)?",
        1 => any::<String>(),
        1 => "\\PC{0,6}",
    ]
}

proptest! {
    #[test]
    fn commands_are_distinct(wires in btree_set(name(), 0..12)) {
        let wires: Vec<&str> = wires.iter().map(String::as_str).collect();
        let commands = command_names(&wires);
        check_distinct(commands.iter().map(String::as_str), &RESERVED_COMMANDS);
        prop_assert_eq!(commands.len(), wires.len());
    }

    #[test]
    fn flags_are_distinct(names in btree_set(name(), 0..12), switches in any::<u16>()) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pointers: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
        let mut wanted = wanted(&pointers, &names, false);
        for (at, wanted) in wanted.iter_mut().enumerate() {
            wanted.boolean = switches >> at & 1 == 1;
        }
        let flags = flags("tool", &wanted, &Lock::default()).names;
        check_distinct(flags.iter().flat_map(spellings), &RESERVED_FLAGS);
        prop_assert!(flags.iter().flat_map(spellings).all(|name| !name.starts_with(RESERVED_PREFIX)));
        prop_assert_eq!(flags.len(), names.len());
    }

    #[test]
    fn a_lock_keeps_every_flag(old in btree_set(name(), 0..8), new in btree_set(name(), 0..8)) {
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let before = flags_of(&old, true);
        let locked: Vec<_> = old
            .iter()
            .zip(&before)
            .map(|(name, flag)| (*name, &*flag.name, flag.negation.as_deref()))
            .collect();
        let lock = lock_of(&program(&locked), &Lock::default());
        let all: Vec<&str> = new.iter().map(String::as_str).chain(old.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
        let pointers: Vec<String> = all.iter().map(|name| format!("/{name}")).collect();
        let after = flags("tool", &wanted(&pointers, &all, true), &lock).names;
        check_distinct(after.iter().flat_map(spellings), &RESERVED_FLAGS);
        for (name, before) in old.iter().zip(&before) {
            let at = all.iter().position(|other| other == name).unwrap();
            prop_assert_eq!(&after[at].name, &before.name);
            if before.negation.is_some() {
                prop_assert_eq!(&after[at].negation, &before.negation);
            }
        }
    }

    #[test]
    fn the_server_s_order_changes_no_command(wires in btree_set(name(), 0..8)) {
        let wires: Vec<&str> = wires.iter().map(String::as_str).collect();
        let backwards: Vec<&str> = wires.iter().rev().copied().collect();
        let mut names = command_names(&backwards);
        names.reverse();
        prop_assert_eq!(names, command_names(&wires));
    }

    #[test]
    fn parts_are_distinct_and_in_any_order_the_same(paths in btree_set(vec(name(), 1..4), 0..10), seed in any::<u64>()) {
        let parts = family(&paths, seed);
        let named = of_parts(&parts, &Lock::default());
        prop_assert_eq!(&named.clashes, &[]);
        check_distinct(named.names.iter().flat_map(spellings), &RESERVED_FLAGS);
        for (part, flag) in parts.iter().zip(&named.names) {
            let whole = parts.iter().position(|whole| Some(&whole.path[..]) == part.path.split_last().map(|(_, path)| path));
            let depth = whole.map_or("", |whole| &*named.names[whole].name);
            prop_assert!(flag.name.starts_with(depth));
        }
        let by_pointer = |parts: &[Part], flags: Vec<Flag>| -> BTreeMap<String, Flag> {
            parts.iter().map(|part| part.pointer.clone()).zip(flags).collect()
        };
        let mut turned = family(&paths, seed);
        turned.reverse();
        turned.sort_by_key(|part| part.path.len());
        let again = of_parts(&turned, &Lock::default()).names;
        prop_assert_eq!(by_pointer(&turned, again), by_pointer(&parts, named.names));
    }

    #[test]
    fn a_lock_keeps_every_part(old in btree_set(vec(name(), 1..3), 0..6), new in btree_set(vec(name(), 1..3), 0..6), seed in any::<u64>()) {
        let parts = family(&old, seed);
        let before = of_parts(&parts, &Lock::default()).names;
        let locked = parts.iter().zip(&before).map(|(part, flag)| (part.pointer.clone(), flag.name.clone(), flag.negation.clone()));
        let locked: Vec<_> = locked.collect();
        let rows: Vec<_> = locked.iter().map(|(pointer, flag, twin)| (&pointer[1..], &**flag, twin.as_deref())).collect();
        let lock = lock_of(&program(&rows), &Lock::default());
        let all = family(&old.union(&new).cloned().collect(), seed);
        let Named { names: after, clashes } = of_parts(&all, &lock);
        prop_assert_eq!(clashes, []);
        check_distinct(after.iter().flat_map(spellings), &RESERVED_FLAGS);
        for (part, before) in parts.iter().zip(&before) {
            let at = all.iter().position(|other| other.pointer == part.pointer).unwrap();
            prop_assert_eq!(&after[at].name, &before.name);
            if before.negation.is_some() {
                prop_assert_eq!(&after[at].negation, &before.negation);
            }
        }
    }

    #[test]
    fn fixed_names_never_make_two_the_same(paths in btree_set(vec(name(), 1..3), 0..8), fixed in vec(option::of("[-a-c.=]{0,3}|output|no-a"), 16), seed in any::<u64>()) {
        let mut parts = family(&paths, seed);
        for (part, fixed) in parts.iter_mut().zip(fixed) {
            part.fixed = fixed;
        }
        let named = of_parts(&parts, &Lock::default());
        check_distinct(named.names.iter().flat_map(spellings), &RESERVED_FLAGS);
        let refused = |pointer: &str| named.clashes.iter().any(|clash| match clash {
            NameClash::Untypable { owner, .. } | NameClash::Reserved { owner, .. } | NameClash::Taken { owner, .. } => owner == pointer,
        });
        for (part, flag) in parts.iter().zip(&named.names) {
            if let Some(fixed) = &part.fixed && !refused(&part.pointer) {
                prop_assert_eq!(&flag.name, fixed);
            }
        }
    }
}

/// The parameters of these paths, with all the wholes they are parts of; some are switches.
fn family(paths: &BTreeSet<Vec<String>>, seed: u64) -> Vec<Part> {
    let whole: BTreeSet<&[String]> = paths
        .iter()
        .flat_map(|path| (1..=path.len()).map(|end| &path[..end]))
        .collect();
    let part = |path: &[String]| {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let part = Part::new(&names);
        let bit = part.pointer.bytes().map(u32::from).sum::<u32>() % 64;
        Part {
            boolean: seed >> bit & 1 == 1,
            ..part
        }
    };
    whole.into_iter().map(part).collect()
}
