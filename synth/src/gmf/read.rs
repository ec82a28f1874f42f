//! Reads JSON objects strictly: what nobody asked for is a fault.

use crate::gmf::Error;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// Faults and warnings found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub errors: Vec<Error>,
    pub warnings: Vec<String>,
    /// What others' engines pass over is a warning and no fault.
    pub lenient: bool,
}

/// One object of a file, its place for messages, and which keys were asked for.
pub(crate) struct Fields<'a> {
    map: &'a Map<String, Value>,
    asked: RefCell<Vec<&'static str>>,
    file: &'a str,
    place: String,
    faults: &'a RefCell<Faults>,
}

impl<'a> Fields<'a> {
    /// The object in `value`; anything else is a fault.
    pub fn new(
        value: &'a Value,
        file: &'a str,
        place: String,
        faults: &'a RefCell<Faults>,
    ) -> Option<Self> {
        let Some(map) = value.as_object() else {
            faults.borrow_mut().errors.push(Error::Module {
                file: file.to_owned(),
                place,
                problem: format!("expected an object, found {}", kind(value)),
            });
            return None;
        };
        Some(Self { map, asked: RefCell::new(Vec::new()), file, place, faults })
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn file(&self) -> &'a str {
        self.file
    }

    /// Reports a fault here.
    pub fn fault(&self, problem: impl Into<String>) {
        self.faults.borrow_mut().errors.push(Error::Module {
            file: self.file.to_owned(),
            place: self.place.clone(),
            problem: problem.into(),
        });
    }

    /// Reports what the framework's own engine would pass over: a fault, unless lenient.
    pub fn doubt(&self, problem: impl Into<String>) {
        if self.faults.borrow().lenient {
            self.warn(problem.into());
        } else {
            self.fault(problem);
        }
    }

    /// Reports something that will not work, but does no harm.
    pub fn warn(&self, problem: impl AsRef<str>) {
        let text = format!("{}: {}: {}", self.file, self.place, problem.as_ref());
        self.faults.borrow_mut().warnings.push(text);
    }

    /// A value, if there; `null` counts as absent.
    pub fn get(&self, key: &'static str) -> Option<&'a Value> {
        self.asked.borrow_mut().push(key);
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Marks keys that are known and mean nothing to us.
    pub fn ignore(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend_from_slice(keys);
    }

    /// A text, if there. An empty one counts as absent: module editors leave such behind.
    pub fn text(&self, key: &'static str) -> Option<&'a str> {
        let value = self.get(key)?;
        match value.as_str() {
            Some(text) => Some(text).filter(|text| !text.trim().is_empty()),
            None => {
                self.fault(format!("`{key}` must be text, found {}", kind(value)));
                None
            }
        }
    }

    /// A text that must be there.
    pub fn need_text(&self, key: &'static str) -> Option<&'a str> {
        let there = self.map.contains_key(key);
        let text = self.text(key);
        if text.is_none() && (!there || self.map[key].is_null() || self.map[key].is_string()) {
            self.fault(format!("`{key}` is missing"));
        }
        text
    }

    /// A finite number, if there; text that is a number counts.
    pub fn number(&self, key: &'static str) -> Option<f64> {
        let value = self.get(key)?;
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            _ => value.as_f64(),
        }
        .filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.fault(format!("`{key}` must be a number, found {}", kind(value)));
        }
        number
    }

    /// A number that must be there.
    pub fn need_number(&self, key: &'static str) -> Option<f64> {
        if self.map.get(key).is_none_or(Value::is_null) {
            self.asked.borrow_mut().push(key);
            self.fault(format!("`{key}` is missing"));
            return None;
        }
        self.number(key)
    }

    /// A whole number from 0, if there.
    pub fn count(&self, key: &'static str) -> Option<u32> {
        let number = self.number(key)?;
        if number.fract() == 0.0 && (0.0..=1e9).contains(&number) {
            return Some(number as u32);
        }
        self.fault(format!("`{key}` must be a whole number from 0, found {number}"));
        None
    }

    /// True or false; absent is false.
    pub fn flag(&self, key: &'static str) -> bool {
        let Some(value) = self.get(key) else { return false };
        value.as_bool().unwrap_or_else(|| {
            self.fault(format!("`{key}` must be true or false, found {}", kind(value)));
            false
        })
    }

    /// A list, if there.
    pub fn list(&self, key: &'static str) -> Option<&'a [Value]> {
        let value = self.get(key)?;
        match value.as_array() {
            Some(list) => Some(list),
            None => {
                self.fault(format!("`{key}` must be a list, found {}", kind(value)));
                None
            }
        }
    }

    /// A list that must be there and hold something.
    pub fn need_list(&self, key: &'static str) -> Option<&'a [Value]> {
        if self.map.get(key).is_none_or(Value::is_null) {
            self.asked.borrow_mut().push(key);
            self.fault(format!("`{key}` is missing"));
            return None;
        }
        let list = self.list(key)?;
        if list.is_empty() {
            self.fault(format!("`{key}` is empty"));
            return None;
        }
        Some(list)
    }

    /// An object within, if there.
    pub fn object(&self, key: &'static str) -> Option<Fields<'a>> {
        let value = self.get(key)?;
        self.within(key, value)
    }

    /// An element, or another part, of this object as an object of its own.
    pub fn within(&self, part: &str, value: &'a Value) -> Option<Fields<'a>> {
        Fields::new(value, self.file, format!("{}.{part}", self.place), self.faults)
    }

    /// The objects of a list, each with its number as place.
    pub fn objects(&self, key: &'static str, list: &'a [Value]) -> Vec<Fields<'a>> {
        list.iter()
            .enumerate()
            .filter_map(|(at, value)| self.within(&format!("{key}[{at}]"), value))
            .collect()
    }

    /// Reports every key nobody asked for.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.map.keys() {
            if !asked.contains(&key.as_str()) {
                let mut known: Vec<&str> = asked.clone();
                known.sort_unstable();
                known.dedup();
                self.doubt(format!("unknown key `{key}`; known here: {}", known.join(", ")));
            }
        }
    }
}

/// What a value is, for messages.
fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
