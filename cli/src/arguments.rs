//! The command line: a contract that tests and scripts rely on.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const ABOUT: &str = "An open health data lake: FHIR R4 in, search, SQL tables and pictures out.";

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  failure: the reason stands on stderr as `error: …`, with a `hint: …`
  2  wrong usage
  3  import finished, but rejected some lines: see its error file

Examples:
  tarn demo                                     a generated population, shown in the console
  tarn demo --from ./fhir                       the same with your own NDJSON
  tarn generate --patients 100 --out ./people   synthetic patients as FHIR
  tarn store create ward                        a datastore
  tarn import --store ward ./fhir               a folder of *.ndjson or *.ndjson.gz
  tarn sql --store ward 'SELECT count(*) FROM patient'
  tarn serve                                    FHIR, SQL and console on 127.0.0.1:8470";

/// Everything a user can say.
#[derive(Debug, Parser)]
#[command(name = "tarn", version, about = ABOUT, after_help = EXIT_CODES, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The data folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "./tarn-data",
        env = "TARN_DATA"
    )]
    pub data: PathBuf,
    /// The settings file; by default `tarn.toml` in the data folder, if there is one
    #[arg(long, global = true, value_name = "FILE", env = "TARN_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to log to stderr: error, warn, info, debug, trace, or filters such as `warn,store=debug`
    #[arg(long, global = true, value_name = "LEVEL", env = "TARN_LOG")]
    pub log: Option<String>,
    /// Print the result as JSON, for programs
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import a population, serve it and open the console: the whole river in one command
    #[command(after_help = DEMO)]
    Demo(Demo),
    /// Serve FHIR, SQL and the console over HTTP
    #[command(after_help = SERVE)]
    Serve(Serve),
    /// Make synthetic patients: FHIR with notes, wards and beds; or compare two populations
    #[command(after_help = GENERATE)]
    Generate(Generate),
    /// Import NDJSON files, folders or standard input
    #[command(after_help = IMPORT)]
    Import(Import),
    /// Export every current resource as NDJSON, one file per type
    #[command(after_help = EXPORT)]
    Export(Export),
    /// Ask the tables a question in SQL
    #[command(after_help = SQL)]
    Sql(Sql),
    /// Read notes: entities, relations, negation and codes in a text
    #[command(after_help = ANNOTATE)]
    Annotate(Annotate),
    /// Load a terminology in place of the one compiled in
    #[command(after_help = TERMS)]
    Terms(TermsArguments),
    /// Create, list, describe and delete datastores
    #[command(after_help = STORE)]
    Store(StoreArguments),
    /// Create, list and delete access keys
    #[command(after_help = KEY)]
    Key(KeyArguments),
    /// Print the settings in force, secrets masked
    #[command(after_help = SETTINGS)]
    Settings,
}

const DEMO: &str = "\
Starts the server, creates the datastore and an admin key, imports while the console shows it, and
serves until Ctrl-C. Without --from it generates the patients of a hospital: people who never were.

Examples:
  tarn demo
  tarn demo --patients 200 --seed 3
  tarn demo --from ./fhir --store ward
  tarn demo --no-open --http 127.0.0.1:0 --exit     try it in a script and stop";

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// A folder or file of NDJSON to import instead of a generated population
    #[arg(long, value_name = "DIR", conflicts_with_all = ["patients", "seed"])]
    pub from: Option<PathBuf>,
    /// The datastore to import into; made if it is not there
    #[arg(long, value_name = "NAME", default_value = "demo")]
    pub store: String,
    /// How many patients to generate [default: as the last time, at first 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=PATIENTS_MAX))]
    pub patients: Option<u64>,
    /// Seed of the generated population [default: as the last time, at first 1]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Do not open the browser
    #[arg(long)]
    pub no_open: bool,
    /// Stop after the import instead of serving
    #[arg(long)]
    pub exit: bool,
    #[command(flatten)]
    pub listen: Listen,
}

const SERVE: &str = "\
Prints one line `ready http=ADDR pg=off flight=off` on stdout when it accepts connections. SIGTERM
or Ctrl-C lets running requests finish, then it exits with 0.

Examples:
  tarn serve
  tarn serve --http 127.0.0.1:9000
  tarn serve --http 0.0.0.0:8470 --allow-network    behind a proxy that speaks TLS";

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub listen: Listen,
    /// The PostgreSQL door (not in this version)
    #[arg(long, value_name = "ADDR")]
    pub pg: Option<String>,
    /// The Arrow Flight SQL door (not in this version)
    #[arg(long, value_name = "ADDR")]
    pub flight: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Where to listen; port 0 takes a free one [default: `server.http` of the settings, 127.0.0.1:8470]
    #[arg(long, value_name = "ADDR")]
    pub http: Option<String>,
    /// Listen on an address other machines can reach, although nothing is encrypted yet
    #[arg(long)]
    pub allow_network: bool,
}

/// Patient numbers fit the ids made from them, with room for refused candidates.
pub(crate) const PATIENTS_MAX: u64 = 100_000_000;

const GENERATE: &str = "\
The same seed, options and end date give the same bytes, for any number of threads. Without --end the
population lives until today. Everyone is invented; notes tell only what the record knows by then.

Examples:
  tarn generate --patients 1000 --seed 7 --out ./people
  tarn generate --patients 1000 --seed 7 --end 2026-01-01 --out ./people --gzip --claims
  tarn generate --patients 50 --bundles --out ./bundles       a transaction Bundle per patient
  tarn generate --patients 500 --out - | tarn import --store ward --create -
  tarn generate --patients 300 --age 65-90 --sex female --gold ./gold --out ./people
  tarn generate --cohort hospital --patients 1000 --out ./people    the patients of one hospital
  tarn generate --modules ./synthea/src/main/resources/modules --lenient --out ./people
  tarn generate --compare ./people ./others                   two populations side by side

Result with --json:
  {\"patients\",\"resources\",\"bytes\",\"seconds\",\"patients_per_second\",\"seed\",\"end\",\"out\",
   \"living\",\"notes\",\"by_type\"}";

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["out", "compare"]))]
pub(crate) struct Generate {
    /// The folder to write to, or `-` for NDJSON on standard output
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How many patients
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=PATIENTS_MAX))]
    pub patients: u64,
    /// Seed of the run
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// The last day, YYYY-MM-DD: nothing happens from then on [default: today]
    #[arg(long, value_name = "DATE")]
    pub end: Option<String>,
    /// Years of history; what is still active is kept from before
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub years: u32,
    /// The last years in full; before them routine measurements and notes are left out
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=120))]
    pub dense_years: u32,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Leave notes out
    #[arg(long)]
    pub no_notes: bool,
    /// Also Claim and ExplanationOfBenefit
    #[arg(long)]
    pub claims: bool,
    /// Ages at the end, both included, such as 65-90
    #[arg(long, value_name = "MIN-MAX", value_parser = ages)]
    pub age: Option<(u8, u8)>,
    /// Only this sex
    #[arg(long, value_enum)]
    pub sex: Option<Sex>,
    /// Only people of this place
    #[arg(long, value_name = "NAME")]
    pub place: Option<String>,
    /// Who is taken in
    #[arg(long, value_enum, default_value_t = Cohort::Community)]
    pub cohort: Cohort,
    /// A folder of modules in the Generic Module Framework instead of our own
    #[arg(long, value_name = "DIR")]
    pub modules: Option<PathBuf>,
    /// Take unknown keys and shares that do not add up as warnings, as Synthea's own engine does
    #[arg(long, requires = "modules")]
    pub lenient: bool,
    /// Only these modules (and what they call); repeat it for several
    #[arg(long, value_name = "NAME")]
    pub module: Vec<String>,
    /// Compress the files
    #[arg(long)]
    pub gzip: bool,
    /// Transaction Bundles, one file per patient, instead of NDJSON per type
    #[arg(long)]
    pub bundles: bool,
    /// A folder for the gold: what each note says, with offsets, traits and codes
    #[arg(long, value_name = "DIR", conflicts_with = "no_notes")]
    pub gold: Option<PathBuf>,
    /// Write although the folder is not empty; files of an earlier run are replaced or removed
    #[arg(long)]
    pub force: bool,
    /// Compare two folders of NDJSON instead of generating
    #[arg(long, num_args = 2, value_names = ["DIR_A", "DIR_B"], conflicts_with = "out")]
    pub compare: Option<Vec<PathBuf>>,
    /// How many differences --compare shows; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 40, requires = "compare")]
    pub top: usize,
}

/// Reads `65-90`, or one age.
fn ages(text: &str) -> Result<(u8, u8), String> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (low.trim().parse(), high.trim().parse()) {
        (Ok(low), Ok(high)) if low <= high && high <= 110 => Ok((low, high)),
        _ => Err("expected two ages up to 110 such as 65-90, the lower one first".to_owned()),
    }
}

/// Administrative sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sex {
    /// female
    Female,
    /// male
    Male,
}

/// Who is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cohort {
    /// A cross-section of everyone who lives there
    Community,
    /// The patients of a hospital: most had a stay in the dense years
    Hospital,
}

const IMPORT: &str = "\
A bad line does not stop an import: it is listed in the error file with its file and line number,
and the exit code is 3. Importing the same files again changes nothing; after a crash it completes.

Examples:
  tarn import --store ward ./fhir                     every *.ndjson, *.ndjson.gz, *.jsonl, *.json in it
  tarn import --store ward Patient.ndjson.gz Condition.ndjson
  zcat *.ndjson.gz | tarn import --store ward -       standard input
  tarn import --store ward --create ./fhir --json     for scripts

Result with --json:
  {\"resources\",\"created\",\"updated\",\"unchanged\",\"rejected\",\"bytes\",\"seconds\",
   \"resources_per_second\",\"error_file\",\"notes\":{\"documents\",\"findings\",\"unread\",\"seconds\"}}";

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The datastore, by name or id
    #[arg(long, value_name = "NAME")]
    pub store: String,
    /// Make the datastore if it is not there
    #[arg(long)]
    pub create: bool,
    /// Also print how long reading, parsing, preparing, applying and tables took
    #[arg(long)]
    pub timings: bool,
    /// Files and folders, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
}

const EXPORT: &str = "\
All files show the same commit; `manifest.json` names them and is written last.

Examples:
  tarn export --store ward --out ./export
  tarn export --store ward --out ./export --gzip --force";

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The datastore, by name or id
    #[arg(long, value_name = "NAME")]
    pub store: String,
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Compress the files
    #[arg(long)]
    pub gzip: bool,
    /// Write although the folder is not empty; files of an earlier export are replaced
    #[arg(long)]
    pub force: bool,
}

const SQL: &str = "\
Every resource type with data is a table in lower case; nested elements are structs and lists.

Examples:
  tarn sql --store ward 'SELECT gender, count(*) AS patients FROM patient GROUP BY gender'
  tarn sql --store ward --format csv --out patients.csv 'SELECT id, birthdate FROM patient'
  tarn sql --store ward --format parquet --out p.parquet 'SELECT * FROM patient'
  tarn sql --store ward --json 'SELECT count(*) AS n FROM observation'
  tarn sql --store ward - < query.sql                 the query from standard input";

#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The datastore, by name or id
    #[arg(long, value_name = "NAME")]
    pub store: String,
    /// How to print the answer [default: table; json with --json]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Write the answer to a file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The query, or `-` to read it from standard input
    #[arg(value_name = "SELECT …")]
    pub query: String,
}

/// How a SQL answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// With a header line
    Csv,
    /// An array of objects
    Json,
    /// A Parquet file; needs --out or a pipe
    Parquet,
}

const ANNOTATE: &str = "\
Nothing is stored and no data folder is needed; terminologies loaded into one are used. Text, HTML,
RTF, C-CDA and PDF with a text layer are read. Offsets count characters of the decoded text.

Examples:
  tarn annotate note.txt
  echo 'No chest pain. Takes metformin 500 mg bid.' | tarn annotate
  tarn annotate --operation icd10cm note.txt          one of Comprehend Medical's answers
  tarn annotate --redact note.txt                     the text with names and numbers taken out
  tarn annotate notes/*.txt > findings.ndjson         several files: one line of JSON each

Without --operation every entity carries its concepts: {\"Entities\",\"UnmappedAttributes\",\"ModelVersion\"}";

#[derive(Debug, Args)]
pub(crate) struct Annotate {
    /// Which answer of Comprehend Medical's to give [default: all of them together]
    #[arg(long, value_enum, conflicts_with = "redact")]
    pub operation: Option<Operation>,
    /// Print the text with protected health information replaced by its kind, such as [NAME]
    #[arg(long)]
    pub redact: bool,
    /// Files to read, or `-` for standard input [default: standard input]
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Which of Comprehend Medical's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    /// DetectEntitiesV2
    Entities,
    /// DetectPHI
    Phi,
    /// InferICD10CM
    Icd10cm,
    /// InferRxNorm
    Rxnorm,
    /// InferSNOMEDCT
    Snomedct,
}

impl Operation {
    /// As the HTTP door calls it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Entities => "DetectEntitiesV2",
            Self::Phi => "DetectPHI",
            Self::Icd10cm => "InferICD10CM",
            Self::Rxnorm => "InferRxNorm",
            Self::Snomedct => "InferSNOMEDCT",
        }
    }
}

const TERMS: &str = "\
PATH is the official release file: RXNCONSO.RRF, the ICD-10-CM codes file, a SNOMED CT description
snapshot (sct2_Description_Snapshot-en…), or Loinc.csv. Notes of every datastore are read anew with it.

Examples:
  tarn terms load rxnorm RxNorm_full/rrf/RXNCONSO.RRF
  tarn terms load snomed sct2_Description_Snapshot-en_INT_20260101.txt
  tarn terms list";

#[derive(Debug, Args)]
pub(crate) struct TermsArguments {
    #[command(subcommand)]
    pub command: Terms,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Terms {
    /// Read an official release file into the data folder
    #[command(after_help = "Example:\n  tarn terms load rxnorm RXNCONSO.RRF")]
    Load {
        /// Which terminology it is
        #[arg(value_enum)]
        kind: TermsKind,
        /// The release file
        path: PathBuf,
    },
    /// List what is loaded
    #[command(after_help = "Example:\n  tarn terms list")]
    List,
}

/// A terminology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TermsKind {
    /// RxNorm, RXNCONSO.RRF
    Rxnorm,
    /// ICD-10-CM, icd10cm-codes-YYYY.txt or icd10cm-order-YYYY.txt
    Icd10cm,
    /// SNOMED CT, sct2_Description_Snapshot
    Snomed,
    /// LOINC, Loinc.csv
    Loinc,
}

const STORE: &str = "\
Examples:
  tarn store create ward
  tarn store notes ward off
  tarn store list
  tarn store describe ward
  tarn store delete ward --yes

Result of create with --json:
  {\"datastore_id\",\"name\",\"endpoint\",\"status\"}";

#[derive(Debug, Args)]
pub(crate) struct StoreArguments {
    #[command(subcommand)]
    pub command: Store,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Make a datastore
    #[command(after_help = "Example:\n  tarn store create ward")]
    Create {
        /// Its name: letters, digits, `-` and `_`
        name: String,
        /// Do not read the notes in it
        #[arg(long)]
        no_notes: bool,
    },
    /// Switch the reading of notes on or off
    #[command(after_help = "Example:\n  tarn store notes ward off")]
    Notes {
        /// Its name or id
        name: String,
        /// `on` or `off`
        #[arg(value_enum)]
        to: Switch,
    },
    /// List all datastores
    #[command(after_help = "Example:\n  tarn store list --json")]
    List,
    /// Show one datastore: endpoint, commit, resources by type
    #[command(after_help = "Example:\n  tarn store describe ward")]
    Describe {
        /// Its name or id
        name: String,
    },
    /// Delete a datastore with everything in it
    #[command(after_help = "Example:\n  tarn store delete ward --yes")]
    Delete {
        /// Its name or id
        name: String,
        /// Do it: nothing brings the data back
        #[arg(long)]
        yes: bool,
    },
}

const KEY: &str = "\
Roles: admin (everything), write (FHIR and SQL), read (FHIR reads and SQL), sql (SQL only).
A key works as a bearer, as Basic credentials, and for AWS signatures.

Examples:
  tarn key create --role read --store ward
  tarn key list
  tarn key delete TARNABCDEFGHIJKLMNOP

Result of create with --json:
  {\"key_id\",\"secret\",\"bearer\"}";

#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    #[command(subcommand)]
    pub command: Key,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key; its secret is shown this once
    #[command(after_help = "Example:\n  tarn key create --role write --store ward --json")]
    Create {
        /// What it allows
        #[arg(long, value_enum)]
        role: Role,
        /// The only datastore it opens [default: all]
        #[arg(long, value_name = "NAME")]
        store: Option<String>,
    },
    /// List all keys, without secrets
    #[command(after_help = "Example:\n  tarn key list")]
    List,
    /// Delete a key; it stops working at once
    #[command(after_help = "Example:\n  tarn key delete TARNABCDEFGHIJKLMNOP")]
    Delete {
        /// Its id
        key_id: String,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Read notes; those written while it was off are read now
    On,
    /// Leave notes alone; findings there are stay
    Off,
}

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything, other keys included
    Admin,
    /// FHIR reads and writes, SQL
    Write,
    /// FHIR reads, SQL
    Read,
    /// SQL only
    Sql,
}

const SETTINGS: &str = "\
Settings come from `tarn.toml` in the data folder, or from --config. A key that does not exist is
refused. What is printed can be used as a settings file.

Examples:
  tarn settings
  tarn settings --json
  tarn --config ./tarn.toml settings";
