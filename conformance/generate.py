#!/usr/bin/env python3
"""Generated populations, looked at from outside: the same bytes for any number of threads, what a
FHIR server takes in without a complaint, references that resolve, nothing after death, one patient a
bed, notes that hold what their gold says, and faults that are named.

    python3 conformance/generate.py [--patients N] [--tarn BIN]
"""

import argparse
import base64
import collections
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import harness

END, HISTORY = "2026-07-01", "2016-07-01"


def lines_of(folder):
    """Every resource of a folder of NDJSON."""
    for path in sorted(pathlib.Path(folder).glob("*.ndjson*")):
        for line in harness.open_lines(path):
            yield json.loads(line)


def digest(folder):
    """One SHA-256 over names and contents of a folder, gzip looked through."""
    total = hashlib.sha256()
    for path in sorted(pathlib.Path(folder).iterdir()):
        data = path.read_bytes()
        if path.name.endswith(".gz"):
            data = gzip.decompress(data)
        total.update(path.name.removesuffix(".gz").encode() + b"\0" + hashlib.sha256(data).digest())
    return total.hexdigest()


def references(value):
    """Every reference in a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def moments(value, name=""):
    """Every date and time in a resource, with the element's name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from moments(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from moments(inner, name)
    elif isinstance(value, str) and (MOMENT.match(value) or re.match(r"^\d{4}-\d\d-\d\d$", value)):
        yield name, value


# What may lie ahead: until when a plan, a supply or a coverage holds.
AHEAD = {"expectationDate", "dueDate"}


class Checks:
    def __init__(self, report, binary, folder, patients):
        self.report, self.folder, self.patients = report, folder, patients
        self.tarn = harness.Tarn(binary, folder / "data")

    def generate(self, out, *arguments, **keywords):
        return self.tarn.run("generate", "--json", "--seed", 7, "--end", END, "--out", out, *arguments, **keywords)

    def same_bytes(self):
        """One, two and three threads, gzip and plain: the same content."""
        sums = {}
        for threads in (1, 2, 3):
            out, gold = self.folder / f"t{threads}", self.folder / f"g{threads}"
            extra = ["--gzip"] if threads == 3 else []
            answer = self.generate(out, "--patients", self.patients, "--threads", threads, "--claims", "--gold", gold, *extra).json()
            self.report.equal(answer["patients"], self.patients, f"{threads} threads: the patients asked for")
            sums[threads] = (digest(out), digest(gold))
        for threads in (2, 3):
            self.report.equal(sums[threads], sums[1], f"{threads} threads give the bytes of one")
        other = self.folder / "other"
        self.tarn.run("generate", "--seed", 8, "--end", END, "--patients", 5, "--out", other)
        self.report.check(digest(other) != sums[1][0], "another seed gives others")
        self.out, self.gold = self.folder / "t1", self.folder / "g1"

    def resources(self):
        """References, dates, ids and types."""
        report = self.report
        by_id, counts = {}, collections.Counter()
        for resource in lines_of(self.out):
            key = f"{resource['resourceType']}/{resource['id']}"
            report.check(key not in by_id, "ids are given once", key)
            by_id[key] = resource
            counts[resource["resourceType"]] += 1
        self.by_id = by_id
        report.check(len(counts) >= 25, "at least 25 resource types", sorted(counts))
        report.equal(counts["Patient"], self.patients, "a Patient each")
        dangling = {r for resource in by_id.values() for r in references(resource) if not r.startswith("#") and r not in by_id}
        report.equal(sorted(dangling)[:5], [], "every reference resolves")
        deaths = {key: r["deceasedDateTime"] for key, r in by_id.items() if r["resourceType"] == "Patient" and "deceasedDateTime" in r}
        report.check(len(deaths) >= 1, "some have died", len(deaths))
        late = collections.Counter()
        for key, resource in by_id.items():
            subject = (resource.get("subject") or resource.get("patient") or resource.get("beneficiary") or {}).get("reference", key)
            last = deaths.get(subject, END + "T00:00:00Z")
            for name, moment in moments(resource):
                if name not in AHEAD and moment > last[: len(moment)]:
                    late[(resource["resourceType"], name, subject in deaths)] += 1
        report.equal(dict(late), {}, "nothing after death or after the end")
        born = {key: r["birthDate"] for key, r in by_id.items() if r["resourceType"] == "Patient"}
        early = collections.Counter()
        for key, resource in by_id.items():
            subject = (resource.get("subject") or resource.get("patient") or {}).get("reference")
            if subject in born:
                for name, moment in moments(resource):
                    if moment[:10] < born[subject]:
                        early[(resource["resourceType"], name)] += 1
        report.equal(dict(early), {}, "nothing before birth")
        classes = collections.Counter(r["class"]["code"] for r in by_id.values() if r["resourceType"] == "Encounter")
        report.check({"AMB", "EMER", "IMP"} <= set(classes), "visits, emergencies and stays", dict(classes))

    def beds(self):
        """Location tree, legs without gaps, one patient a bed."""
        report = self.report
        kind = lambda l: l.get("physicalType", {}).get("coding", [{}])[0].get("code")
        locations = {k: r for k, r in self.by_id.items() if r["resourceType"] == "Location"}
        for key, location in locations.items():
            if kind(location) in ("wa", "ro", "bd"):
                report.check(location.get("partOf", {}).get("reference") in locations, "a ward, room or bed lies in something", key)
        in_bed = collections.defaultdict(list)
        stays = 0
        for key, encounter in self.by_id.items():
            if encounter["resourceType"] != "Encounter" or encounter["class"]["code"] != "IMP":
                continue
            period = encounter["period"]
            if period.get("end", "9") < HISTORY:
                continue  # From before the history: kept because something refers to it.
            stays += 1
            legs = sorted((l["period"]["start"], l["period"].get("end", "9"), l["location"]["reference"]) for l in encounter.get("location", []) if kind(locations[l["location"]["reference"]]) != "bu")
            report.check(bool(legs), "a stay has beds", key)
            if legs:
                report.equal(legs[0][0], period["start"], "a stay's first bed begins with it")
                report.equal(legs[-1][1], period.get("end", "9"), "a stay's last bed ends with it")
                report.check(all(a[1] == b[0] for a, b in zip(legs, legs[1:])), "beds follow without a gap", key)
            for start, end, place in legs:
                in_bed[place].append((start, end, key))
        report.check(stays > 0, "there are stays")
        for place, legs in in_bed.items():
            legs.sort()
            for one, two in zip(legs, legs[1:]):
                report.check(one[1] <= two[0], "one patient a bed", f"{place}: {one} {two}")

    def notes(self):
        """The gold is in the text, and in no output."""
        report = self.report
        documents, entities, kinds = 0, 0, collections.Counter()
        for path in sorted(self.gold.iterdir()):
            for line in harness.open_lines(path):
                gold = json.loads(line)
                document = self.by_id.get(gold["document"] if "/" in gold["document"] else f"DocumentReference/{gold['document']}")
                if not report.check(document is not None, "a gold list has its document", gold["document"]):
                    continue
                text = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
                documents += 1
                kinds[document["type"]["coding"][0]["code"]] += 1
                for entity in gold["entities"]:
                    entities += 1
                    report.check(text[entity["BeginOffset"]: entity["EndOffset"]] == entity["Text"], "offsets name the words", f"{gold['document']} {entity}")
        there = sum(1 for r in self.by_id.values() if r["resourceType"] == "DocumentReference")
        report.equal(documents, there, "every note has its gold")
        report.check(len(kinds) >= 5, "at least five kinds of note", dict(kinds))
        traits = collections.Counter()
        for path in self.gold.iterdir():
            for line in harness.open_lines(path):
                for entity in json.loads(line)["entities"]:
                    traits.update(entity["Traits"])
        for wanted in ("NEGATION", "PERTAINS_TO_FAMILY", "HYPOTHETICAL", "PAST_HISTORY"):
            report.check(traits[wanted] > 0, f"notes hold {wanted}", dict(traits))
        report.check(entities > 10 * documents, "notes say something", f"{entities} in {documents}")

    def imported(self):
        """A server takes all of it; a pipe does too; Bundles hold the same resources."""
        report = self.report
        self.tarn.run("store", "create", "people", "--no-notes")
        summary = self.tarn.run("import", "--store", "people", "--json", self.out, check=(0, 3)).json()
        report.equal(summary["rejected"], 0, "nothing is refused on import")
        report.equal(summary["resources"], len(self.by_id), "everything is taken")
        rows = self.tarn.run("sql", "--store", "people", "--json", "SELECT count(*) AS n FROM encounter").json()
        report.equal(rows[0]["n"], sum(1 for r in self.by_id.values() if r["resourceType"] == "Encounter"), "SQL counts the encounters")
        pipe = subprocess.run([self.tarn.binary, "generate", "--seed", "7", "--end", END, "--patients", str(self.patients), "--claims", "--out", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        report.equal(pipe.returncode, 0, "a population on standard output")
        piped = collections.Counter(pipe.stdout.splitlines())
        filed = collections.Counter(line for path in self.out.glob("*.ndjson") for line in harness.open_lines(path))
        report.check(piped == filed, "the pipe holds what the files hold")
        bundles = self.folder / "bundles"
        self.generate(bundles, "--patients", self.patients, "--claims", "--bundles")
        inside = {}
        for path in bundles.iterdir():
            bundle = json.loads(path.read_bytes())
            report.equal((bundle["resourceType"], bundle["type"]), ("Bundle", "transaction"), "a transaction Bundle")
            for entry in bundle["entry"]:
                report.check({"method", "url"} <= set(entry["request"]), "an entry says what to do")
                inside[f"{entry['resource']['resourceType']}/{entry['resource']['id']}"] = entry["resource"]
        report.check(inside == self.by_id, "Bundles hold the same resources", f"{len(inside)} and {len(self.by_id)}")

    def census(self):
        """The Hospital dashboard's census, counted again from the resources; the timeline answers."""
        report = self.report
        kind = lambda l: l.get("physicalType", {}).get("coding", [{}])[0].get("code")
        above = lambda l: self.by_id.get(l.get("partOf", {}).get("reference"), {})
        wards = {key: above(above(l)).get("name", "not recorded") for key, l in self.by_id.items() if l["resourceType"] == "Location" and kind(l) == "bd"}
        expected = collections.Counter()
        first, last = datetime.date(2026, 1, 1), datetime.date(2026, 6, 28)
        for key, encounter in self.by_id.items():
            if encounter["resourceType"] != "Encounter" or encounter["class"]["code"] != "IMP":
                continue
            legs = [(l["period"]["start"], l["period"].get("end", "9"), wards[l["location"]["reference"]]) for l in encounter.get("location", []) if l["location"]["reference"] in wards]
            legs = legs or [(encounter["period"]["start"], encounter["period"].get("end", "9"), "not recorded")]
            for day in (first + datetime.timedelta(n) for n in range((last - first).days + 1)):
                noon = f"{day}T12:00:00Z"
                for ward in {ward for start, end, ward in legs if start <= noon < end}:
                    expected[(str(day), ward)] += 1
        server = harness.Server(self.tarn)
        client = server.client()
        ask = lambda id, parameters: client.send("POST", f"/api/stores/people/dashboards/{id}/data", json.dumps({"parameters": parameters}).encode(), {"Content-Type": "application/json"}).json()
        answer = ask("hospital", {"days": {"from": str(first), "to": str(last)}})
        report.equal(answer["errors"], {}, "the Hospital dashboard's data sets answer")
        table = answer["datasets"]["census"]
        names = [c["name"] for c in table["columns"]]
        rows = [dict(zip(names, row)) for row in table["rows"]]
        found = {(str(r["day"])[:10], r["ward"]): r["patients"] for r in rows if r["patients"]}
        report.check(bool(expected), "somebody lies in a bed")
        report.equal(found, dict(expected), "census by day and ward")
        answer = ask("timeline", {})
        report.equal(answer["errors"], {}, "the timeline's data sets answer")
        client.close()
        report.equal(server.stop(), 0, "the server ends")

    def options(self):
        """Filters, notes off, years."""
        report = self.report
        out = self.folder / "filtered"
        self.generate(out, "--patients", 30, "--age", "65-80", "--sex", "female", "--no-notes")
        patients = [r for r in lines_of(out) if r["resourceType"] == "Patient"]
        report.equal(len(patients), 30, "filters give as many as asked")
        report.equal({p["gender"] for p in patients}, {"female"}, "--sex")
        ages = [int(END[:4]) - int(p["birthDate"][:4]) - (END[5:] < p["birthDate"][5:]) for p in patients]
        report.check(all(65 <= age <= 80 for age in ages), "--age", sorted(ages))
        report.check(not (out / "DocumentReference.ndjson").exists(), "--no-notes writes none")
        report.check(not (out / "Claim.ndjson").exists(), "no claims unless asked for")
        short = self.folder / "short"
        self.generate(short, "--patients", 30, "--years", 1)
        starts = [r["period"]["start"] for r in lines_of(short) if r["resourceType"] == "Encounter"]
        long_ago = sum(1 for s in starts if s < "2025-07-01")
        report.check(long_ago < len(starts), "--years keeps the last ones", f"{long_ago} of {len(starts)} older")
        hospital = self.folder / "hospital"
        self.generate(hospital, "--patients", 40, "--cohort", "hospital")
        stays = {r["subject"]["reference"] for r in lines_of(hospital) if r["resourceType"] == "Encounter" and r["class"]["code"] == "IMP" and r["period"].get("end", "9") > "2024-07-01"}
        report.check(len(stays) >= 20, "--cohort hospital: most had a stay", len(stays))

    def faults(self):
        """What is wrong is named, and nothing is left half-done."""
        report = self.report
        fails = self.fails
        some = self.folder / "some"
        fails("a folder that is not empty", "not empty", "generate", "--patients", 1, "--out", self.out)
        fails("an impossible day", "2026-02-30", "generate", "--patients", 1, "--end", "2026-02-30", "--out", some)
        fails("an unknown place", "Nowhere", "generate", "--patients", 1, "--place", "Nowhere", "--out", some)
        fails("an unknown module", "nonesuch", "generate", "--patients", 1, "--module", "nonesuch", "--out", some)
        fails("modules that are not there", "missing", "generate", "--patients", 1, "--modules", self.folder / "missing", "--out", some)
        fails("neither --out nor --compare", "--out", "generate", "--patients", 1, code=2)
        fails("no patients", "1..", "generate", "--patients", 0, "--out", some, code=2)
        fails("ages the wrong way round", "lower", "generate", "--age", "80-60", "--out", some, code=2)
        modules = self.folder / "modules"
        modules.mkdir()
        simple = {"name": "Bad", "states": {"Initial": {"type": "Initial", "direct_transition": "End"}, "End": {"type": "Terminal"}}, "gmf_version": 2}
        for name, change, wanted in (
            ("unknown key", lambda m: m["states"]["Initial"].update(colour="red"), "colour"),
            ("unknown state type", lambda m: m["states"]["End"].update(type="Teapot"), "Teapot"),
            ("missing target", lambda m: m["states"]["Initial"].update(direct_transition="Nowhere"), "Nowhere"),
            ("shares that do not add up", lambda m: (m["states"]["Initial"].pop("direct_transition"), m["states"]["Initial"].update(distributed_transition=[{"transition": "End", "distribution": 0.4}])), "0.4"),
            ("no start", lambda m: m["states"].pop("Initial"), "Initial"),
        ):
            module = json.loads(json.dumps(simple))
            change(module)
            (modules / "bad.json").write_text(json.dumps(module))
            message = fails(f"a module with {name}", wanted, "generate", "--patients", 1, "--modules", modules, "--out", some)
            report.check("bad.json" in message, f"a module with {name}: the file is named", message)
            lenient = self.tarn.run("generate", "--patients", 1, "--modules", modules, "--lenient", "--out", self.folder / "lenient", "--force", check=(0, 1))
            tolerable = name in ("unknown key", "shares that do not add up")
            report.equal(lenient.code, 0 if tolerable else 1, f"a module with {name}: --lenient")
            report.check(wanted in lenient.err.decode(), f"a module with {name}: --lenient still tells", lenient.err.decode())
        (modules / "bad.json").write_text("{ not json")
        fails("a module that is no JSON", "bad.json", "generate", "--patients", 1, "--modules", modules, "--out", some)
        (modules / "bad.json").write_text(json.dumps(simple))
        self.tarn.run("generate", "--patients", 2, "--modules", modules, "--out", self.folder / "plain")
        report.check(True, "a module of one's own runs")

        state = lambda **keys: {"type": "Simple", **keys}
        module = json.loads(json.dumps(simple))
        for name, loop in (
            ("of nothing", {"Loop": state(direct_transition="Loop")}),
            ("of seconds", {"Loop": {"type": "Delay", "exact": {"quantity": 1, "unit": "seconds"}, "direct_transition": "Loop"}}),
            ("of records", {"Visit": {"type": "Encounter", "encounter_class": "ambulatory", "codes": [{"system": "SNOMED-CT", "code": "185349003", "display": "Check-up"}], "direct_transition": "Loop"},
                            "Loop": {"type": "Observation", "category": "exam", "unit": "1", "codes": [{"system": "LOINC", "code": "8867-4", "display": "Heart rate"}], "exact": {"quantity": 1}, "direct_transition": "Loop"}}),
        ):
            module["states"] = {"Initial": {"type": "Initial", "direct_transition": next(iter(loop))}, **loop}
            (modules / "bad.json").write_text(json.dumps(module))
            message = fails(f"a circle {name}", "circles", "generate", "--patients", 1, "--modules", modules, "--out", some)
            report.check("bad.json" in message and "Loop" in message, f"a circle {name}: file and state are named", message)
        (modules / "bad.json").write_text(json.dumps(simple))
        os.symlink(".", modules / "again")
        self.tarn.run("generate", "--patients", 1, "--modules", modules, "--out", self.folder / "linked")
        os.mkfifo(modules / "pipe.json")
        fails("a module that is a pipe", "pipe.json", "generate", "--patients", 1, "--modules", modules, "--out", some)
        fails("gold among the resources", "gold", "generate", "--patients", 1, "--out", some, "--gold", some)
        fails("a file for a folder", "not a folder", "generate", "--patients", 1, "--out", modules / "bad.json")
        twice = self.folder / "twice"
        both = [self.tarn.spawn("generate", "--patients", 400, "--seed", seed, "--out", twice) for seed in (1, 2)]
        codes = sorted(self.tarn.finish(process).code for process in both)
        report.equal(codes, [0, 1], "two runs into one folder: one is refused")
        report.equal(sum(1 for r in lines_of(twice) if r["resourceType"] == "Patient"), 400, "and the other is whole")
        self.tarn.run("generate", "--patients", 3, "--gzip", "--out", twice, "--force")
        report.equal(sum(1 for r in lines_of(twice) if r["resourceType"] == "Patient"), 3, "--force leaves one population")

        killed = self.folder / "killed"
        process = self.tarn.spawn("generate", "--patients", 6_000, "--out", killed)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (killed.is_dir() and any(p.name.endswith(".partial") for p in killed.iterdir())):
            time.sleep(0.05)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGKILL) if os.getpgid(process.pid) == process.pid else process.kill()
        self.tarn.finish(process)
        whole = [p.name for p in killed.iterdir() if not p.name.startswith(".")]
        report.equal(whole, [], "kill -9 leaves no file that looks complete")
        self.tarn.run("generate", "--patients", 2, "--out", killed, "--force")
        report.check((killed / "Patient.ndjson").exists(), "and the next run replaces it")
        report.equal([p.name for p in killed.iterdir() if p.name.startswith(".")], [], "and clears what was left")
        stopped = self.folder / "stopped"
        process = self.tarn.spawn("generate", "--patients", 6_000, "--out", stopped)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (stopped.is_dir() and any(p.name.endswith(".partial") for p in stopped.iterdir())):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        report.equal(self.tarn.finish(process).code, 1, "Ctrl-C ends a run")
        report.equal(list(stopped.iterdir()), [], "and leaves nothing")
        process = self.tarn.spawn("generate", "--patients", 6_000, "--bundles", "--out", stopped)
        while time.monotonic() < deadline and not any(p.name.endswith(".json") for p in stopped.iterdir()):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        report.equal(self.tarn.finish(process).code, 1, "Ctrl-C ends a run of Bundles")
        report.equal(list(stopped.iterdir()), [], "and leaves none")
        kept = stopped / "Patient.ndjson"
        kept.write_text("{}\n")
        self.tarn.run("generate", "--patients", 1, "--out", self.folder / "beside", "--gold", stopped, "--force")
        report.check(kept.exists(), "--force removes no resources from a folder of gold")

    def fails(self, what, wanted, *arguments, code=1):
        answer = self.tarn.run(*arguments, check=(0, 1, 2, 3))
        message = answer.err.decode()
        self.report.equal(answer.code, code, f"{what}: exit code")
        self.report.check(wanted in message and "panicked" not in message, f"{what}: named", message)
        return message

    def compared(self):
        """A population beside itself, and beside Synthea's."""
        report = self.report
        same = self.tarn.run("generate", "--compare", self.out, self.folder / "t3", "--json").json()
        report.check(isinstance(same, dict) and same, "a comparison as JSON")
        text = self.tarn.run("generate", "--compare", self.out, self.folder / "t3").out.decode()
        report.check("Patient" in text, "a comparison as text", text[:400])
        synthea = harness.dataset("synthea-2021")
        if not synthea:
            report.skip("beside Synthea's", "the published data is not there")
            return
        text = self.tarn.run("generate", "--compare", self.out, synthea).out.decode()
        report.check("Observation" in text and "p" in text, "beside Synthea's", text[:400])

    def demo(self):
        """The demo generates straight into the store."""
        tarn = harness.Tarn(self.tarn.binary, self.folder / "demo-data")
        answer = tarn.run("demo", "--patients", 40, "--seed", 3, "--no-open", "--exit", "--http", "127.0.0.1:0", "--json", timeout=900).json()
        self.report.equal(answer["import"]["rejected"], 0, "the demo's population is taken in")
        rows = tarn.run("sql", "--store", "demo", "--json", "SELECT count(*) AS n FROM patient").json()
        self.report.equal(rows[0]["n"], 40, "the demo holds its patients")
        self.report.check(answer["import"]["notes"]["findings"] > 0, "the demo's notes are read")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tarn")
    parser.add_argument("--patients", type=int, default=80)
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    report = harness.Report("generate", given.verbose)
    with harness.Folder("generate") as folder:
        checks = Checks(report, harness.find_binary(given.tarn), folder, given.patients)
        for part in (checks.same_bytes, checks.resources, checks.beds, checks.notes, checks.imported, checks.census, checks.options, checks.faults, checks.compared, checks.demo):
            part()
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
