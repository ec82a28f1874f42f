//! Lookup tables: a row's probabilities for a person's attributes, age and moment.
//!
//! The last columns are named after the states to go to; those before them are keys: `age` (a range
//! of whole years, `20-39`), `time` (a range of milliseconds since 1970, as Synthea writes them), and
//! attributes, where `*` matches anything. The first row that matches counts; without one, the
//! transition's own defaults do.

use crate::gmf::model::{Source, StateId};
use crate::person::Value;
use crate::vocabulary::Symbol;

/// A table compiled for one transition.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Keys that are neither age nor time.
    pub columns: Vec<Column>,
    /// Rows in order of the file.
    pub rows: Vec<Row>,
    /// Where to go, in the order of the transition.
    pub targets: Vec<StateId>,
    /// Probabilities of all rows, `targets.len()` each; those of no match come first.
    pub probabilities: Vec<f64>,
    /// Rows sorted by key, for tables without `*`.
    pub index: Vec<(u64, u32)>,
    pub uses_age: bool,
    pub uses_time: bool,
    pub wild: bool,
}

/// A key column and the values that occur in it.
#[derive(Debug)]
pub(crate) struct Column {
    pub source: Source,
    pub values: Vec<Cell>,
}

/// A value of a key column, as text, number and truth value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    pub text: Symbol,
    pub number: Option<f64>,
    pub truth: Option<bool>,
}

/// A row's keys.
#[derive(Debug)]
pub(crate) struct Row {
    /// Place of the value in each column; `u32::MAX`: any.
    pub keys: Vec<u32>,
    pub age: (i32, i32),
    pub time_ms: (i64, i64),
}

impl Table {
    /// Sorts the rows by key, once all are read.
    pub fn build_index(&mut self) {
        self.wild = self.rows.iter().any(|row| row.keys.contains(&u32::MAX));
        if !self.wild {
            self.index = (0..self.rows.len() as u32)
                .map(|row| (self.key(self.rows[row as usize].keys.iter().copied()), row))
                .collect();
            self.index.sort_unstable();
        }
    }

    /// The probabilities for someone whose `value` of each column is given.
    pub fn probabilities(
        &self,
        age: i32,
        time_ms: i64,
        mut value: impl FnMut(Source) -> Value,
    ) -> &[f64] {
        let fits = |row: &Row| {
            (!self.uses_age || (row.age.0..=row.age.1).contains(&age))
                && (!self.uses_time || (row.time_ms.0..=row.time_ms.1).contains(&time_ms))
        };
        let found = if self.wild {
            let places: Vec<Option<u32>> =
                self.columns.iter().map(|column| column.place(value(column.source))).collect();
            self.rows.iter().position(|row| {
                fits(row)
                    && row
                        .keys
                        .iter()
                        .zip(&places)
                        .all(|(key, place)| *key == u32::MAX || Some(*key) == *place)
            })
        } else {
            let mut key = 0_u64;
            let mut known = true;
            for column in &self.columns {
                match column.place(value(column.source)) {
                    Some(place) => {
                        key = key
                            .wrapping_mul(column.values.len() as u64)
                            .wrapping_add(u64::from(place))
                    }
                    None => known = false,
                }
            }
            if known {
                let start = self.index.partition_point(|(at, _)| *at < key);
                self.index[start..]
                    .iter()
                    .take_while(|(at, _)| *at == key)
                    .map(|(_, row)| *row as usize)
                    .find(|row| fits(&self.rows[*row]))
            } else {
                None
            }
        };
        let width = self.targets.len();
        let start = found.map_or(0, |row| (row + 1) * width);
        &self.probabilities[start..start + width]
    }

    fn key(&self, places: impl Iterator<Item = u32>) -> u64 {
        self.columns.iter().zip(places).fold(0_u64, |key, (column, place)| {
            key.wrapping_mul(column.values.len() as u64).wrapping_add(u64::from(place))
        })
    }
}

impl Column {
    fn place(&self, value: Value) -> Option<u32> {
        self.values
            .iter()
            .position(|cell| match value {
                Value::Text(text) => cell.text == text,
                Value::Number(number) => cell.number == Some(number),
                Value::Bool(truth) => cell.truth == Some(truth),
                _ => false,
            })
            .map(|place| place as u32)
    }
}
