#!/usr/bin/env python3
"""Hostile and broken input: refused with a reason, bounded memory, nothing good lost, no panic.

    python3 conformance/bad_input.py [--tarn BIN]

Every bad line must be listed with its file and line number; the good lines around it must be
in. Memory is the kernel's peak figure of the process.
"""

import argparse
import gzip
import json
import pathlib
import re
import sys
import time

import harness

MEMORY_MAX = 1 << 30
SQL_SECONDS = 3
HUGE = 300 << 20


def patient(identifier, **members):
    return json.dumps({"resourceType": "Patient", "id": identifier, "gender": "female", **members}).encode()


def nested(brackets, identifier="deep"):
    return b'{"resourceType":"Patient","id":"%s","extension":' % identifier.encode() + b"[" * brackets + b"]" * brackets + b"}"


def nested_objects(levels, identifier="deepobject"):
    return (b'{"resourceType":"Patient","id":"%s","extension":[' % identifier.encode()
            + b'{"url":"x","extension":[' * levels + b"]}" * levels + b"]}")


BAD_LINES = {
    "not JSON": b"{this is not json",
    "cut off": patient("cut")[:-9],
    "invalid UTF-8": b'{"resourceType":"Patient","id":"utf8","name":[{"family":"\xff\xfe\xc3\x28"}]}',
    "lone surrogate escape": b'{"resourceType":"Patient","id":"surrogate","name":[{"family":"\\ud800"}]}',
    "NUL byte": b'{"resourceType":"Patient","id":"nul","name":[{"family":"a\x00b"}]}',
    "control character": b'{"resourceType":"Patient","id":"control","name":[{"family":"a\x01b"}]}',
    "100,000 brackets": nested(100_000),
    "50,000 nested objects": nested_objects(50_000),
    "open brackets only": b'{"resourceType":"Patient","id":"open","extension":' + b"[" * 100_000,
    "duplicate key": b'{"resourceType":"Patient","id":"twice","gender":"male","gender":"female"}',
    "unknown resourceType": b'{"resourceType":"Pateint","id":"type"}',
    "no resourceType": b'{"id":"none"}',
    "resourceType not a string": b'{"resourceType":7,"id":"number"}',
    "missing id": b'{"resourceType":"Patient","gender":"male"}',
    "id outside the grammar": b'{"resourceType":"Patient","id":"not an id!"}',
    "id too long": patient("x" * 65),
    "empty id": b'{"resourceType":"Patient","id":""}',
    "an array": b'[{"resourceType":"Patient","id":"array"}]',
    "a string": b'"Patient"',
    "null": b"null",
    "two resources in a line": patient("one") + patient("two"),
    "unknown element": b'{"resourceType":"Patient","id":"unknown","brithDate":"1970"}',
    "wrong type": b'{"resourceType":"Patient","id":"wrong","active":"yes"}',
    "not a list": b'{"resourceType":"Patient","id":"list","name":{"family":"x"}}',
    "bad date": b'{"resourceType":"Patient","id":"date","birthDate":"1970-02-30"}',
    "bad number": b'{"resourceType":"Observation","id":"num","status":"final","code":{"text":"x"},"valueQuantity":{"value":01.5}}',
    "number as NaN": b'{"resourceType":"Observation","id":"nan","status":"final","code":{"text":"x"},"valueQuantity":{"value":NaN}}',
    "required element missing": b'{"resourceType":"Observation","id":"required","status":"final"}',
    "two of one choice": b'{"resourceType":"Patient","id":"choice","deceasedBoolean":true,"deceasedDateTime":"2000"}',
}


class Trials:
    def __init__(self, tarn, report, scratch):
        self.tarn, self.report, self.scratch, self.number, self.peak = tarn, report, scratch, 0, 0

    def file(self, name, content):
        path = self.scratch / name
        path.write_bytes(content)
        return path

    def imported(self, what, path, good, bad_lines, exit_codes=(3,), stdin=None):
        """Imports into a new store; checks counts, the error file, memory and that no panic happened."""
        self.number += 1
        store = f"bad{self.number}"
        self.tarn.create_store(store)
        source = open(stdin, "rb") if stdin else None
        answer = self.tarn.finish(self.tarn.spawn("--json", "import", "--store", store, path, **({"stdin": source} if source else {})))
        text = answer.err.decode(errors="replace")
        self.peak = max(self.peak, answer.maxrss_bytes)
        report = self.report
        report.check(b"panicked" not in answer.err, f"{what}: no panic", text[-400:])
        report.check(answer.maxrss_bytes <= MEMORY_MAX, f"{what}: memory stays within 1 GiB", f"{answer.maxrss_bytes >> 20} MiB")
        report.check(answer.code in exit_codes, f"{what}: exit code is one of {exit_codes}", f"{answer.code}: {text[-300:]}")
        if answer.code in (0, 3):
            try:
                summary = answer.json()
            except ValueError:
                report.check(False, f"{what}: a summary on stdout", answer.out[-300:])
                return answer
            report.check(summary["resources"] == good and summary["rejected"] == len(bad_lines),
                         f"{what}: {good} good, {len(bad_lines)} rejected", f"{summary['resources']} good, {summary['rejected']} rejected")
            if bad_lines:
                self.error_file(what, summary, bad_lines)
            count = self.tarn.json("sql", "--store", store, "SELECT count(*) AS n FROM patient")[0]["n"] if good else 0
            report.equal(count, good, f"{what}: the good lines are in SQL")
        else:
            report.check(text.strip() and len(text) < 4000, f"{what}: says what is wrong", text[:300])
        return answer

    def error_file(self, what, summary, bad_lines):
        """Every rejected line is named by file and number, and the record's content is not repeated."""
        lines = [json.loads(line) for line in open(summary["error_file"], encoding="utf-8")]
        self.report.check(len(lines) == len(bad_lines) and all(o.get("resourceType") == "OperationOutcome" for o in lines),
                          f"{what}: an OperationOutcome for each bad line", len(lines))
        said = [" ".join(i.get("diagnostics", "") for i in o["issue"]) for o in lines]
        for name, number in bad_lines:
            pattern = re.escape(name) + (rf":{number}\b" if number else "")
            self.report.check(any(re.search(pattern, s) for s in said), f"{what}: names {name}:{number}", said[:3])
        self.report.check(not any("secret" in s for s in said), f"{what}: repeats no values", [s for s in said if "secret" in s][:2])

    # ---- through the command ---------------------------------------------------------------

    def lines(self):
        """All kinds of bad lines, each between two good ones."""
        content, bad, good = [], [], 0
        for what, line in BAD_LINES.items():
            content += [patient(f"good-{good}"), line.replace(b"female", b"secret")]
            good += 1
            bad.append(("lines.ndjson", len(content)))
        content.append(patient(f"good-{good}"))
        path = self.file("lines.ndjson", b"\n".join(content))
        answer = self.imported("bad lines", path, good + 1, bad)
        if answer.code == 3:
            outcomes = [json.loads(line) for line in open(answer.json()["error_file"], encoding="utf-8")]
            for (what, _), outcome in zip(BAD_LINES.items(), outcomes):
                print(f"    {what:28} {harness.shorten(outcome['issue'][0].get('diagnostics', ''), 110)}")

    def truncated_gzip(self):
        whole = gzip.compress(b"".join(patient(f"z{i}", language=f"x-{i * 7919 % 10007}") + b"\n" for i in range(2000)))
        path = self.file("truncated.ndjson.gz", whole[:len(whole) * 2 // 3])
        answer = self.tarn.finish(self.tarn.spawn("--json", "import", "--store", self.store("truncated"), path))
        self.report.check(answer.code == 3, "truncated gzip: exit code 3", f"{answer.code} {answer.err[-300:]}")
        if answer.code == 3:
            summary = answer.json()
            self.report.check(summary["rejected"] >= 1 and 900 < summary["resources"] < 2000,
                              "truncated gzip: whole lines before the break are in", summary)
            text = open(summary["error_file"], encoding="utf-8").read()
            self.report.check(f"truncated.ndjson.gz:{summary['resources'] + 1}" in text, "truncated gzip: names file and line", text[:300])
        damaged = bytearray(whole)
        damaged[len(damaged) // 2] ^= 0xFF
        path = self.file("damaged.ndjson.gz", bytes(damaged))
        answer = self.tarn.finish(self.tarn.spawn("--json", "import", "--store", self.store("damaged"), path))
        self.report.check(answer.code == 3 and answer.json()["rejected"] >= 1 and b"panicked" not in answer.err,
                          "damaged gzip is reported", f"{answer.code} {answer.err[-200:]} {answer.out[-200:]}")
        double = gzip.compress(patient("member-1") + b"\n") + gzip.compress(patient("member-2") + b"\n")
        self.imported("gzip of two members", self.file("double.ndjson.gz", double), 2, [], (0,))

    def store(self, name):
        self.tarn.create_store(name)
        return name

    def huge_line(self):
        """A line of 300 MB: plain, gzip (a few hundred kB on disk), without end, and from standard input."""
        line = b'{"resourceType":"Patient","id":"huge","name":[{"family":"'
        plain, packed = self.scratch / "huge.ndjson", self.scratch / "huge.ndjson.gz"
        for opened in (open(plain, "wb"), gzip.open(packed, "wb", 1)):
            with opened as out:
                out.write(patient("before") + b"\n" + line)
                block = b"x" * (1 << 20)
                for _ in range(HUGE >> 20):
                    out.write(block)
                out.write(b'"}]}\n' + patient("after") + b"\n")
        for path in (plain, packed):
            answer = self.imported(f"a 300 MB line in {path.name}", path, 2, [(path.name, 2)])
            print(f"    {path.name:28} peak {answer.maxrss_bytes >> 20} MiB, {answer.seconds:.1f} s")
        answer = self.imported("a 300 MB line on standard input", "-", 2, [("stdin", 2)], stdin=plain)
        print(f"    {'stdin':28} peak {answer.maxrss_bytes >> 20} MiB, {answer.seconds:.1f} s")
        plain.unlink()
        bomb = self.scratch / "bomb.ndjson.gz"
        with gzip.open(bomb, "wb", 1) as out:
            for _ in range(HUGE >> 20):
                out.write(b"[" * (1 << 20))
        answer = self.imported("300 MB of open brackets in gzip", bomb, 0, [(bomb.name, 1)])
        print(f"    {bomb.name:28} peak {answer.maxrss_bytes >> 20} MiB, {answer.seconds:.1f} s")

    def odd_files(self):
        blank = b"\n" * 500_000 + patient("between") + b"\r\n" + b"\n" * 500_000
        answer = self.imported("a million blank lines", self.file("blank.ndjson", blank), 1, [], (0,))
        print(f"    {'a million blank lines':28} peak {answer.maxrss_bytes >> 20} MiB, {answer.seconds:.1f} s")
        self.imported("a bad line after many blank ones", self.file("blank2.ndjson", b"\n" * 123_456 + b"{\n"), 0, [("blank2.ndjson", 123_457)])
        self.imported("CRLF line ends", self.file("crlf.ndjson", patient("a") + b"\r\n" + patient("b") + b"\r\n"), 2, [], (0,))
        self.imported("a byte order mark", self.file("bom.ndjson", b"\xef\xbb\xbf" + patient("a") + b"\n" + patient("b")), 2, [], (0,))
        self.imported("no line end at the end", self.file("noend.ndjson", patient("a")), 1, [], (0,))
        noise = bytes((i * 7919 + (i >> 3) * 104729) % 256 for i in range(1 << 18)).replace(b"\n", b"x")
        answer = self.imported("binary garbage", self.file("noise.ndjson", b"\x00" + noise), 0, [("noise.ndjson", 1)])
        self.imported("an empty file", self.file("empty.ndjson", b""), 0, [], (0, 1))
        self.imported("an empty gzip", self.file("empty.ndjson.gz", gzip.compress(b"")), 0, [], (0, 1))
        folder = self.scratch / "nothing"
        folder.mkdir()
        self.imported("an empty folder", folder, 0, [], (1,))
        (folder / "README.txt").write_text("no data here")
        self.imported("a folder without data", folder, 0, [], (1,))
        answer = self.imported("a path that is not there", self.scratch / "no-such.ndjson", 0, [], (1,))
        self.report.check(b"no-such.ndjson" in answer.err, "a path that is not there is named", answer.err[:300])
        answer = self.tarn.run("import", "--store", "no-such-store", folder, check=False)
        self.report.check(answer.code == 1 and b"no-such-store" in answer.err, "an unknown store is named", answer.err[:300])
        folder = self.scratch / "mixed"
        folder.mkdir()
        (folder / "A.ndjson").write_bytes(patient("a") + b"\n{\n")
        (folder / "B.ndjson.gz").write_bytes(gzip.compress(b"{\n" + patient("b") + b"\n"))
        (folder / "notes.txt").write_text("not data")
        self.imported("a folder of good and bad files", folder, 2, [("A.ndjson", 2), ("B.ndjson.gz", 1)])

    # ---- through HTTP ----------------------------------------------------------------------

    def over_http(self):
        report = self.report
        store = self.tarn.create_store("http")
        (pathlib.Path(self.tarn.data) / "tarn.toml").write_text(f"[lake]\nquery_seconds_max = {SQL_SECONDS}\n")
        server = harness.Server(self.tarn)
        try:
            base = f"/datastore/{store}/r4"
            client = server.client()
            for what, line in BAD_LINES.items():
                if what in ("missing id", "id outside the grammar", "id too long", "empty id"):
                    continue  # a create brings no id of its own
                kind = "Observation" if b"Observation" in line else "Patient"
                try:
                    reply = client.post(f"{base}/{kind}", line)
                    good = reply.status in (400, 413, 422) and reply.json().get("resourceType") == "OperationOutcome"
                    report.check(good, f"POST of {what} is refused with an OperationOutcome", reply)
                except OSError as error:
                    report.check(False, f"POST of {what} gets an answer", error)
                    client = server.client()
            body = b'{"resourceType":"Patient","name":[{"family":"' + b"x" * HUGE + b'"}]}'
            client = server.client()
            try:
                reply = client.post(f"{base}/Patient", body)
                report.check(reply.status == 413 and b"OperationOutcome" in reply.body, "POST of 300 MB is refused with 413", reply)
            except OSError:
                report.check(True, "POST of 300 MB is refused by closing")  # the answer may come before the body is read
            del body
            client = server.client()
            lines = b"\n".join([patient("s1"), b"{", patient("s2"), nested(100_000), patient("s3")])
            reply = client.send("POST", f"/api/stores/{store}/import", lines, {"Content-Type": "application/fhir+ndjson"})
            parts = [json.loads(line) for line in reply.body.splitlines() if line.strip()] if reply.status == 200 else []
            summary = parts[-1].get("summary", {}) if parts else {}
            report.check(summary.get("resources") == 3 and summary.get("rejected") == 2, "NDJSON over HTTP keeps the good lines", reply)
            packed = gzip.compress(b"".join(patient(f"g{i}", language=f"x-{i * 7919 % 1009}") + b"\n" for i in range(500)))
            reply = client.send("POST", f"/api/stores/{store}/import", packed[:len(packed) // 2], {"Content-Type": "application/fhir+ndjson"})
            report.check(reply.status == 200 and b'"rejected":1' in reply.body.replace(b" ", b""), "truncated gzip over HTTP is reported", reply)
            for query, status in (("SELECT", 400), ("SELECT * FROM no_such_table", 400), ("SELECT nope FROM patient", 400), ("", 400),
                                  ("DROP TABLE patient", 400), ("SELECT 1; DELETE FROM patient", 400), ("(" * 20_000, 400)):
                reply = client.send("POST", "/sql", json.dumps({"store": "http", "query": query}).encode(), {"Content-Type": "application/json"})
                report.check(reply.status == status and b"error" in reply.body, f"SQL `{query[:40]}` is refused", reply)
            for query in ("COPY (SELECT 1) TO '/tmp/tarn-never.csv'", "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "CREATE TABLE t AS SELECT 1",
                          "CREATE VIEW v AS SELECT 1", "INSERT INTO patient SELECT * FROM patient", "UPDATE patient SET gender = 'x'", "SELECT * FROM '/etc/passwd'",
                          "SELECT * FROM read_csv('/etc/passwd')", "SET datafusion.execution.batch_size = 1", "SELECT 1/0", "SELECT CAST('x' AS INT)"):
                reply = client.send("POST", "/sql", json.dumps({"store": "http", "query": query}).encode(), {"Content-Type": "application/json"})
                report.check(reply.status == 400 and b"error" in reply.body and b"root:" not in reply.body, f"SQL `{query[:40]}` is refused", reply)
            for query in ("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
                          "SELECT count(*) FROM generate_series(1, 1000000000000)",
                          "SELECT array_agg(a.value) FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
                          "SELECT a.value FROM generate_series(1, 100000) a, generate_series(1, 100000) b"):
                begun = time.monotonic()
                reply = client.send("POST", "/sql", json.dumps({"store": "http", "query": query}).encode(), {"Content-Type": "application/json"})
                took = time.monotonic() - begun
                report.check(reply.status == 400 and b"error" in reply.body and took < 3 * SQL_SECONDS, f"SQL `{query[:60]}` is stopped at a limit", f"{took:.1f} s: {reply}")
            reply = client.send("POST", "/sql", b"not json", {"Content-Type": "application/json"})
            report.check(reply.status in (400, 415, 422), "SQL body that is not JSON is refused", reply)
            reply = client.get(f"{base}/Patient?name=" + "x" * 60_000)
            report.check(reply.status in (200, 400, 414, 431), "a very long query string gets an answer", reply)
            reply = client.get(f"{base}/Patient?_count=20")
            report.equal(reply.status, 200, "the server still answers")
            report.equal(client.get("/health").status, 200, "and is healthy")
            peak = server.memory("VmHWM")
            self.peak = max(self.peak, peak)
            print(f"    {'server, all of the above':28} peak {peak >> 20} MiB")
            report.check(peak <= MEMORY_MAX, "the server's memory stays within 1 GiB", f"{peak >> 20} MiB")
        except OSError as error:
            report.check(False, "the server stays up", f"{error}: {server.errors()[-500:]}")
        finally:
            server.stop()
        report.check("panicked" not in server.last_errors and "stack overflow" not in server.last_errors,
                     "no panic in the server's log", server.last_errors[-500:])

    def beyond_the_engine(self):
        """The SQL engine's text arrays panic beyond 2 GiB; the one who asked for that is told, and nobody else notices."""
        server = harness.Server(self.tarn)
        try:
            client = server.client()
            query = "SELECT sum(length(repeat('x', a.value * 100))) FROM generate_series(1, 8192) a"
            reply = client.send("POST", "/sql", json.dumps({"store": "http", "query": query}).encode(), {"Content-Type": "application/json"})
            self.report.check(reply.status in (200, 400, 500), "SQL making more text than the engine can hold gets an answer", reply)
            reply = client.send("POST", "/sql", json.dumps({"store": "http", "query": "SELECT 1 AS one"}).encode(), {"Content-Type": "application/json"})
            self.report.check(reply.status == 200 and reply.json() == [{"one": 1}], "and the next query too", reply)
        finally:
            server.stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tarn")
    given = arguments.parse_args()
    report = harness.Report("bad input")
    with harness.Folder("bad") as scratch:
        trials = Trials(harness.Tarn(harness.find_binary(given.tarn), scratch / "data"), report, scratch)
        for part in (trials.lines, trials.truncated_gzip, trials.odd_files, trials.huge_line, trials.over_http, trials.beyond_the_engine):
            try:
                part()
            except Exception as error:
                report.check(False, f"{part.__name__} ran to its end", f"{type(error).__name__}: {error}")
        print(f"  highest peak memory {trials.peak >> 20} MiB")
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
