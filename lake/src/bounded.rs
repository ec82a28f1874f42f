//! Functions that can make far more than they are given, held to a bound.
//!
//! `repeat('x', 2000000000)` allocates outside every memory pool, and does so while the query is
//! still being planned. Each such function is wrapped: what a batch asks for is added up first, and
//! more than [`RESULT_BYTES_MAX`] is refused
//! ([`CONSTANT_BYTES_MAX`] when no column is involved).

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, IntervalMonthDayNanoArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::length::length;
use datafusion::arrow::datatypes::{
    DataType, FieldRef, Int64Type, IntervalMonthDayNanoType, TimeUnit,
};
use datafusion::common::{ExprSchema, Result};
use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
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
    /// `concat(text, …)`: as much as it is given.
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

/// Puts the bounded functions in place of the engine's own.
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
        state.register_udf(Arc::new(ScalarUDF::new_from_impl(Bounded { inner, growth })))?;
    }
    Ok(())
}

impl Bounded {
    /// Bytes the call will make, as far as the arguments tell.
    fn demand(&self, arguments: &[ColumnarValue], rows: usize, scalar: bool) -> Option<u64> {
        let rows = if scalar { 1 } else { rows };
        let array = |place: usize| arguments.get(place)?.to_array(rows).ok();
        match self.growth {
            Growth::Text => {
                let (text, times) = (length(array(0)?.as_ref()).ok()?, longs(&array(1)?)?);
                let bytes = longs(&text)?;
                Some((0..rows).map(|row| at(&bytes, row).saturating_mul(at(&times, row))).sum_up())
            }
            Growth::Pad => {
                let width = longs(&array(1)?)?;
                Some((0..rows).map(|row| at(&width, row)).sum_up())
            }
            Growth::Items | Growth::Resize => {
                let (value, times) = (array(0)?, longs(&array(1)?)?);
                let each = match self.growth {
                    Growth::Items => value.get_array_memory_size() as u64 / rows.max(1) as u64 + 1,
                    _ => 16,
                };
                Some((0..rows).map(|row| at(&times, row).saturating_mul(each)).sum_up())
            }
            Growth::Sum => {
                let sizes = (0..arguments.len()).filter_map(|place| {
                    let sizes = longs(&length(array(place)?.as_ref()).ok()?)?;
                    Some((0..rows).map(|row| at(&sizes, row)).sum_up())
                });
                Some(sizes.sum_up())
            }
            Growth::Insert(place) => {
                let sizes = longs(&length(array(place)?.as_ref()).ok()?)?;
                let longest = (0..rows).map(|row| at(&sizes, row)).max().unwrap_or(0);
                if longest <= SMALL_BYTES {
                    return Some(0);
                }
                let given = array(0)?.get_array_memory_size() as u64;
                Some(given.saturating_mul(longest))
            }
            Growth::Product => {
                let (one, other) = (length(array(0)?.as_ref()), length(array(1)?.as_ref()));
                let (one, other) = (longs(&one.ok()?)?, longs(&other.ok()?)?);
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

    fn is_nullable(&self, arguments: &[Expr], schema: &dyn ExprSchema) -> bool {
        #[expect(deprecated)]
        self.inner.inner().is_nullable(arguments, schema)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(types)
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.inner().simplify(arguments, info)
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
