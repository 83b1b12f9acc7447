use serde_json::json;

use super::*;

fn capture() -> Capture {
    let tool = |name: &str, read_only: bool| json!({"name": name, "annotations": {"readOnlyHint": read_only}});
    let tools = vec![
        tool("get_policies", true),
        tool("getUsers", true),
        tool("delete_user", false),
        json!({"name": "odd[1]"}),
    ];
    Capture {
        tools,
        ..Capture::default()
    }
}

fn chosen(include: &[&str], exclude: &[&str], read_only: bool) -> Result<Vec<String>, SelectError> {
    let owned = |patterns: &[&str]| {
        patterns
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect()
    };
    let filter = Filter {
        include: owned(include),
        exclude: owned(exclude),
        read_only,
    };
    let capture = capture();
    let selection = select(&capture, &filter, &Fixed::new(), &Lock::default())?;
    let wires = capture
        .tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned());
    Ok(wires.filter(|wire| selection.contains(wire)).collect())
}

#[test]
fn without_a_filter_all_tools_are_chosen() {
    assert_eq!(chosen(&[], &[], false).unwrap().len(), 4);
}

#[test]
fn patterns_match_wire_names_and_commands() {
    assert_eq!(chosen(&["get_*"], &[], false).unwrap(), ["get_policies"]);
    assert_eq!(
        chosen(&["get-*"], &[], false).unwrap(),
        ["get_policies", "getUsers"]
    );
    assert_eq!(
        chosen(&["getUsers, delete-user"], &[], false).unwrap(),
        ["getUsers", "delete_user"]
    );
    assert_eq!(chosen(&["odd[1]"], &[], false).unwrap(), ["odd[1]"]);
}

#[test]
fn what_is_excluded_stays_out_whatever_includes_it() {
    assert_eq!(
        chosen(&["*user*"], &["delete*"], false).unwrap(),
        ["getUsers"]
    );
    assert_eq!(
        chosen(&[], &["*user*", "odd*"], false).unwrap(),
        ["get_policies"]
    );
}

#[test]
fn read_only_goes_by_the_annotation_alone() {
    assert_eq!(
        chosen(&[], &[], true).unwrap(),
        ["get_policies", "getUsers"]
    );
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error_with_a_guess() {
    let error = chosen(&["get_polcies", "get-users"], &["zzz*"], false).unwrap_err();
    assert_eq!(error.to_string(), "no tool matches `get_polcies`, `zzz*`");
    assert_eq!(
        error.hint(),
        "did you mean `get-policies`? the tools are `get-policies`, `get-users`, `delete-user`, `odd-1`"
    );
}

#[test]
fn a_selection_that_leaves_nothing_is_an_error() {
    assert_eq!(chosen(&["delete*"], &[], true), Err(SelectError::Empty));
}

#[test]
fn globs_match_whole_names() {
    for (pattern, name, matches) in [
        ("*", "", true),
        ("", "", true),
        ("", "a", false),
        ("a*c", "abbc", true),
        ("a*c", "abcd", false),
        ("*a*b*", "xaxbx", true),
        ("?", "é", true),
        ("?", "", false),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[!a-c]x", "dx", true),
        ("[]]", "]", true),
        ("[-a]", "-", true),
        ("[a", "[a", true),
        ("a.b/*", "a.b/c/d", true),
    ] {
        assert_eq!(matches_glob(pattern, name), matches, "{pattern} {name}");
    }
}

#[test]
fn a_pattern_of_many_stars_is_no_trap() {
    let started = std::time::Instant::now();
    assert!(!matches_glob(
        &format!("{}b", "*a".repeat(60)),
        &"a".repeat(2_000)
    ));
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
}
