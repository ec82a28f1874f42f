#!/usr/bin/env python3
"""Bulk import, by part, beside DuckDB's `read_json` → Parquet of the same files in the same run.

    python3 bench/import.py [COPIES…]     default: 1 13 (77,464 and 1,007,032 resources)
"""

import shutil
import sys

import common
from common import harness

DUCKDB = """
import duckdb, json, os, pathlib, sys, time
source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
target.mkdir(parents=True, exist_ok=True)
db = duckdb.connect()
db.execute(f"SET threads = {os.cpu_count()}; SET preserve_insertion_order = false")
kinds, rows, took = sorted({p.name.split('.')[0] for p in source.glob('*.ndjson.gz')}), 0, {}
begun = time.monotonic()
for kind in kinds:
    start = time.monotonic()
    db.execute(f"COPY (SELECT * FROM read_json('{source}/{kind}.*ndjson.gz', format='newline_delimited', maximum_object_size=67108864)) "
               f"TO '{target}/{kind}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    took[kind] = time.monotonic() - start
seconds = time.monotonic() - begun
rows = sum(db.execute(f"SELECT count(*) FROM '{target}/{k}.parquet'").fetchone()[0] for k in kinds)
print(json.dumps({"seconds": seconds, "rows": rows, "bytes": sum(p.stat().st_size for p in target.iterdir()), "took": took, "version": duckdb.__version__}))
"""


def main():
    copies_list = [int(a) for a in sys.argv[1:]] or [1, 13]
    results = common.Results("import", "Bulk import")
    results.note("The whole way: gzip NDJSON → parsed once, structure checked, indexed for every R4 search parameter, durable in the store, "
                 "and in the Delta tables. DuckDB only turns the same JSON into Parquet: no checks, no index, no store. It is the floor.")
    summary_rows, part_rows, disk_rows = [], [], []
    for copies in copies_list:
        folder = common.population(copies)
        scratch = common.SCRATCH / "import-data"
        shutil.rmtree(scratch, ignore_errors=True)
        tarn = harness.Tarn(harness.find_binary(), scratch)
        store = tarn.create_store("bench")
        answer = tarn.run("--json", "import", "--store", "bench", "--timings", folder)
        summary = answer.json()
        count = summary["resources"]
        store_bytes, lake_bytes = (common.tree_bytes(scratch / kind / store) for kind in ("stores", "lake"))
        shutil.rmtree(common.SCRATCH / "duckdb", ignore_errors=True)
        duck = common.run_duckdb(DUCKDB, folder, common.SCRATCH / "duckdb")
        duck_seconds = duck["seconds"] if duck else None
        summary_rows.append([f"×{copies}", count, summary["rejected"], summary["seconds"], summary["resources_per_second"],
                             summary["bytes"] / summary["seconds"] / 1e6, answer.maxrss_bytes / (1 << 20),
                             duck_seconds, duck["rows"] / duck_seconds if duck else None, duck["memory"] / (1 << 20) if duck else None,
                             summary["seconds"] / duck_seconds if duck else None])
        timings = summary.get("timings") or {}
        part_rows += [[f"×{copies} {name}", seconds, seconds / count * 1e6, 100 * seconds / max(sum(timings.values()), 1e-9)]
                      for name, seconds in timings.items()]
        disk_rows.append([f"×{copies}", store_bytes / 1e6, store_bytes / count, lake_bytes / 1e6, lake_bytes / count,
                          (store_bytes + lake_bytes) / count, duck["bytes"] / count if duck else None])
        again = tarn.json("import", "--store", "bench", folder)
        results.note(f"×{copies} again, nothing new: {again['unchanged']:,} unchanged in {again['seconds']:.1f} s ({again['resources_per_second']:,.0f}/s).")
        server = harness.Server(tarn)
        start, idle = server.ready_seconds, server.memory()
        server.stop()
        results.note(f"×{copies}: the server is ready {start:.2f} s after its start and then holds {idle >> 20} MiB.")
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(common.SCRATCH / "duckdb", ignore_errors=True)
    results.table("Rate", ["dataset", "resources", "rejected", "s", "resources/s", "MB/s of JSON", "peak MiB", "DuckDB s", "DuckDB rows/s", "DuckDB peak MiB", "ratio"], summary_rows)
    if part_rows:
        results.table("Parts (seconds of work over all threads)", ["part", "s", "µs per resource", "% of work"], part_rows)
    results.table("Disk", ["dataset", "store MB", "store B/resource", "tables MB", "tables B/resource", "all B/resource", "DuckDB Parquet B/resource"], disk_rows)
    results.write()


if __name__ == "__main__":
    main()
