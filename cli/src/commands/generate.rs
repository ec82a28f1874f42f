//! `tarn generate`: people who never were; or two populations side by side.

use crate::arguments::{Cohort, Generate, Sex};
use crate::failure::Failure;
use crate::{Context, show};
use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;
use jobs::generate::{Modules, Out, Prepared, Progress, Request, Summary, prepare};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use synth::compare::{Comparison, Side};
use synth::{Plan, Time};

/// Longest line taken from a population that is compared, in bytes.
const LINE_BYTES_MAX: usize = 64 << 20;

pub(crate) fn run(context: &Context<'_>, given: &Generate) -> Result<ExitCode, Failure> {
    if let Some(folders) = &given.compare {
        return compare(context, &folders[0], &folders[1], given.top);
    }
    let Some(out) = &given.out else {
        return Err(Failure::new("`--out` says where to write")
            .hint("`--out DIR`, or `--out -` for standard output"));
    };
    let streams = out.as_os_str() == "-";
    if streams && (given.bundles || given.gzip) {
        return Err(Failure::new("standard output takes plain NDJSON")
            .hint("leave --bundles and --gzip away, or give a folder"));
    }
    let mut plan = Plan::new(given.patients, given.seed, end(given.end.as_deref())?);
    plan.years = given.years;
    plan.dense_years = given.dense_years;
    plan.notes = !given.no_notes;
    plan.claims = given.claims;
    plan.place.clone_from(&given.place);
    plan.sex = given.sex.map(|sex| match sex {
        Sex::Female => synth::person::Sex::Female,
        Sex::Male => synth::person::Sex::Male,
    });
    plan.ages = given.age.unwrap_or(plan.ages);
    plan.cohort = match given.cohort {
        Cohort::Community => synth::Cohort::Community,
        Cohort::Hospital => synth::Cohort::Hospital,
    };
    let modules = match &given.modules {
        Some(path) => Modules::Folder { path: path.clone(), lenient: given.lenient },
        None => Modules::Own,
    };
    let prepared = prepare(plan, &modules, &given.module)?;
    warn(&prepared);
    let stop = Arc::new(AtomicBool::new(false));
    let interrupted = context.runtime.spawn({
        let stop = Arc::clone(&stop);
        async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    let request = Request {
        threads: given.threads.map_or(0, usize::from),
        out: if streams {
            Out::Stream(Box::new(BufWriter::with_capacity(1 << 20, std::io::stdout())))
        } else if given.bundles {
            Out::Bundles { folder: out.clone(), gzip: given.gzip }
        } else {
            Out::Ndjson { folder: out.clone(), gzip: given.gzip }
        },
        gold: given.gold.clone(),
        force: given.force,
        stop,
    };
    let bar = show::bar(given.patients);
    let made = jobs::generate::run(prepared, request, &|progress| tell(&bar, progress));
    bar.finish_and_clear();
    interrupted.abort();
    let made = match made {
        // Whoever read our output stopped reading.
        Err(jobs::Error::Output { source, .. })
            if streams && source.kind() == std::io::ErrorKind::BrokenPipe =>
        {
            return Err(Failure::Closed);
        }
        made => made?,
    };
    match (context.global.json, streams) {
        (true, false) => show::json(&made)?,
        (false, false) => show::out(&told(&made))?,
        // Standard output holds the population.
        (true, true) => {
            show::note(&serde_json::to_string(&made).map_err(|e| Failure::new(e.to_string()))?)
        }
        (false, true) => show::note(told(&made).trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells what the modules ask for and we do not do.
pub(crate) fn warn(prepared: &Prepared) {
    const SHOWN: usize = 10;
    for warning in prepared.warnings.iter().take(SHOWN) {
        show::note(&format!("warning: {warning}"));
    }
    if let more @ 1.. = prepared.warnings.len().saturating_sub(SHOWN) {
        show::note(&format!("warning: and {more} more"));
    }
}

/// The first moment of the day given, or of today.
pub(crate) fn end(day: Option<&str>) -> Result<Time, Failure> {
    /// Modules look back a lifetime, and years are written with four digits.
    const YEARS: std::ops::RangeInclusive<i32> = 1990..=2200;
    let Some(day) = day else {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        return Ok(Time(now.map_or(0, |since| since.as_secs() as i64)).midnight());
    };
    match Time::parse_date(day) {
        Some(time) if YEARS.contains(&time.civil().year) => Ok(time),
        _ => Err(Failure::new(format!(
            "`{day}` is no day from {} to {}",
            YEARS.start(),
            YEARS.end()
        ))
        .hint("write it as YYYY-MM-DD, such as --end 2026-01-01")),
    }
}

/// Shows how far it is, over both passes.
pub(crate) fn tell(bar: &ProgressBar, progress: Progress) {
    if bar.is_hidden() {
        return;
    }
    // Writing a patient takes about four times as long as finding out about the stays.
    bar.set_length(progress.patients_total * 5);
    let of = format!(
        "{} of {} patients",
        show::number(progress.patients),
        show::number(progress.patients_total)
    );
    if progress.admitting {
        bar.set_position(progress.patients);
        bar.set_message(format!("living: {of}"));
    } else {
        bar.set_position(progress.patients_total + progress.patients * 4);
        bar.set_message(format!("writing: {of}"));
    }
}

/// The summary for people.
pub(crate) fn told(made: &Summary) -> String {
    let to = made.out.as_ref().map(|out| format!(" into {out}")).unwrap_or_default();
    format!(
        "{} patients ({} alive on {}), {} resources, {} notes{to}\n{} in {:.1} s: {} patients/s\n",
        show::number(made.patients),
        show::number(made.living),
        made.end,
        show::number(made.resources),
        show::number(made.notes),
        show::bytes(made.bytes),
        made.seconds,
        made.patients_per_second,
    )
}

/// Reads two folders and shows where they differ.
fn compare(context: &Context<'_>, a: &Path, b: &Path, top: usize) -> Result<ExitCode, Failure> {
    let (a, b) = (side(a)?, side(b)?);
    let comparison = Comparison::of(&a, &b);
    if context.global.json {
        show::json(&comparison)?;
    } else {
        let limit = if top == 0 { usize::MAX } else { top };
        show::out(&comparison.to_text(limit))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One folder of NDJSON, plain or gzip.
fn side(folder: &Path) -> Result<Side, Failure> {
    let unread = |path: &Path, error: std::io::Error| {
        Failure::new(format!("could not read `{}`: {error}", path.display()))
    };
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    let mut side = Side::new(&name);
    let mut paths = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>())
        .map_err(|error| unread(folder, error))?;
    paths.sort();
    let bar = show::bar(paths.len() as u64);
    let (mut files, mut bad) = (0, 0_u64);
    for path in paths {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or("").to_owned();
        let plain = file.strip_suffix(".gz").unwrap_or(&file);
        bar.inc(1);
        let Some(hint) = plain.strip_suffix(".ndjson").filter(|_| !file.starts_with('.')) else {
            continue;
        };
        if !path.is_file() {
            return Err(unread(&path, std::io::Error::other("it is not a file")));
        }
        files += 1;
        bar.set_message(format!("{name}: {file}"));
        let opened = BufReader::new(File::open(&path).map_err(|error| unread(&path, error))?);
        let mut lines: Box<dyn BufRead> = if file.ends_with(".gz") {
            Box::new(BufReader::new(MultiGzDecoder::new(opened)))
        } else {
            Box::new(opened)
        };
        let mut line = Vec::new();
        loop {
            line.clear();
            let count = std::io::Read::take(&mut lines, LINE_BYTES_MAX as u64)
                .read_until(b'\n', &mut line)
                .map_err(|error| unread(&path, error))?;
            if count == 0 {
                break;
            }
            if side.line(hint, &line).is_err() {
                bad += 1;
            }
        }
    }
    bar.finish_and_clear();
    if files == 0 {
        return Err(Failure::new(format!("`{}` holds no *.ndjson", folder.display()))
            .hint("give two folders that `tarn generate` or `tarn export` wrote"));
    }
    if bad > 0 {
        show::note(&format!(
            "warning: {} lines of `{}` are no resources and were left out",
            show::number(bad),
            folder.display()
        ));
    }
    Ok(side)
}
