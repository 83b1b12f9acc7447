//! Policies, and what they say of calls.

use serde_json::json;

use super::*;
use crate::spec::{FORMAT, Omitted, Server, Transport};

static GET: Tool = tool("get_users", "get-users", Effect::ReadOnly);
static ADD: Tool = tool("add_user", "add-user", Effect::Additive);
static DROP: Tool = tool("drop_user", "drop-user", Effect::Destructive);

const RUN_HERE: Tool = tool("run", "run", Effect::Unknown);
static RUN: Tool = RUN_HERE;

const SPEC: Spec = Spec {
    format: FORMAT,
    name: "zoo",
    about: "",
    server: Server {
        transport: Transport::Unknown,
        protocol: "",
        capabilities: "{}",
        capture: "{}",
    },
    slots: &[],
    tools: &[],
    prompts: &[],
    templates: &[],
    omitted: Omitted::NOTHING,
};

const fn tool(wire: &'static str, command: &'static str, effect: Effect) -> Tool {
    Tool {
        wire,
        command,
        effect,
        ..Tool::PLAIN
    }
}

fn layer(name: &str, text: &str) -> Result<Layer, Error> {
    let file = Path::new("/etc").join(name);
    Layer::read(Table::read(&file, text)?)
}

/// A policy of these files; those of the site have `site` in their names.
fn policy(files: &[(&str, &str)]) -> Policy {
    let layers = files.iter().map(|(name, text)| {
        let mut layer = layer(name, text).unwrap();
        layer.is_of_site = name.contains("site");
        layer
    });
    Policy {
        layers: layers.collect(),
        restricted: Vec::new(),
    }
}

fn caller(roles: &[&str], is_known_to_site: bool) -> Caller {
    Caller {
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        is_known_to_site,
        ..Caller::default()
    }
}

fn decide(policy: &Policy, tool: &Tool, caller: Option<&Caller>) -> Result<Admission, Error> {
    policy.decide(&Subject::tool(tool.wire, Some(tool)), caller)
}

/// The commands of those that may be called.
fn allowed(policy: &Policy, caller: Option<&Caller>) -> Vec<&'static str> {
    let tools = [&GET, &ADD, &DROP, &RUN];
    let allowed = tools
        .into_iter()
        .filter(|tool| decide(policy, tool, caller).is_ok());
    allowed.map(|tool| tool.command).collect()
}

/// By which rule a call is refused.
fn refusal(policy: &Policy, tool: &Tool, caller: Option<&Caller>) -> String {
    let error = decide(policy, tool, caller).unwrap_err();
    assert_eq!((error.code(), error.exit() as u8), ("policy_denied", 4));
    error.to_string()
}

#[test]
fn without_a_policy_all_may_be_called_and_what_destroys_is_confirmed() {
    let policy = Policy::default();
    assert_eq!(allowed(&policy, None).len(), 4);
    for (tool, confirm) in [
        (&DROP, Some("marked destructive")),
        (&RUN, None),
        (&GET, None),
    ] {
        let admission = decide(&policy, tool, None).unwrap();
        assert_eq!(admission.confirm.as_deref(), confirm, "{}", tool.wire);
    }
}

#[test]
fn deny_goes_before_allow_and_allow_shuts_out_the_rest() {
    let both = policy(&[("p", "allow = ['*_user*']\ndeny = [\n  'x',\n  'drop-*',\n]")]);
    assert_eq!(allowed(&both, None), ["get-users", "add-user"]);
    assert_eq!(
        refusal(&both, &DROP, None),
        "drop-user may not be called (/etc/p:4: deny \"drop-*\")"
    );
    assert_eq!(
        refusal(&both, &RUN, None),
        "run may not be called (/etc/p: no allow names it)"
    );
    assert_eq!(
        decide(&both, &GET, None).unwrap().rule.as_deref(),
        Some("/etc/p:1: allow \"*_user*\"")
    );
    let nothing = policy(&[("p", "allow = []")]);
    assert!(allowed(&nothing, None).is_empty());
}

#[test]
fn tools_are_meant_by_what_they_are_marked_with() {
    let read_only = policy(&[("p", "read_only = true")]);
    assert_eq!(allowed(&read_only, None), ["get-users"]);
    assert_eq!(
        refusal(&read_only, &RUN, None),
        "run may not be called (/etc/p:1: read_only = true)"
    );
    let marked = policy(&[(
        "p",
        "deny = ['annotation:destructive', 'annotation:unknown']",
    )]);
    assert_eq!(allowed(&marked, None), ["get-users", "add-user"]);
    let off = policy(&[("p", "read_only = false\nforbid_yes = false")]);
    assert_eq!(allowed(&off, None).len(), 4);
    assert_eq!(decide(&off, &DROP, None).unwrap().by_person, None);
    // Of a tool that the program does not know, nothing is known.
    let unknown = Subject::tool("get_more", None);
    assert!(read_only.decide(&unknown, None).is_err());
    assert!(marked.decide(&unknown, None).is_err());
}

#[test]
fn no_file_allows_what_another_forbids() {
    let both = policy(&[
        (
            "site",
            "allow = ['get_*', 'add_*']\n[limits]\nper_minute = 10",
        ),
        (
            "user",
            "allow = ['*']\ndeny = ['add_*']\n[limits]\nper_minute = 60\nat_once = 2",
        ),
    ]);
    assert_eq!(allowed(&both, None), ["get-users"]);
    let error = decide(&both, &RUN, None).unwrap_err();
    assert!(error.hint().unwrap().contains("the rule is the site's"));
    assert_eq!(decide(&both, &ADD, None).unwrap_err().hint(), None);
    let admission = decide(&both, &GET, None).unwrap();
    assert_eq!(
        (admission.per_minute, admission.at_once),
        (
            Some((10, "/etc/site:3: limits.per_minute = 10".to_owned())),
            Some((2, "/etc/user:5: limits.at_once = 2".to_owned()))
        )
    );
}

#[test]
fn a_role_adds_its_rules_to_those_for_everybody() {
    let roles = policy(&[(
        "p",
        "allow = ['get_*']\n[roles.writer]\nallow = ['add_*', 'drop_*']\n\
         [roles.careful]\ndeny = ['drop_*']\nconfirm = ['*']\nforbid_yes = true",
    )]);
    for (names, commands) in [
        (&[][..], &["get-users"][..]),
        (&["stranger"], &["get-users"]),
        (&["writer"], &["get-users", "add-user", "drop-user"]),
        (&["careful"], &["get-users"]),
        (&["careful", "writer"], &["get-users", "add-user"]),
    ] {
        assert_eq!(
            allowed(&roles, Some(&caller(names, false))),
            commands,
            "{names:?}"
        );
    }
    assert_eq!(allowed(&roles, None), ["get-users"]);
    let hint = decide(&roles, &ADD, None).unwrap_err().hint().unwrap();
    assert!(hint.contains("--mcp-identity"), "{hint}");
    let careful = decide(&roles, &GET, Some(&caller(&["careful"], false))).unwrap();
    assert_eq!(careful.confirm.as_deref(), Some("/etc/p:6: confirm \"*\""));
    assert_eq!(
        careful.by_person.as_deref(),
        Some("/etc/p:7: forbid_yes = true")
    );
}

#[test]
fn in_the_site_s_eyes_nobody_has_a_role_by_the_user_s_word() {
    let identity = "[identity]\nsecret_file = 'secret'\n";
    let roles = "allow = []\n[roles.admin]\nallow = ['*']\n";
    let users = policy(&[("site", roles), ("user", identity)]);
    let (_, is_of_site) = users.identity().unwrap();
    assert!(!is_of_site);
    assert!(allowed(&users, Some(&caller(&["admin"], false))).is_empty());
    assert_eq!(allowed(&users, Some(&caller(&["admin"], true))).len(), 4);
    // Its own way of knowing goes before the user's, whatever that is.
    let both = policy(&[("site", &format!("{roles}{identity}")), ("user", identity)]);
    assert!(both.identity().unwrap().1);
}

#[test]
fn a_policy_can_want_to_know_who_calls() {
    let wants = policy(&[("p", "\n[identity]\nsecret_file = 'secret'\nrequired = true")]);
    assert_eq!(
        refusal(&wants, &GET, None),
        "nobody may call this program without an identity (/etc/p:2: identity.required = true)"
    );
    assert_eq!(allowed(&wants, Some(&caller(&[], false))).len(), 4);
}

#[test]
fn the_restricted_tools_are_refused_by_either_name() {
    let policy = Policy {
        restricted: restrictions(" drop-user, run,, add_* ").collect(),
        ..Policy::default()
    };
    assert_eq!(allowed(&policy, None), ["get-users"]);
    assert_eq!(
        refusal(&policy, &DROP, None),
        "drop-user may not be called (RESTRICTED_TOOLS has `drop-user`)"
    );
    assert_eq!(restrictions("").count(), 0);
}

#[test]
fn what_is_wrong_in_a_policy_is_said_with_its_line_and_key() {
    for (text, words) in [
        ("allow = ['']", "/etc/p:1: `allow`: names no tool"),
        (
            "\ndeny = [\n 'a',\n 'annotation:evil']",
            "/etc/p:4: `deny`: no annotation `evil`: there are read-only,",
        ),
        ("denny = []", "/etc/p:1: unknown key `denny`"),
        (
            "read_only = 'yes'",
            "/etc/p:1: `read_only`: not true or false",
        ),
        (
            "[limits]\nper_minute = true",
            "/etc/p:2: `limits.per_minute`: not a number",
        ),
        (
            "[limits]\nat_once = 0",
            "/etc/p:2: `limits.at_once`: 0 allows no call at all",
        ),
        (
            "[limits]\nper_hour = 1",
            "/etc/p:2: unknown key `limits.per_hour`",
        ),
        (
            "[roles.a]\nallow = 'x'",
            "/etc/p:2: `roles.a.allow`: not a list of texts",
        ),
        (
            "[roles.a.roles.b]\n",
            "/etc/p:1: unknown key `roles.a.roles`",
        ),
        (
            "[identity]\nissuer = 'x'",
            "/etc/p:1: `identity`: names neither",
        ),
        ("deny = [", "/etc/p:1: unclosed array"),
    ] {
        let error = layer("p", text).unwrap_err();
        assert_eq!(error.exit() as u8, 2);
        let error = error.to_string();
        assert!(error.starts_with(words), "{text}\n{error}");
    }
}

#[test]
fn the_files_are_read_in_their_order_and_need_not_be_there() {
    let folder = std::env::temp_dir().join(format!("mcpress-policy-{}", std::process::id()));
    let place = |name: &str| folder.join(name);
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(place(name)).unwrap();
        std::fs::write(place(name).join(FILE), text).unwrap();
    };
    let read = || {
        Policy::read(
            &[place("site/zoo"), place("site")],
            Some(&place("user")),
            None,
        )
    };
    assert!(read().0.layers.is_empty());
    write("user", "deny = ['run']");
    write("site", "deny = ['add_*']");
    write("site/zoo", "deny = ['drop_*']");
    let (policy, unreadable) = read();
    assert!(unreadable.is_none());
    assert_eq!(allowed(&policy, None), ["get-users"]);
    let of_site: Vec<_> = policy.layers.iter().map(|layer| layer.is_of_site).collect();
    assert_eq!(of_site, [true, true, false]);
    // What cannot be read is not taken for nothing.
    std::fs::remove_file(place("site").join(FILE)).unwrap();
    std::fs::create_dir(place("site").join(FILE)).unwrap();
    let (rest, unreadable) = read();
    let unreadable = unreadable.unwrap();
    assert_eq!(
        (unreadable.code(), unreadable.exit() as u8),
        (UNREADABLE, 4)
    );
    assert!(unreadable.to_string().contains("cannot read"));
    assert!(
        unreadable
            .hint()
            .unwrap()
            .contains("the rule is the site's")
    );
    // What the others say holds all the same.
    assert_eq!(allowed(&rest, None), ["get-users", "add-user"]);
    write("site/zoo", "deny = [");
    write("user", "size = 1");
    let (rest, unreadable) = read();
    assert!(rest.layers.is_empty());
    let words = unreadable.unwrap().to_string();
    assert!(
        words.contains("site/zoo/policy.toml:1: unclosed array"),
        "{words}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn in_the_site_s_eyes_an_overlay_only_makes_a_tool_stricter() {
    fn said(hint: &str, value: bool, effect: Effect) -> Tool {
        let definition = json!({"annotations": {hint: value}}).to_string();
        Tool {
            definition: definition.leak(),
            ..tool("it", "it", effect)
        }
    }
    let softened = said("destructiveHint", true, Effect::ReadOnly);
    let hardened = said("readOnlyHint", true, Effect::Destructive);
    let may = |file: &str, text: &str, tool: &Tool| {
        let policy = policy(&[(file, text)]);
        decide(&policy, tool, None).is_ok()
    };
    for text in [
        "read_only = true",
        "allow = ['annotation:read-only']",
        "deny = ['annotation:destructive']",
    ] {
        assert!(may("user", text, &softened), "{text}");
        for tool in [&softened, &hardened] {
            assert!(!may("site", text, tool), "{text}");
        }
    }
    assert!(may("site", "deny = ['annotation:unknown']", &softened));
    for (text, by_person) in [
        ("confirm = ['annotation:destructive']", false),
        ("forbid_yes = true", true),
    ] {
        let admission = decide(&policy(&[("site", text)]), &softened, None).unwrap();
        assert!(admission.confirm.is_some(), "{text}");
        assert_eq!(admission.by_person.is_some(), by_person);
        let admission = decide(&policy(&[("user", text)]), &softened, None).unwrap();
        assert_eq!(admission.confirm, None, "{text}");
    }
}

#[test]
fn what_the_program_was_made_without_is_refused_whatever_is_allowed() {
    let mut spec = Spec {
        omitted: Omitted {
            tools: &["drop_user"],
            ..Omitted::NOTHING
        },
        ..SPEC
    };
    let policy = policy(&[("user", "allow = ['*']")]);
    let refusal = |spec: &Spec, wire: &str, known: Option<&Tool>| {
        let decided = policy.decide(&Subject::of(spec, wire, known), None);
        decided.err().map(|error| {
            assert_eq!((error.code(), error.exit() as u8), (OMITTED, 4));
            assert!(error.hint().unwrap().contains("mcpress call"));
            error.to_string()
        })
    };
    for wire in ["drop_user", "drop-user", "dropUser"] {
        let words = format!("`{wire}` was left out when this program was made");
        assert_eq!(refusal(&spec, wire, None), Some(words));
    }
    assert_eq!(refusal(&spec, "gained", None), None);
    assert_eq!(refusal(&spec, "run", Some(&RUN)), None);
    spec.omitted.later = true;
    assert_eq!(
        refusal(&spec, "gained", None).unwrap(),
        "`gained` is none of the read-only tools that this program was made with"
    );
    assert_eq!(refusal(&spec, "run", Some(&RUN)), None);
}

#[test]
fn resources_and_prompts_pass_the_same_rules() {
    let file = Subject::resource("file:///etc/passwd", "file:///etc/passwd");
    let review = Subject::prompt("code_review", None);
    for (text, reads, gets) in [
        ("", true, true),
        ("read_only = true", true, true),
        ("deny = ['*']", false, false),
        ("deny = ['resource:file:*']", false, true),
        ("deny = ['prompt:code-review']", true, false),
        ("allow = ['get_*']", false, false),
        ("allow = ['get_*', 'resource:file:///etc/*']", true, false),
        ("allow = ['prompt:*']", false, true),
        (
            "[identity]\nsecret_file = 'x'\nrequired = true",
            false,
            false,
        ),
    ] {
        let policy = policy(&[("site", text)]);
        assert_eq!(policy.decide(&file, None).is_ok(), reads, "{text}");
        assert_eq!(policy.decide(&review, None).is_ok(), gets, "{text}");
    }
    let policy = policy(&[("p", "deny = ['*']")]);
    assert_eq!(
        policy.decide(&file, None).unwrap_err().to_string(),
        "file:///etc/passwd may not be read (/etc/p:1: deny \"*\")"
    );
}

#[test]
fn a_rule_for_a_tool_that_is_not_there_is_told() {
    let policy = policy(&[(
        "p",
        "allow = ['run', 'ru', 'r*', 'resource:x:y']\n[roles.a]\ndeny = ['drop-user', 'gone']",
    )]);
    let spec = Spec {
        tools: &[RUN_HERE],
        omitted: Omitted {
            tools: &["drop_user"],
            ..Omitted::NOTHING
        },
        ..SPEC
    };
    let strangers: Vec<_> = policy
        .strangers(&spec)
        .map(|rule| rule.shown.as_str())
        .collect();
    assert_eq!(
        strangers,
        ["/etc/p:1: allow \"ru\"", "/etc/p:3: deny \"gone\""]
    );
}

#[test]
fn an_annotation_is_read_from_what_the_server_said() {
    let said = json!({"annotations": {"openWorldHint": true}}).to_string();
    let tool = Tool {
        definition: said.leak(),
        ..RUN
    };
    let open = policy(&[("p", "deny = ['annotation:open-world']")]);
    assert!(decide(&open, &tool, None).is_err());
    assert!(decide(&open, &RUN, None).is_ok());
}
