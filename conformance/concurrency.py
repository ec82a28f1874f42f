#!/usr/bin/env python3
"""Many at once: nobody's write is lost, everybody reads what was acknowledged, numbers have no gaps.

    python3 conformance/concurrency.py [--tarn BIN]

Also the life of a datastore while a server runs: made, imported into from two sides, deleted.
"""

import argparse
import json
import pathlib
import sys
import threading

import harness

SYSTEM = "urn:tarn:concurrency"


def body(identifier, value):
    return {"resourceType": "Observation", "id": identifier, "status": "final", "code": {"text": "count"},
            "identifier": [{"system": SYSTEM, "value": f"{identifier}.{value}"}], "valueInteger": value}


class Crowd:
    """A server and as many clients as wanted."""

    def __init__(self, tarn, report):
        self.tarn, self.report = tarn, report
        self.store = tarn.create_store("crowd")
        self.base = f"/datastore/{self.store}/r4"
        self.server = harness.Server(tarn)
        self.token = self.server.token()

    def together(self, count, work):
        """Runs `work(number, client)` in `count` threads; what they returned."""
        results, errors, gate = [None] * count, [], threading.Barrier(count)

        def run(number):
            client = harness.Client(self.server.address, self.token)
            try:
                gate.wait()
                results[number] = work(number, client)
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
            finally:
                client.close()

        threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.report.check(not errors, f"{work.__name__}: all clients ran to their end", errors[:3])
        return [r for r in results if r is not None]

    def versions(self, identifier):
        """Version numbers of a resource's history, newest first."""
        client = self.server.client()
        found = []
        for bundle in harness.follow(client, f"{self.base}/Observation/{identifier}/_history?_count=1000"):
            found += [int(e["resource"]["meta"]["versionId"]) for e in bundle.get("entry", [])]
        return found

    def counter(self):
        """If-Match: of several who read the same version, one writes."""
        url = f"{self.base}/Observation/counter"
        self.server.client().put(url, body("counter", 0))

        def increments(number, client):
            done = refused = 0
            while done < 15:
                reply = client.get(url)
                read = reply.json()
                reply = client.put(url, body("counter", read["valueInteger"] + 1), If_Match=reply.header("etag"))
                if reply.status == 200:
                    done += 1
                elif reply.status == 412:
                    refused += 1
                else:
                    raise RuntimeError(str(reply))
            return done, refused

        results = self.together(8, increments)
        done = sum(d for d, _ in results)
        final = self.server.client().get(url).json()
        self.report.equal((final["valueInteger"], final["meta"]["versionId"]), (done, str(done + 1)), "counting with If-Match loses nothing")
        self.report.equal(self.versions("counter"), list(range(done + 1, 0, -1)), "the counter's history has every version once")
        print(f"  {done} increments by 8 clients, {sum(r for _, r in results)} refused as stale")

    def blind(self):
        """Writes without a condition: each gets a version of its own."""
        url = f"{self.base}/Observation/blind"

        def writes(number, client):
            return [client.put(url, body("blind", number * 1000 + n)).header("etag") for n in range(25)]

        tags = [tag for tags in self.together(8, writes) for tag in tags]
        self.report.equal(sorted(tags), sorted(f'W/"{n}"' for n in range(1, 201)), "200 writes of one resource get 200 versions")
        row = self.server.client().sql("crowd", "SELECT count(*) AS n, max(_version) AS v FROM observation WHERE id = 'blind'")[0]
        self.report.equal((row["n"], row["v"]), (1, 200), "SQL has the last of them only")

    def first(self):
        """If-None-Match: * makes one winner."""
        def creates(number, client):
            return client.put(f"{self.base}/Observation/first", body("first", number), If_None_Match="*").status

        self.report.equal(sorted(self.together(12, creates)), [201] + [412] * 11, "of twelve who create the same id one succeeds")

    def own_writes(self):
        """Whoever got an answer reads the write at once: by id, by search, in SQL."""
        def reads(number, client):
            wrong = []
            for step in range(1, 13):
                identifier = f"own-{number}"
                value = number * 100 + step
                client.put(f"{self.base}/Observation/{identifier}", body(identifier, value))
                if client.get(f"{self.base}/Observation/{identifier}").json()["valueInteger"] != value:
                    wrong.append("read")
                for old in (0, 1):
                    token = f"{SYSTEM}|{identifier}.{value - old}"
                    total = client.get(f"{self.base}/Observation?" + harness.query_string([("identifier", token), ("_summary", "count")])).json()["total"]
                    if total != 1 - old:
                        wrong.append(f"search, {'old' if old else 'new'} token: {total}")
                rows = client.sql("crowd", f"SELECT valueinteger AS v FROM observation WHERE id = '{identifier}'")
                if [r["v"] for r in rows] != [value]:
                    wrong.append(f"SQL: {rows}")
                if step % 4 == 0:
                    client.delete(f"{self.base}/Observation/{identifier}")
                    if client.sql("crowd", f"SELECT count(*) AS n FROM observation WHERE id = '{identifier}'")[0]["n"]:
                        wrong.append("SQL after a delete")
            return wrong

        wrong = [w for found in self.together(6, reads) for w in found]
        self.report.check(not wrong, "reads, searches and SQL see every acknowledged write", wrong[:5])

    def steady(self):
        """Readers beside writers: counts never go back, a page never breaks."""
        stop = threading.Event()

        def mixed(number, client):
            wrong, last = [], 0
            if number < 3:
                for n in range(150):
                    client.put(f"{self.base}/Basic/steady-{number}-{n}", {"resourceType": "Basic", "id": f"steady-{number}-{n}", "code": {"text": "x"}})
                stop.set()
                return wrong
            while not stop.is_set():
                if number == 3:
                    now = client.sql("crowd", "SELECT count(*) AS n FROM basic")[0]["n"]
                else:
                    bundle = client.get(f"{self.base}/Basic?_count=1000&_total=accurate").json()
                    now = bundle["total"]
                    if len(bundle.get("entry", [])) != now:
                        wrong.append(f"{len(bundle.get('entry', []))} entries of {now}")
                if now < last:
                    wrong.append(f"{last} then {now}")
                last = now
            return wrong

        wrong = [w for found in self.together(5, mixed) for w in found]
        self.report.check(not wrong, "counts grow while others write", wrong[:5])

    def twice_at_once(self, scratch):
        """The same folder imported by two at the same time, one of them the command line."""
        folder = scratch / "twice"
        folder.mkdir()
        (folder / "Basic.ndjson").write_text("".join(
            json.dumps({"resourceType": "Basic", "id": f"twice-{n}", "code": {"text": str(n)}}) + "\n" for n in range(4000)))

        def imports(number, client):
            if number:
                answer = self.tarn.run("--json", "import", "--store", "crowd", folder, check=False)
                return answer.json() if answer.code == 0 else {"refused": answer.err}
            reply = client.send("POST", f"/api/stores/{self.store}/import", json.dumps({"paths": [str(folder)]}).encode(), {"Content-Type": "application/json"})
            return json.loads(reply.body.splitlines()[-1])["summary"] if reply.status == 200 else {"refused": reply.body}

        results = self.together(2, imports)
        refused = [r["refused"] for r in results if "refused" in r]
        self.report.check(len(refused) < 2 and all(b"already running" in text for text in refused), "an import beside another is refused, if at all, with the reason", refused)
        results = [r for r in results if "refused" not in r]
        results += [self.tarn.imported("crowd", folder) for _ in refused]
        self.report.equal((sum(r["created"] for r in results), sum(r["updated"] for r in results), sum(r["unchanged"] for r in results)),
                          (4000, 0, 4000), "two imports of the same folder at once create each resource once")
        row = self.server.client().sql("crowd", "SELECT count(*) AS n, count(DISTINCT id) AS ids, max(_version) AS v FROM basic WHERE id LIKE 'twice-%'")[0]
        self.report.equal((row["n"], row["ids"], row["v"]), (4000, 4000, 1), "SQL has each once, in version 1")

    def datastores(self):
        """Datastores come and go while the server runs."""
        client = self.server.client()
        answer = self.tarn.run("serve", "--http", "127.0.0.1:0", check=False, timeout=20)
        self.report.check(answer.code == 1 and answer.err, "a second server on the same data folder is refused", answer.err[-300:])
        made = [r.status for r in self.together(4, lambda number, client: client.send(
            "POST", "/api/stores", b'{"name":"same"}', {"Content-Type": "application/json"}))]
        self.report.check(sum(s in (200, 201) for s in made) == 1 and all(s in (200, 201, 400, 409) for s in made), "a name is taken once", made)
        for name in ("", "../up", "a/b", "x" * 300, "a b\n", "."):
            reply = client.send("POST", "/api/stores", json.dumps({"name": name}).encode(), {"Content-Type": "application/json"})
            if reply.status in (200, 201):
                inside = all(pathlib.Path(self.tarn.data) in p.parents for p in pathlib.Path(self.tarn.data).rglob("*"))
                self.report.check(inside and reply.json()["datastore_id"].isalnum(), f"name {name[:8]!r} stays a name", reply)
            else:
                self.report.check(reply.status in (400, 409, 422), f"name {name[:8]!r} is refused", reply)
        listed = self.tarn.json("store", "list")
        gone = next(s["datastore_id"] for s in listed if s["name"] == "same")
        client.put(f"/datastore/{gone}/r4/Basic/b", {"resourceType": "Basic", "id": "b", "code": {"text": "x"}})
        self.report.check(client.delete(f"/api/stores/{gone}").status in (200, 202, 204), "a datastore is deleted")
        for what, status in ((f"/datastore/{gone}/r4/Basic/b", 404), (f"/api/stores/{gone}/overview", 404)):
            self.report.equal(client.get(what).status, status, "what was in a deleted datastore is not found")
        reply = client.send("POST", "/sql", json.dumps({"store": "same", "query": "SELECT 1"}).encode(), {"Content-Type": "application/json"})
        self.report.check(reply.status in (400, 404), "SQL on a deleted datastore is refused", reply)
        left = [p for p in pathlib.Path(self.tarn.data).glob(f"*/{gone}*") if p.parent.name in ("stores", "lake")]
        self.report.check(not left, "its folders are gone", left)
        self.report.equal(client.get(f"{self.base}/Observation/counter").status, 200, "the other datastores stay")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tarn")
    given = arguments.parse_args()
    report = harness.Report("concurrency")
    with harness.Folder("crowd") as scratch:
        crowd = Crowd(harness.Tarn(harness.find_binary(given.tarn), scratch / "data"), report)
        try:
            for part in (crowd.counter, crowd.blind, crowd.first, crowd.own_writes, crowd.steady, lambda: crowd.twice_at_once(scratch), crowd.datastores):
                try:
                    part()
                except Exception as error:
                    report.check(False, f"{part.__name__} ran to its end", f"{type(error).__name__}: {error}")
        finally:
            code = crowd.server.stop()
        report.equal(code, 0, "the server stops with 0 on SIGTERM")
        report.check("panicked" not in crowd.server.last_errors, "no panic in the server's log", crowd.server.last_errors[-500:])
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
