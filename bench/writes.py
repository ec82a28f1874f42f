#!/usr/bin/env python3
"""Durable single writes over HTTP at several numbers of clients, beside what one fsync costs here.

    python3 bench/writes.py
"""

import json
import os
import shutil
import time

import common
from common import harness


def fsyncs_per_second(folder):
    """How many 4 KiB appends with fdatasync this disk does in turn."""
    path = folder / "fsync"
    with open(path, "wb", buffering=0) as file:
        count, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < 1.0:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            count += 1
        took = time.perf_counter() - begun
    path.unlink()
    return count / took


def main():
    scratch = common.SCRATCH / "writes-data"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    tarn = harness.Tarn(harness.find_binary(), scratch)
    store = tarn.create_store("bench")
    results = common.Results("writes", "Durable single writes")
    fsyncs = fsyncs_per_second(scratch)
    server = harness.Server(tarn)
    rows = []
    try:
        token, address = server.token(), server.address
        for clients in (1, 8, 64):
            requests = []
            for number in range(40_000):
                body = json.dumps({
                    "resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
                    "subject": {"reference": f"Patient/p{number % 100}"}, "effectiveDateTime": "2020-02-03T10:00:00Z",
                    "identifier": [{"system": "urn:bench", "value": f"{clients}-{number}"}],
                    "valueQuantity": {"value": number, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"}}).encode()
                requests.append(common.http_bytes("POST", f"/datastore/{store}/r4/Observation", address, token, body))
            rate, latencies, statuses = common.load(address, requests, clients, 5)
            rows.append([clients, rate, common.percentile(latencies, 0.5) * 1000, common.percentile(latencies, 0.99) * 1000, rate / fsyncs,
                         ", ".join(f"{k}: {v}" for k, v in statuses.items())])
        written = sum(int(part.split(": ")[1]) for row in rows for part in row[-1].split(", ") if part.startswith("201"))
        client = server.client()
        found = client.get(f"/datastore/{store}/r4/Observation?_summary=count").json()["total"]
        in_sql = client.sql("bench", "SELECT count(*) AS n FROM observation")[0]["n"]
        results.note(f"Every write waits for the disk; clients share flushes. Alone, this disk does {fsyncs:,.0f} appends with fdatasync a second. "
                     f"Acknowledged {written:,}, found by search {found:,}, in SQL {in_sql:,}.")
        results.table("Creates", ["clients", "per second", "p50 ms", "p99 ms", "writes per fdatasync of this disk", "answers"], rows)
    finally:
        server.stop()
        shutil.rmtree(scratch, ignore_errors=True)
    results.write()


if __name__ == "__main__":
    main()
