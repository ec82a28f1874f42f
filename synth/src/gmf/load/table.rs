//! Lookup tables.

use super::*;

impl<'a> Loader<'a> {
    pub(super) fn table(
        &mut self,
        draft: &'a Draft<'a>,
        fields: &Fields<'a>,
        list: &'a [Json],
    ) -> Option<Table> {
        let mut table = Table::default();
        let mut names: Vec<&str> = Vec::new();
        let mut file: Option<&str> = None;
        for option in fields.objects("lookup_table_transition", list) {
            let name = option.need_text("transition");
            let to = name.and_then(|name| self.goto(draft, &option, name));
            let default = option.number("default_probability").unwrap_or(0.0);
            if let Some(other) = option.text("lookup_table_name") {
                if file.is_some_and(|file| file != other) {
                    option.fault("one transition uses one table");
                }
                file = file.or(Some(other));
            }
            option.ignore(&["remarks"]);
            option.finish();
            names.push(name?);
            table.targets.push(to?);
            table.probabilities.push(default);
        }
        let sum: f64 = table.probabilities.iter().sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            fields.warn(format!(
                "`default_probability` sums to {sum}; the last option takes the rest"
            ));
        }
        let Some(file) = file else {
            fields.fault("`lookup_table_name` is missing");
            return None;
        };
        let Some(bytes) = self.tables.get(file).copied() else {
            fields.fault(format!("no lookup table `{file}`"));
            return None;
        };
        let fault = |line: usize, problem: String| {
            self.faults.borrow_mut().errors.push(Error::Module {
                file: format!("lookup_tables/{file}"),
                place: format!("line {line}, for {}: {}", fields.file(), fields.place()),
                problem,
            });
        };
        let Ok(text) = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        else {
            fault(1, "not UTF-8".to_owned());
            return None;
        };
        let mut lines =
            text.lines().enumerate().map(|(at, line)| (at + 1, cells(line))).filter(
                |(_, cells)| !(cells.is_empty() || cells.iter().all(|cell| cell.is_empty())),
            );
        let Some((_, header)) = lines.next() else {
            fault(1, "empty table".to_owned());
            return None;
        };
        let Some(key_count) = header.len().checked_sub(names.len()) else {
            fault(1, format!("{} columns for {} transitions", header.len(), names.len()));
            return None;
        };
        // Probability columns in the order of the transition.
        let mut places = Vec::new();
        for name in &names {
            match header[key_count..].iter().position(|column| column == name) {
                Some(at) => places.push(key_count + at),
                None => fault(
                    1,
                    format!(
                        "no column for the transition to `{name}` among the last {}",
                        names.len()
                    ),
                ),
            }
        }
        if places.len() != names.len() {
            return None;
        }
        enum Key {
            Age,
            Time,
            Column(usize),
        }
        let mut keys = Vec::new();
        for column in &header[..key_count] {
            match column.to_ascii_lowercase().as_str() {
                "age" => {
                    table.uses_age = true;
                    keys.push(Key::Age);
                }
                "time" => {
                    table.uses_time = true;
                    keys.push(Key::Time);
                }
                lower => {
                    let known = self.vocabulary.find_attribute(column).is_some();
                    let name = if known { column.as_str() } else { lower };
                    let source = match self.special(name) {
                        Source::Attribute(_) => {
                            let id = self.vocabulary.add_attribute(name);
                            self.reads.entry(id).or_default().insert(fields.file().to_owned());
                            Source::Attribute(id)
                        }
                        special => special,
                    };
                    keys.push(Key::Column(table.columns.len()));
                    table.columns.push(Column { source, values: Vec::new() });
                }
            }
        }
        let mut uneven = 0_usize;
        for (line, cells) in lines {
            if cells.len() != header.len() {
                fault(line, format!("{} cells; {} expected", cells.len(), header.len()));
                continue;
            }
            let mut row = Row {
                keys: vec![0; table.columns.len()],
                age: (0, i32::MAX),
                time_ms: (i64::MIN, i64::MAX),
            };
            for (key, cell) in keys.iter().zip(&cells) {
                match key {
                    Key::Age => match range(cell) {
                        Some((low, high)) => {
                            row.age = (low.clamp(0, 1_000) as i32, high.clamp(0, 1_000) as i32);
                        }
                        None => fault(line, format!("`{cell}` is no range of ages, such as 20-39")),
                    },
                    Key::Time => match range(cell) {
                        Some(range) => row.time_ms = range,
                        None => fault(line, format!("`{cell}` is no range of milliseconds")),
                    },
                    Key::Column(at) => {
                        let column = &mut table.columns[*at];
                        row.keys[*at] = if cell == "*" {
                            u32::MAX
                        } else {
                            let text = match column.source {
                                Source::Race | Source::Ethnicity => cell.to_ascii_lowercase(),
                                Source::State => state_code(cell).to_owned(),
                                _ => cell.clone(),
                            };
                            let value = Cell {
                                text: self.vocabulary.add_symbol(&text),
                                number: text.parse().ok(),
                                truth: text.parse().ok(),
                            };
                            let place =
                                column.values.iter().position(|known| known.text == value.text);
                            place.unwrap_or_else(|| {
                                column.values.push(value);
                                column.values.len() - 1
                            }) as u32
                        };
                    }
                }
            }
            let mut sum = 0.0;
            for place in &places {
                let probability =
                    cells[*place].parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
                if probability.is_none() {
                    fault(line, format!("`{}` is no probability from 0 to 1", cells[*place]));
                }
                let probability = probability.unwrap_or(0.0);
                sum += probability;
                table.probabilities.push(probability);
            }
            uneven += usize::from((sum - 1.0).abs() > SUM_TOLERANCE);
            table.rows.push(row);
        }
        if uneven > 0 {
            fields.warn(format!(
                "{uneven} rows of `{file}` do not sum to 1; the last option takes the rest"
            ));
        }
        table.build_index();
        Some(table)
    }
}
