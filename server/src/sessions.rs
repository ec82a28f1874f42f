//! The console's way in: one-time sign-in tokens, and the sessions they open.
//!
//! Both live in memory, as digests: a restart signs everybody out, and a memory dump holds no
//! usable cookie.

use crate::keys::Role;
use crate::{Error, secret};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The cookie's name.
pub(crate) const COOKIE: &str = "tarn_session";
/// Most sessions and most unused tokens kept; the oldest go first.
const KEPT_MAX: usize = 1_000;

/// Who a session or sign-in token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The key it came from, or `console`.
    pub key_id: String,
    /// What it allows.
    pub role: Role,
    /// The only datastore it opens.
    pub store: Option<String>,
}

impl Person {
    /// Whoever was handed a sign-in link by the operator.
    pub fn console() -> Self {
        Self { key_id: "console".to_owned(), role: Role::Admin, store: None }
    }
}

/// Open sessions and unused sign-in tokens.
pub(crate) struct Sessions {
    session: Duration,
    sign_in: Duration,
    sessions: Mutex<HashMap<[u8; 32], Entry>>,
    tokens: Mutex<HashMap<[u8; 32], Entry>>,
}

struct Entry {
    person: Person,
    until: Instant,
}

impl Sessions {
    /// With the time a session may be idle and the time a token waits.
    pub fn new(session: Duration, sign_in: Duration) -> Self {
        Self { session, sign_in, sessions: Mutex::default(), tokens: Mutex::default() }
    }

    /// A token that signs in once.
    pub fn token(&self, person: Person) -> Result<String, Error> {
        put(&self.tokens, person, self.sign_in)
    }

    /// Whom a token signs in; it is used up.
    pub fn redeem(&self, token: &str) -> Option<Person> {
        let entry = self.tokens.lock().remove(&secret::digest(token))?;
        (entry.until > Instant::now()).then_some(entry.person)
    }

    /// Opens a session; the answer is the cookie's value.
    pub fn open(&self, person: Person) -> Result<String, Error> {
        put(&self.sessions, person, self.session)
    }

    /// Whose session this is; using it keeps it open.
    pub fn find(&self, cookie: &str) -> Option<Person> {
        let mut sessions = self.sessions.lock();
        let entry = sessions.get_mut(&secret::digest(cookie))?;
        let now = Instant::now();
        if entry.until <= now {
            return None;
        }
        entry.until = now + self.session;
        Some(entry.person.clone())
    }

    /// Whether a session is open; asking does not keep it so.
    pub fn is_open(&self, cookie: &str) -> bool {
        let sessions = self.sessions.lock();
        sessions.get(&secret::digest(cookie)).is_some_and(|entry| entry.until > Instant::now())
    }

    /// Ends a session.
    pub fn close(&self, cookie: &str) {
        self.sessions.lock().remove(&secret::digest(cookie));
    }

    /// Ends every session of a key, when the key is deleted.
    pub fn close_key(&self, key_id: &str) {
        self.sessions.lock().retain(|_, entry| entry.person.key_id != key_id);
        self.tokens.lock().retain(|_, entry| entry.person.key_id != key_id);
    }

    /// How long a session may be idle.
    pub fn idle(&self) -> Duration {
        self.session
    }
}

fn put(
    entries: &Mutex<HashMap<[u8; 32], Entry>>,
    person: Person,
    lasts: Duration,
) -> Result<String, Error> {
    let text = secret::letters(43, secret::BASE62)?;
    let now = Instant::now();
    let mut entries = entries.lock();
    entries.retain(|_, entry| entry.until > now);
    if entries.len() >= KEPT_MAX
        && let Some(oldest) =
            entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| *key)
    {
        entries.remove(&oldest);
    }
    entries.insert(secret::digest(&text), Entry { person, until: now + lasts });
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Person {
        Person { key_id: "console".to_owned(), role: Role::Admin, store: None }
    }

    #[test]
    fn a_sign_in_token_works_once() {
        let sessions = Sessions::new(Duration::from_secs(60), Duration::from_secs(60));
        let token = sessions.token(person()).expect("randomness");
        assert_eq!(sessions.redeem(&token), Some(person()));
        assert_eq!(sessions.redeem(&token), None);
    }

    #[test]
    fn tokens_and_sessions_expire() {
        let sessions = Sessions::new(Duration::ZERO, Duration::ZERO);
        let token = sessions.token(person()).expect("randomness");
        assert_eq!(sessions.redeem(&token), None);
        let cookie = sessions.open(person()).expect("randomness");
        assert_eq!(sessions.find(&cookie), None);
    }

    #[test]
    fn a_closed_session_stays_closed_and_a_token_is_no_cookie() {
        let sessions = Sessions::new(Duration::from_secs(60), Duration::from_secs(60));
        let token = sessions.token(person()).expect("randomness");
        assert_eq!(sessions.find(&token), None);
        let cookie = sessions.open(person()).expect("randomness");
        assert_eq!(sessions.find(&cookie), Some(person()));
        assert!(sessions.is_open(&cookie));
        sessions.close(&cookie);
        assert_eq!(sessions.find(&cookie), None);
        assert!(!sessions.is_open(&cookie));
        let cookie = sessions.open(person()).expect("randomness");
        sessions.close_key("console");
        assert_eq!(sessions.find(&cookie), None);
    }
}
