//! What was read in notes, as the column `_findings` of the tables of documents and reports, and as
//! the view `nlp_entity`: a row for each finding.
//!
//! The findings are a document's extension; here they are columns, so that SQL need not take
//! extensions apart. The view follows its table: it shows the findings of current documents only.

use crate::shred::{ITEM, list_of};
use datafusion::arrow::array::{
    ArrayRef, Float32Builder, Int32Builder, ListBuilder, StringBuilder, StructBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{DataFusionError, ScalarValue, UnnestOptions};
use datafusion::functions::core::expr_ext::FieldAccessor as _;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_nested::expr_fn::array_element;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableSource, cast, col, lit,
};
use fhir::Resource;
use fhir::findings::{Entity, Findings, system_rank, system_uri};
use std::sync::{Arc, LazyLock};

/// The tables whose resources are read.
pub(crate) const TABLES: [&str; 2] = ["documentreference", "diagnosticreport"];
/// Their column.
pub(crate) const COLUMN: &str = "_findings";
/// The view.
pub(crate) const VIEW: &str = "nlp_entity";

fn fields(of: &[(&str, DataType)]) -> Fields {
    of.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true)).collect()
}

static CONCEPT: LazyLock<Fields> = LazyLock::new(|| {
    fields(&[
        ("system", DataType::Utf8),
        ("code", DataType::Utf8),
        ("description", DataType::Utf8),
        ("score", DataType::Float32),
    ])
});

static ATTRIBUTE: LazyLock<Fields> = LazyLock::new(|| {
    fields(&[("type", DataType::Utf8), ("text", DataType::Utf8), ("score", DataType::Float32)])
});

static FINDING: LazyLock<Fields> = LazyLock::new(|| {
    fields(&[
        ("entity", DataType::Int32),
        ("attachment", DataType::Int32),
        ("category", DataType::Utf8),
        ("type", DataType::Utf8),
        ("text", DataType::Utf8),
        ("begin_offset", DataType::Int32),
        ("end_offset", DataType::Int32),
        ("score", DataType::Float32),
        ("traits", list_of(DataType::Utf8)),
        ("section", DataType::Utf8),
        ("evidence", DataType::Utf8),
        ("attributes", list_of(DataType::Struct(ATTRIBUTE.clone()))),
        ("code_system", DataType::Utf8),
        ("code", DataType::Utf8),
        ("description", DataType::Utf8),
        ("code_score", DataType::Float32),
        ("concepts", list_of(DataType::Struct(CONCEPT.clone()))),
        ("begin_byte", DataType::Int32),
        ("end_byte", DataType::Int32),
        ("model", DataType::Utf8),
    ])
});

/// The column's type.
pub(crate) fn data_type() -> DataType {
    list_of(DataType::Struct(FINDING.clone()))
}

/// The column of these resources; `None` when none of them has findings.
pub(crate) fn column(resources: &[Resource]) -> Option<(FieldRef, ArrayRef)> {
    let first = resources.first()?;
    if !TABLES.contains(&first.resource_type().table()) {
        return None;
    }
    let found: Vec<Option<Findings>> = resources.iter().map(Findings::read).collect();
    if found.iter().all(Option::is_none) {
        return None;
    }
    let item = Arc::new(Field::new(ITEM, DataType::Struct(FINDING.clone()), true));
    let mut rows =
        ListBuilder::new(StructBuilder::from_fields(FINDING.clone(), 0)).with_field(item);
    for findings in &found {
        if let Some(findings) = findings {
            for entity in &findings.entities {
                append(rows.values(), entity, &findings.model);
            }
        }
        rows.append(findings.is_some());
    }
    let array = rows.finish();
    Some((Arc::new(Field::new(COLUMN, data_type(), true)), Arc::new(array)))
}

fn append(row: &mut StructBuilder, entity: &Entity, model: &str) {
    let best = entity.concepts.iter().max_by(|a, b| {
        a.score
            .total_cmp(&b.score)
            .then_with(|| system_rank(&b.system).cmp(&system_rank(&a.system)))
    });
    let mut place = 0;
    let mut next = || {
        place += 1;
        place - 1
    };
    let text = |row: &mut StructBuilder, at: usize, value: Option<&str>| {
        if let Some(builder) = row.field_builder::<StringBuilder>(at) {
            builder.append_option(value.filter(|value| !value.is_empty()));
        }
    };
    let whole = |row: &mut StructBuilder, at: usize, value: u32| {
        if let Some(builder) = row.field_builder::<Int32Builder>(at) {
            builder.append_option(i32::try_from(value).ok());
        }
    };
    let fraction = |row: &mut StructBuilder, at: usize, value: Option<f32>| {
        if let Some(builder) = row.field_builder::<Float32Builder>(at) {
            builder.append_option(value);
        }
    };
    whole(row, next(), entity.id);
    whole(row, next(), entity.attachment);
    text(row, next(), Some(&entity.category));
    text(row, next(), Some(&entity.kind));
    text(row, next(), Some(&entity.text));
    whole(row, next(), entity.begin);
    whole(row, next(), entity.end);
    fraction(row, next(), Some(entity.score));
    type Structs = ListBuilder<Box<dyn datafusion::arrow::array::ArrayBuilder>>;
    if let Some(list) = row.field_builder::<Structs>(next()) {
        if let Some(values) = list.values().as_any_mut().downcast_mut::<StringBuilder>() {
            entity.traits.iter().for_each(|word| values.append_value(word));
        }
        list.append(true);
    }
    text(row, next(), Some(&entity.section));
    text(row, next(), Some(&entity.evidence));
    if let Some(list) = row.field_builder::<Structs>(next()) {
        if let Some(item) = list.values().as_any_mut().downcast_mut::<StructBuilder>() {
            for attribute in &entity.attributes {
                text(item, 0, Some(&attribute.kind));
                text(item, 1, Some(&attribute.text));
                fraction(item, 2, Some(attribute.score));
                item.append(true);
            }
        }
        list.append(true);
    }
    text(row, next(), best.map(|best| system_uri(&best.system)));
    text(row, next(), best.map(|best| best.code.as_str()));
    text(row, next(), best.map(|best| best.description.as_str()));
    fraction(row, next(), best.map(|best| best.score));
    if let Some(list) = row.field_builder::<Structs>(next()) {
        if let Some(item) = list.values().as_any_mut().downcast_mut::<StructBuilder>() {
            for concept in &entity.concepts {
                text(item, 0, Some(system_uri(&concept.system)));
                text(item, 1, Some(&concept.code));
                text(item, 2, Some(&concept.description));
                fraction(item, 3, Some(concept.score));
                item.append(true);
            }
        }
        list.append(true);
    }
    whole(row, next(), entity.begin_byte);
    whole(row, next(), entity.end_byte);
    text(row, next(), Some(model));
    row.append(true);
}

/// The view: a row for each finding of a current document or report.
pub(crate) fn view(
    documents: Arc<dyn TableSource>,
    reports: Arc<dyn TableSource>,
) -> Result<LogicalPlan, DataFusionError> {
    let encounters = |field: &Field| match field.data_type() {
        DataType::Struct(members) => members.find("encounter_id").is_some(),
        _ => false,
    };
    let encounter = if documents.schema().field_with_name("context").is_ok_and(encounters) {
        array_element(col("context").field("encounter_id"), lit(1_i64))
    } else {
        cast(lit(ScalarValue::Null), DataType::Utf8)
    };
    let reported = coalesce(vec![col("effectivedatetime_start"), col("issued_start")]);
    let documents = part(TABLES[0], documents, "DocumentReference", encounter, col("date_start"))?;
    let reports = part(TABLES[1], reports, "DiagnosticReport", col("encounter_id"), reported)?;
    LogicalPlanBuilder::from(documents).union(reports)?.build()
}

fn part(
    table: &str,
    source: Arc<dyn TableSource>,
    resource_type: &str,
    encounter: Expr,
    date: Expr,
) -> Result<LogicalPlan, DataFusionError> {
    let own = ["document_type", "document", "patient", "encounter", "date", "status"];
    let mut columns = own.map(col).to_vec();
    columns.extend(
        FINDING.iter().map(|field| col("finding").field(field.name().clone()).alias(field.name())),
    );
    LogicalPlanBuilder::scan(table, source, None)?
        .filter(col(COLUMN).is_not_null())?
        .project(vec![
            lit(resource_type).alias("document_type"),
            col("id").alias("document"),
            col("subject_id").alias("patient"),
            encounter.alias("encounter"),
            date.alias("date"),
            col("status"),
            col(COLUMN).alias("finding"),
        ])?
        .unnest_column_with_options("finding", UnnestOptions::new().with_preserve_nulls(false))?
        .project(columns)?
        .build()
}
