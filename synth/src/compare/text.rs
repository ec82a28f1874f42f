//! A comparison as aligned text.

use super::{Ages, Comparison, Measure, Prevalence, QUANTILES, Sexes, Summary, WINDOW_YEARS};
use std::collections::BTreeSet;

/// Displays longer than this are cut.
const DISPLAY_MOST: usize = 44;

/// Writes one thing about a side.
type Cell<'a> = &'a dyn Fn(&Summary) -> String;

pub(super) fn render(comparison: &Comparison, limit: usize) -> String {
    let mut out = String::new();
    let (a, b) = (&comparison.a, &comparison.b);
    out += &format!("A: {}\nB: {}\n", a.name, b.name);
    out += "Differences that chance explains seldom: * p < 0.05, ** p < 0.01, *** p < 0.001\n";

    let mut table = Table::new("Populations", &["", "A", "B"]);
    let rows: [(&str, Cell<'_>); 9] = [
        ("patients", &|one| one.patients.to_string()),
        ("female", &|one| percent(one.female, one.patients)),
        ("dead", &|one| percent(one.dead, one.patients)),
        ("mean age", &|one| format!("{:.1}", one.age_mean)),
        ("last encounter", &|one| one.end.clone()),
        ("patient years in window", &|one| format!("{:.0}", one.patient_years)),
        ("resources", &|one| one.resources.to_string()),
        ("per patient", &|one| format!("{:.1}", one.resources as f64 / one.patients.max(1) as f64)),
        ("lines not read", &|one| one.malformed.to_string()),
    ];
    for (name, cell) in rows {
        table.row(vec![name.into(), cell(a), cell(b)]);
    }
    table.render(&mut out);
    for (side, summary) in [("A", a), ("B", b)] {
        for fault in &summary.faults {
            out += &format!("  {side}: {fault}\n");
        }
    }

    let mut table = Table::new(
        "Resources per patient",
        &["type", "A", "B", "A/patient", "B/patient", "A:B", "p", ""],
    );
    for row in &comparison.resources {
        table.row(vec![
            row.resource_type.clone(),
            row.a.to_string(),
            row.b.to_string(),
            format!("{:.2}", row.a_per_patient),
            format!("{:.2}", row.b_per_patient),
            ratio(row.ratio),
            row.p.map_or(String::new(), chance),
            row.p.map_or("", stars).into(),
        ]);
    }
    table.render(&mut out);

    let mut table = Table::new(
        &format!("Encounters per patient and year, last {WINDOW_YEARS} years"),
        &["class", "A", "B", "A rate", "B rate", "A:B", "p", ""],
    );
    for row in &comparison.encounters {
        table.row(vec![
            row.class.clone(),
            row.a.to_string(),
            row.b.to_string(),
            format!("{:.3}", row.a_rate),
            format!("{:.3}", row.b_rate),
            ratio(row.ratio),
            row.p.map_or(String::new(), chance),
            row.p.map_or("", stars).into(),
        ]);
    }
    table.render(&mut out);

    match &comparison.stays {
        Some(stays) => {
            let mut table = Table::new("Inpatient length of stay, hours", &["", "A", "B"]);
            let both = |of: &dyn Fn(&super::Lengths) -> String| [of(&stays.a), of(&stays.b)];
            let mut row = |name: String, [a, b]: [String; 2]| table.row(vec![name, a, b]);
            row("stays".into(), both(&|one| one.count.to_string()));
            row("mean".into(), both(&|one| format!("{:.1}", one.mean)));
            for (place, share) in QUANTILES.iter().enumerate() {
                let cell = |one: &super::Lengths| format!("{:.1}", one.quantiles[place]);
                row(format!("{:.0} %", share * 100.0), both(&cell));
            }
            table.render(&mut out);
            out += &format!(
                "  a stay of A is the longer of two: {:.0} %, p {} {}\n",
                stays.a_longer * 100.0,
                chance(stays.p),
                stars(stays.p)
            );
        }
        None => out += "\nInpatient length of stay: no stays on one side\n",
    }

    // Different modules name different conditions: what both sides have is told apart from what
    // only one has, which says little about rates.
    let met: BTreeSet<(&str, &str)> = comparison
        .prevalence
        .iter()
        .filter(|row| row.overall() && row.measure == Measure::Ever && row.a > 0 && row.b > 0)
        .map(|row| (&*row.system, &*row.code))
        .collect();
    let rows = |overall: bool, both: bool| {
        let met = &met;
        comparison.prevalence.iter().filter(move |row| {
            row.overall() == overall && met.contains(&(&*row.system, &*row.code)) == both
        })
    };
    conditions(&mut out, "Conditions that both sides have, everyone", rows(true, true), limit);
    conditions(&mut out, "The same, by sex and age", rows(false, true), limit);
    conditions(&mut out, "Conditions of one side only, everyone", rows(true, false), limit);
    out
}

fn conditions<'a>(
    out: &mut String,
    title: &str,
    rows: impl Iterator<Item = &'a Prevalence> + Clone,
    limit: usize,
) {
    let all = rows.clone().count();
    if all == 0 {
        *out += &format!("\n{title}: none\n");
        return;
    }
    let sure = rows.clone().filter(|row| row.q < 0.05).count();
    let title = format!("{title}: {sure} of {all} rows differ (false discovery rate below 0.05)");
    let mut table = Table::new(
        &title,
        &["code", "condition", "", "sex", "age", "A", "B", "A %", "B %", "A-B", "p", "q", ""],
    );
    for row in rows.take(limit) {
        table.row(vec![
            row.code.clone(),
            shorten(&row.display),
            match row.measure {
                Measure::Ever => "ever",
                Measure::Active => "active",
            }
            .into(),
            match row.sex {
                Sexes::All => "all",
                Sexes::Female => "female",
                Sexes::Male => "male",
            }
            .into(),
            match row.ages {
                Ages::All => "all",
                Ages::Children => "0-17",
                Ages::Young => "18-44",
                Ages::Middle => "45-64",
                Ages::Old => "65+",
            }
            .into(),
            row.a.to_string(),
            row.b.to_string(),
            share(row.a, row.a_of),
            share(row.b, row.b_of),
            format!("{:+.1}", row.difference * 100.0),
            chance(row.p),
            chance(row.q),
            stars(row.q).into(),
        ]);
    }
    table.render(out);
    if all > limit {
        *out += &format!("  and {} more\n", all - limit);
    }
}

fn percent(part: usize, of: usize) -> String {
    format!("{part} ({} %)", share(part, of))
}

fn share(part: usize, of: usize) -> String {
    format!("{:.1}", 100.0 * part as f64 / of.max(1) as f64)
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.2}"))
}

fn chance(p: f64) -> String {
    if p < 0.000_1 { "<0.0001".into() } else { format!("{p:.4}") }
}

fn stars(p: f64) -> &'static str {
    match p {
        _ if p < 0.001 => "***",
        _ if p < 0.01 => "**",
        _ if p < 0.05 => "*",
        _ => "",
    }
}

fn shorten(display: &str) -> String {
    if display.chars().count() <= DISPLAY_MOST {
        return display.to_owned();
    }
    let mut short: String = display.chars().take(DISPLAY_MOST - 1).collect();
    short.push('…');
    short
}

/// Columns as wide as their widest cell; numbers to the right.
struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(title: &str, head: &[&str]) -> Self {
        let head = head.iter().map(|one| (*one).to_owned()).collect();
        Self { title: title.to_owned(), rows: vec![head] }
    }

    fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn render(&self, out: &mut String) {
        *out += &format!("\n{}\n", self.title);
        let columns = self.rows[0].len();
        let wide = |text: &str| text.chars().count();
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| wide(&row[column])).max().unwrap_or(0))
            .collect();
        // A column of numbers is one whose cells below the head start like one, codes aside.
        let right: Vec<bool> = (0..columns)
            .map(|column| {
                column > 0
                    && self.rows[1..].iter().any(|row| !row[column].is_empty())
                    && self.rows[1..].iter().all(|row| {
                        row[column].is_empty()
                            || row[column].starts_with(|first: char| {
                                first.is_ascii_digit() || "+-<".contains(first)
                            })
                    })
            })
            .collect();
        for row in &self.rows {
            let mut line = String::from(" ");
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column] - wide(cell));
                line.push(' ');
                if right[column] {
                    line += &pad;
                    line += cell;
                } else {
                    line += cell;
                    line += &pad;
                }
                line.push(' ');
            }
            *out += line.trim_end();
            out.push('\n');
        }
    }
}
