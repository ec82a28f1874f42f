#!/usr/bin/env python3
"""What is put in comes out: every published example is PUT, then read back, lexeme by lexeme.

    python3 conformance/roundtrip.py [--tarn BIN]

Number and string lexemes, member order and unknown members must survive; only
`meta.versionId` and `meta.lastUpdated` belong to the server. Also: vread, history, delete,
upsert, If-Match, create, and the errors of each.

Spec: <https://hl7.org/fhir/R4/http.html>
"""

import argparse
import json
import re
import sys

import harness

TOKEN = re.compile(rb'[ \t\r\n]*("(?:[^"\\]|\\.)*"|[-+.0-9eE]+|true|false|null|[{}\[\]:,])')


def lexemes(text):
    """JSON as nested lists of raw lexemes: an object is ('o', [(key, value), …]), a list ('a', […])."""
    tokens = TOKEN.findall(text)
    place = 0

    def value():
        nonlocal place
        token = tokens[place]
        place += 1
        if token == b"{":
            members = []
            while tokens[place] != b"}":
                if tokens[place] == b",":
                    place += 1
                key = tokens[place]
                place += 2
                members.append((key, value()))
            place += 1
            return "o", members
        if token == b"[":
            items = []
            while tokens[place] != b"]":
                if tokens[place] == b",":
                    place += 1
                items.append(value())
            place += 1
            return "a", items
        return token

    return value()


def without_stamps(tree):
    """The same without meta.versionId and meta.lastUpdated, and without a meta left empty."""
    members = []
    for key, value in tree[1]:
        if key == b'"meta"':
            kept = [(k, v) for k, v in value[1] if k not in (b'"versionId"', b'"lastUpdated"')]
            if not kept:
                continue
            value = ("o", kept)
        members.append((key, value))
    return "o", members


def difference(left, right, path="$"):
    """Where two lexeme trees first differ, without the values."""
    if type(left) is not type(right) or (isinstance(left, tuple) and left[0] != right[0]):
        return f"{path}: different kinds"
    if isinstance(left, bytes):
        return None if left == right else f"{path}: lexemes differ ({len(left)} and {len(right)} bytes)"
    if left[0] == "o":
        if [k for k, _ in left[1]] != [k for k, _ in right[1]]:
            return f"{path}: members differ: {[k.decode() for k, _ in left[1]]} and {[k.decode() for k, _ in right[1]]}"
        pairs = [(f"{path}.{k.decode().strip(chr(34))}", a, b) for (k, a), (_, b) in zip(left[1], right[1])]
    else:
        if len(left[1]) != len(right[1]):
            return f"{path}: {len(left[1])} and {len(right[1])} items"
        pairs = [(f"{path}[{i}]", a, b) for i, (a, b) in enumerate(zip(left[1], right[1]))]
    for where, a, b in pairs:
        found = difference(a, b, where)
        if found:
            return found
    return None


def same(report, sent, received, what):
    found = difference(without_stamps(lexemes(sent)), without_stamps(lexemes(received)))
    return report.check(found is None, what, found)


def outcome(report, reply, status, what, expression=False):
    """An error must be an OperationOutcome with the right status."""
    try:
        body = reply.json()
    except ValueError:
        body = {}
    good = reply.status == status and body.get("resourceType") == "OperationOutcome" and body.get("issue")
    report.check(good, f"{what}: {status} with an OperationOutcome", reply)
    if good:
        report.check("fhir+json" in (reply.header("content-type") or ""), f"{what}: content type", reply.header("content-type"))
        if expression:
            report.check(any(i.get("expression") for i in body["issue"]), f"{what}: names the element", reply)


def examples(report, client, base, folder, label):
    count = 0
    for path in sorted(folder.iterdir()):
        if ".ndjson" not in path.name:
            continue
        for line in harness.open_lines(path):
            resource = json.loads(line)
            name = f"{resource['resourceType']}/{resource['id']}"
            url = f"{base}/{name}"
            count += 1
            reply = client.put(url, line)
            if harness.invalid_example(resource):
                print(f"  refused as it must be: {name}: {harness.invalid_example(resource)}")
                outcome(report, reply, 400, f"{label}: PUT {name}", expression=True)
                continue
            if not report.check(reply.status == 201, f"{label}: PUT {name}", reply):
                continue
            report.check(reply.header("etag") == 'W/"1"' and (reply.header("location") or "").endswith(f"{name}/_history/1")
                         and reply.header("last-modified"), f"{label}: {name} has ETag, Location and Last-Modified", reply.headers)
            reply = client.get(url, Accept="application/fhir+json")
            if report.check(reply.status == 200, f"{label}: GET {name}", reply):
                same(report, line, reply.body, f"{label}: {name} comes back as it went in")
                meta = reply.json().get("meta", {})
                report.check(meta.get("versionId") == "1" and meta.get("lastUpdated"), f"{label}: {name} carries its stamps", meta)
            reply = client.put(url, line)
            report.check(reply.status == 200 and reply.header("etag") == 'W/"1"', f"{label}: the same content again stays version 1",
                         f"{reply.status} {reply.header('etag')}")
            changed = dict(resource, language="de" if resource.get("language") != "de" else "fr")
            body = json.dumps(changed).encode()
            reply = client.put(url, body)
            if not report.check(reply.status == 200 and reply.header("etag") == 'W/"2"', f"{label}: {name} updates to version 2", reply):
                continue
            reply = client.get(f"{url}/_history/1", Accept="application/fhir+json")
            if report.check(reply.status == 200, f"{label}: vread {name} version 1", reply):
                same(report, line, reply.body, f"{label}: {name} version 1 is unchanged")
            reply = client.get(f"{url}/_history/2", Accept="application/fhir+json")
            if report.check(reply.status == 200, f"{label}: vread {name} version 2", reply):
                same(report, body, reply.body, f"{label}: {name} version 2 is what was sent")
            reply = client.get(f"{url}/_history")
            versions = [e["resource"]["meta"]["versionId"] for e in reply.json().get("entry", [])] if reply.status == 200 else reply
            report.equal(versions, ["2", "1"], f"{label}: history of {name}, newest first")
    return count


def bulk(report, tarn, scratch, folder, label):
    """The same through the import and the export: every resource once, lexeme for lexeme."""
    store, out = f"bulk-{label}", scratch / f"out-{label}"
    tarn.create_store(store)
    tarn.imported(store, folder)
    tarn.run("export", "--store", store, "--out", out)
    lines = lambda folder: ((json.loads(line), line) for path in sorted(folder.rglob("*.ndjson*")) for line in harness.open_lines(path))
    sent = {f"{r['resourceType']}/{r['id']}": line for r, line in lines(folder) if not harness.invalid_example(r)}
    received = [(f"{r['resourceType']}/{r['id']}", line) for r, line in lines(out)]
    report.equal(sorted(name for name, _ in received), sorted(sent), f"{label}: the export holds what was imported, each once")
    for name, line in received:
        if name in sent:
            same(report, sent[name], line, f"{label}: {name} leaves the export as it came in")


def interactions(report, client, base):
    patient = {"resourceType": "Patient", "id": "round-trip", "birthDate": "1970-01", "gender": "female"}
    url = f"{base}/Patient/round-trip"
    outcome(report, client.get(url), 404, "read of an unknown id")
    outcome(report, client.get(f"{base}/NoSuchType/1"), 404, "read of an unknown type")
    outcome(report, client.get(f"{url}/_history"), 404, "history of an unknown id")

    reply = client.post(f"{base}/Patient", {k: v for k, v in patient.items() if k != "id"})
    report.equal(reply.status, 201, "create")
    created = re.search(r"/Patient/([A-Za-z0-9.-]{1,64})/_history/1$", reply.header("location") or "")
    report.check(created, "create gives a Location with the new id", reply.headers)
    if created:
        report.equal(client.get(f"{base}/Patient/{created.group(1)}").status, 200, "read what was created")
        reply = client.post(f"{base}/Patient", dict(patient, id=created.group(1)))
        other = re.search(r"/Patient/([A-Za-z0-9.-]{1,64})/_history/1$", reply.header("location") or "")
        report.check(reply.status == 201 and other and other.group(1) != created.group(1), "create ignores a given id", reply.headers)

    report.equal(client.put(url, patient).status, 201, "update of an unknown id creates it")
    outcome(report, client.put(url, dict(patient, gender="male"), If_Match='W/"7"'), 412, "If-Match with a stale version")
    report.equal(client.put(url, dict(patient, gender="male"), If_Match='W/"1"').status, 200, "If-Match with the current version")
    outcome(report, client.put(url, dict(patient, gender="male"), If_None_Match="*"), 412, "If-None-Match: * on what exists")
    outcome(report, client.put(url, dict(patient, id="another")), 400, "body id differs from the URL's")
    outcome(report, client.put(url, {k: v for k, v in patient.items() if k != "id"}), 400, "update without an id in the body")
    outcome(report, client.put(url, {"resourceType": "Observation", "id": "round-trip"}), 400, "body of another type")
    outcome(report, client.put(f"{base}/Patient/bad_id!", dict(patient, id="bad_id!")), 400, "an id outside the grammar")
    outcome(report, client.put(url, b"{not json"), 400, "not JSON")
    outcome(report, client.put(url, b""), 400, "an empty body")
    outcome(report, client.put(url, b"[]"), 400, "an array")
    outcome(report, client.put(url, dict(patient, birthDate="1970-13")), 400, "a date that is none", expression=True)
    outcome(report, client.put(url, dict(patient, brithDate="1970")), 400, "an element R4 does not have", expression=True)
    outcome(report, client.put(url, dict(patient, name={"family": "x"})), 400, "an object where a list belongs", expression=True)
    outcome(report, client.put(url, dict(patient, active="yes")), 400, "a string where a boolean belongs", expression=True)
    outcome(report, client.put(url, dict(patient, deceasedBoolean=True, deceasedDateTime="2000")), 400, "two of one choice", expression=True)
    outcome(report, client.put(url, b'{"resourceType":"Patient","id":"round-trip","gender":"male","gender":"female"}'), 400, "a member twice")
    reply = client.send("PUT", url, b"<Patient/>", {"Content-Type": "application/fhir+xml"})
    report.equal(reply.status, 415, "XML is refused with 415")
    report.check("female" not in str(client.put(url, dict(patient, birthDate="female-secret")).body)
                 and b"female-secret" not in client.put(url, dict(patient, birthDate="female-secret")).body,
                 "an error does not repeat the record's values")

    report.equal(client.get(url, If_None_Match='W/"2"').status, 304, "If-None-Match on read gives 304")
    outcome(report, client.get(f"{url}/_history/99"), 404, "vread of an unknown version")
    outcome(report, client.delete(url, If_Match='W/"1"'), 412, "delete with a stale If-Match")
    report.check(client.delete(url).status in (200, 204), "delete")
    outcome(report, client.get(url), 410, "read after delete")
    report.check(client.delete(url).status in (200, 204), "delete again is no error")
    report.equal(client.get(f"{url}/_history/1", Accept="application/fhir+json").status, 200, "vread of a version before the delete")
    outcome(report, client.get(f"{url}/_history/3"), 410, "vread of the delete")
    reply = client.get(f"{url}/_history")
    methods = [e["request"]["method"] for e in reply.json().get("entry", [])] if reply.status == 200 else reply
    report.check(methods == ["DELETE", "PUT", "PUT"] or methods == ["DELETE", "PUT", "POST"], "history shows the delete", methods)
    reply = client.get(f"{base}/Patient?_id=round-trip&_summary=count")
    report.equal(reply.json().get("total"), 0, "search no longer finds it")
    reply = client.put(url, patient)
    report.check(reply.status == 201 and reply.header("etag") == 'W/"4"', "update after delete brings it back as version 4",
                 f"{reply.status} {reply.header('etag')}")
    report.equal(client.get(url).status, 200, "read after it came back")
    outcome(report, client.delete(f"{base}/NoSuchType/1"), 404, "delete in an unknown type")
    for prefer, inside in (("return=minimal", b""), ("return=representation", b'"resourceType":"Patient"'), ("return=OperationOutcome", b"OperationOutcome")):
        reply = client.put(url, dict(patient, language=f"x-{len(prefer)}"), Prefer=prefer)
        report.check(reply.status == 200 and (inside in reply.body if inside else not reply.body), f"Prefer: {prefer}", reply)
    reply = client.get(f"{base}/metadata")
    statement = reply.json() if reply.status == 200 else {}
    report.check(statement.get("resourceType") == "CapabilityStatement" and statement.get("fhirVersion") == "4.0.1"
                 and len(statement["rest"][0]["resource"]) >= 140, "the capability statement lists the resource types", reply.status)


def exact_numbers(report, client, base):
    """Decimals keep their digits, strings their escapes."""
    for number in ("1.0", "1.00", "0.10", "100", "1e2", "1E-7", "-0.0", "3.141592653589793238462643383279", "12345678901234567890.5"):
        body = ('{"resourceType":"Observation","id":"digits","status":"final","code":{"text":"caf\\u00e9 \\/ \\"x\\" é"},'
                '"valueQuantity":{"value":%s,"unit":"mg"}}' % number).encode()
        reply = client.put(f"{base}/Observation/digits", body)
        if report.check(reply.status in (200, 201), f"PUT of {number}", reply):
            same(report, body, client.get(f"{base}/Observation/digits").body, f"{number} keeps its digits")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tarn")
    given = arguments.parse_args()
    report = harness.Report("round trip")
    with harness.Folder("roundtrip") as scratch:
        tarn = harness.Tarn(harness.find_binary(given.tarn), scratch / "data")
        store = tarn.create_store("roundtrip")
        server = harness.Server(tarn)
        try:
            client, base = server.client(), f"/datastore/{store}/r4"
            exact_numbers(report, client, base)
            interactions(report, client, base)
            for name in ("examples-r4", "us-core-examples"):
                folder = harness.dataset(name)
                if not folder:
                    report.skip(name, "no data beside the repository")
                    continue
                # A store each: the two sets share some ids.
                own = client.send("POST", "/api/stores", json.dumps({"name": name, "notes": False}).encode(), {"Content-Type": "application/json"})
                bulk(report, tarn, scratch, folder, name)
                if report.check(own.status in (200, 201), f"a store for {name}", own):
                    print(f"  {name}: {examples(report, client, f'/datastore/' + own.json()['datastore_id'] + '/r4', folder, name)} resources")
        finally:
            server.stop()
        report.check("panicked" not in server.last_errors, "no panic in the server's log", server.last_errors[-500:])
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
