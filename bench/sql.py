#!/usr/bin/env python3
"""SQL beside DuckDB on the very same Parquet files (those the Delta logs of the lake name).

    python3 bench/sql.py [COPIES]      default: 13 (1,007,032 resources)

Also a check that another engine reads the tables: the answers must be equal.
"""

import json
import pathlib
import sys

import common
from common import harness

QUERIES = {
    "count": "SELECT count(*) AS n FROM observation",
    "group-by, low cardinality": "SELECT status, count(*) AS n FROM observation GROUP BY status ORDER BY n DESC, status",
    "group-by on a nested code": "SELECT code['coding'][1]['code'] AS code, count(*) AS n, round(avg(valuequantity['value']), 3) AS mean FROM observation GROUP BY 1 ORDER BY n DESC, code LIMIT 20",
    "group-by per patient": "SELECT subject_id, count(*) AS n FROM observation GROUP BY 1 ORDER BY n DESC, subject_id LIMIT 20",
    "group-by month": "SELECT CAST(date_trunc('month', effectivedatetime_start) AS DATE) AS month, count(*) AS n FROM observation GROUP BY 1 ORDER BY n DESC, month LIMIT 20",
    "filter and aggregate": "SELECT count(*) AS n, max(valuequantity['value']) AS top FROM observation WHERE code['coding'][1]['code'] = '8302-2' AND effectivedatetime_start >= TIMESTAMP '2015-01-01 00:00:00'",
    "join of two tables": "SELECT p.gender, count(*) AS n FROM observation o JOIN patient p ON p.id = o.subject_id GROUP BY 1 ORDER BY 1",
    "join, group by condition": "SELECT c.code['coding'][1]['display'] AS condition, count(DISTINCT e.id) AS n FROM condition c JOIN encounter e ON e.id = c.encounter_id GROUP BY 1 ORDER BY n DESC, condition LIMIT 15",
    "join of three tables": "SELECT p.gender, e.class['code'] AS class, count(*) AS n FROM observation o JOIN encounter e ON e.id = o.encounter_id JOIN patient p ON p.id = o.subject_id GROUP BY 1, 2 ORDER BY 1, 2",
}

DUCKDB = """
import duckdb, json, os, sys, time, statistics
tables, queries = json.loads(sys.argv[1]), json.loads(sys.argv[2])
db = duckdb.connect()
db.execute(f"SET threads = {os.cpu_count()}; SET TimeZone = 'UTC'")
for name, files in tables.items():
    db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({files})")
out = {}
for name, query in queries.items():
    try:
        took, rows = [], None
        for _ in range(10):
            start = time.perf_counter()
            rows = db.execute(query).fetchall()
            took.append(time.perf_counter() - start)
        out[name] = {"ms": statistics.median(took[1:]) * 1000, "rows": [[None if v is None else str(v) for v in r] for r in rows]}
    except Exception as error:
        out[name] = {"error": str(error)[:300]}
print(json.dumps({"answers": out, "version": duckdb.__version__}))
"""


def live_files(table):
    """The files a Delta log names: those added and not removed. Reads the JSON log; a table this
    young has all of it."""
    files, vectors = {}, 0
    for log in sorted((table / "_delta_log").glob("*.json")):
        for line in log.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                files[action["add"]["path"]] = action["add"]
            elif "remove" in action:
                files.pop(action["remove"]["path"], None)
    vectors = sum(1 for add in files.values() if add.get("deletionVector"))
    return [str(table / path) for path in sorted(files)], vectors


def same(left, right):
    """Whether two cells agree; numbers up to rounding."""
    try:
        return abs(float(left) - float(right)) <= 1e-6 * max(1.0, abs(float(right)))
    except (TypeError, ValueError):
        return str(left)[:10] == str(right)[:10] if left is not None and "-" in str(left)[:5] else left == right


def main():
    copies = int(sys.argv[1]) if len(sys.argv) > 1 else 13
    tarn, store = common.prepared(copies)
    results = common.Results("sql", "SQL")
    lake = pathlib.Path(tarn.data) / "lake" / store
    tables, vectors = {}, 0
    for name in ("observation", "patient", "encounter", "condition"):
        files, dead = live_files(lake / name)
        tables[name], vectors = files, vectors + dead
    duck = common.run_duckdb(DUCKDB, json.dumps(tables), json.dumps(QUERIES)) if not vectors else None
    server = harness.Server(tarn)
    rows, wrong = [], []
    try:
        client = server.client()
        for name, query in QUERIES.items():
            found = client.sql("bench", query)
            took = common.median_ms(lambda: client.sql("bench", query))
            other = duck["answers"][name] if duck else {}
            if "rows" in other:
                mine = [list(row.values()) for row in found]
                if len(mine) != len(other["rows"]) or not all(same(a, b) for x, y in zip(mine, other["rows"]) for a, b in zip(x, y)):
                    wrong.append(name)
                    print(f"answers differ: {name}\n  {mine[:3]}\n  {other['rows'][:3]}")
            elif other:
                print(f"DuckDB: {name}: {other.get('error')}")
            rows.append([name, took, other.get("ms"), took / other["ms"] if "ms" in other else None])
        results.note(f"Dataset: synthea-2021 ×{copies}, {client.sql('bench', 'SELECT count(*) AS n FROM observation')[0]['n']:,} observations in "
                     f"{len(tables['observation'])} files. Median of nine after a warm-up, over HTTP with JSON answers for Tarn, in-process for DuckDB "
                     f"{duck['version'] if duck else ''}, both with all cores. " + ("Answers differ in: " + ", ".join(wrong) if wrong else "All answers agree." if duck else ""))
        results.table("Milliseconds", ["query", "Tarn", "DuckDB, same Parquet", "ratio"], rows)
        results.note(f"Peak memory of the server: {server.memory('VmHWM') >> 20} MiB.")
    finally:
        server.stop()
    results.write()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
