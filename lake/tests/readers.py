"""Reads a patient table with the engines at hand and compares it with what Tarn's SQL found.

    readers.py TABLE_FOLDER '[{"family": "New", "n": 1}]'

Ends with 77 when none of deltalake, polars and duckdb is installed: `pip install deltalake polars
duckdb` in a virtual environment, and name its interpreter in TARN_PYTHON.
"""

import collections
import json
import sys


def by_deltalake(folder):
    import deltalake

    rows = deltalake.QueryBuilder().register("patient", deltalake.DeltaTable(folder))
    rows = rows.execute("SELECT name FROM patient").read_all()
    return [row[0]["family"] for row in rows.column("name").to_pylist()]


def by_polars(folder):
    import polars

    rows = polars.scan_delta(folder).select("name").collect()
    return [row[0]["family"] for row in rows["name"].to_list()]


def by_duckdb(folder):
    import duckdb

    connection = duckdb.connect()
    try:
        connection.execute("INSTALL delta; LOAD delta")
    except duckdb.Error as error:
        raise ImportError(f"its delta extension: {error}") from error
    rows = connection.execute(f"SELECT name FROM delta_scan('{folder}')").fetchall()
    return [row[0][0]["family"] for row in rows]


def main():
    folder, expected = sys.argv[1], json.loads(sys.argv[2])
    expected = {row["family"]: row["n"] for row in expected}
    read, absent = [], []
    for reader in (by_deltalake, by_polars, by_duckdb):
        try:
            found = dict(collections.Counter(reader(folder)))
        except ImportError as error:
            absent.append(f"{reader.__name__} ({str(error).splitlines()[0]})")
            continue
        if found != expected:
            sys.exit(f"{reader.__name__} found {found}, not {expected}")
        read.append(reader.__name__)
    print("agree:", ", ".join(read) or "none", "- absent:", ", ".join(absent) or "none")
    sys.exit(0 if read else 77)


main()
