//! Projects resources to rows: one pass over a parsed tree into Arrow columns.
//!
//! A column appears when a resource first holds its element, typed by the FHIR definitions and
//! never by the data, so any two batches of one resource type can be brought to a common schema
//! by [`conform`]. Beside some columns stand companions (FHIR names hold no underscore):
//!
//! | element | companions |
//! |---|---|
//! | `date`, `dateTime`, `instant` | `x_start`, `x_end`: the stretch of time covered, end exclusive |
//! | `Reference` | `x_type`, `x_id`: the target, when the reference names one |
//! | `decimal` | `x_text`: the digits as written, where a double would print them otherwise |
//! | any primitive | `_x`: its id and extensions |
//!
//! What was read in a document's notes is not among its extensions but in `_findings`.
//!
//! Always true:
//! - the type of a column depends only on its path, never on values;
//! - a repeating element is a list, and the companions of a list are lists of the same lengths;
//! - resources inside resources, and structures nested into themselves more than
//!   [`RECURSION_MAX`] times, are JSON text.
//!
//! Spec: <https://hl7.org/fhir/R4/json.html>

use crate::{Error, findings};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBufferBuilder, Float64Array, Int32Array, ListArray,
    NullBufferBuilder, RecordBatch, RecordBatchOptions, StringArray, StructArray,
    TimestampMicrosecondArray, new_null_array,
};
use datafusion::arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit,
};
use fhir::{DateSpan, ElementId, Kind, Node, Primitive, Resource, ResourceType, TypeId};
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

/// How often a structure may be nested into itself before the rest becomes JSON text.
pub const RECURSION_MAX: usize = 6;

/// Most text one batch may hold: offsets are 32 bits wide, and half of that is left as room.
const TEXT_BYTES_MAX: usize = 1 << 30;

static REFERENCE: LazyLock<Option<TypeId>> = LazyLock::new(|| TypeId::parse("Reference"));

/// The name of list items, as the Parquet format asks for.
pub(crate) const ITEM: &str = "element";

/// Resources of one type as columns, without the system columns.
#[derive(Clone, Debug)]
pub struct Rows {
    batch: RecordBatch,
}

impl Rows {
    /// Projects resources of one type, in the order given.
    ///
    /// # Errors
    /// [`Error::Chunk`] when a resource has another type, or the chunk holds too much text.
    pub fn shred(resource_type: ResourceType, resources: &[Resource]) -> Result<Self, Error> {
        let mut bytes = 0;
        let mut root = Group::new(resource_type.type_id(), &[], true);
        for resource in resources {
            if resource.resource_type() != resource_type {
                return Err(Error::Chunk("resources of several types in one chunk"));
            }
            bytes += resource.text().len();
            if bytes > TEXT_BYTES_MAX {
                return Err(Error::Chunk("more than 1 GiB of resources in one chunk"));
            }
            root.append(resource.root());
        }
        let (mut fields, mut columns) = root.columns();
        if let Some((field, column)) = findings::column(resources) {
            fields.push(field);
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(resources.len()));
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        Ok(Self { batch })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The columns.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Only the rows whose place in `keep` is true.
    ///
    /// # Errors
    /// [`Error::Chunk`] when `keep` has another length.
    pub fn keep(&self, keep: &[bool]) -> Result<Self, Error> {
        if keep.len() != self.len() {
            return Err(Error::Chunk("`keep` has another length than the rows"));
        }
        let mask = BooleanArray::from(keep.to_vec());
        Ok(Self { batch: filter_record_batch(&self.batch, &mask)? })
    }
}

/// Moments are microseconds in UTC, everywhere.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

/// A list type with the item name used everywhere.
pub(crate) fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new(ITEM, item, true)))
}

// ---------------------------------------------------------------------------------------------
// Builders. Each knows how many rows it has; a column not touched by a row is padded later, when
// it is next touched or at the end, so rare columns cost nothing per row.

/// The members of an object.
struct Group {
    type_id: Option<TypeId>,
    lineage: Arc<[TypeId]>,
    rows: usize,
    valid: NullBufferBuilder,
    slots: Vec<Slot>,
    /// Where the next member is expected: objects tend to repeat the order of their members.
    hint: usize,
    /// `meta` of the resource itself: the stamps there are not the resource's own.
    skip_stamps: bool,
    root: bool,
}

/// One element of an object: its columns, filled up to `rows`.
struct Slot {
    element: ElementId,
    companion: bool,
    cell: Cell,
    /// Extensions of the resource itself: findings among them have a column of their own.
    skip_findings: bool,
}

enum Cell {
    One(Value),
    Many { offsets: Vec<i32>, valid: NullBufferBuilder, items: Value },
}

/// One value: a leaf or an object, with its companions.
enum Value {
    Text(Text),
    Json(Text),
    Boolean { bits: BooleanBufferBuilder, valid: NullBufferBuilder },
    Integer { values: Vec<i32>, valid: NullBufferBuilder },
    Decimal { values: Vec<f64>, valid: NullBufferBuilder, text: Text },
    Date { text: Text, start: Moments, end: Moments },
    Reference { group: Group, target_type: Text, target_id: Text },
    Group(Group),
}

impl Group {
    fn new(type_id: TypeId, above: &[TypeId], root: bool) -> Self {
        let mut lineage = above.to_vec();
        lineage.push(type_id);
        Self {
            type_id: Some(type_id),
            lineage: lineage.into(),
            rows: 0,
            valid: NullBufferBuilder::new(0),
            slots: Vec::new(),
            hint: 0,
            skip_stamps: false,
            root,
        }
    }

    fn append(&mut self, object: Node<'_>) {
        for member in object.children() {
            // `resourceType` has no element; the table's name says it already.
            let Some(element) = member.element() else { continue };
            if self.skip_stamps && matches!(element.name(), "versionId" | "lastUpdated") {
                continue;
            }
            if member.kind() == Kind::Null {
                continue;
            }
            let place = self.place(element, member.is_companion());
            let rows = self.rows;
            self.slots[place].set(member, rows);
        }
        self.hint = 0;
        self.rows += 1;
        self.valid.append_non_null();
    }

    fn append_null(&mut self) {
        self.rows += 1;
        self.valid.append_null();
    }

    fn place(&mut self, element: ElementId, companion: bool) -> usize {
        let fits = |slot: &Slot| slot.element == element && slot.companion == companion;
        if self.slots.get(self.hint).is_some_and(fits) {
            self.hint += 1;
            return self.hint - 1;
        }
        if let Some(place) = self.slots.iter().position(fits) {
            self.hint = place + 1;
            return place;
        }
        let mut slot = Slot::new(element, companion, &self.lineage);
        if self.root
            && element.name() == "meta"
            && let Cell::One(Value::Group(group)) = &mut slot.cell
        {
            group.skip_stamps = true;
        }
        slot.skip_findings = self.root && !companion && element.name() == "extension";
        self.slots.push(slot);
        self.hint = self.slots.len();
        self.hint - 1
    }

    /// The fields and arrays of the members, each with as many rows as the group.
    fn columns(self) -> (Vec<FieldRef>, Vec<ArrayRef>) {
        let rows = self.rows;
        let mut slots = self.slots;
        // The order of the definitions, so that equal sets of columns are equal schemas.
        let order: Vec<ElementId> =
            self.type_id.map(|type_id| type_id.elements().collect()).unwrap_or_default();
        slots.sort_by_key(|slot| {
            let place = order.iter().position(|element| *element == slot.element);
            (place.unwrap_or(usize::MAX), slot.companion)
        });
        let mut fields = Vec::with_capacity(slots.len());
        let mut arrays = Vec::with_capacity(slots.len());
        for slot in slots {
            for (field, array) in slot.columns(rows, self.root) {
                fields.push(field);
                arrays.push(array);
            }
        }
        (fields, arrays)
    }

    /// The group as a struct; `None` when no member was ever seen.
    fn array(mut self) -> Option<ArrayRef> {
        let valid = self.valid.finish();
        let (fields, arrays) = self.columns();
        if fields.is_empty() {
            return None;
        }
        Some(Arc::new(StructArray::new(Fields::from(fields), arrays, valid)))
    }
}

impl Slot {
    fn new(element: ElementId, companion: bool, lineage: &[TypeId]) -> Self {
        let items = Value::new(element, companion, lineage);
        let cell = if element.is_list() {
            Cell::Many { offsets: vec![0], valid: NullBufferBuilder::new(0), items }
        } else {
            Cell::One(items)
        };
        Self { element, companion, cell, skip_findings: false }
    }

    /// Writes the member's value as row `row`; rows before it that lack one become null.
    fn set(&mut self, member: Node<'_>, row: usize) {
        if self.rows() > row {
            return; // a member twice in one object: the parser refuses it, the first one counts
        }
        let skip_findings = self.skip_findings;
        let kept = |item: &Node<'_>| !skip_findings || !fhir::findings::is_own(*item);
        if skip_findings && !member.each().any(|item| kept(&item)) {
            return;
        }
        self.pad(row);
        match &mut self.cell {
            // An array where the definition allows one value: the parser refuses it.
            Cell::One(value) => match member.kind() {
                Kind::Array => value.append_null(),
                _ => value.append(member),
            },
            Cell::Many { offsets, valid, items } => {
                for item in member.each().filter(kept) {
                    items.append(item);
                }
                offsets.push(i32::try_from(items.rows()).unwrap_or(i32::MAX));
                valid.append_non_null();
            }
        }
    }

    fn rows(&self) -> usize {
        match &self.cell {
            Cell::One(value) => value.rows(),
            Cell::Many { offsets, .. } => offsets.len() - 1,
        }
    }

    fn pad(&mut self, rows: usize) {
        let missing = rows - self.rows();
        if missing == 0 {
            return;
        }
        match &mut self.cell {
            Cell::One(value) => value.append_nulls(missing),
            Cell::Many { offsets, valid, .. } => {
                let last = offsets[offsets.len() - 1];
                offsets.resize(offsets.len() + missing, last);
                valid.append_n_nulls(missing);
            }
        }
    }

    fn columns(mut self, rows: usize, root: bool) -> Vec<(FieldRef, ArrayRef)> {
        self.pad(rows);
        let name = column_name(self.element, self.companion, root);
        match self.cell {
            Cell::One(value) => value
                .columns(&name)
                .into_iter()
                .map(|(name, array)| (field(name, array.data_type().clone()), array))
                .collect(),
            Cell::Many { offsets, mut valid, items } => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let valid = valid.finish();
                items
                    .columns(&name)
                    .into_iter()
                    .map(|(name, items)| {
                        let item = Arc::new(Field::new(ITEM, items.data_type().clone(), true));
                        let list = ListArray::new(item, offsets.clone(), items, valid.clone());
                        (field(name, list.data_type().clone()), Arc::new(list) as ArrayRef)
                    })
                    .collect()
            }
        }
    }
}

/// The column an element has: FHIR's name in lower case, `_x` for the companion of `x`. At the
/// root `_version` is the number of the version, so the companion of `version` is `__version`.
pub(crate) fn column_name(element: ElementId, companion: bool, root: bool) -> Cow<'static, str> {
    match (companion, element.column()) {
        (false, column) => Cow::Borrowed(column),
        (true, "version") if root => Cow::Borrowed("__version"),
        (true, column) => Cow::Owned(format!("_{column}")),
    }
}

fn field(name: String, data_type: DataType) -> FieldRef {
    Arc::new(Field::new(name, data_type, true))
}

/// What an element is stored as; decided by its path alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Json,
    Boolean,
    Integer,
    Decimal,
    Date,
    Reference(TypeId),
    Group(TypeId),
}

fn shape(element: ElementId, companion: bool, lineage: &[TypeId]) -> Shape {
    let type_id = element.type_id();
    let type_id = if companion {
        match TypeId::parse("Element") {
            Some(element) => element,
            None => return Shape::Json,
        }
    } else {
        type_id
    };
    if let Some(primitive) = type_id.primitive() {
        return match primitive {
            Primitive::Boolean => Shape::Boolean,
            Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => Shape::Integer,
            Primitive::Decimal => Shape::Decimal,
            Primitive::Date | Primitive::DateTime | Primitive::Instant => Shape::Date,
            _ => Shape::Text,
        };
    }
    if type_id.is_any_resource() {
        return Shape::Json;
    }
    if lineage.iter().filter(|above| **above == type_id).count() >= RECURSION_MAX {
        return Shape::Json;
    }
    if Some(type_id) == *REFERENCE { Shape::Reference(type_id) } else { Shape::Group(type_id) }
}

impl Value {
    fn new(element: ElementId, companion: bool, lineage: &[TypeId]) -> Self {
        let valid = || NullBufferBuilder::new(0);
        match shape(element, companion, lineage) {
            Shape::Text => Self::Text(Text::default()),
            Shape::Json => Self::Json(Text::default()),
            Shape::Boolean => Self::Boolean { bits: BooleanBufferBuilder::new(0), valid: valid() },
            Shape::Integer => Self::Integer { values: Vec::new(), valid: valid() },
            Shape::Decimal => {
                Self::Decimal { values: Vec::new(), valid: valid(), text: Text::default() }
            }
            Shape::Date => Self::Date {
                text: Text::default(),
                start: Moments::default(),
                end: Moments::default(),
            },
            Shape::Reference(type_id) => Self::Reference {
                group: Group::new(type_id, lineage, false),
                target_type: Text::default(),
                target_id: Text::default(),
            },
            Shape::Group(type_id) => Self::Group(Group::new(type_id, lineage, false)),
        }
    }

    fn rows(&self) -> usize {
        match self {
            Self::Text(text) | Self::Json(text) | Self::Date { text, .. } => text.rows(),
            Self::Boolean { valid, .. } => valid.len(),
            Self::Integer { values, .. } => values.len(),
            Self::Decimal { values, .. } => values.len(),
            Self::Reference { group, .. } | Self::Group(group) => group.rows,
        }
    }

    /// Writes one value. What does not have the shape its definition asks for becomes null; the
    /// parser refuses such resources, so this only keeps the columns aligned.
    fn append(&mut self, node: Node<'_>) {
        let kind = node.kind();
        match self {
            Self::Text(text) => match kind {
                Kind::String | Kind::EscapedString | Kind::Number | Kind::True | Kind::False => {
                    text.push(&node.text());
                }
                _ => text.push_null(),
            },
            Self::Json(text) => match (kind, std::str::from_utf8(node.raw())) {
                (Kind::Null, _) | (_, Err(_)) => text.push_null(),
                (_, Ok(raw)) => text.push(raw),
            },
            Self::Boolean { bits, valid } => {
                bits.append(kind == Kind::True);
                valid.append(matches!(kind, Kind::True | Kind::False));
            }
            Self::Integer { values, valid } => {
                let value = match kind {
                    Kind::Number => node.text().parse().ok(),
                    _ => None,
                };
                values.push(value.unwrap_or_default());
                valid.append(value.is_some());
            }
            Self::Decimal { values, valid, text } => {
                if kind != Kind::Number {
                    values.push(0.0);
                    valid.append_null();
                    text.push_null();
                    return;
                }
                let written = node.text();
                let value: f64 = written.parse().unwrap_or(f64::NAN);
                values.push(value);
                valid.append(!value.is_nan());
                if is_shortest(&written, value) { text.push_null() } else { text.push(&written) }
            }
            Self::Date { text, start, end } => {
                if !matches!(kind, Kind::String | Kind::EscapedString) {
                    text.push_null();
                    start.push(None);
                    end.push(None);
                    return;
                }
                let written = node.text();
                text.push(&written);
                let span = DateSpan::parse(&written).ok();
                start.push(span.map(DateSpan::start_us));
                end.push(span.map(DateSpan::end_us));
            }
            Self::Reference { group, target_type, target_id } => {
                if kind != Kind::Object {
                    self.append_null();
                    return;
                }
                group.append(node);
                let reference = node.get("reference").map(Node::text);
                let target = reference.as_deref().and_then(target);
                match target {
                    Some((resource_type, id)) => {
                        target_type.push(resource_type);
                        target_id.push(id);
                    }
                    None => {
                        match node.get("type").map(Node::text) {
                            Some(named) => target_type.push(&named),
                            None => target_type.push_null(),
                        }
                        target_id.push_null();
                    }
                }
            }
            Self::Group(group) => match kind {
                Kind::Object => group.append(node),
                _ => group.append_null(),
            },
        }
    }

    fn append_null(&mut self) {
        self.append_nulls(1);
    }

    fn append_nulls(&mut self, count: usize) {
        match self {
            Self::Text(text) | Self::Json(text) => text.push_nulls(count),
            Self::Boolean { bits, valid } => {
                bits.append_n(count, false);
                valid.append_n_nulls(count);
            }
            Self::Integer { values, valid } => {
                values.resize(values.len() + count, 0);
                valid.append_n_nulls(count);
            }
            Self::Decimal { values, valid, text } => {
                values.resize(values.len() + count, 0.0);
                valid.append_n_nulls(count);
                text.push_nulls(count);
            }
            Self::Date { text, start, end } => {
                text.push_nulls(count);
                start.push_nulls(count);
                end.push_nulls(count);
            }
            Self::Reference { group, target_type, target_id } => {
                group.rows += count;
                group.valid.append_n_nulls(count);
                target_type.push_nulls(count);
                target_id.push_nulls(count);
            }
            Self::Group(group) => {
                group.rows += count;
                group.valid.append_n_nulls(count);
            }
        }
    }

    /// The columns of the value: itself, then its companions.
    fn columns(self, name: &str) -> Vec<(String, ArrayRef)> {
        let with = |suffix: &str| format!("{name}{suffix}");
        match self {
            Self::Text(text) | Self::Json(text) => vec![(name.to_owned(), text.array())],
            Self::Boolean { mut bits, mut valid } => {
                let array = BooleanArray::new(bits.finish(), valid.finish());
                vec![(name.to_owned(), Arc::new(array))]
            }
            Self::Integer { values, mut valid } => {
                let array = Int32Array::new(values.into(), valid.finish());
                vec![(name.to_owned(), Arc::new(array))]
            }
            Self::Decimal { values, mut valid, text } => {
                let array = Float64Array::new(values.into(), valid.finish());
                let mut columns = vec![(name.to_owned(), Arc::new(array) as ArrayRef)];
                if text.any() {
                    columns.push((with("_text"), text.array()));
                }
                columns
            }
            Self::Date { text, start, end } => vec![
                (name.to_owned(), text.array()),
                (with("_start"), start.array()),
                (with("_end"), end.array()),
            ],
            Self::Reference { group, target_type, target_id } => {
                let mut columns = Vec::with_capacity(3);
                if let Some(array) = group.array() {
                    columns.push((name.to_owned(), array));
                }
                columns.push((with("_type"), target_type.array()));
                columns.push((with("_id"), target_id.array()));
                columns
            }
            Self::Group(group) => match group.array() {
                Some(array) => vec![(name.to_owned(), array)],
                None => Vec::new(),
            },
        }
    }
}

/// Strings end to end.
struct Text {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0], valid: NullBufferBuilder::new(0) }
    }
}

impl Text {
    fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    fn any(&self) -> bool {
        !self.bytes.is_empty()
    }

    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.offsets.push(self.end());
        self.valid.append_non_null();
    }

    fn push_null(&mut self) {
        self.offsets.push(self.end());
        self.valid.append_null();
    }

    fn push_nulls(&mut self, count: usize) {
        let end = self.end();
        self.offsets.resize(self.offsets.len() + count, end);
        self.valid.append_n_nulls(count);
    }

    /// The chunk's text is bounded by [`TEXT_BYTES_MAX`], and unescaping only shrinks it.
    fn end(&self) -> i32 {
        i32::try_from(self.bytes.len()).expect("chunks hold less than 2 GiB of text")
    }

    fn array(mut self) -> ArrayRef {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let array = StringArray::new(offsets, Buffer::from_vec(self.bytes), self.valid.finish());
        Arc::new(array)
    }
}

/// Microseconds.
struct Moments {
    values: Vec<i64>,
    valid: NullBufferBuilder,
}

impl Default for Moments {
    fn default() -> Self {
        Self { values: Vec::new(), valid: NullBufferBuilder::new(0) }
    }
}

impl Moments {
    fn push(&mut self, value: Option<i64>) {
        self.values.push(value.unwrap_or_default());
        self.valid.append(value.is_some());
    }

    fn push_nulls(&mut self, count: usize) {
        self.values.resize(self.values.len() + count, 0);
        self.valid.append_n_nulls(count);
    }

    fn array(mut self) -> ArrayRef {
        let array = TimestampMicrosecondArray::new(self.values.into(), self.valid.finish());
        Arc::new(array.with_timezone("UTC"))
    }
}

/// Whether a double prints as the text it was read from.
fn is_shortest(written: &str, value: f64) -> bool {
    if value.is_nan() {
        return false;
    }
    let bytes = written.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let plain = bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if plain && digits <= 15 && !written.starts_with("-0") {
        // Fifteen digits always survive a double, so only a needless last zero would be lost.
        return !(bytes.contains(&b'.') && bytes.ends_with(b"0"));
    }
    format!("{value}") == written
}

/// The type and id a reference names: `Patient/1`, `http://host/fhir/Patient/1/_history/2`.
fn target(reference: &str) -> Option<(&str, &str)> {
    let reference = match reference.find("/_history/") {
        Some(end) => &reference[..end],
        None => reference,
    };
    let (above, id) = reference.rsplit_once('/')?;
    let resource_type = above.rsplit_once('/').map_or(above, |(_, last)| last);
    let legal = !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    (legal && ResourceType::parse(resource_type).is_some()).then_some((resource_type, id))
}

// ---------------------------------------------------------------------------------------------
// Schemas

/// Everything either schema has; columns both have are merged inside. Columns of `known` keep
/// their place, new ones follow.
pub(crate) fn merge(known: &Schema, seen: &Schema) -> Schema {
    Schema::new(merge_fields(known.fields(), seen.fields()))
}

fn merge_fields(known: &Fields, seen: &Fields) -> Fields {
    if known == seen {
        return known.clone();
    }
    let mut merged: Vec<FieldRef> = Vec::with_capacity(known.len().max(seen.len()));
    for field in known {
        match seen.find(field.name()) {
            Some((_, other)) if other.data_type() != field.data_type() => {
                let data_type = merge_types(field.data_type(), other.data_type());
                merged.push(Arc::new(Field::new(field.name(), data_type, true)));
            }
            _ => merged.push(field.clone()),
        }
    }
    merged.extend(seen.iter().filter(|field| known.find(field.name()).is_none()).cloned());
    Fields::from(merged)
}

pub(crate) fn merge_types(known: &DataType, seen: &DataType) -> DataType {
    match (known, seen) {
        (DataType::Struct(known), DataType::Struct(seen)) => {
            DataType::Struct(merge_fields(known, seen))
        }
        (DataType::List(known), DataType::List(seen)) => {
            list_of(merge_types(known.data_type(), seen.data_type()))
        }
        // Types follow from paths, so leaves agree.
        _ => known.clone(),
    }
}

/// Whether `schema` has every column and every nested field of `part`.
pub(crate) fn covers(schema: &Schema, part: &Schema) -> bool {
    fn fields_cover(fields: &Fields, part: &Fields) -> bool {
        fields == part
            || part.iter().all(|field| {
                fields
                    .find(field.name())
                    .is_some_and(|(_, known)| type_covers(known.data_type(), field.data_type()))
            })
    }
    fn type_covers(known: &DataType, part: &DataType) -> bool {
        match (known, part) {
            (DataType::Struct(known), DataType::Struct(part)) => fields_cover(known, part),
            (DataType::List(known), DataType::List(part)) => {
                type_covers(known.data_type(), part.data_type())
            }
            (known, part) => known == part,
        }
    }
    fields_cover(schema.fields(), part.fields())
}

/// The batch with exactly the columns of `schema`: what it lacks is null, what is not asked for
/// is left out, at every level.
///
/// # Errors
/// [`Error::Arrow`] when a column has another type, which definitions rule out.
pub fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let rows = batch.num_rows();
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) => conform_array(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), rows)),
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

fn conform_array(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, Error> {
    if array.data_type() == data_type {
        return Ok(array.clone());
    }
    let any = array.as_any();
    match data_type {
        DataType::Struct(fields) => {
            if let Some(group) = any.downcast_ref::<StructArray>() {
                let columns = fields
                    .iter()
                    .map(|field| match group.column_by_name(field.name()) {
                        Some(column) => conform_array(column, field.data_type()),
                        None => Ok(new_null_array(field.data_type(), group.len())),
                    })
                    .collect::<Result<Vec<_>, Error>>()?;
                let nulls: Option<NullBuffer> = group.nulls().cloned();
                return Ok(Arc::new(StructArray::try_new_with_length(
                    fields.clone(),
                    columns,
                    nulls,
                    group.len(),
                )?));
            }
        }
        DataType::List(item) => {
            if let Some(list) = any.downcast_ref::<ListArray>() {
                let values = conform_array(list.values(), item.data_type())?;
                return Ok(Arc::new(ListArray::try_new(
                    item.clone(),
                    list.offsets().clone(),
                    values,
                    list.nulls().cloned(),
                )?));
            }
        }
        _ => {}
    }
    Ok(datafusion::arrow::compute::cast(array, data_type)?)
}

/// The columns an element has before any data was seen, so that SQL may name it and get NULL.
pub(crate) fn expected_fields(element: ElementId) -> Vec<FieldRef> {
    let mut lineage = vec![element.owner()];
    // An extension may hold any of fifty types; before one is seen its primitives are enough.
    let depth = if element.type_id().name() == "Extension" { 1 } else { 2 };
    expected(element, &mut lineage, depth)
}

fn expected(element: ElementId, lineage: &mut Vec<TypeId>, depth: usize) -> Vec<FieldRef> {
    let name = element.column();
    let with = |suffix: &str| format!("{name}{suffix}");
    let group = |type_id: TypeId, lineage: &mut Vec<TypeId>| {
        if depth == 0 {
            return None;
        }
        lineage.push(type_id);
        let fields: Vec<FieldRef> = type_id
            .elements()
            .filter(|inner| !matches!(inner.name(), "id" | "extension" | "modifierExtension"))
            .flat_map(|inner| expected(inner, lineage, depth - 1))
            .collect();
        lineage.pop();
        (!fields.is_empty()).then(|| DataType::Struct(Fields::from(fields)))
    };
    let columns: Vec<(String, DataType)> = match shape(element, false, lineage) {
        Shape::Text | Shape::Json => vec![(name.to_owned(), DataType::Utf8)],
        Shape::Boolean => vec![(name.to_owned(), DataType::Boolean)],
        Shape::Integer => vec![(name.to_owned(), DataType::Int32)],
        Shape::Decimal => vec![(name.to_owned(), DataType::Float64)],
        Shape::Date => vec![
            (name.to_owned(), DataType::Utf8),
            (with("_start"), timestamp()),
            (with("_end"), timestamp()),
        ],
        Shape::Reference(type_id) => {
            let mut columns = Vec::new();
            if let Some(data_type) = group(type_id, lineage) {
                columns.push((name.to_owned(), data_type));
            }
            columns.push((with("_type"), DataType::Utf8));
            columns.push((with("_id"), DataType::Utf8));
            columns
        }
        Shape::Group(type_id) => match group(type_id, lineage) {
            Some(data_type) => vec![(name.to_owned(), data_type)],
            None => Vec::new(),
        },
    };
    columns
        .into_iter()
        .map(|(name, data_type)| {
            field(name, if element.is_list() { list_of(data_type) } else { data_type })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_that_prints_as_written_needs_no_text() {
        for (written, expected) in [
            ("1", true),
            ("1.5", true),
            ("-3.25", true),
            ("0.1", true),
            ("100000", true),
            ("0", true),
            ("1.10", false),
            ("1.0", false),
            ("0.0", false),
            ("-0", true),
            ("-0.5", true),
            ("1e3", false),
            ("42.12345678901234", true),
            ("42.1234567890123456789", false),
            ("0.1000000000000000055", false),
        ] {
            let value: f64 = written.parse().expect("a number");
            assert_eq!(is_shortest(written, value), expected, "`{written}`");
        }
    }

    #[test]
    fn a_reference_names_its_target_unless_it_is_a_search_a_fragment_or_a_urn() {
        for (reference, expected) in [
            ("Patient/1", Some(("Patient", "1"))),
            ("https://host/fhir/Patient/a-1", Some(("Patient", "a-1"))),
            ("Patient/1/_history/2", Some(("Patient", "1"))),
            ("#contained", None),
            ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", None),
            ("Practitioner?identifier=x|1", None),
            ("http://example.org/other/1", None),
            ("", None),
        ] {
            assert_eq!(target(reference), expected, "`{reference}`");
        }
    }
}
