#!/usr/bin/env python3
"""Compares Tarn's search with a brute-force search over the same NDJSON.

    python3 conformance/oracle/run.py --from ../shared/data/fhir/synthea-2021 [--tarn BIN]
    python3 conformance/oracle/run.py --from DIR --base http://127.0.0.1:8470/datastore/ID/r4 --bearer KEY

Imports the folder into a fresh data folder and serves it (or uses a server that has the data
already), then asks: totals of several thousand searches, the ids of the smaller ones, paging,
order, includes. Exits 1 when anything differs.
"""

import argparse
import collections
import datetime
import json
import pathlib
import random
import sys
import urllib.parse
from decimal import Decimal

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import cases
import harness
import matching
import parameters

IDS_MOST = 60  # searches with up to this many hits are compared id by id


class Population:
    """The NDJSON in memory, with extracted values kept per parameter."""

    def __init__(self, folder):
        self.types, self.columns, self.refused = collections.defaultdict(list), {}, 0
        for path in sorted(pathlib.Path(folder).iterdir()):
            if ".ndjson" in path.name:
                for line in harness.open_lines(path):
                    resource = json.loads(line, parse_float=Decimal)
                    if harness.invalid_example(resource):
                        self.refused += 1
                        continue
                    self.types[resource["resourceType"]].append(resource)

    def column(self, parameter):
        """Each resource's values for a parameter."""
        key = parameter.resource_type, parameter.name
        if key not in self.columns:
            self.columns[key] = [matching.extract(r, parameter) for r in self.types[parameter.resource_type]]
        return self.columns[key]

    def complete(self, parameter):
        """Whether every resource that has one of the elements also got a value from it."""
        for resource, values in zip(self.types[parameter.resource_type], self.column(parameter)):
            if not values and any(True for path, _ in parameter.paths for _ in matching.walk(resource, path)):
                return False
        return True

    def search(self, resource_type, pairs):
        """The resources that answer a query, in file order."""
        known = {p.name: p for p in parameters.of(resource_type)}
        held = None
        for name, value in pairs:
            name, _, modifier = name.partition(":")
            if name == "_id":
                wanted = set(value.split(","))
                kept = {i for i, r in enumerate(self.types[resource_type]) if r["id"] in wanted}
            else:
                holds = matching.criterion(known[name], modifier or None, value)
                kept = {i for i, values in enumerate(self.column(known[name])) if holds(values)}
            held = kept if held is None else held & kept
        everything = self.types[resource_type]
        return [everything[i] for i in sorted(held)] if held is not None else everything


class Checker:
    """Asks the server and compares."""

    def __init__(self, population, client, base, report):
        self.population, self.client, self.base, self.report = population, client, base, report
        self.table = collections.defaultdict(collections.Counter)

    def url(self, resource_type, pairs):
        return f"{self.base}/{resource_type}?{harness.query_string(pairs)}"

    def total(self, resource_type, pairs, kind):
        """One search: its total, and its ids when there are few."""
        expected = self.population.search(resource_type, pairs)
        shown = f"{resource_type}?" + "&".join(f"{k}={v}" for k, v in pairs)
        reply = self.client.get(self.url(resource_type, pairs + [("_summary", "count")]))
        passed = False
        if self.report.check(reply.status == 200, shown, f"answered {reply}"):
            bundle = reply.json()
            passed = self.report.equal(bundle.get("total"), len(expected), shown)
            self.report.check("entry" not in bundle or not bundle["entry"], f"{shown}: a count carries no entries")
        if passed and 0 < len(expected) <= IDS_MOST:
            reply = self.client.get(self.url(resource_type, pairs + [("_count", "1000"), ("_total", "accurate")]))
            if self.report.check(reply.status == 200, f"{shown}&_count=1000", f"answered {reply}"):
                bundle = reply.json()
                found = sorted(r["id"] for r in harness.matches(bundle))
                passed = self.report.equal(found, sorted(r["id"] for r in expected), f"{shown}: ids")
                passed &= self.report.equal(bundle.get("total"), len(expected), f"{shown}: total beside the ids")
        self.table[resource_type][kind] += 1
        self.table[resource_type]["wrong"] += not passed

    def all_of_type(self, resource_type):
        population = self.population
        ids = sorted(r["id"] for r in population.types[resource_type])
        for pairs in ([("_id", ids[0])], [("_id", f"{ids[0]},{ids[-1]},none")], [("_id", "none")],
                      [("_id", ids[0]), ("_id", ids[-1])]):
            self.total(resource_type, pairs, "_id")
        for value, expected in (("ge2020-01-01", len(ids)), ("lt2020-01-01", 0), ("gt2020", len(ids)),
                                ("2020", 0), ("ne2020", len(ids)), ("sa2999", 0)):
            pairs = [("_lastUpdated", value), ("_summary", "count")]
            reply = self.client.get(self.url(resource_type, pairs))
            self.report.check(reply.status == 200 and reply.json().get("total") == expected,
                              f"{resource_type}?_lastUpdated={value}", f"{reply}, expected {expected}")
            self.table[resource_type]["_lastUpdated"] += 1
        known = parameters.of(resource_type)
        for parameter in known:
            complete = population.complete(parameter)
            for pairs in cases.of_parameter(parameter, population.column(parameter), complete):
                self.total(resource_type, pairs, parameter.kind)
        columns = {p.name: population.column(p) for p in known}
        for pairs in cases.combined(known, columns):
            self.total(resource_type, pairs, "combined")

    def paging(self, resource_type, pairs, count):
        """Every id comes exactly once, whatever the page size."""
        expected = sorted(r["id"] for r in self.population.search(resource_type, pairs))
        shown = f"{resource_type}?" + "&".join(f"{k}={v}" for k, v in pairs + [("_count", str(count))])
        found, sizes = [], []
        for bundle in harness.follow(self.client, self.url(resource_type, pairs + [("_count", str(count))])):
            hits = harness.matches(bundle)
            found += [r["id"] for r in hits]
            sizes.append(len(hits))
        self.report.equal(sorted(found), expected, f"{shown}: each id exactly once")
        self.report.check(all(size == count for size in sizes[:-1]), f"{shown}: full pages before the last", sizes)
        self.table[resource_type]["paging"] += 1

    def order(self, resource_type, sort, pairs=()):
        """`_sort` puts resources in the order of their lowest (or, descending, highest) value."""
        known = {p.name: p for p in parameters.of(resource_type)}
        keys = [(k.lstrip("-"), k.startswith("-")) for k in sort.split(",")]
        shown = f"{resource_type}?" + "&".join(f"{k}={v}" for k, v in list(pairs) + [("_sort", sort)])
        hits = []
        for bundle in harness.follow(self.client, self.url(resource_type, list(pairs) + [("_sort", sort), ("_count", "500")])):
            hits += harness.matches(bundle)
        expected = sorted(r["id"] for r in self.population.search(resource_type, pairs)) if pairs else \
            sorted(r["id"] for r in self.population.types[resource_type])
        self.report.equal(sorted(r["id"] for r in hits), expected, f"{shown}: the same resources")
        originals = {r["id"]: r for r in self.population.types[resource_type]}

        def compare(left, right):
            """-1, 0, 1 for two neighbours; None where a value is missing, for any place will do."""
            for name, descending in keys:
                if name == "_id":
                    a, b = left["id"], right["id"]
                else:
                    a, b = (sort_value(matching.extract(originals[r["id"]], known[name]), known[name].kind, descending)
                            for r in (left, right))
                if a is None or b is None:
                    return None
                if a != b:
                    return -1 if (a < b) != descending else 1
            return 0

        wrong = [(i, compare(a, b)) for i, (a, b) in enumerate(zip(hits, hits[1:])) if compare(a, b) == 1]
        self.report.check(not wrong, f"{shown}: in order", f"{len(wrong)} neighbours reversed, first at {wrong[:1]}")
        self.table[resource_type]["sort"] += 1

    def included(self, resource_type, pairs, include, expected_of):
        """`_include` and `_revinclude` bring exactly the referenced resources, once each."""
        shown = f"{resource_type}?" + "&".join(f"{k}={v}" for k, v in pairs + include)
        reply = self.client.get(self.url(resource_type, pairs + include + [("_count", "200")]))
        self.table[resource_type]["include"] += 1
        if not self.report.check(reply.status == 200, shown, f"answered {reply}"):
            return
        entries = reply.json().get("entry", [])
        hits = [e["resource"]["id"] for e in entries if e["search"]["mode"] == "match"]
        brought = sorted(f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries if e["search"]["mode"] == "include")
        expected_hits = self.population.search(resource_type, pairs)
        self.report.equal(sorted(hits), sorted(r["id"] for r in expected_hits), f"{shown}: matches")
        self.report.equal(brought, sorted(expected_of(expected_hits)), f"{shown}: included")


def sort_value(values, kind, descending):
    if not values:
        return None
    if kind == "string":
        values = [matching.fold(v) for v in values]
    elif kind == "date":
        values = [v[1] if descending else v[0] for v in values]
    elif kind == "quantity":
        values = [v[0] for v in values]
    elif kind == "token":
        values = [v[1] for v in values]
    return max(values) if descending else min(values)


def references(resource, path):
    return [v for node in matching.walk(resource, path.split(".")) for v in matching.reference_values(node, None)]


def run(population, client, base, report, types=None):
    """Every check; returns the checker with its table."""
    checker = Checker(population, client, base, report)
    for resource_type in sorted(types or population.types):
        if resource_type in population.types:
            checker.all_of_type(resource_type)
    return checker


def synthea_extras(checker):
    """Paging, order and includes on the Synthea population."""
    population = checker.population
    for resource_type in sorted(population.types):
        count = len(population.types[resource_type])
        if count <= 500:
            checker.paging(resource_type, [], max(7, count // 9))
    busiest = collections.Counter(r["subject"]["reference"] for r in population.types["Observation"]).most_common(20)
    patient = busiest[-1][0]
    for pairs, count in (([("patient", patient)], 23), ([("patient", patient), ("category", "vital-signs")], 10),
                         ([("patient", patient), ("_sort", "-date")], 40), ([("patient", patient), ("_sort", "code,date")], 40)):
        plain = [p for p in pairs if p[0] != "_sort"]
        expected = sorted(r["id"] for r in population.search("Observation", plain))
        found = [r["id"] for b in harness.follow(checker.client, checker.url("Observation", pairs + [("_count", str(count))]))
                 for r in harness.matches(b)]
        checker.report.equal(sorted(found), expected, f"Observation?{pairs}&_count={count}: each id exactly once")
    everything = [r["id"] for b in harness.follow(checker.client, checker.url("Encounter", [("_count", "1000")]))
                  for r in harness.matches(b)]
    checker.report.equal(sorted(everything), sorted(r["id"] for r in population.types["Encounter"]),
                         "Encounter?_count=1000: each id exactly once")

    for resource_type, sort, pairs in (
            ("Patient", "birthdate", []), ("Patient", "-birthdate", []), ("Patient", "family,given", []),
            ("Patient", "gender,-birthdate", []), ("Patient", "death-date", []), ("Patient", "_id", []), ("Patient", "-_id", []),
            ("Encounter", "-date", [("patient", patient)]), ("Encounter", "date", [("patient", patient)]),
            ("Observation", "date", [("patient", patient)]), ("Observation", "-date", [("patient", patient)]),
            ("Observation", "-value-quantity", [("code", "http://loinc.org|8302-2")]),
            ("Observation", "value-quantity", [("code", "http://loinc.org|29463-7")]),
            ("Condition", "onset-date", []), ("Condition", "-abatement-date", []), ("Organization", "name", []),
            ("Location", "-address-city,name", []), ("Practitioner", "family", []), ("Immunization", "-date", [])):
        checker.order(resource_type, sort, pairs)

    some = [("patient", patient)]
    one = population.types["Patient"][0]["id"]
    encounter = references(population.search("Observation", some)[0], "encounter")[0]

    def targets(*paths):
        return lambda hits: {v for r in hits for path in paths for v in references(r, path)}

    def sources(*sources):
        def found(hits):
            keys = {f"{r['resourceType']}/{r['id']}" for r in hits}
            return {f"{kind}/{r['id']}" for kind, path in sources for r in population.types[kind]
                    if keys & set(references(r, path))}
        return found

    narrow = [("patient", patient), ("date", "ge2015"), ("date", "lt2016")]
    for resource_type, pairs, include, expected_of in (
            ("Encounter", narrow, [("_include", "Encounter:subject")], targets("subject")),
            ("Encounter", narrow, [("_include", "Encounter:patient")], targets("subject")),
            ("Encounter", narrow, [("_include", "Encounter:subject:Patient")], targets("subject")),
            ("Encounter", narrow, [("_include", "Encounter:subject:Group")], lambda hits: set()),
            ("Encounter", narrow, [("_include", "Encounter:location"), ("_include", "Encounter:service-provider")],
             targets("location.location", "serviceProvider")),
            ("Encounter", narrow, [("_include", "Encounter:participant")], targets("participant.individual")),
            ("Observation", narrow, [("_include", "Observation:encounter"), ("_include", "Observation:subject")],
             targets("encounter", "subject")),
            ("Provenance", [("patient", f"Patient/{one}")], [("_include", "Provenance:patient")],
             lambda hits: {v for r in hits for v in references(r, "target") if v.startswith("Patient/")}),
            ("Patient", [("_id", one)], [("_revinclude", "Condition:subject")], sources(("Condition", "subject"))),
            ("Patient", [("_id", one)], [("_revinclude", "Encounter:patient"), ("_revinclude", "AllergyIntolerance:patient")],
             sources(("Encounter", "subject"), ("AllergyIntolerance", "patient"))),
            ("Encounter", [("_id", encounter.partition("/")[2])], [("_revinclude", "Observation:encounter")],
             sources(("Observation", "encounter"))),
            ("Encounter", [("_id", encounter.partition("/")[2])],
             [("_revinclude", "Observation:encounter"), ("_include", "Encounter:subject")],
             lambda hits: sources(("Observation", "encounter"))(hits) | targets("subject")(hits)),
    ):
        checker.included(resource_type, pairs, include, expected_of)


def official_extras(checker):
    """Number and quantity parameters, which only the official examples have values for."""
    for resource_type in ("ChargeItem", "RiskAssessment", "MolecularSequence", "Observation"):
        if resource_type in checker.population.types:
            checker.all_of_type(resource_type)


def stable_paging(checker):
    """A page link sees what the first page saw, whatever is written meanwhile."""
    expected = sorted(r["id"] for r in checker.population.types["Patient"])
    found = []
    for number, bundle in enumerate(harness.follow(checker.client, checker.url("Patient", [("_count", "30")]))):
        found += [r["id"] for r in harness.matches(bundle)]
        body = {"resourceType": "Patient", "id": f"written-while-paging-{number}", "gender": "other"}
        reply = checker.client.put(f"{checker.base}/Patient/{body['id']}", body)
        checker.report.equal(reply.status, 201, "PUT while paging")
    checker.report.equal(sorted(found), expected, "Patient?_count=30 while others write: the first page's snapshot")
    for number in range(4):
        checker.client.delete(f"{checker.base}/Patient/written-while-paging-{number}")
    reply = checker.client.get(checker.url("Patient", [("_summary", "count")]))
    checker.report.equal(reply.json().get("total"), len(expected), "deleted resources are no longer counted")


def after_changes(checker, seed=20):
    """After updates, deletes and creates over HTTP, search and SQL see the new state and nothing of the old."""
    population, chance = checker.population, random.Random(seed)
    for resource_type, change in (
            ("Patient", lambda r: r.update(gender=chance.choice(("male", "female", "other")), birthDate=f"19{chance.randint(10, 99)}-0{chance.randint(1, 9)}",
                                           name=[{"family": chance.choice(("Zöller", "Smith", "Ágnes")), "given": ["Changed"]}])),
            ("Condition", lambda r: r.update(onsetDateTime=f"20{chance.randint(10, 20)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}",
                                             code=chance.choice(population.types["Condition"])["code"], subject=chance.choice(population.types["Condition"])["subject"])),
            ("Immunization", lambda r: r.update(lotNumber=f"lot {chance.randint(1, 9)}", status=chance.choice(("completed", "not-done"))))):
        kept, wrong = [], []
        for number, resource in enumerate(population.types[resource_type]):
            act = chance.random() if number % max(1, len(population.types[resource_type]) // 200) == 0 else 1
            url = f"{checker.base}/{resource_type}/{resource['id']}"
            if act < 0.15:
                reply = checker.client.delete(url)
                wrong += [reply] if reply.status not in (200, 204) else []
                continue
            if act < 0.7:
                change(resource)
                reply = checker.client.put(url, json.dumps(resource, default=float).encode())
                wrong += [reply] if reply.status != 200 else []
            kept.append(resource)
            if 0.7 < act < 0.85:
                other = dict(resource, id=f"created-{number}")
                reply = checker.client.put(f"{checker.base}/{resource_type}/{other['id']}", json.dumps(other, default=float).encode())
                wrong += [reply] if reply.status != 201 else []
                kept.append(other)
        checker.report.check(not wrong, f"{resource_type} changed over HTTP", wrong[:2])
        population.types[resource_type] = kept
        population.columns = {key: column for key, column in population.columns.items() if key[0] != resource_type}
        row = checker.client.sql("oracle", f"SELECT count(*) AS n, count(DISTINCT id) AS ids FROM {resource_type.lower()}")[0]
        checker.report.equal((row["n"], row["ids"]), (len(kept), len(kept)), f"{resource_type} after the changes: SQL counts")
        checker.all_of_type(resource_type)
        checker.paging(resource_type, [], max(7, len(kept) // 9))


def approximately(checker):
    """`ap` is the server's to define; R4 recommends a tenth. Between 8 % and 12 % is accepted."""
    population = checker.population
    now = (datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - matching.EPOCH) // datetime.timedelta(microseconds=1)
    for resource_type, name, value in (("Patient", "birthdate", "1970"), ("Patient", "birthdate", "1950-06-15"),
                                       ("Observation", "date", "2015-03"), ("Encounter", "date", "2000")):
        parameter = next(p for p in parameters.of(resource_type) if p.name == name)
        low, high = matching.span(value)
        counts = []
        for share in (0.08, 0.12):
            slack = int((now - low) * share)
            counts.append(sum(any(v[0] < high + slack and low - slack < v[1] for v in values) for values in population.column(parameter)))
        between(checker, resource_type, [(name, "ap" + value)], counts)
    parameter = next(p for p in parameters.of("Observation") if p.name == "value-quantity")
    for value in ("170", "25.5"):
        number = Decimal(value)
        counts = [sum(any(abs(v[0] - number) <= number * share for v in values) for values in population.column(parameter))
                  for share in (Decimal("0.08"), Decimal("0.12"))]
        between(checker, "Observation", [("value-quantity", "ap" + value)], counts)


def between(checker, resource_type, pairs, counts):
    reply = checker.client.get(checker.url(resource_type, pairs + [("_summary", "count")]))
    total = reply.json().get("total") if reply.status == 200 else None
    checker.report.check(total is not None and counts[0] <= total <= counts[1], f"{resource_type}?{pairs[0][0]}={pairs[0][1]}",
                         f"{reply}, expected {counts[0]} to {counts[1]}")


def other_forms(checker):
    """The same search said in other ways."""
    client, base = checker.client, checker.base
    pairs = [("code", "http://loinc.org|8302-2"), ("date", "ge2015")]
    expected = len(checker.population.search("Observation", pairs))
    reply = client.send("POST", f"{base}/Observation/_search", harness.query_string(pairs + [("_summary", "count")]).encode(),
                        {"Content-Type": "application/x-www-form-urlencoded"})
    checker.report.check(reply.status == 200 and reply.json().get("total") == expected, "POST _search finds the same", reply)
    reply = client.get(checker.url("Observation", pairs + [("_count", "0")]))
    checker.report.check(reply.status == 200 and reply.json().get("total") == expected and not reply.json().get("entry"), "_count=0 counts", reply)
    reply = client.get(checker.url("Observation", pairs + [("_count", "5"), ("_total", "accurate")]))
    bundle = reply.json()
    checker.report.check(bundle.get("type") == "searchset" and bundle.get("total") == expected and len(bundle["entry"]) == 5,
                         "_count=5 gives five with the total", reply)
    checker.report.check(all(e.get("fullUrl", "").endswith(f"Observation/{e['resource']['id']}") for e in bundle["entry"]), "entries have their fullUrl")
    checker.report.check({"self", "next"} <= {link["relation"] for link in bundle.get("link", [])}, "a page has self and next links", bundle.get("link"))
    reply = client.get(checker.url("Observation", pairs + [("_count", "5"), ("_total", "none")]))
    checker.report.check("total" not in reply.json(), "_total=none leaves the total out", reply)
    reply = client.get(f"{base}/Observation?code=http://loinc.org|8302-2&date=ge2015&_summary=count".replace("|", "%7c"))
    checker.report.check(reply.status == 200 and reply.json().get("total") == expected, "colons and slashes need no encoding", reply)
    reply = client.get(f"{base}/Patient?_sort=birthdate&_count=3&_elements=id,birthDate")
    entries = reply.json().get("entry", []) if reply.status == 200 else []
    checker.report.check(len(entries) == 3 and all(set(e["resource"]) <= {"resourceType", "id", "meta", "birthDate"} for e in entries),
                         "_elements keeps only what was asked for", reply)


def wrong_requests(checker):
    """What cannot be understood is refused, and said how."""
    for shown, status in (("Patient?brithdate=2000", 400), ("Patient?birthdate=yesterday", 400), ("Patient?birthdate=2000-13", 400),
                          ("Observation?value-quantity=abc", 400), ("Patient?_count=abc", 400), ("Patient?_sort=nothing", 400),
                          ("Patient?_include=Patient:nothing", 400), ("NoSuchType?_id=1", 404)):
        reply = checker.client.get(f"{checker.base}/{shown}")
        good = reply.status == status and reply.json().get("resourceType") == "OperationOutcome"
        checker.report.check(good, f"{shown} is refused with {status}", reply)
    reply = checker.client.get(f"{checker.base}/Patient?brithdate=2000")
    checker.report.check("birthdate" in reply.body.decode(), "an unknown parameter's answer names the nearest known one", reply)
    reply = checker.client.get(f"{checker.base}/Patient?brithdate=2000&_summary=count", Prefer="handling=lenient")
    checker.report.check(reply.status == 200 and reply.json().get("total") == len(checker.population.types["Patient"]),
                         "Prefer: handling=lenient leaves the unknown parameter out", reply)


def print_table(checker):
    kinds = ("token", "string", "reference", "date", "quantity", "number", "uri", "_id", "_lastUpdated", "combined",
             "paging", "sort", "include", "wrong")
    print(f"{'type':26}" + "".join(f"{k[:10]:>11}" for k in kinds))
    for resource_type, counts in sorted(checker.table.items()):
        print(f"{resource_type:26}" + "".join(f"{counts[k] or '':>11}" for k in kinds))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tarn")
    arguments.add_argument("--from", dest="folder")
    arguments.add_argument("--base", help="FHIR base of a running server that holds the data already")
    arguments.add_argument("--bearer")
    arguments.add_argument("--type", action="append", help="only this type (repeatable)")
    given = arguments.parse_args()
    report = harness.Report("search oracle")
    folder = given.folder or harness.dataset("synthea-2021")
    if not folder:
        report.skip("search oracle", "no data beside the repository and no --from")
        return report.close()
    population = Population(folder)
    synthea = {"Patient", "Observation", "Encounter", "Condition", "Location", "Practitioner"} <= set(population.types) \
        and len(population.types["Patient"]) >= 50
    if given.base:
        parts = urllib.parse.urlsplit(given.base)
        checker = run(population, harness.Client(parts.netloc, given.bearer), parts.path.rstrip("/"), report, given.type)
        if synthea and not given.type:
            synthea_extras(checker)
        print_table(checker)
        return report.close()

    with harness.Folder("oracle") as scratch:
        tarn = harness.Tarn(harness.find_binary(given.tarn), scratch / "data")
        store = tarn.create_store("oracle")
        summary = tarn.imported("oracle", folder)
        count = sum(map(len, population.types.values()))
        report.equal((summary["resources"], summary["created"], summary["rejected"]), (count, count, 0), "import of everything")
        again = tarn.imported("oracle", folder)
        report.equal((again["created"], again["updated"], again["unchanged"], again["rejected"]), (0, 0, count, 0),
                     "importing the same folder twice changes nothing")
        official = harness.dataset("examples-r4")
        if official:
            official_store = tarn.create_store("official")
            summary, examples = tarn.imported("official", official), Population(official)
            report.equal((summary["created"], summary["rejected"]), (sum(map(len, examples.types.values())), examples.refused),
                         "import of the official examples: all but those R4 itself forbids")
        server = harness.Server(tarn)
        try:
            client = server.client()
            base = f"/datastore/{store}/r4"
            checker = run(population, client, base, report, given.type)
            if not given.type:
                if synthea:
                    synthea_extras(checker)
                    approximately(checker)
                    other_forms(checker)
                    stable_paging(checker)
                    wrong_requests(checker)
                    after_changes(checker)
                if official:
                    others = Checker(examples, client, f"/datastore/{official_store}/r4", report)
                    official_extras(others)
                    print_table(others)
            print_table(checker)
        finally:
            code = server.stop()
        report.equal(code, 0, "the server stops with 0 on SIGTERM")
        report.check("panicked" not in server.last_errors, "no panic in the server's log", server.last_errors[-500:])
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
