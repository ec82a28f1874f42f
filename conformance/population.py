#!/usr/bin/env python3
"""The Population dashboard's numbers, computed again from the NDJSON.

    python3 conformance/population.py [--from DIR] [--tarn BIN]

Patients, distribution by gender, encounters and when they started, and the conditions that
brought people in, three ways: from the files by this script, from the dashboard's data door,
and from SQL. All three must be equal.
"""

import argparse
import collections
import datetime
import json
import pathlib
import sys

import harness


def from_files(folder):
    """The expected numbers. Days and months are UTC, as the tables' timestamps are."""
    resources = collections.defaultdict(list)
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.name.split(".")[0] in ("Patient", "Encounter", "Condition"):
            resources[path.name.split(".")[0]] += map(json.loads, harness.open_lines(path))
    start = lambda e: datetime.datetime.fromisoformat(e["period"]["start"]).astimezone(datetime.timezone.utc)
    encounters = {e["id"]: e for e in resources["Encounter"]}
    by_condition = collections.defaultdict(set)
    for condition in resources["Condition"]:
        encounter = condition.get("encounter", {}).get("reference", "").partition("Encounter/")[2]
        if encounter in encounters:
            code = condition.get("code", {})
            coding = (code.get("coding") or [{}])[0]
            by_condition[coding.get("display") or code.get("text") or "not recorded"].add(encounter)
    active = {c["subject"]["reference"] for c in resources["Condition"] if c["clinicalStatus"]["coding"][0]["code"] == "active"}
    return {
        "patients": len(resources["Patient"]),
        "deceased": sum(1 for p in resources["Patient"] if p.get("deceasedDateTime") or p.get("deceasedBoolean")),
        "gender": dict(collections.Counter(p.get("gender", "not recorded") for p in resources["Patient"])),
        "encounters": len(encounters),
        "encounter_patients": len({e["subject"]["reference"] for e in encounters.values()}),
        "by_year": dict(collections.Counter(start(e).strftime("%Y-01-01") for e in encounters.values())),
        "by_month": dict(collections.Counter(start(e).strftime("%Y-%m-01") for e in encounters.values())),
        "by_day": dict(collections.Counter(start(e).strftime("%Y-%m-%d") for e in encounters.values())),
        "by_condition": {name: len(ids) for name, ids in by_condition.items()},
        "active_patients": len(active),
        "male_encounters": sum(1 for e in encounters.values() if e["subject"]["reference"] in
                               {f"Patient/{p['id']}" for p in resources["Patient"] if p.get("gender") == "male"}),
        "encounters_2015": sum(1 for e in encounters.values() if start(e).year == 2015),
        "first_day": min(start(e) for e in encounters.values()).strftime("%Y-%m-%d"),
        "last_day": max(start(e) for e in encounters.values()).strftime("%Y-%m-%d"),
    }


def top(counts, most=15):
    """The most frequent, ties by name, as the dashboard orders them."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def rows(dataset):
    """A data set's rows as dicts."""
    names = [c["name"] for c in dataset["columns"]]
    return [dict(zip(names, row)) for row in dataset["rows"]]


def dashboard(report, client, store, expected):
    def ask(**parameters):
        reply = client.send("POST", f"/api/stores/{store}/dashboards/population/data", json.dumps({"parameters": parameters}).encode(),
                            {"Content-Type": "application/json"})
        if not report.check(reply.status == 200, f"dashboard data with {parameters}", reply):
            return None
        answer = reply.json()
        report.check(not answer.get("errors"), f"no data set fails with {parameters}", answer.get("errors"))
        report.check(isinstance(answer.get("commit"), int), "the answer names its commit", list(answer))
        return {name: rows(dataset) for name, dataset in answer["datasets"].items()}

    data = ask()
    if data:
        report.equal(data["patients"][0]["patients"], expected["patients"], "dashboard: patients")
        report.equal(data["patients"][0]["deceased"], expected["deceased"], "dashboard: deceased")
        report.equal({r["gender"]: r["patients"] for r in data["gender"]}, expected["gender"], "dashboard: by gender")
        report.equal(data["encounters"][0]["encounters"], expected["encounters"], "dashboard: encounters")
        report.equal(data["encounters"][0]["patients"], expected["encounter_patients"], "dashboard: patients with an encounter")
        report.equal(data["active_conditions"][0]["patients"], expected["active_patients"], "dashboard: patients with an active condition")
        grain = data["encounters_by_start"][0]["grain"]
        wanted = {"year": "by_year", "month": "by_month", "day": "by_day"}.get(grain)
        if wanted:
            report.equal({str(r["started"])[:10]: r["encounters"] for r in data["encounters_by_start"]}, expected[wanted], f"dashboard: encounters by {grain}")
        report.equal([(r["condition"], r["encounters"]) for r in data["encounters_by_condition"]], top(expected["by_condition"]), "dashboard: encounters by condition")
        report.equal(data["encounters_by_condition"][0]["conditions"], len(expected["by_condition"]), "dashboard: number of conditions")
        report.equal((str(data["span"][0]["first_day"])[:10], str(data["span"][0]["last_day"])[:10]),
                     (expected["first_day"], expected["last_day"]), "dashboard: first and last day")
        report.check(sum(r["patients"] for r in data["ages"]) == expected["patients"] - expected["deceased"], "dashboard: ages cover the living", data["ages"])
    for grain, wanted in (("month", "by_month"), ("day", "by_day"), ("year", "by_year")):
        data = ask(grain=grain)
        if data:
            report.equal({str(r["started"])[:10]: r["encounters"] for r in data["encounters_by_start"]}, expected[wanted], f"dashboard: encounters by {grain} on request")
    data = ask(gender="male")
    if data:
        report.equal(data["encounters"][0]["encounters"], expected["male_encounters"], "dashboard: encounters of men")
        report.equal(data["patients"][0]["patients"], expected["gender"].get("male", 0), "dashboard: men")
    data = ask(encounters={"from": "2015-01-01", "to": "2015-12-31"})
    if data:
        report.equal(data["encounters"][0]["encounters"], expected["encounters_2015"], "dashboard: encounters of 2015")


def by_sql(report, client, expected):
    one = lambda query: list(client.sql("population", query)[0].values())[0]
    pairs = lambda query: {str(a)[:10] if "date_trunc" in query else a: b for a, b in (r.values() for r in client.sql("population", query))}
    report.equal(one("SELECT count(*) AS n FROM patient"), expected["patients"], "SQL: patients")
    report.equal(pairs("SELECT gender, count(*) AS n FROM patient GROUP BY gender"), expected["gender"], "SQL: by gender")
    report.equal(one("SELECT count(*) AS n FROM encounter"), expected["encounters"], "SQL: encounters")
    report.equal(pairs("SELECT date_trunc('month', period['start_start']) AS m, count(*) AS n FROM encounter GROUP BY 1"), expected["by_month"], "SQL: encounters by month")
    found = client.sql("population", """
        SELECT coalesce(c.code['coding'][1]['display'], c.code['text'], 'not recorded') AS condition, count(DISTINCT e.id) AS n
        FROM condition c JOIN encounter e ON e.id = c.encounter_id GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 15""")
    report.equal([tuple(r.values()) for r in found], top(expected["by_condition"]), "SQL: encounters by condition")
    # Nested fields of three joined tables, written with dots.
    found = client.sql("population", """
        SELECT coalesce(c.code.coding[1].display, c.code.text, 'not recorded') AS condition, count(DISTINCT e.id) AS n
        FROM condition c JOIN encounter e ON e.id = c.encounter_id LEFT JOIN patient p ON p.id = e.subject_id
        WHERE e.period.start_start > TIMESTAMP '1800-01-01' AND e.class.code IS NOT NULL AND p.name[1].family IS NOT NULL
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 15""")
    report.equal([tuple(r.values()) for r in found], top(expected["by_condition"]), "SQL: encounters by condition over three tables")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tarn")
    arguments.add_argument("--from", dest="folder")
    given = arguments.parse_args()
    report = harness.Report("population")
    folder = given.folder or harness.dataset("synthea-2021")
    if not folder:
        report.skip("population", "no data beside the repository and no --from")
        return report.close()
    expected = from_files(folder)
    print(f"  patients {expected['patients']}, {expected['gender']}, encounters {expected['encounters']} in {len(expected['by_month'])} months")
    for name, count in top(expected["by_condition"], 5):
        print(f"    {count:5} {name}")
    with harness.Folder("population") as scratch:
        tarn = harness.Tarn(harness.find_binary(given.tarn), scratch / "data")
        store = tarn.create_store("population")
        kinds = ("Patient", "Encounter", "Condition")
        tarn.imported("population", *[p for p in sorted(pathlib.Path(folder).iterdir()) if p.name.split(".")[0] in kinds])
        server = harness.Server(tarn)
        try:
            client = server.client()
            dashboard(report, client, store, expected)
            by_sql(report, client, expected)
        finally:
            server.stop()
        report.check("panicked" not in server.last_errors, "no panic in the server's log", server.last_errors[-500:])
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
