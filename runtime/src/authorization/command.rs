//! What `auth` does at a remote server.

use std::pin::Pin;

use serde_json::{Value, json};

use super::challenge::Challenge;
use super::http::Fault;
use super::pending::Callback;
use super::record::{Kept, Record, now};
use super::{Authorization, State};
use crate::error::Error;
use crate::transport::{Action, Remote};

/// Does it, and says how things are then.
pub(crate) fn act(
    remote: Remote,
    action: Action,
) -> Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>> {
    Box::pin(async move {
        let Some(authorization) = remote.authorization()? else {
            return Err(Error::usage_with_hint(
                "a header Authorization is given, so there is nothing to sign in to",
                "leave the header out to sign in",
            ));
        };
        let mut state = State::default();
        authorization.read(&mut state).await?;
        let mut told = Value::Null;
        match action {
            Action::Login { callback: None } => authorization.login_now(&mut state).await?,
            Action::Login {
                callback: Some(address),
            } => authorization.login_later(&mut state, &address).await?,
            Action::Logout => told = authorization.logout(&mut state).await?,
            Action::Status => {}
        }
        let mut status = authorization.status(state.record.as_ref());
        if !told.is_null() {
            status["revoked"] = told;
        }
        Ok(status)
    })
}

impl Authorization {
    /// Signs in, whether or not somebody is signed in already.
    async fn login_now(&self, state: &mut State) -> Result<(), Error> {
        let is_kept = self.store.is_usable() || state.kept == Some(Kept::File);
        if !self.settings.alone && self.settings.person && !is_kept {
            return Err(self.no_store());
        }
        let challenge = self.http.challenge().await;
        let header = challenge.map_err(|fault| self.failure(fault.into()))?;
        let challenge = Challenge::parse(header.as_deref().unwrap_or_default());
        let found = self.discover(&challenge).await?;
        if header.is_none() && found.is_guess {
            return Err(Error::usage(format!(
                "{} asks for no sign-in",
                super::address(self.server.as_str())
            )));
        }
        self.forget_another_issuer(state, &found);
        // Who says which scopes are wanted wants no others.
        let asked = match self.settings.scopes.is_empty() {
            true => self.asked(state),
            false => Vec::new(),
        };
        let scopes = self.scopes(&asked, &challenge, &found);
        let header = header.unwrap_or_default();
        let signed_in = self.sign_in(state, found, scopes, &header).await;
        signed_in.map_err(|failure| self.failure(failure))?;
        state.unkept.take().map_or(Ok(()), Err)
    }

    /// Finishes a sign-in that was begun without a person, with the address the browser ended at.
    async fn login_later(&self, state: &mut State, address: &str) -> Result<(), Error> {
        if !self.store.is_usable() {
            return Err(self.no_store());
        }
        let callback = Callback::parse(address).map_err(|reason| {
            Error::usage_with_hint(
                format!("--callback: {reason}"),
                "give the whole address that the browser ended at, in quotes",
            )
        })?;
        let mut all = self.store.pending();
        let Some(at) = all
            .iter()
            .position(|pending| pending.state == callback.state && !pending.is_over())
        else {
            return Err(Error::SignIn {
                url: super::address(self.server.as_str()),
                reason: "no sign-in waits for this answer".to_owned(),
                hint: Some(format!("begin another with `{}`", self.login())),
            });
        };
        let pending = all.remove(at);
        let finished = self.finish(state, &pending, callback).await;
        finished.map_err(|failure| self.failure(failure))?;
        if let Some(error) = state.unkept.take() {
            return Err(error);
        }
        let _lock = self.store.lock().await?;
        self.store.write_pending(&all)
    }

    /// Gives the tokens back and forgets them. True if the server took them back, null if it takes none
    /// back; one that cannot be asked does not keep them from being forgotten.
    async fn logout(&self, state: &mut State) -> Result<Value, Error> {
        let _lock = self.store.lock().await?;
        self.store.write_pending(&[])?;
        let Some(record) = self.store.read().await? else {
            return Ok(Value::Null);
        };
        let mut told = Value::Null;
        if let Some(client) = &record.client {
            let asking = self.asking(client, &record);
            for (token, kind) in [
                (&record.secrets.refresh_token, "refresh_token"),
                (&record.secrets.access_token, "access_token"),
            ] {
                let Some(token) = token else {
                    continue;
                };
                match asking.revoke(token, kind).await {
                    Ok(true) => told = true.into(),
                    Ok(false) => {}
                    // A pair may die with its first half, and the other is refused then.
                    Err(_) if told == true => {}
                    Err(_) => told = false.into(),
                }
            }
        }
        self.store.remove(&record).await?;
        state.record = None;
        Ok(told)
    }

    /// How things are, without a value that anybody could use.
    fn status(&self, record: Option<&Record>) -> Value {
        let url = super::address(self.server.as_str());
        let Some((record, grant)) =
            record.and_then(|record| Some((record, record.grant.as_ref()?)))
        else {
            return json!({"url": url, "signed_in": false});
        };
        let is_live = grant.expires.is_none_or(|expires| expires > now());
        let has_token = is_live && record.secrets.access_token.is_some();
        let is_refreshed = record.secrets.refresh_token.is_some() && record.client.is_some();
        json!({
            "url": url,
            "signed_in": has_token || is_refreshed,
            "issuer": record.issuer.issuer(),
            "client": record.client.as_ref().map(|client| &client.id),
            "scopes": grant.scopes,
            "expires": grant.expires.map(date),
            "expires_in": grant.expires.map(|expires| expires.saturating_sub(now())),
            "refreshed": is_refreshed,
            "stored": match record.kept {
                Kept::Keychain => "keychain".to_owned(),
                Kept::File => self.store.shown(),
                Kept::Memory => "nowhere".to_owned(),
            },
        })
    }

    fn no_store(&self) -> Error {
        self.failure(Fault::NoKeychain.into())
    }
}

/// A time as RFC 3339 writes it.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // The civil date, counted from 1 March of the year 0 in eras of 400 years.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, late) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!(
        "{:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z",
        era * 400 + year + late,
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_calendar_s() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(date(1_767_225_599), "2025-12-31T23:59:59Z");
        assert_eq!(date(4_107_542_400), "2100-03-01T00:00:00Z");
    }
}
