//! The Secret Service (freedesktop.org, Secret Storage Specification, 0.2), which GNOME Keyring,
//! KWallet and KeePassXC offer on the session's bus.
//!
//! The session is a plain one: what is on that bus is between processes of this user.

use std::time::Duration;

use super::bus::{Body, Bus, Subject, addresses};
use crate::secret::Secret;

/// How long the person may take to unlock the store.
const PATIENCE: Duration = Duration::from_secs(300);

const NAME: &str = "org.freedesktop.secrets";

/// The path of no object.
const NONE: &str = "/";

const SERVICE: Subject = Subject {
    destination: NAME,
    path: "/org/freedesktop/secrets",
    interface: "org.freedesktop.Secret.Service",
    member: "",
};

const DEFAULT: Subject = Subject {
    destination: NAME,
    path: "/org/freedesktop/secrets/aliases/default",
    interface: "org.freedesktop.Secret.Collection",
    member: "",
};

pub(super) fn is_there() -> bool {
    !addresses().is_empty()
}

pub(super) fn get(program: &str, url: &str) -> Result<Option<Secret>, String> {
    let mut service = Service::open()?;
    let Some(item) = service.find(program, url)? else {
        return Ok(None);
    };
    service.secret(&item).map(Some)
}

pub(super) fn set(program: &str, url: &str, value: &Secret) -> Result<(), String> {
    Service::open()?.keep(program, url, value)
}

pub(super) fn delete(program: &str, url: &str) -> Result<(), String> {
    let mut service = Service::open()?;
    let Some(item) = service.find(program, url)? else {
        return Ok(());
    };
    let item = Subject {
        path: &item,
        interface: "org.freedesktop.Secret.Item",
        member: "Delete",
        ..SERVICE
    };
    let prompt = service.bus.call(item, "", Body::default())?.text()?;
    service.prompt(&prompt)
}

/// The service, in a session of its own.
struct Service {
    bus: Bus,
    session: String,
}

impl Service {
    fn open() -> Result<Self, String> {
        let mut bus = Bus::open()?;
        let mut body = Body::default();
        body.text("plain").signature("s").text("");
        let mut opened = bus.call(SERVICE.member("OpenSession"), "sv", body)?;
        opened.signature()?;
        opened.text()?;
        let session = opened.text()?;
        Ok(Self { bus, session })
    }

    /// The item that is kept, unlocked.
    fn find(&mut self, program: &str, url: &str) -> Result<Option<String>, String> {
        let mut body = Body::default();
        attributes(&mut body, program, url);
        let mut found = self
            .bus
            .call(SERVICE.member("SearchItems"), "a{ss}", body)?;
        let (unlocked, locked) = (found.texts()?, found.texts()?);
        if let Some(item) = unlocked.into_iter().next() {
            return Ok(Some(item));
        }
        let Some(item) = locked.into_iter().next() else {
            return Ok(None);
        };
        self.unlock(&item)?;
        Ok(Some(item))
    }

    fn secret(&mut self, item: &str) -> Result<Secret, String> {
        let mut body = Body::default();
        body.array(4, |items| {
            items.text(item);
        });
        body.text(&self.session);
        let mut secrets = self.bus.call(SERVICE.member("GetSecrets"), "aoo", body)?;
        if secrets.u32()? == 0 {
            return Err("it is locked".to_owned());
        }
        secrets.align(8)?;
        secrets.text()?;
        secrets.align(8)?;
        secrets.text()?;
        secrets.array()?;
        let value = secrets.array()?;
        let text = std::str::from_utf8(&value);
        text.map(Secret::new)
            .map_err(|_| "what it holds is not text".to_owned())
    }

    fn keep(&mut self, program: &str, url: &str, value: &Secret) -> Result<(), String> {
        self.unlock(DEFAULT.path)?;
        let mut body = Body::default();
        body.array(8, |properties| {
            properties
                .structure()
                .text("org.freedesktop.Secret.Item.Label");
            properties
                .signature("s")
                .text(&format!("{program} at {url}"));
            properties
                .structure()
                .text("org.freedesktop.Secret.Item.Attributes");
            properties.signature("a{ss}");
            attributes(properties, program, url);
        });
        body.structure()
            .text(&self.session)
            .bytes(&[])
            .bytes(value.expose().as_bytes())
            .text("text/plain");
        // An item of the same attributes is replaced.
        body.u32(1);
        let kept = DEFAULT.member("CreateItem");
        let mut created = self.bus.call(kept, "a{sv}(oayays)b", body)?;
        created.text()?;
        let prompt = created.text()?;
        self.prompt(&prompt)
    }

    /// Unlocks an item or a collection, which may ask the person.
    fn unlock(&mut self, object: &str) -> Result<(), String> {
        let mut body = Body::default();
        body.array(4, |objects| {
            objects.text(object);
        });
        let mut unlocked = self.bus.call(SERVICE.member("Unlock"), "ao", body)?;
        unlocked.texts()?;
        let prompt = unlocked.text()?;
        self.prompt(&prompt)
    }

    /// Has the service ask the person, if it has a question.
    fn prompt(&mut self, prompt: &str) -> Result<(), String> {
        if prompt == NONE {
            return Ok(());
        }
        let rule = "type='signal',interface='org.freedesktop.Secret.Prompt',member='Completed'";
        self.bus.listen(rule)?;
        let mut body = Body::default();
        body.text("");
        let ask = Subject {
            path: prompt,
            interface: "org.freedesktop.Secret.Prompt",
            member: "Prompt",
            ..SERVICE
        };
        self.bus.call(ask, "s", body)?;
        let mut completed = self.bus.signal(prompt, "Completed", PATIENCE)?;
        match completed.u32()? {
            0 => Ok(()),
            _ => Err("it was not unlocked".to_owned()),
        }
    }
}

/// What an item is found by.
fn attributes(body: &mut Body, program: &str, url: &str) {
    body.array(8, |entries| {
        for (name, value) in [("service", program), ("username", url)] {
            entries.structure().text(name).text(value);
        }
    });
}
