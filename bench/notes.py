#!/usr/bin/env python3
"""Reading notes: accuracy and speed beside medSpaCy, and what reading adds to an import.

    python3 bench/notes.py

The NegEx/ConText kit's open half, phrase given, through Tarn and through medSpaCy 1.3.1's default
ConText rules, in the same run. Then synthea-2021 imported with notes unread and read. medSpaCy is
installed into a private environment when it is missing; without network its columns stay empty.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import common
from common import harness

MEDSPACY = "medspacy==1.3.1"

SCRIPT = r'''
import json, sys, time
import medspacy, spacy
from medspacy.custom_tokenizer import create_medspacy_tokenizer
nlp = spacy.blank("en")
nlp.tokenizer = create_medspacy_tokenizer(nlp)
nlp.add_pipe("sentencizer")
context = nlp.add_pipe("medspacy_context", config={"rules": "default"})
sentencizer = nlp.get_pipe("sentencizer")
counts = {name: [0, 0, 0] for name in ("negation", "historical", "hypothetical")}
seconds = size = 0
for row in open(sys.argv[1], encoding="utf-8").read().splitlines()[1:]:
    columns = row.split("\t")
    if len(columns) < 6:
        continue
    phrase, sentence, negation, time_ = columns[1].strip(), columns[2], columns[3], columns[4]
    start = sentence.find(phrase.upper())
    if start < 0:
        continue
    begun = time.process_time()
    doc = sentencizer(nlp.make_doc(sentence))
    span = doc.char_span(start, start + len(phrase), label="CONDITION", alignment_mode="expand")
    doc.ents = [span]
    doc = context(doc)
    seconds += time.process_time() - begun
    size += len(sentence.encode())
    entity = doc.ents[0]
    for name, found, wanted in (("negation", entity._.is_negated, negation == "Negated"),
                                ("historical", entity._.is_historical, time_ == "Historical"),
                                ("hypothetical", entity._.is_hypothetical, time_.startswith("Not"))):
        counts[name][0 if found and wanted else 1 if found else 2 if wanted else 0] += bool(found or wanted)
print(json.dumps({"counts": counts, "seconds": seconds, "bytes": size}))
'''


def medspacy_python():
    """A Python that can import medSpaCy, in an environment of its own; None without network."""
    venv = common.SCRATCH / "medspacy"
    python = venv / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", "import medspacy"], capture_output=True).returncode == 0:
        return python
    print("installing medSpaCy into a private environment …", flush=True)
    common.SCRATCH.mkdir(parents=True, exist_ok=True)
    for command in ([sys.executable, "-m", "venv", str(venv)], [str(venv / "bin" / "pip"), "install", "-q", MEDSPACY]):
        if subprocess.run(command, capture_output=True).returncode:
            print("skip: medSpaCy is not available, its columns stay empty")
            return None
    return python


def f1(right, wrong, missed):
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def evaluate(corpus, *files):
    """One line of `evaluate --json` from the production pipeline."""
    command = ["cargo", "run", "--release", "-q", "--locked", "-p", "nlp", "--example", "evaluate", "--", corpus, *map(str, files), "--json"]
    done = subprocess.run(command, cwd=common.REPO, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"evaluate {corpus} failed: {done.stderr[-1000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def peer(kit):
    """Rows of the table beside medSpaCy."""
    ours = evaluate("negex", kit)
    python = medspacy_python()
    theirs = None
    if python:
        done = subprocess.run([python, "-c", SCRIPT, str(kit)], capture_output=True, text=True)
        if done.returncode:
            print(f"medSpaCy failed: {done.stderr[-800:]}")
        else:
            theirs = json.loads(done.stdout.strip().splitlines()[-1])
    rows = []
    for name in ("negation", "historical", "hypothetical"):
        part = ours["by_type"][name]
        rows.append([f"{name} F1", f"{part['f1']:.3f}", f"{f1(*theirs['counts'][name]):.3f}" if theirs else "", ""])
    speed = ours["bytes"] / max(ours["seconds"], 1e-9) / 1e6
    if theirs:
        other = theirs["bytes"] / theirs["seconds"] / 1e6
        rows.append(["MB/s of one core", f"{speed:.2f}", f"{other:.3f}", f"{speed / other:.0f}"])
    else:
        rows.append(["MB/s of one core", f"{speed:.2f}", "", ""])
    return rows


def rules(corpora, notes):
    """Rows of what the rules score on the open halves, and how fast all of it is."""
    rows = []
    for corpus, name in (("negex", "negex_context_open.tsv"), ("asq-phi", "asq_phi_open.txt"),
                         ("ade-dose", "ade_DRUG-DOSE.rel.open.gz"), ("mts-dialog", "mts_dialog_validation.csv.gz")):
        found = evaluate(corpus, corpora / name)
        more = {k: v for k, v in found["by_type"].items() if not isinstance(v, dict)}
        rows.append([corpus, *(f"{found[k]:.3f}" for k in ("precision", "recall", "f1")),
                     ", ".join(f"{k.replace('_', ' ')} {v:.3g}" for k, v in more.items())])
    speeds = []
    for title, files in (("visit notes (ACI-BENCH)", notes), ("abstracts (BC5CDR)", [corpora / "bc5cdr_dev.pubtator.gz"])):
        found = evaluate("speed", *files)["by_type"]
        speeds.append([title, f"{found['whole_mb_per_second']:.2f}", f"{found['rules_and_lexicons_mb_per_second']:.1f}",
                       f"{found['start_ms']:.0f}", f"{found['resident_mb']:.0f}"])
    return rows, speeds


def imports(source):
    """Rows of import with notes unread and read."""
    rows = []
    for title, options in (("unread", ["--no-notes"]), ("read", [])):
        folder = common.SCRATCH / "notes"
        shutil.rmtree(folder, ignore_errors=True)
        tarn = harness.Tarn(harness.find_binary(), folder)
        tarn.run("store", "create", "bench", *options)
        process = tarn.spawn("--json", "import", "--store", "bench", "--timings", source)
        answer = tarn.finish(process)
        summary = answer.json()
        notes = summary["timings"]["notes"]
        work = sum(summary["timings"].values())
        rows.append([title, f"{summary['resources']:,}", f"{summary['seconds']:.2f}", f"{summary['resources_per_second']:,.0f}", f"{summary['notes']['seconds']:.2f}",
                     f"{summary['notes']['documents']:,}", f"{summary['notes']['findings']:,}", f"{notes:.2f}", f"{100 * notes / work:.0f}",
                     f"{answer.maxrss_bytes / (1 << 20):.0f}"])
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def main():
    shared = harness.shared_folder()
    if not shared:
        sys.exit("the published data is not there: set TARN_SHARED")
    kit = pathlib.Path(shared) / "data" / "nlp" / "corpora" / "negex_context_open.tsv"
    head = f"# Reading notes\n\n- Machine: {common.machine()}\n- Commit: {common.commit()}\n- Command: `python3 bench/notes.py`\n"
    beside = table(["phrase given, NegEx/ConText kit, open half", "Tarn", "medSpaCy 1.3.1", "ratio"], peer(kit))
    rows, speeds = rules(kit.parent, sorted((pathlib.Path(shared) / "data" / "fhir" / "notes").glob("*.csv")))
    ruled = table(["corpus, open half", "P", "R", "F1", "beside"], rows)
    fast = table(["text", "whole pipeline, MB/s of one core", "rules, lexicons and codes only", "start ms", "resident MB"], speeds)
    imported = table(["notes", "resources", "s", "resources/s", "s for notes", "documents", "findings", "s of reading, all threads", "% of work", "peak MiB"],
                     imports(common.population()))
    text = (f"{head}\n## Beside medSpaCy\n\nSame sentences, same run, one thread each; Tarn's seconds also hold tokens, sentences and sections.\n\n{beside}\n\n"
            f"## Rules\n\nDeveloped on these files, so the figures are optimistic. Taggers: [nlp-development.md](nlp-development.md).\n\n{ruled}\n\n"
            f"## Speed\n\n{fast}\n\n"
            f"## Import of synthea-2021\n\n{imported}\n")
    (common.RESULTS / "notes.md").write_text(text)
    print(re.sub(r"\n\n+", "\n\n", text))


if __name__ == "__main__":
    main()
