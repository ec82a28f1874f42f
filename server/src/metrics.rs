//! What the server counts, for Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The part of the server a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `/datastore/…`
    Fhir,
    /// `/sql`
    Sql,
    /// `/api/…`
    Api,
    /// `/console/…`
    Console,
    /// Anything else.
    Other,
}

impl Door {
    const ALL: [Self; 5] = [Self::Fhir, Self::Sql, Self::Api, Self::Console, Self::Other];

    /// By the path.
    pub fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("datastore") => Self::Fhir,
            Some("sql") => Self::Sql,
            Some("api") => Self::Api,
            Some("console") => Self::Console,
            _ => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Fhir => "fhir",
            Self::Sql => "sql",
            Self::Api => "api",
            Self::Console => "console",
            Self::Other => "other",
        }
    }
}

/// Upper ends of the time buckets, in microseconds.
const BUCKETS_US: [u64; 8] = [500, 1_000, 5_000, 20_000, 100_000, 500_000, 2_500_000, 10_000_000];

/// Counters since the start.
#[derive(Default)]
pub(crate) struct Metrics {
    doors: [DoorCounters; 5],
    /// Requests without accepted credentials.
    pub refused: AtomicU64,
}

#[derive(Default)]
struct DoorCounters {
    /// By first digit of the status, 1 to 5.
    statuses: [AtomicU64; 5],
    buckets: [AtomicU64; BUCKETS_US.len()],
    sum_us: AtomicU64,
    count: AtomicU64,
}

impl Metrics {
    /// Counts one answered request.
    pub fn answered(&self, door: Door, status: u16, took: Duration) {
        let counters = &self.doors[door as usize];
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        counters.statuses[usize::from((status / 100).clamp(1, 5)) - 1].fetch_add(1, Relaxed);
        if let Some(bucket) = BUCKETS_US.iter().position(|end| us <= *end) {
            counters.buckets[bucket].fetch_add(1, Relaxed);
        }
        counters.sum_us.fetch_add(us, Relaxed);
        counters.count.fetch_add(1, Relaxed);
    }

    /// Appends the counters in Prometheus's text format.
    pub fn render(&self, out: &mut String) {
        out.push_str(
            "# HELP tarn_http_requests_total Requests answered, by door and class of status.\n",
        );
        out.push_str("# TYPE tarn_http_requests_total counter\n");
        for door in Door::ALL {
            for (class, count) in self.doors[door as usize].statuses.iter().enumerate() {
                let count = count.load(Relaxed);
                if count > 0 {
                    line(
                        out,
                        format_args!(
                            "tarn_http_requests_total{{door=\"{}\",status=\"{}xx\"}} {count}",
                            door.name(),
                            class + 1
                        ),
                    );
                }
            }
        }
        out.push_str("# HELP tarn_http_request_seconds Time until the answer's headers.\n");
        out.push_str("# TYPE tarn_http_request_seconds histogram\n");
        for door in Door::ALL {
            let counters = &self.doors[door as usize];
            let name = door.name();
            let mut sum = 0;
            for (end, count) in BUCKETS_US.iter().zip(&counters.buckets) {
                sum += count.load(Relaxed);
                let end = *end as f64 / 1e6;
                line(
                    out,
                    format_args!(
                        "tarn_http_request_seconds_bucket{{door=\"{name}\",le=\"{end}\"}} {sum}"
                    ),
                );
            }
            let count = counters.count.load(Relaxed);
            let seconds = counters.sum_us.load(Relaxed) as f64 / 1e6;
            line(
                out,
                format_args!(
                    "tarn_http_request_seconds_bucket{{door=\"{name}\",le=\"+Inf\"}} {count}"
                ),
            );
            line(out, format_args!("tarn_http_request_seconds_sum{{door=\"{name}\"}} {seconds}"));
            line(out, format_args!("tarn_http_request_seconds_count{{door=\"{name}\"}} {count}"));
        }
        out.push_str("# HELP tarn_refused_total Requests without accepted credentials.\n# TYPE tarn_refused_total counter\n");
        line(out, format_args!("tarn_refused_total {}", self.refused.load(Relaxed)));
    }
}

/// Appends one line.
pub(crate) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}
