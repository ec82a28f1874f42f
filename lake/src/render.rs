//! Turns an [`Answer`] into bytes: JSON, CSV, Parquet, or a table for the terminal.
//!
//! Moments are ISO 8601 in UTC, numbers are numbers, nested values stay nested (in CSV they are
//! JSON text). Inside nested values, fields that are null are left out, as FHIR does; columns
//! always appear.

use crate::{Answer, Error};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, GenericStringArray,
    OffsetSizeTrait, PrimitiveArray, StringViewArray,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::arrow::util::pretty::pretty_format_batches_with_schema;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use std::fmt::Write as _;

/// An array of row objects.
///
/// # Errors
/// [`Error::Arrow`] for a value that has no text form.
pub fn render_json(answer: &Answer) -> Result<Vec<u8>, Error> {
    let mut out = String::from("[");
    let keys: Vec<String> = answer
        .schema
        .fields()
        .iter()
        .map(|field| {
            let mut key = String::new();
            push_string(field.name(), &mut key);
            key
        })
        .collect();
    let mut first = true;
    for batch in &answer.batches {
        let columns =
            batch.columns().iter().map(JsonColumn::new).collect::<Result<Vec<_>, Error>>()?;
        for row in 0..batch.num_rows() {
            out.push_str(if first { "\n{" } else { ",\n{" });
            first = false;
            for (place, (key, column)) in keys.iter().zip(&columns).enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(key);
                out.push(':');
                column.push(row, &mut out)?;
            }
            out.push('}');
        }
    }
    out.push_str(if first { "]" } else { "\n]" });
    Ok(out.into_bytes())
}

/// Comma-separated values with a header, after RFC 4180; null is empty.
///
/// # Errors
/// [`Error::Arrow`] for a value that has no text form.
pub fn render_csv(answer: &Answer) -> Result<Vec<u8>, Error> {
    let mut out = String::new();
    let names = answer.schema.fields().iter().map(|field| field.name().as_str());
    for (place, name) in names.enumerate() {
        if place > 0 {
            out.push(',');
        }
        push_csv(name, &mut out);
    }
    out.push_str("\r\n");
    let mut cell = String::new();
    for batch in &answer.batches {
        let columns =
            batch.columns().iter().map(JsonColumn::new).collect::<Result<Vec<_>, Error>>()?;
        for row in 0..batch.num_rows() {
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                if column.is_null(row) {
                    continue;
                }
                cell.clear();
                match column.text(row) {
                    Some(text) => push_csv(text, &mut out),
                    None => {
                        column.push(row, &mut cell)?;
                        let is_quoted = column.is_moment() && cell.len() >= 2;
                        let text = if is_quoted { &cell[1..cell.len() - 1] } else { &cell };
                        push_csv(text, &mut out);
                    }
                }
            }
            out.push_str("\r\n");
        }
    }
    Ok(out.into_bytes())
}

/// One Parquet file.
///
/// # Errors
/// [`Error::Query`] for a type Parquet cannot hold.
pub fn render_parquet(answer: &Answer) -> Result<Vec<u8>, Error> {
    let failed =
        |error: datafusion::parquet::errors::ParquetError| Error::Query(Box::new(error.into()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("tarn".to_owned())
        .build();
    let mut out = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut out, answer.schema.clone(), Some(properties)).map_err(failed)?;
    for batch in &answer.batches {
        writer.write(batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(out)
}

/// A table drawn with characters.
///
/// # Errors
/// [`Error::Arrow`] for a value that has no text form.
pub fn render_text(answer: &Answer) -> Result<String, Error> {
    let table = pretty_format_batches_with_schema(answer.schema.clone(), &answer.batches)?;
    let rows = answer.rows();
    let unit = if rows == 1 { "row" } else { "rows" };
    Ok(format!("{table}\n({rows} {unit})\n"))
}

/// A column ready to be written value by value.
struct JsonColumn<'a> {
    array: &'a ArrayRef,
    kind: JsonKind<'a>,
}

enum JsonKind<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Text(&'a GenericStringArray<i32>),
    LargeText(&'a GenericStringArray<i64>),
    TextView(&'a StringViewArray),
    Float(&'a Float64Array),
    SmallFloat(&'a Float32Array),
    /// Prints as a JSON number.
    Number(ArrayFormatter<'a>),
    /// Microseconds and the digits behind the second.
    Moment(Box<dyn Fn(usize) -> i64 + 'a>),
    /// Prints as text.
    Other(ArrayFormatter<'a>),
    List(Box<JsonColumn<'a>>, Box<dyn Fn(usize) -> (usize, usize) + 'a>),
    Struct(Vec<(String, JsonColumn<'a>)>),
    Dictionary(Box<JsonColumn<'a>>, Vec<Option<usize>>),
}

const FORMAT: FormatOptions<'static> = FormatOptions::new();

impl<'a> JsonColumn<'a> {
    fn new(array: &'a ArrayRef) -> Result<Self, Error> {
        let kind = match array.data_type() {
            DataType::Null => JsonKind::Null,
            DataType::Boolean => JsonKind::Boolean(array.as_boolean()),
            DataType::Utf8 => JsonKind::Text(array.as_string()),
            DataType::LargeUtf8 => JsonKind::LargeText(array.as_string()),
            DataType::Utf8View => JsonKind::TextView(array.as_string_view()),
            DataType::Float64 => JsonKind::Float(array.as_primitive()),
            DataType::Float32 => JsonKind::SmallFloat(array.as_primitive()),
            data_type if data_type.is_integer() || data_type.is_decimal() => {
                JsonKind::Number(ArrayFormatter::try_new(array, &FORMAT)?)
            }
            DataType::Timestamp(unit, _) => JsonKind::Moment(match unit {
                TimeUnit::Second => moments::<TimestampSecondType>(array, |v| v * 1_000_000),
                TimeUnit::Millisecond => moments::<TimestampMillisecondType>(array, |v| v * 1_000),
                TimeUnit::Microsecond => moments::<TimestampMicrosecondType>(array, |v| v),
                TimeUnit::Nanosecond => {
                    moments::<TimestampNanosecondType>(array, |v| v.div_euclid(1_000))
                }
            }),
            DataType::List(_) => list::<i32>(array)?,
            DataType::LargeList(_) => list::<i64>(array)?,
            DataType::FixedSizeList(_, size) => {
                let items = array.as_fixed_size_list();
                let size = usize::try_from(*size).unwrap_or_default();
                JsonKind::List(
                    Box::new(Self::new(items.values())?),
                    Box::new(move |row| (row * size, row * size + size)),
                )
            }
            DataType::Struct(_) => {
                let group = array.as_struct();
                let members = group
                    .fields()
                    .iter()
                    .zip(group.columns())
                    .map(|(field, column)| {
                        let mut key = String::new();
                        push_string(field.name(), &mut key);
                        key.push(':');
                        Ok((key, Self::new(column)?))
                    })
                    .collect::<Result<_, Error>>()?;
                JsonKind::Struct(members)
            }
            DataType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                let keys = dictionary.normalized_keys();
                let keys = (0..array.len()).map(|row| array.is_valid(row).then(|| keys[row]));
                JsonKind::Dictionary(Box::new(Self::new(dictionary.values())?), keys.collect())
            }
            _ => JsonKind::Other(ArrayFormatter::try_new(array, &FORMAT)?),
        };
        Ok(Self { array, kind })
    }

    fn is_null(&self, row: usize) -> bool {
        match &self.kind {
            JsonKind::Null => true,
            JsonKind::Dictionary(values, keys) => keys[row].is_none_or(|key| values.is_null(key)),
            _ => self.array.is_null(row),
        }
    }

    /// The value if it is a string.
    fn text(&self, row: usize) -> Option<&str> {
        match &self.kind {
            JsonKind::Text(array) => Some(array.value(row)),
            JsonKind::LargeText(array) => Some(array.value(row)),
            JsonKind::TextView(array) => Some(array.value(row)),
            JsonKind::Dictionary(values, keys) => values.text(keys[row]?),
            _ => None,
        }
    }

    /// Whether the value is a JSON string that is not a string in SQL.
    fn is_moment(&self) -> bool {
        matches!(self.kind, JsonKind::Moment(_) | JsonKind::Other(_))
    }

    fn push(&self, row: usize, out: &mut String) -> Result<(), Error> {
        if self.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        if let Some(text) = self.text(row) {
            push_string(text, out);
            return Ok(());
        }
        // Writing to a string does not fail; a formatter does, for values out of range.
        let unfit = |_| Error::Chunk("a value that has no text form");
        match &self.kind {
            JsonKind::Boolean(array) => {
                out.push_str(if array.value(row) { "true" } else { "false" })
            }
            JsonKind::Float(array) => push_float(array.value(row), out),
            JsonKind::SmallFloat(array) => {
                let value = array.value(row);
                if value.is_finite() {
                    write!(out, "{value}").map_err(unfit)?;
                } else {
                    out.push_str("null");
                }
            }
            JsonKind::Number(formatter) => {
                write!(out, "{}", formatter.value(row)).map_err(unfit)?
            }
            JsonKind::Moment(moment) => push_moment(moment(row), out),
            JsonKind::Other(formatter) => {
                push_string(&formatter.value(row).try_to_string()?, out);
            }
            JsonKind::List(items, bounds) => {
                out.push('[');
                let (start, end) = bounds(row);
                for item in start..end {
                    if item > start {
                        out.push(',');
                    }
                    items.push(item, out)?;
                }
                out.push(']');
            }
            JsonKind::Struct(members) => {
                out.push('{');
                let mut first = true;
                for (key, member) in members {
                    if member.is_null(row) {
                        continue;
                    }
                    if !first {
                        out.push(',');
                    }
                    first = false;
                    out.push_str(key);
                    member.push(row, out)?;
                }
                out.push('}');
            }
            JsonKind::Dictionary(values, keys) => match keys[row] {
                Some(key) => values.push(key, out)?,
                None => out.push_str("null"),
            },
            JsonKind::Null | JsonKind::Text(_) | JsonKind::LargeText(_) | JsonKind::TextView(_) => {
            }
        }
        Ok(())
    }
}

fn moments<'a, T: ArrowPrimitiveType<Native = i64>>(
    array: &'a ArrayRef,
    to_us: fn(i64) -> i64,
) -> Box<dyn Fn(usize) -> i64 + 'a> {
    let array: &PrimitiveArray<T> = array.as_primitive();
    Box::new(move |row| to_us(array.value(row)))
}

fn list<O: OffsetSizeTrait>(array: &ArrayRef) -> Result<JsonKind<'_>, Error> {
    let items = array.as_list::<O>();
    let offsets = items.value_offsets();
    Ok(JsonKind::List(
        Box::new(JsonColumn::new(items.values())?),
        Box::new(move |row| (offsets[row].as_usize(), offsets[row + 1].as_usize())),
    ))
}

fn push_float(value: f64, out: &mut String) {
    if !value.is_finite() {
        out.push_str("null"); // JSON has no infinity
    } else if value != 0.0 && !(1e-5..1e16).contains(&value.abs()) {
        let _ = write!(out, "{value:e}");
    } else {
        let _ = write!(out, "{value}");
    }
}

/// `2024-03-01T12:00:00Z`, with as many digits behind the second as needed.
fn push_moment(us: i64, out: &mut String) {
    let (days, us_of_day) = (us.div_euclid(86_400_000_000), us.rem_euclid(86_400_000_000));
    let (year, month, day) = civil(days);
    let (seconds, us_of_second) = (us_of_day / 1_000_000, us_of_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    out.push('"');
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if us_of_second % 1_000 != 0 {
        let _ = write!(out, ".{us_of_second:06}");
    } else if us_of_second != 0 {
        let _ = write!(out, ".{:03}", us_of_second / 1_000);
    }
    out.push_str("Z\"");
}

/// The date a number of days after 1970-01-01, in the Gregorian calendar. Years begin in March
/// here, so that the leap day is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (place, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[start..place]);
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        start = place + 1;
    }
    out.push_str(&text[start..]);
    out.push('"');
}

fn push_csv(text: &str, out: &mut String) {
    if text.contains(['"', ',', '\n', '\r']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_iso_with_the_digits_they_need() {
        for (us, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00Z"),
            (1_709_294_400_123_000, "2024-03-01T12:00:00.123Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
        ] {
            let mut out = String::new();
            push_moment(us, &mut out);
            assert_eq!(out, format!("\"{expected}\""));
        }
    }

    #[test]
    fn strings_are_escaped_as_json_asks() {
        let mut out = String::new();
        push_string("a\"b\\c\n\u{1}é", &mut out);
        assert_eq!(out, r#""a\"b\\c\n\u0001é""#);
    }
}
