#!/usr/bin/env python3
"""Reads and searches over HTTP: latency and rate at several numbers of connections.

    python3 bench/query.py [COPIES]      default: 13 (1,007,032 resources)
"""

import collections
import gzip
import itertools
import json
import sys

import common
from common import harness


def main():
    copies = int(sys.argv[1]) if len(sys.argv) > 1 else 13
    tarn, store = common.prepared(copies)
    results = common.Results("query", "Reads and searches")
    server = harness.Server(tarn)
    try:
        token, address, base = server.token(), server.address, f"/datastore/{store}/r4"
        results.note(f"Dataset: synthea-2021 ×{copies}. Start to ready {server.ready_seconds:.2f} s; {server.memory() >> 20} MiB then. "
                     "The client is one Python thread on the same cores; it takes part of them.")
        source = harness.dataset("synthea-2021")
        ids = [json.loads(line)["id"] for line in itertools.islice(harness.open_lines(source / "Observation.ndjson.gz"), 0, None, 7)]
        ids = [i + (f"-{n % copies}" if n % copies else "") for n, i in enumerate(ids)]
        request = lambda path: common.http_bytes("GET", f"{base}/{path}", address, token)
        reads = [request(f"Observation/{i}") for i in ids]
        rows = []
        for connections in (1, 4, 16, 64):
            common.load(address, reads, connections, 0.5)
            rate, latencies, statuses = common.load(address, reads, connections, 4)
            rows.append([connections, rate, common.percentile(latencies, 0.5) * 1000, common.percentile(latencies, 0.99) * 1000, ", ".join(f"{k}: {v}" for k, v in statuses.items())])
        results.table("Read by id", ["connections", "per second", "p50 ms", "p99 ms", "answers"], rows)

        patients = collections.Counter()
        with gzip.open(source / "Observation.ndjson.gz") as lines:
            for line in lines:
                patients[json.loads(line)["subject"]["reference"]] += 1
        people = [p for p, _ in patients.most_common(60)]
        q = harness.query_string
        searches = {
            "patient's observations, newest first": [q([("patient", p), ("_sort", "-date")]) for p in people],
            "code (dense), first page": [q([("code", "http://loinc.org|8302-2")])],
            "category AND code (dense AND dense)": [q([("category", "vital-signs"), ("code", "http://loinc.org|8302-2")])],
            "the same, count only": [q([("category", "vital-signs"), ("code", "http://loinc.org|8302-2"), ("_summary", "count")])],
            "date month": [q([("date", f"20{y:02}-{m:02}")]) for y in range(10, 20) for m in range(1, 13)],
            "date range, count only": [q([("date", "ge2012"), ("date", "lt2017-03"), ("_summary", "count")])],
            "value-quantity gt": [q([("code", "http://loinc.org|8302-2"), ("value-quantity", "gt170|http://unitsofmeasure.org|cm")])],
            "patient + code + date, sorted": [q([("patient", p), ("code", "http://loinc.org|8302-2"), ("date", "ge2012"), ("_sort", "date")]) for p in people],
            "dense, sorted by date": [q([("code", "http://loinc.org|8302-2"), ("_sort", "-date")])],
            "everything, count only": ["_summary=count"],
            "patient with _include": [q([("patient", p), ("_include", "Observation:encounter")]) for p in people],
        }
        rows = []
        for name, queries in searches.items():
            requests = [request(f"Observation?{query}") for query in queries]
            client = server.client()
            total = client.get(f"{base}/Observation?{queries[0]}&_summary=count".replace("_summary=count&_summary=count", "_summary=count")).json().get("total")
            common.load(address, requests, 1, 0.3)
            _, alone, statuses = common.load(address, requests, 1, 2)
            rate, many, more = common.load(address, requests, 8, 2)
            bad = {k: v for k, v in {**statuses, **more}.items() if k != "200"}
            rows.append([name, total, common.percentile(alone, 0.5) * 1000, common.percentile(alone, 0.99) * 1000, rate,
                         common.percentile(many, 0.5) * 1000, common.percentile(many, 0.99) * 1000, str(bad) if bad else "–"])
        results.table("Search in Observation, 20 a page unless said, with an accurate total",
                      ["search", "hits of the first", "p50 ms", "p99 ms", "per second at 8", "p50 ms at 8", "p99 ms at 8", "errors"], rows)
        results.note(f"Peak memory of the server: {server.memory('VmHWM') >> 20} MiB.")
    finally:
        server.stop()
    results.write()


if __name__ == "__main__":
    main()
