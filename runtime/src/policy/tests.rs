//! Policies, and what they say of calls.

use serde_json::json;

use super::*;

static GET: Tool = tool("get_users", "get-users", Effect::ReadOnly);
static ADD: Tool = tool("add_user", "add-user", Effect::Additive);
static DROP: Tool = tool("drop_user", "drop-user", Effect::Destructive);
static RUN: Tool = tool("run", "run", Effect::Unknown);

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
    let subject = Subject {
        wire: tool.wire,
        known: Some(tool),
    };
    policy.decide(&subject, caller)
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
    let unknown = Subject {
        wire: "get_more",
        known: None,
    };
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
    assert!(read().unwrap().layers.is_empty());
    write("user", "deny = ['run']");
    write("site", "deny = ['add_*']");
    write("site/zoo", "deny = ['drop_*']");
    let policy = read().unwrap();
    assert_eq!(allowed(&policy, None), ["get-users"]);
    let of_site: Vec<_> = policy.layers.iter().map(|layer| layer.is_of_site).collect();
    assert_eq!(of_site, [true, true, false]);
    // What cannot be read is not taken for nothing.
    std::fs::remove_file(place("site").join(FILE)).unwrap();
    std::fs::create_dir(place("site").join(FILE)).unwrap();
    assert!(read().unwrap_err().to_string().contains("cannot read"));
    std::fs::remove_dir_all(folder).unwrap();
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
