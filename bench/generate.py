#!/usr/bin/env python3
"""How fast populations are made, in how much memory, and how their prevalences compare with what was
published. Results go to bench/results/generate.md.

    python3 bench/generate.py [--quick]

The yardstick in the same run: writing the same bytes to the same disk (`cp`), and DuckDB reading them.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

import common
import harness

END, SEED = "2026-07-01", 7
# About 20,000 adults.
PREVALENCE_PATIENTS = 26_000


def prevalence(patients):
    """The table the example prints. Its own target folder: features differ when `synth` is built alone."""
    command = ["cargo", "run", "--release", "-q", "-p", "synth", "--example", "prevalence", "--", "--patients", str(patients), "--threads", "2"]
    done = subprocess.run(command, cwd=common.REPO, capture_output=True, text=True,
                          env={**os.environ, "CARGO_TARGET_DIR": os.environ.get("TARN_SYNTH_TARGET") or str(common.SCRATCH / "synth-target")})
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.rstrip()


def measured(tarn, patients, threads, *arguments, out=None):
    """One run: summary, CPU seconds, peak memory."""
    folder = common.SCRATCH / "generated" / (out or "one")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    before = os.times()
    answer = tarn.run("generate", "--json", "--seed", SEED, "--end", END, "--patients", patients,
                      "--threads", threads, "--out", folder, *arguments, timeout=3600)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {**answer.json(), "cpu": cpu, "memory": answer.maxrss_bytes, "folder": folder}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the patients")
    given = parser.parse_args()
    scale = 10 if given.quick else 1
    tarn = harness.Tarn(harness.find_binary(), common.SCRATCH / "generate-data")
    rows = []
    for what, patients, threads, *arguments in (
        ("notes", 2_000, 1), ("notes", 2_000, 2), ("notes, claims", 2_000, 1, "--claims"),
        ("no notes", 2_000, 1, "--no-notes"), ("hospital cohort, notes", 1_000, 1, "--cohort", "hospital"),
        ("notes, gzip", 2_000, 2, "--gzip"), ("notes", 10_000, 2),
    ):
        one = measured(tarn, patients // scale, threads, *arguments, out=f"run-{len(rows)}")
        rows.append((what, threads, one))
        print(f"{what}, {threads} threads: {one['patients_per_second']}/s, {one['patients'] / one['cpu']:.0f} per CPU second, {one['memory'] / 1e6:.0f} MB", flush=True)
    last = rows[-1][2]
    begun = time.monotonic()
    shutil.copytree(last["folder"], common.SCRATCH / "generated" / "copy", dirs_exist_ok=True)
    os.sync()
    copy = time.monotonic() - begun
    lines = [
        "# Generated populations",
        "",
        f"`python3 bench/generate.py`, commit {common.commit()}, {common.machine()}. Seed {SEED}, end {END}, ten years of history, two of them in full.",
        "",
        "| what | patients | threads | patients/s | patients per CPU second | resources | MB | resources/s | peak memory MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for what, threads, one in rows:
        lines.append(f"| {what} | {one['patients']:,} | {threads} | {one['patients_per_second']:.0f} | {one['patients'] / one['cpu']:.0f} | {one['resources']:,} | {one['bytes'] / 1e6:.0f} | {one['resources'] / one['seconds']:,.0f} | {one['memory'] / 1e6:.0f} |")
    lines += ["", f"Copying the {last['bytes'] / 1e6:.0f} MB of the last run (`cp`, `sync`) took {copy:.1f} s: making them took {last['seconds'] / copy:.1f} times that. For scale: a user of Synthea reported 441 patients a minute on 8 vCPUs in 2024, 0.9 a second each."]
    lines += ["", "## Prevalence against what was published", "",
              f"`cargo run --release -p synth --example prevalence -- --patients {PREVALENCE_PATIENTS // scale}`: our own modules, community, seed 7. Figures and sources stand in each module's `targets`.", "",
              "```text", prevalence(PREVALENCE_PATIENTS // scale), "```"]
    target = common.RESULTS / "generate.md"
    target.write_text("\n".join(lines) + "\n")
    print(f"written to {target.relative_to(common.REPO)}")
    shutil.rmtree(common.SCRATCH / "generated", ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
