//! The servers measured with, and the call that is made of each.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::install::{ALTR_MCP, EVERYTHING, Place, root};
use crate::replay;

pub(crate) const NAMES: [&str; 4] = ["altr", "everything", "replay", "thousand"];

const CREDENTIALS: [(&str, &str); 3] = [
    ("ORG_ID", "acme"),
    ("MAPI_KEY", "key-of-the-bench"),
    ("MAPI_SECRET", "secret-of-the-bench"),
];
const ADDRESSES: [&str; 2] = ["ALTR_API_BASE_URL", "ALTR_ALTRNET_BASE_URL"];

/// A server, and what is asked of it.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// What it is, for the table's title.
    pub(crate) title: String,
    pub(crate) command: Vec<String>,
    /// The environment its clients are given.
    pub(crate) environment: BTreeMap<String, OsString>,
    /// The names among these that the server needs.
    pub(crate) slots: Vec<String>,
    pub(crate) call: Call,
    /// A command line that is wrong.
    pub(crate) usage: [&'static str; 3],
    /// Whether it is so small that a client's peak memory can be told from its own.
    pub(crate) small: bool,
    /// The stand-in behind it, which ends with it.
    _api: Option<Api>,
}

/// The same call in both its spellings.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) argv: Vec<&'static str>,
    tool: &'static str,
    arguments: Value,
    /// What the answer shows.
    pub(crate) shows: &'static str,
}

impl Subject {
    /// Prepares a server by its name: installs it, starts what is behind it, counts its tools.
    pub(crate) fn open(name: &str, place: &Place) -> Result<Self, Error> {
        match name {
            "altr" => altr(place),
            "everything" => everything(place),
            "replay" => replayed(place, None),
            "thousand" => replayed(place, Some(1000)),
            _ => Err(Error::Usage(format!(
                "no server {name}; there are {}",
                NAMES.join(", ")
            ))),
        }
    }

    pub(crate) fn environment(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_os_str()))
    }

    /// The seconds from the server's start to the answer of a call.
    pub(crate) fn bare_call(&self) -> Result<f64, Error> {
        let (mut exchange, _) = Exchange::open(&self.command, self.environment())?;
        let params = json!({"name": self.call.tool, "arguments": self.call.arguments});
        let answer = exchange.request("tools/call", &params)?;
        let seconds = exchange.seconds();
        if answer.to_string().contains(self.call.shows) {
            return Ok(seconds);
        }
        Err(Error::Server(format!(
            "answered {} with {answer}",
            self.call.tool
        )))
    }

    /// The seconds from the server's start to its list of tools, and what it said.
    pub(crate) fn bare_list(&self) -> Result<(f64, Value), Error> {
        let (mut exchange, initialized) = Exchange::open(&self.command, self.environment())?;
        let listed = exchange.request("tools/list", &json!({}))?;
        let seconds = exchange.seconds();
        Ok((
            seconds,
            json!({"initialize": initialized, "tools": listed["tools"]}),
        ))
    }

    /// Waits until the server of the run before is gone, so that its leaving weighs on no one else.
    pub(crate) fn settle(&self) {
        let Some(marker) = self.command.last().filter(|_| cfg!(target_os = "linux")) else {
            return std::thread::sleep(Duration::from_secs(1));
        };
        // The last word of a command can be a flag; the one that is a path names the server.
        let marker = self
            .command
            .iter()
            .rfind(|word| word.contains('/'))
            .unwrap_or(marker);
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end && runs(marker) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn counted(mut self, what: &str) -> Result<Self, Error> {
        let (_, said) = self.bare_list()?;
        let tools = said["tools"].as_array().map_or(0, Vec::len);
        self.title = format!("{what}, {tools} tools");
        Ok(self)
    }
}

/// Whether a process has this text in its command line.
fn runs(marker: &str) -> bool {
    let Ok(processes) = Path::new("/proc").read_dir() else {
        return false;
    };
    processes.flatten().any(|process| {
        std::fs::read(process.path().join("cmdline")).is_ok_and(|line| {
            String::from_utf8_lossy(&line)
                .split('\0')
                .any(|word| word == marker)
        })
    })
}

fn altr(place: &Place) -> Result<Subject, Error> {
    place.install_python()?;
    let api = Api::start(&place.fresh.join("api.log"))?;
    let mut environment = environment(place);
    environment.extend(CREDENTIALS.map(|(name, value)| (name.to_owned(), value.into())));
    environment.extend(ADDRESSES.map(|name| (name.to_owned(), api.url.clone().into())));
    let subject = Subject {
        name: "altr",
        title: String::new(),
        command: vec![place.kept.join("py/bin/altr-mcp").display().to_string()],
        environment,
        slots: CREDENTIALS
            .iter()
            .map(|(name, _)| *name)
            .chain(ADDRESSES)
            .map(str::to_owned)
            .collect(),
        call: Call {
            argv: vec![
                "get-database-id",
                "--database-name",
                "my_database",
                "--output",
                "json",
            ],
            tool: "get_database_id",
            arguments: json!({"database_name": "my_database"}),
            shows: "my_database",
        },
        usage: ["create-policy", "--tagg", "STOPLIGHT"],
        small: false,
        _api: Some(api),
    };
    subject.counted(&ALTR_MCP.replace("==", " "))
}

fn everything(place: &Place) -> Result<Subject, Error> {
    place.install_node()?;
    let program = place
        .node_programs()
        .join("mcp-server-everything")
        .display()
        .to_string();
    let subject = Subject {
        name: "everything",
        title: String::new(),
        command: vec![program, "stdio".to_owned()],
        environment: environment(place),
        slots: Vec::new(),
        call: Call {
            argv: vec!["echo", "--message", "hello", "--output", "json"],
            tool: "echo",
            arguments: json!({"message": "hello"}),
            shows: "Echo: hello",
        },
        usage: ["echo", "--massage", "hello"],
        small: false,
        _api: None,
    };
    subject.counted(EVERYTHING)
}

/// altr-mcp's tools, from a server that takes no time: its own, or repeated up to a number.
fn replayed(place: &Place, count: Option<usize>) -> Result<Subject, Error> {
    let (_, capture) = altr(place)?.bare_list()?;
    let tools = count.unwrap_or_else(|| capture["tools"].as_array().map_or(0, Vec::len));
    let path = place.kept.join(format!("replay-{tools}.json"));
    replay::write(&capture, tools, &path)?;
    let this = std::env::current_exe().map_err(Error::start("this program"))?;
    let subject = Subject {
        name: if count.is_some() {
            "thousand"
        } else {
            "replay"
        },
        title: String::new(),
        command: vec![
            this.display().to_string(),
            "serve".to_owned(),
            path.display().to_string(),
        ],
        environment: environment(place),
        slots: Vec::new(),
        call: Call {
            argv: vec![
                "get-database-id",
                "--database-name",
                "my_database",
                "--output",
                "json",
            ],
            tool: "get_database_id",
            arguments: json!({"database_name": "my_database"}),
            shows: replay::ANSWER,
        },
        usage: ["create-policy", "--tagg", "STOPLIGHT"],
        small: true,
        _api: None,
    };
    subject.counted("altr-mcp's tools, answered from a file")
}

/// What every client is given: where programs are, and a home of its own.
fn environment(place: &Place) -> BTreeMap<String, OsString> {
    let mut search = vec![place.node_programs()];
    search.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    BTreeMap::from([
        (
            "PATH".to_owned(),
            std::env::join_paths(search).unwrap_or_default(),
        ),
        ("HOME".to_owned(), place.home().into()),
        ("LANG".to_owned(), "C.UTF-8".into()),
    ])
}

/// The stand-in for the ALTR API, as a process that ends with this value.
#[derive(Debug)]
struct Api {
    child: Child,
    url: String,
}

impl Api {
    fn start(log: &Path) -> Result<Self, Error> {
        let script = root().join("tests/real/altr_api.py");
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(&script)
            .arg(log)
            .envs(CREDENTIALS)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::start(&script))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out)
                .read_line(&mut line)
                .map_err(Error::file(&script))?;
        }
        let url = line
            .split_whitespace()
            .last()
            .unwrap_or_default()
            .to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
