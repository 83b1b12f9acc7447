//! A connection to the session's message bus (D-Bus Specification, 0.43): enough to call, and to wait
//! for one signal.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(25);

/// The longest message that is read, in bytes.
const LONGEST: usize = 4 << 20;

/// A connection.
pub(super) struct Bus {
    stream: BufReader<UnixStream>,
    serial: u32,
}

/// What a message is about: an object, its interface, and the method or signal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
}

/// The addresses of the session's bus.
pub(super) fn addresses() -> Vec<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(listed) = variable("DBUS_SESSION_BUS_ADDRESS") {
        return listed.split(';').map(str::to_owned).collect();
    }
    let socket = variable("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("bus"));
    let socket = socket.filter(|socket| socket.exists());
    socket
        .map(|socket| format!("unix:path={}", socket.display()))
        .into_iter()
        .collect()
}

impl Bus {
    /// Connects, as the user that this process is.
    pub(super) fn open() -> Result<Self, String> {
        let stream = addresses().iter().find_map(|address| connect(address));
        let stream = stream.ok_or("the message bus is not reached")?;
        let timeout = stream.set_read_timeout(Some(PATIENCE));
        timeout.map_err(|error| error.to_string())?;
        let mut bus = Self {
            stream: BufReader::new(stream),
            serial: 0,
        };
        bus.write(b"\0AUTH EXTERNAL\r\nDATA\r\n")?;
        // The socket says who this is, so the server asks for nothing and accepts.
        for expected in ["DATA", "OK "] {
            let mut line = String::new();
            let read = (&mut bus.stream).take(1024).read_line(&mut line);
            read.map_err(|error| error.to_string())?;
            if !line.starts_with(expected) {
                return Err("the message bus does not let this program in".to_owned());
            }
        }
        bus.write(b"BEGIN\r\n")?;
        bus.call(BUS.member("Hello"), "", Body::default())?;
        Ok(bus)
    }

    /// Calls a method, and returns what it returns.
    pub(super) fn call(
        &mut self,
        subject: Subject,
        signature: &str,
        body: Body,
    ) -> Result<Reader, String> {
        self.serial += 1;
        let mut message = Body::default();
        message.0.extend([b'l', 1, 0, 1]);
        message.u32(body.0.len() as u32).u32(self.serial);
        let fields = [
            (1, "o", subject.path),
            (2, "s", subject.interface),
            (3, "s", subject.member),
            (6, "s", subject.destination),
            (8, "g", signature),
        ];
        message.array(8, |message| {
            for (code, kind, value) in fields {
                if value.is_empty() {
                    continue;
                }
                message.align(8);
                message.0.push(code);
                message.signature(kind);
                match kind {
                    "g" => message.signature(value),
                    _ => message.text(value),
                };
            }
        });
        message.align(8);
        message.0.extend_from_slice(&body.0);
        self.write(&message.0)?;
        loop {
            let answer = self.read()?;
            if answer.answers != Some(self.serial) {
                continue;
            }
            let mut body = answer.body;
            return match answer.kind {
                2 => Ok(body),
                _ => Err(body.text().unwrap_or_else(|_| "it refuses".to_owned())),
            };
        }
    }

    /// Waits for a signal of an object, for as long as told.
    pub(super) fn signal(
        &mut self,
        path: &str,
        member: &str,
        patience: Duration,
    ) -> Result<Reader, String> {
        let wait = |bus: &Self, time| {
            let set = bus.stream.get_ref().set_read_timeout(Some(time));
            set.map_err(|error| error.to_string())
        };
        wait(self, patience)?;
        let signal = loop {
            let message = self.read()?;
            if message.kind == 4 && message.path == path && message.member == member {
                break message.body;
            }
        };
        wait(self, PATIENCE)?;
        Ok(signal)
    }

    /// Has the signals that fit a rule sent here.
    pub(super) fn listen(&mut self, rule: &str) -> Result<(), String> {
        let mut body = Body::default();
        body.text(rule);
        self.call(BUS.member("AddMatch"), "s", body).map(drop)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = self.stream.get_mut().write_all(bytes);
        written.map_err(|error| error.to_string())
    }

    fn read(&mut self) -> Result<Message, String> {
        let mut take = |length: usize| -> Result<Vec<u8>, String> {
            let mut bytes = vec![0; length];
            let read = self.stream.read_exact(&mut bytes);
            read.map_err(|error| error.to_string()).map(|()| bytes)
        };
        let mut head = Reader::new(take(16)?);
        let kinds = head.bytes(4)?;
        let (length, _, fields) = (head.u32()? as usize, head.u32()?, head.u32()? as usize);
        if kinds[0] != b'l' || length > LONGEST || fields > LONGEST {
            return Err("the message bus speaks in another manner".to_owned());
        }
        let mut message = Message {
            kind: kinds[1],
            answers: None,
            path: String::new(),
            member: String::new(),
            body: Reader::new(Vec::new()),
        };
        let mut fields = Reader::new(take(fields.next_multiple_of(8)).map(|bytes| {
            let mut bytes = bytes;
            bytes.truncate(fields);
            bytes
        })?);
        while !fields.is_over() {
            fields.align(8)?;
            let code = fields.bytes(1)?[0];
            match fields.signature()?.as_str() {
                "u" if code == 5 => message.answers = Some(fields.u32()?),
                "u" => drop(fields.u32()?),
                "g" => drop(fields.signature()?),
                _ if code == 1 => message.path = fields.text()?,
                _ if code == 3 => message.member = fields.text()?,
                _ => drop(fields.text()?),
            }
        }
        message.body = Reader::new(take(length)?);
        Ok(message)
    }
}

/// The bus itself.
const BUS: Subject = Subject {
    destination: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    member: "",
};

impl<'a> Subject<'a> {
    /// Another member of the same interface.
    pub(super) fn member(self, member: &'a str) -> Self {
        Self { member, ..self }
    }
}

fn connect(address: &str) -> Option<UnixStream> {
    let pairs = address.strip_prefix("unix:")?.split(',');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(name, value)| {
            let value = percent_encoding::percent_decode_str(value)
                .decode_utf8()
                .ok()?;
            match name {
                "path" => UnixStream::connect(&*value).ok(),
                "abstract" => {
                    let address = SocketAddr::from_abstract_name(value.as_bytes()).ok()?;
                    UnixStream::connect_addr(&address).ok()
                }
                _ => None,
            }
        })
}

struct Message {
    kind: u8,
    /// The serial number of the call that it answers.
    answers: Option<u32>,
    path: String,
    member: String,
    body: Reader,
}

/// Values on their way out, wiped when they are sent: a secret may be among them.
#[derive(Default)]
pub(super) struct Body(Zeroizing<Vec<u8>>);

impl Body {
    fn align(&mut self, to: usize) {
        let length = self.0.len().next_multiple_of(to);
        self.0.resize(length, 0);
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.align(4);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// A string or the path of an object.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes());
        self.0.push(0);
        self
    }

    /// An array of bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.u32(bytes.len() as u32);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn signature(&mut self, text: &str) -> &mut Self {
        self.0.push(text.len() as u8);
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        self
    }

    /// An array of what begins at multiples of `to`.
    pub(super) fn array(&mut self, to: usize, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.u32(0);
        let place = self.0.len() - 4;
        self.align(to);
        let start = self.0.len();
        fill(self);
        let length = (self.0.len() - start) as u32;
        self.0[place..place + 4].copy_from_slice(&length.to_le_bytes());
        self
    }

    /// Begins a structure or an entry of a dictionary.
    pub(super) fn structure(&mut self) -> &mut Self {
        self.align(8);
        self
    }
}

/// Values on their way in.
pub(super) struct Reader {
    bytes: Zeroizing<Vec<u8>>,
    at: usize,
}

impl Reader {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Zeroizing::new(bytes),
            at: 0,
        }
    }

    fn is_over(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn align(&mut self, to: usize) -> Result<(), String> {
        let at = self.at.next_multiple_of(to);
        self.bytes(at - self.at).map(drop)
    }

    fn bytes(&mut self, length: usize) -> Result<Zeroizing<Vec<u8>>, String> {
        let end = self.at.checked_add(length);
        let bytes = end.and_then(|end| self.bytes.get(self.at..end));
        let bytes = bytes.ok_or("a message of the bus is cut short")?;
        let bytes = Zeroizing::new(bytes.to_vec());
        self.at += length;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, String> {
        self.align(4)?;
        let bytes = self.bytes(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// An array of bytes.
    pub(super) fn array(&mut self) -> Result<Zeroizing<Vec<u8>>, String> {
        let length = self.u32()? as usize;
        self.bytes(length)
    }

    /// A string or the path of an object.
    pub(super) fn text(&mut self) -> Result<String, String> {
        let bytes = self.array()?;
        self.bytes(1)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn signature(&mut self) -> Result<String, String> {
        let length = self.bytes(1)?[0];
        let bytes = self.bytes(usize::from(length))?;
        self.bytes(1)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// An array of strings or paths.
    pub(super) fn texts(&mut self) -> Result<Vec<String>, String> {
        let length = self.u32()? as usize;
        let end = self.at.saturating_add(length);
        let mut texts = Vec::new();
        while self.at < end {
            texts.push(self.text()?);
        }
        Ok(texts)
    }
}
