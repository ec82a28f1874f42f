#!/usr/bin/env python3
"""Kills Tarn at random moments and looks for what was lost.

    python3 conformance/crash.py [--tarn BIN] [--rounds 6] [--seed N]

Rounds take turns: `kill -9` during `tarn import`, during an import through the server, and
while eight clients write over HTTP. After each kill the store must open; every acknowledged
write must be there in its version, searchable, and in SQL exactly once; deleted resources
must be gone; the interrupted import, run again, must complete. At the end the export must
equal what was acknowledged. One data folder lives through all rounds. A failure prints the
seed that repeats its choices.
"""

import argparse
import gzip
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import harness

SYSTEM = "urn:tarn:crash"
CLIENTS = 8
IMPORT_FILES, IMPORT_LINES = 3, 400


def resource(identifier, round_tag, step):
    """A small Observation whose tokens tell the round, the resource and the write it came from."""
    return {"resourceType": "Observation", "id": identifier,
            "identifier": [{"system": f"{SYSTEM}:round", "value": round_tag}, {"system": f"{SYSTEM}:step", "value": f"{identifier}.{step}"}],
            "status": "final", "code": {"coding": [{"system": SYSTEM, "code": f"step-{step}"}]},
            "subject": {"reference": f"Patient/p{step % 7}"}, "effectiveDateTime": f"20{10 + step % 10}-0{1 + step % 9}-15",
            "valueQuantity": {"value": step, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}


class State:
    """What is known of one resource: acknowledged version and step, and the write in flight."""

    __slots__ = ("version", "step", "deleted", "flight", "round")

    def __init__(self, round_tag):
        self.version, self.step, self.deleted, self.flight, self.round = 0, None, True, None, round_tag


class Trial:
    """The data folder, the model of what must be in it, and the rounds."""

    def __init__(self, tarn, report, seed, scratch):
        self.tarn, self.report, self.random, self.scratch = tarn, report, random.Random(seed), scratch
        self.model = {}  # id -> State
        self.server, self.import_seconds = None, {}
        # Small chunks and buffers and quick flushes, so that little work has many moments to die in.
        pathlib.Path(tarn.data).mkdir(parents=True, exist_ok=True)
        (pathlib.Path(tarn.data) / "tarn.toml").write_text(
            "[import]\nchunk_lines_max = 40\n[lake]\nflush_after_ms = 100\nmerge_files_min = 4\n[store]\nwrite_buffer_bytes = 262144\n")
        self.store = tarn.create_store("crash")
        self.base = f"/datastore/{self.store}/r4"
        self.slowest_start = 0.0

    def start(self):
        """The store must open, also straight after a kill."""
        if not self.server:
            self.server = harness.Server(self.tarn)
            self.slowest_start = max(self.slowest_start, self.server.ready_seconds)
        return self.server

    def kill(self):
        if self.server:
            self.server.kill()
            self.report.check("panicked" not in self.server.last_errors, "no panic before the kill", self.server.last_errors[-500:])
            self.server = None

    # ---- writes over HTTP ------------------------------------------------------------------

    def writes(self, number):
        """Clients write until the server dies under them; then everything is checked."""
        tag = f"w{number}"
        server = self.start()
        token, stop = server.token(), threading.Event()
        states = [dict() for _ in range(CLIENTS)]
        acknowledged = [0] * CLIENTS
        seeds = [self.random.random() for _ in range(CLIENTS)]
        wrong = []

        def work(me):
            chance = random.Random(seeds[me])
            client = harness.Client(server.address, token, timeout=20)
            mine, count = states[me], 0
            try:
                while not stop.is_set():
                    alive = [i for i, s in mine.items() if not s.deleted]
                    act = chance.random()
                    if act < 0.45 or not alive:
                        identifier = f"{tag}-{me}-{count}"
                        state = mine[identifier] = State(tag)
                        count += 1
                        state.flight = (1, 0, False)
                        reply = client.put(f"{self.base}/Observation/{identifier}", resource(identifier, tag, 0))
                        expected, version = (201,), 1
                    else:
                        identifier = chance.choice(alive)
                        state = mine[identifier]
                        version = state.version + 1
                        if act < 0.85:
                            state.flight = (version, state.step + 1, False)
                            reply = client.put(f"{self.base}/Observation/{identifier}", resource(identifier, tag, state.step + 1),
                                               If_Match=f'W/"{state.version}"')
                            expected = (200,)
                        else:
                            state.flight = (version, None, True)
                            reply = client.delete(f"{self.base}/Observation/{identifier}", If_Match=f'W/"{state.version}"')
                            expected = (200, 204)
                    if reply.status not in expected:
                        wrong.append(f"{identifier}: {reply}")
                        return
                    if not state.flight[2] and reply.header("etag") != f'W/"{version}"':
                        wrong.append(f"{identifier}: ETag {reply.header('etag')}, expected version {version}")
                    state.version, state.step, state.deleted = state.flight
                    state.flight = None
                    acknowledged[me] += 1
            except (OSError, http.client.HTTPException):
                pass  # the kill
            finally:
                client.close()

        threads = [threading.Thread(target=work, args=(me,)) for me in range(CLIENTS)]
        for thread in threads:
            thread.start()
        moment = self.random.uniform(0.02, 0.5 if self.random.random() < 0.8 else 2.0)
        time.sleep(moment)
        self.kill()
        stop.set()
        for thread in threads:
            thread.join()
        self.report.check(not wrong, f"round {number}: writes answered as they should", wrong[:3])
        fresh = {i: s for part in states for i, s in part.items()}
        self.model.update(fresh)
        self.settle(number, fresh)
        return f"{sum(acknowledged)} writes acknowledged, killed after {moment:.3f} s"

    def settle(self, number, fresh):
        """After the kill each resource is as acknowledged, or as the write in flight left it."""
        client = self.start().client()
        lost = []
        for identifier, state in fresh.items():
            reply = client.get(f"{self.base}/Observation/{identifier}")
            found = self.outcome_of(reply)
            before = (state.version, state.step, state.deleted)
            allowed = [before] + ([state.flight] if state.flight else [])
            if found not in [((v if not d else None), s, d) if v else (None, None, None) for v, s, d in allowed]:
                lost.append(f"{identifier}: found {found}, expected one of {allowed}")
            elif state.flight and found != (((before[0] if not before[2] else None), before[1], before[2]) if before[0] else (None, None, None)):
                state.version, state.step, state.deleted = state.flight
            state.flight = None
            if not state.version:
                del self.model[identifier]
        self.report.check(not lost, f"round {number}: every acknowledged write is there", f"{len(lost)} lost: {lost[:3]}")

    @staticmethod
    def outcome_of(reply):
        """(version, step, deleted) as a read shows it; a delete's version is not shown."""
        if reply.status == 404:
            return None, None, None
        if reply.status == 410:
            return None, None, True
        if reply.status != 200:
            return reply.status, None, None
        body = reply.json()
        return int(body["meta"]["versionId"]), int(body["valueQuantity"]["value"]), False

    # ---- import ----------------------------------------------------------------------------

    def source(self, tag):
        """A folder of NDJSON of its own for this round, one file of it gzip."""
        folder = self.scratch / "source" / tag
        folder.mkdir(parents=True)
        for file in range(IMPORT_FILES):
            lines = b"".join(json.dumps(resource(f"{tag}-{file}-{line}", tag, line)).encode() + b"\n" for line in range(IMPORT_LINES))
            if file == 0:
                (folder / f"Observation.{file}.ndjson.gz").write_bytes(gzip.compress(lines, 1))
            else:
                (folder / f"Observation.{file}.ndjson").write_bytes(lines)
        return folder, {f"{tag}-{file}-{line}": line for file in range(IMPORT_FILES) for line in range(IMPORT_LINES)}

    def imports(self, number, through_server):
        """An import dies in the middle; the store opens, and the same import then completes."""
        tag = f"i{number}"
        folder, steps = self.source(tag)
        kind = "server" if through_server else "command"
        typical = self.import_seconds.get(kind, 0.6)
        moment = self.random.uniform(0.0, typical * 1.05)
        if through_server:
            server = self.start()
            thread = threading.Thread(target=self.ask_import, args=(server.client(), folder))
            thread.start()
            time.sleep(moment)
            self.kill()
            thread.join()
        else:
            self.kill()
            process = self.tarn.spawn("import", "--store", "crash", folder)
            time.sleep(moment)
            os.kill(process.pid, signal.SIGKILL)  # not process.kill(): that would reap it, if it has ended by then
            answer = self.tarn.finish(process)
            self.report.check(b"panicked" not in answer.err, f"round {number}: no panic in the import", answer.err[-500:])
        client = self.start().client()
        part = self.compare(number, client, tag, steps, complete=False)
        begun = time.monotonic()
        if through_server:
            summary = self.ask_import(client, folder)
        else:
            answer = self.tarn.run("--json", "import", "--store", "crash", folder, check=False)
            summary = answer.json() if answer.code == 0 else {"error": answer.err.decode()[-300:]}
        seconds = time.monotonic() - begun
        if part == len(steps):
            self.import_seconds[kind] = moment  # it was done by then: die sooner next time
        elif part < len(steps) / 2:
            self.import_seconds[kind] = 0.5 * typical + 0.5 * seconds * len(steps) / (len(steps) - part)
        summary = summary or {}
        found = [summary.get(k) for k in ("resources", "created", "updated", "unchanged", "rejected")]
        self.report.check(found == [len(steps), len(steps) - part, 0, part, 0], f"round {number}: the same import again completes",
                          f"{found or summary}, {part} were in already: {harness.shorten(str(summary))}")
        self.compare(number, client, tag, steps, complete=True)
        for identifier, step in steps.items():
            state = self.model[identifier] = State(tag)
            state.version, state.step, state.deleted = 1, step, False
        return f"{part} of {len(steps)} were in, killed after {moment:.3f} s of about {typical:.2f}"

    def ask_import(self, client, folder):
        """POST an import to the server; its summary, or None when the server dies."""
        try:
            reply = client.send("POST", f"/api/stores/{self.store}/import", json.dumps({"paths": [str(folder)]}).encode(),
                                {"Content-Type": "application/json"})
            lines = [json.loads(line) for line in reply.body.splitlines() if line.strip()]
            return lines[-1].get("summary", lines[-1]) if lines else None
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def compare(self, number, client, tag, steps, complete):
        """Search and SQL agree on what is in, and it is what the files say; returns how many."""
        label = f"round {number}{'' if complete else ', after the kill'}"
        found = {}
        doubled = 0
        for bundle in harness.follow(client, f"{self.base}/Observation?" + harness.query_string(
                [("identifier", f"{SYSTEM}:round|{tag}"), ("_count", "1000")])):
            for body in harness.matches(bundle):
                doubled += body["id"] in found
                found[body["id"]] = int(body["meta"]["versionId"]), int(body["valueQuantity"]["value"])
        self.report.equal(doubled, 0, f"{label}: no id twice in a search")
        wrong = [i for i, (version, step) in found.items() if version != 1 or steps.get(i) != step]
        self.report.check(not wrong, f"{label}: what is in is what the files say", wrong[:5])
        if complete:
            self.report.equal(len(found), len(steps), f"{label}: all are in")
        rows = client.sql("crash", f"SELECT id, _version AS v FROM observation WHERE id LIKE '{tag}-%'")
        self.report.check(sorted(r["id"] for r in rows) == sorted(found) and all(r["v"] == 1 for r in rows),
                          f"{label}: SQL has the same rows, each once", f"{len(rows)} rows, {len({r['id'] for r in rows})} ids, search {len(found)}")
        return len(found)

    def synced(self, writes=40):
        """A kill spares what the system holds in memory, a power cut does not: each write must ask for the disk."""
        client, trace = self.start().client(), self.scratch / "trace"
        if not shutil.which("strace"):
            self.report.skip("a disk sync for each write", "strace is not installed")
            return
        tracer = subprocess.Popen(["strace", "-f", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", trace, "-p", str(self.server.process.pid)],
                                  stderr=subprocess.PIPE)
        attached = b"attached" in tracer.stderr.readline()
        for number in range(writes):
            identifier = f"synced-{number}"
            client.put(f"{self.base}/Observation/{identifier}", resource(identifier, "synced", number))
            state = self.model[identifier] = State("synced")
            state.version, state.step, state.deleted = 1, number, False
        tracer.terminate()
        tracer.communicate()
        if not attached:
            self.report.skip("a disk sync for each write", "strace may not look at the server here")
            return
        count = trace.read_text().count("sync(")
        self.report.check(count >= writes, "each of the writes in turn reaches the disk before its answer", f"{count} syncs for {writes} writes")

    # ---- the whole -------------------------------------------------------------------------

    def check_round(self, number, tags):
        """Search by token and by id, and SQL, for the resources of some rounds."""
        client = self.start().client()
        for tag in tags:
            expected = {i: s for i, s in self.model.items() if s.round == tag and not s.deleted}
            gone = [i for i, s in self.model.items() if s.round == tag and s.deleted]
            found = {}
            total = None
            for bundle in harness.follow(client, f"{self.base}/Observation?" + harness.query_string(
                    [("identifier", f"{SYSTEM}:round|{tag}"), ("_count", "1000"), ("_total", "accurate")])):
                total = bundle.get("total")
                for body in harness.matches(bundle):
                    found.setdefault(body["id"], []).append((int(body["meta"]["versionId"]), int(body["valueQuantity"]["value"])))
            self.report.equal(total, len(expected), f"round {number}: search total for {tag}")
            wrong = [i for i in expected.keys() | found.keys()
                     if i not in expected or found.get(i) != [(expected[i].version, expected[i].step)]]
            self.report.check(not wrong, f"round {number}: search finds the current versions of {tag} once each", wrong[:5])
            rows = client.sql("crash", f"SELECT id, _version AS v, valuequantity['value'] AS step FROM observation WHERE id LIKE '{tag}-%'")
            kept = sorted((r["id"], r["v"], int(r["step"])) for r in rows)
            self.report.check(kept == sorted((i, s.version, s.step) for i, s in expected.items()),
                              f"round {number}: SQL holds {tag} exactly",
                              f"{len(rows)} rows of {len({r['id'] for r in rows})} ids, expected {len(expected)}; "
                              f"first differences {sorted(set(kept) ^ {(i, s.version, s.step) for i, s in expected.items()})[:4]}")
            some = self.random.sample(sorted(expected), min(3, len(expected))) + self.random.sample(gone, min(2, len(gone)))
            for identifier in some:
                state = self.model[identifier]
                pairs = [("_id", identifier)]
                count = client.get(f"{self.base}/Observation?{harness.query_string(pairs + [('_summary', 'count')])}").json()["total"]
                self.report.equal(count, 0 if state.deleted else 1, f"round {number}: search by _id of {identifier}")
                if not state.deleted and state.step:
                    old = [("identifier", f"{SYSTEM}:step|{identifier}.{state.step - 1}"), ("_summary", "count")]
                    count = client.get(f"{self.base}/Observation?{harness.query_string(old)}").json()["total"]
                    self.report.equal(count, 0, f"round {number}: the replaced token of {identifier} finds nothing")
                if state.version > 1:
                    history = client.get(f"{self.base}/Observation/{identifier}/_history").json()
                    self.report.equal(len(history.get("entry", [])), state.version, f"round {number}: history of {identifier}")
        alive = sum(1 for s in self.model.values() if not s.deleted)
        row = client.sql("crash", "SELECT count(*) AS n, count(DISTINCT id) AS ids FROM observation")[0]
        count = client.get(f"{self.base}/Observation?_summary=count").json()["total"]
        self.report.check(row["n"] == row["ids"] == count == alive, f"round {number}: SQL, search and the record agree on how many",
                          f"SQL {row['n']} rows of {row['ids']} ids, search {count}, acknowledged {alive}")

    def export(self):
        """The export holds every live resource once, in its current content."""
        out = self.scratch / "export"
        self.tarn.run("export", "--store", "crash", "--out", out)
        found, doubled = {}, 0
        for path in sorted(pathlib.Path(out).rglob("*.ndjson*")):
            for line in harness.open_lines(path):
                body = json.loads(line)
                doubled += body["id"] in found
                found[body["id"]] = body
        self.report.equal(doubled, 0, "export: no id twice")
        alive = {i: s for i, s in self.model.items() if not s.deleted}
        self.report.equal(len(found), len(alive), "export: as many as acknowledged")
        wrong = []
        for identifier, state in alive.items():
            body = dict(found.get(identifier, {}))
            body.pop("meta", None)
            if body != resource(identifier, state.round, state.step):
                wrong.append(identifier)
        self.report.check(not wrong, "export equals what was acknowledged", f"{len(wrong)} differ: {wrong[:5]}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tarn")
    arguments.add_argument("--rounds", type=int, default=6)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    given = arguments.parse_args()
    report = harness.Report("crash")
    print(f"crash: {given.rounds} rounds, seed {given.seed}", flush=True)
    with harness.Folder("crash") as scratch:
        trial = Trial(harness.Tarn(harness.find_binary(given.tarn), scratch / "data"), report, given.seed, scratch)
        done = []
        try:
            for number in range(given.rounds):
                begun, failed = time.monotonic(), report.failed
                kind = ("import by command", "writes", "import by server", "writes")[number % 4]
                try:
                    if kind == "writes":
                        said = trial.writes(number)
                        done.append(f"w{number}")
                    else:
                        said = trial.imports(number, through_server=kind.endswith("server"))
                        done.append(f"i{number}")
                    older = trial.random.sample(done[:-1], min(1, len(done) - 1))
                    trial.check_round(number, [done[-1]] + older)
                except Exception as error:  # the round is lost, the next ones still say something
                    report.check(False, f"round {number} ({kind}) ran to its end", f"{type(error).__name__}: {error}")
                    trial.kill()
                    said = "broken off"
                print(f"  round {number:3} {kind:18} {said}; {time.monotonic() - begun:.1f} s"
                      + (f"; {report.failed - failed} FAILED, seed {given.seed}" if report.failed > failed else ""), flush=True)
            trial.synced()
            trial.check_round(given.rounds, done[-20:])
            trial.export()
            memory, code = trial.server.memory("VmHWM"), trial.server.stop()
            trial.server = None
            report.equal(code, 0, "the server stops with 0 on SIGTERM")
            print(f"  slowest start {trial.slowest_start:.2f} s, peak memory of the last server {memory >> 20} MiB, "
                  f"{len(trial.model)} resources on record")
        finally:
            trial.kill()
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
