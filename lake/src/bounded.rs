//! Functions that can make far more than they are given, held to a bound.
//!
//! `repeat('x', 2000000000)` allocates outside every memory pool, and does so while the query is
//! still being planned. Each such function is wrapped: what a batch asks for is added up first, and
//! more than [`RESULT_BYTES_MAX`] is refused
//! ([`CONSTANT_BYTES_MAX`] when no column is involved).
//!
//! `a || b` is no function of the engine's; a rule makes it one, so that it is held to the same
//! bound.

use datafusion::arrow::array::{
    Array, ArrayAccessor, ArrayRef, AsArray, GenericStringBuilder, Int64Array,
    IntervalMonthDayNanoArray, OffsetSizeTrait,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::concat_elements::concat_elements_dyn;
use datafusion::arrow::compute::kernels::length::length;
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Int64Type, IntervalMonthDayNanoType, TimeUnit,
};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{ExprSchema, Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use std::fmt::Write as _;
use std::sync::Arc;

/// Most bytes one call may make for one batch of rows.
const RESULT_BYTES_MAX: u64 = 64 << 20;

/// Most bytes one call may make out of constants: such results are kept while a query is planned,
/// and one statement may hold thousands.
const CONSTANT_BYTES_MAX: u64 = 1 << 20;

/// Texts up to this long may be put in many places of another.
const SMALL_BYTES: u64 = 64;

/// How a function's arguments say how much it will make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Growth {
    /// `repeat(text, n)`.
    Text,
    /// `lpad(text, n)`.
    Pad,
    /// `array_repeat(value, n)`.
    Items,
    /// `array_resize(array, n)`.
    Resize,
    /// `range(start, stop, step)`.
    Steps,
    /// `concat(text, …)`, `text || …`: as much as it is given.
    Sum,
    /// `replace(text, from, to)`: the argument at this place may come many times.
    Insert(usize),
    /// `levenshtein(a, b)`: time grows with the product of the lengths.
    Product,
}

/// A function, and how its result grows.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

/// Puts the bounded functions in place of the engine's own, and one in place of `||`.
///
/// # Errors
/// When the engine does not take a function.
pub(crate) fn register(state: &mut SessionState) -> Result<()> {
    for (name, growth) in [
        ("repeat", Growth::Text),
        ("lpad", Growth::Pad),
        ("rpad", Growth::Pad),
        ("array_repeat", Growth::Items),
        ("array_resize", Growth::Resize),
        ("range", Growth::Steps),
        ("generate_series", Growth::Steps),
        ("concat", Growth::Sum),
        ("concat_ws", Growth::Sum),
        ("replace", Growth::Insert(2)),
        ("regexp_replace", Growth::Insert(2)),
        ("translate", Growth::Insert(2)),
        ("array_to_string", Growth::Insert(1)),
        ("to_char", Growth::Insert(1)),
        ("levenshtein", Growth::Product),
    ] {
        let inner = state.udf(name)?;
        state.register_udf(bounded(inner, growth))?;
    }
    let join = Join { signature: Signature::user_defined(Volatility::Immutable) };
    let function = bounded(Arc::new(ScalarUDF::new_from_impl(join)), Growth::Sum);
    state.add_analyzer_rule(Arc::new(JoinByFunction { function }));
    Ok(())
}

fn bounded(inner: Arc<ScalarUDF>, growth: Growth) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(Bounded { inner, growth }))
}

impl Bounded {
    /// Bytes the call will make, as far as the arguments tell.
    fn demand(&self, arguments: &[ColumnarValue], rows: usize, scalar: bool) -> Option<u64> {
        let rows = if scalar { 1 } else { rows };
        let array = |place: usize| arguments.get(place)?.to_array(rows).ok();
        let sizes = |place: usize| sizes(arguments.get(place)?, rows);
        match self.growth {
            Growth::Text => {
                let (bytes, times) = (sizes(0)?, longs(&array(1)?)?);
                Some((0..rows).map(|row| at(&bytes, row).saturating_mul(at(&times, row))).sum_up())
            }
            Growth::Pad => {
                let width = longs(&array(1)?)?;
                Some((0..rows).map(|row| at(&width, row)).sum_up())
            }
            Growth::Items | Growth::Resize => {
                let times = longs(&array(1)?)?;
                let each = match self.growth {
                    Growth::Items => memory(arguments.first()?, rows)? / rows.max(1) as u64 + 1,
                    _ => 16,
                };
                Some((0..rows).map(|row| at(&times, row).saturating_mul(each)).sum_up())
            }
            Growth::Sum => {
                let sizes = (0..arguments.len()).filter_map(|place| {
                    let sizes = sizes(place)?;
                    Some((0..rows).map(|row| at(&sizes, row)).sum_up())
                });
                Some(sizes.sum_up())
            }
            Growth::Insert(place) => {
                let sizes = sizes(place)?;
                let longest = (0..rows).map(|row| at(&sizes, row)).max().unwrap_or(0);
                if longest <= SMALL_BYTES {
                    return Some(0);
                }
                Some(memory(arguments.first()?, rows)?.saturating_mul(longest))
            }
            Growth::Product => {
                let (one, other) = (sizes(0)?, sizes(1)?);
                Some((0..rows).map(|row| at(&one, row).saturating_mul(at(&other, row))).sum_up())
            }
            Growth::Steps => {
                let (start, stop) = match arguments.len() {
                    1 => (Arc::new(Int64Array::from(vec![0; rows])) as ArrayRef, array(0)?),
                    _ => (array(0)?, array(1)?),
                };
                let (start, stop) = (longs(&start)?, longs(&stop)?);
                let step = array(2).map(|step| longs(&step));
                let step = match step {
                    Some(step) => Some(step?),
                    None => None,
                };
                let count = |row: usize| {
                    if start.is_null(row) || stop.is_null(row) {
                        return 0;
                    }
                    let span = stop.value(row).abs_diff(start.value(row));
                    let step = step.as_ref().map_or(1, |step| step.value(row).unsigned_abs());
                    span.checked_div(step).unwrap_or(0).saturating_add(1).saturating_mul(8)
                };
                Some((0..rows).map(count).sum_up())
            }
        }
    }
}

/// The length of each value. A constant is measured once, not copied for each row.
fn sizes(value: &ColumnarValue, rows: usize) -> Option<Int64Array> {
    match value {
        ColumnarValue::Array(array) => longs(&length(array.as_ref()).ok()?),
        ColumnarValue::Scalar(scalar) => {
            let size = longs(&length(scalar.to_array().ok()?.as_ref()).ok()?)?;
            Some(std::iter::repeat_n(size.iter().next()?, rows).collect())
        }
    }
}

/// Bytes of all values together.
fn memory(value: &ColumnarValue, rows: usize) -> Option<u64> {
    Some(match value {
        ColumnarValue::Array(array) => array.get_array_memory_size() as u64,
        ColumnarValue::Scalar(scalar) => {
            let size = scalar.to_array().ok()?.get_array_memory_size() as u64;
            size.saturating_mul(rows as u64)
        }
    })
}

/// A sum that stops at the largest number.
trait SumUp: Iterator<Item = u64> + Sized {
    fn sum_up(self) -> u64 {
        self.fold(0, u64::saturating_add)
    }
}

impl<I: Iterator<Item = u64>> SumUp for I {}

/// A count: nothing when NULL or negative.
fn at(values: &Int64Array, row: usize) -> u64 {
    if values.is_null(row) { 0 } else { u64::try_from(values.value(row)).unwrap_or(0) }
}

/// Numbers as they are, times and intervals in microseconds.
fn longs(array: &ArrayRef) -> Option<Int64Array> {
    let array = match array.data_type() {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            let moments = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
            cast(&moments, &DataType::Int64).ok()?
        }
        DataType::Interval(_) => {
            let intervals: &IntervalMonthDayNanoArray =
                array.as_primitive_opt::<IntervalMonthDayNanoType>()?;
            let micros = intervals.iter().map(|interval| {
                interval.map(|interval| {
                    let days = i64::from(interval.months) * 28 + i64::from(interval.days);
                    days.saturating_mul(86_400_000_000).saturating_add(interval.nanoseconds / 1_000)
                })
            });
            return Some(micros.collect());
        }
        _ => cast(array, &DataType::Int64).ok()?,
    };
    array.as_primitive_opt::<Int64Type>().cloned()
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(types)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.inner().return_field_from_args(arguments)
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        self.inner.schema_name(arguments)
    }

    fn is_nullable(&self, arguments: &[Expr], schema: &dyn ExprSchema) -> bool {
        #[expect(deprecated)]
        self.inner.inner().is_nullable(arguments, schema)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(types)
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let simple = self.inner.inner().simplify(arguments, info)?;
        // `concat` and `concat_ws` turn into fresh ones, which know no bound.
        if let ExprSimplifyResult::Simplified(Expr::ScalarFunction(call)) = simple {
            let ScalarFunction { func, args } = call;
            let func = if self.growth == Growth::Sum { bounded(func, Growth::Sum) } else { func };
            let call = Expr::ScalarFunction(ScalarFunction { func, args });
            return Ok(ExprSimplifyResult::Simplified(call));
        }
        Ok(simple)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = arguments.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let most = if scalar { CONSTANT_BYTES_MAX } else { RESULT_BYTES_MAX };
        match self.demand(&arguments.args, arguments.number_rows, scalar) {
            Some(bytes) if bytes > most => {
                let message = format!("`{}` would make more than the bound", self.name());
                Err(DataFusionError::ResourcesExhausted(message))
            }
            _ => self.inner.inner().invoke_with_args(arguments),
        }
    }
}

/// `a || b || …` as a function. NULL when any of them is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Join {
    signature: Signature,
}

impl ScalarUDFImpl for Join {
    fn name(&self) -> &str {
        "||"
    }

    /// As the operator is named: columns keep their names.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let names: Vec<String> =
            arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
        Ok(names.join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The operands of the operator have their final types already.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fixed = |of: &DataType| match of {
            DataType::FixedSizeBinary(size) => Some(*size),
            _ => None,
        };
        if let Some(sizes) = types.iter().map(fixed).collect::<Option<Vec<i32>>>() {
            return Ok(DataType::FixedSizeBinary(sizes.iter().sum()));
        }
        Ok(types.first().cloned().unwrap_or(DataType::Utf8))
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let fields = arguments.arg_fields;
        let types: Vec<DataType> = fields.iter().map(|field| field.data_type().clone()).collect();
        let nullable = fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, nullable)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let of = arguments.return_type();
        let joined: ArrayRef = match of {
            DataType::Utf8 if arrays.iter().all(|array| array.data_type() == of) => {
                let texts: Vec<_> = arrays.iter().map(|array| array.as_string::<i32>()).collect();
                join_texts::<i32, _>(&texts)?
            }
            DataType::LargeUtf8 if arrays.iter().all(|array| array.data_type() == of) => {
                let texts: Vec<_> = arrays.iter().map(|array| array.as_string::<i64>()).collect();
                join_texts::<i64, _>(&texts)?
            }
            DataType::Utf8View if arrays.iter().all(|array| array.data_type() == of) => {
                let texts: Vec<_> = arrays.iter().map(|array| array.as_string_view()).collect();
                cast(&join_texts::<i64, _>(&texts)?, of)?
            }
            _ => {
                let mut arrays = arrays.into_iter();
                let first = arrays
                    .next()
                    .ok_or_else(|| DataFusionError::Internal("`||` without operands".to_owned()))?;
                arrays.try_fold(first, |left, right| concat_elements_dyn(&left, &right))?
            }
        };
        if arguments.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_))) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&joined, 0)?));
        }
        Ok(ColumnarValue::Array(joined))
    }
}

/// Joins texts row by row.
fn join_texts<'a, O: OffsetSizeTrait, A: ArrayAccessor<Item = &'a str>>(
    texts: &[A],
) -> Result<ArrayRef> {
    let rows = texts.first().map_or(0, |text| text.len());
    let mut joined = GenericStringBuilder::<O>::with_capacity(rows, 0);
    for row in 0..rows {
        if texts.iter().any(|text| text.is_null(row)) {
            joined.append_null();
            continue;
        }
        for text in texts {
            joined
                .write_str(text.value(row))
                .map_err(|error| DataFusionError::Execution(error.to_string()))?;
        }
        joined.append_value("");
    }
    Ok(Arc::new(joined.finish()))
}

/// Turns each chain of `||` into one call. It runs after the operands got their types; arrays were
/// given functions of their own before.
#[derive(Debug)]
struct JoinByFunction {
    function: Arc<ScalarUDF>,
}

impl AnalyzerRule for JoinByFunction {
    fn name(&self) -> &str {
        "join_by_function"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_down_with_subqueries(|plan| {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                if !expr.exists(|expr| Ok(is_join(expr)))? {
                    return Ok(Transformed::no(expr));
                }
                // A grouping set has no name of its own.
                let name = (!matches!(expr, Expr::GroupingSet(_))).then(|| names.save(&expr));
                let rewritten = expr.transform_down(|expr| Ok(self.rewrite(expr)))?;
                Ok(rewritten.update_data(|expr| match name {
                    Some(name) => name.restore(expr),
                    None => expr,
                }))
            })
        })?;
        Ok(rewritten.data)
    }
}

impl JoinByFunction {
    fn rewrite(&self, expr: Expr) -> Transformed<Expr> {
        if !is_join(&expr) {
            return Transformed::no(expr);
        }
        let mut args = Vec::new();
        let mut rest = vec![expr];
        while let Some(expr) = rest.pop() {
            match expr {
                Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
                    rest.push(*right);
                    rest.push(*left);
                }
                operand => args.push(operand),
            }
        }
        let func = Arc::clone(&self.function);
        Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args }))
    }
}

fn is_join(expr: &Expr) -> bool {
    matches!(expr, Expr::BinaryExpr(BinaryExpr { op: Operator::StringConcat, .. }))
}
