#!/usr/bin/env python3
"""Reads notes through the whole river, from outside.

    python3 conformance/notes.py [--tarn BIN]

What was found must be on the document, in search and in SQL, and be the same in all three;
versions and ETags must not move; what is denied must make no resource; a note that cannot be
read must be marked and stop nothing; a kill must lose nothing; deleting a document must take
what was made from it along. Then synthea-2021, if it is here.
"""

import argparse
import base64
import json
import pathlib
import sys
import time

import harness

CM = "http://healthlake.amazonaws.com/aws-cm/"
GENERATED = "http://healthlake.amazonaws.com/system-generated-resources/"
DETECT = CM + "detect-entities/"
ENTITY = DETECT + "aws-cm-detect-entities-entity"
ICD = CM + "infer-icd10/aws-cm-icd10-entity"

NOTE = """CHIEF COMPLAINT: Shortness of breath.

HISTORY OF PRESENT ILLNESS: Mrs. Waterhouse is a 63 year old woman with type 2 diabetes mellitus and
hypertension. She denies chest pain. She takes metformin 500 mg twice daily.

FAMILY HISTORY: Mother had breast cancer.

ASSESSMENT: Acute bronchitis. Pneumonia was ruled out.

PLAN: Amoxicillin 875 mg by mouth every 12 hours for 7 days. Return if fever develops.
"""


def document(identifier, text=NOTE, content_type="text/plain; charset=utf-8", patient="w1", **more):
    data = text if isinstance(text, bytes) else text.encode()
    return {"resourceType": "DocumentReference", "id": identifier, "status": "current",
            "subject": {"reference": f"Patient/{patient}"}, "date": "2024-05-06T07:08:09Z",
            "content": [{"attachment": {"contentType": content_type, "data": base64.b64encode(data).decode()}}], **more}


PATIENT = {"resourceType": "Patient", "id": "w1", "name": [{"family": "Waterhouse", "given": ["Hortensia"]}], "birthDate": "1961-02-03"}


def parts(extension, url):
    return [e for e in extension.get("extension", []) if e["url"] == url]


def findings(resource):
    """Entities of `detect-entities` by id, as plain objects; None when the document carries none."""
    block = [e for e in resource.get("extension", []) if e["url"] == CM]
    if not block:
        return None
    found = {}
    for detected in parts(block[0], DETECT):
        for entity in parts(detected, ENTITY):
            values = {}
            for part in entity["extension"]:
                name = part["url"].removeprefix(ENTITY + "-")
                value = next((v for k, v in part.items() if k.startswith("value")), None)
                values.setdefault(name, []).append(value)
            found[values["id"][0]] = values
    return found


def status(resource):
    for block in resource.get("extension", []):
        if block["url"] == CM:
            return parts(block, CM + "status/")[0]["valueString"]
    return None


def wait(client, path, ready, seconds=60):
    """The resource, once `ready` says so."""
    deadline = time.monotonic() + seconds
    while True:
        reply = client.get(path)
        if reply.status == 200 and ready(reply.json()):
            return reply
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path} was not read in {seconds} s: {reply}")
        time.sleep(0.1)


def one_note(report, client, base, store):
    report.equal(client.put(f"{base}/Patient/w1", PATIENT).status, 201, "the patient is written")
    written = client.put(f"{base}/DocumentReference/d1", document("d1"))
    report.equal(written.status, 201, "the document is written")
    etag = written.header("ETag")
    read = wait(client, f"{base}/DocumentReference/d1", lambda r: findings(r) is not None)
    resource = read.json()
    report.equal(read.header("ETag"), etag, "the ETag does not move")
    report.equal(resource["meta"]["versionId"], "1", "nor does the version")
    report.equal(status(resource), "SUCCESS", "the note was read")
    found = findings(resource)
    texts = {e["text"][0].lower(): e for e in found.values()}
    decoded = base64.b64decode(resource["content"][0]["attachment"]["data"]).decode()
    wrong = [e["text"][0] for e in found.values() if decoded[e["begin-offset"][0]:e["end-offset"][0]] != e["text"][0]]
    report.equal(wrong, [], "offsets name the words they say")
    report.check(all(e.get("evidence", [""])[0] for e in found.values()), "every finding shows its sentence")

    def traits(words):
        return next((set(e.get("trait", [])) for t, e in texts.items() if words in t), None)

    report.check("NEGATION" in (traits("chest pain") or ()), "chest pain is denied", sorted(texts))
    report.check("NEGATION" in (traits("pneumonia") or ()), "pneumonia is ruled out", sorted(texts))
    report.check("PERTAINS_TO_FAMILY" in (traits("breast cancer") or ()), "breast cancer is the mother's", sorted(texts))
    report.check("HYPOTHETICAL" in (traits("fever") or ()), "fever is hypothetical", sorted(texts))
    report.check("NEGATION" not in (traits("bronchitis") or {"NEGATION"}), "bronchitis is affirmed", sorted(texts))
    metformin = texts.get("metformin", {})
    attributes = json.dumps(resource)
    report.check(metformin.get("category") == ["MEDICATION"], "metformin is a medication", metformin)
    report.check("500 mg" in attributes and "twice daily" in attributes, "with strength and frequency")
    report.check(any(e["category"] == ["PROTECTED_HEALTH_INFORMATION"] and "Waterhouse" in e["text"][0] for e in found.values()),
                 "the patient's own name is PHI", sorted(texts))

    for query, expected in [("infer-icd10cm-entity-concept-code=I10", 1), ("detectEntities-entity-text=metformin", 1),
                            ("detectEntities-entity-category=MEDICATION", 1), ("detectEntities-entity-trait=PERTAINS_TO_FAMILY", 1),
                            ("cm-decoration-status=SUCCESS", 1), ("infer-icd10cm-entity-concept-code=Z99.99", 0),
                            ("infer-rxnorm-entity-concept-code=6809", 1)]:
        reply = client.get(f"{base}/DocumentReference?{query}&_summary=count")
        report.equal(reply.json().get("total"), expected, f"search by {query}")

    rows = client.sql(store, "SELECT entity, text, begin_offset, category, traits, code, document_type, patient FROM nlp_entity WHERE document = 'd1'")
    report.equal({(r["entity"], r["text"], r["begin_offset"], r["category"]) for r in rows},
                 {(i, e["text"][0], e["begin-offset"][0], e["category"][0]) for i, e in found.items()}, "SQL shows the same findings")
    report.check(all(r["patient"] == "w1" and r["document_type"] == "DocumentReference" for r in rows), "with their patient")
    report.check(any(r["code"] == "I10" for r in rows), "hypertension is I10", [r["code"] for r in rows])

    made = client.get(f"{base}/Condition?subject=Patient/w1&_tag=SYSTEM_GENERATED").json()
    conditions = harness.matches(made)
    codes = {c["code"]["coding"][0]["code"] for c in conditions}
    report.check("I10" in codes, "a diagnosis became a Condition", sorted(codes))
    words = json.dumps(conditions).lower()
    report.check("breast" not in words and "pneumonia" not in words, "what is denied or the family's became none")
    drugs = client.get(f"{base}/MedicationStatement?subject=Patient/w1").json()
    report.check(drugs.get("total", 0) >= 2, "drugs became MedicationStatements", drugs.get("total"))
    linkage = [p["valueReference"]["reference"] for e in resource["extension"] if e["url"] == GENERATED for p in e["extension"]]
    report.check(linkage and all(client.get(f"{base}/{name}").status == 200 for name in linkage), "the document names them all", linkage)

    again = client.put(f"{base}/DocumentReference/d1", document("d1"), If_Match=etag)
    report.equal((again.status, again.header("ETag")), (200, etag), "the same again changes nothing, If-Match holds")
    shorter = client.put(f"{base}/DocumentReference/d1", document("d1", "No complaints. Takes metformin."), If_Match=etag)
    report.equal(shorter.status, 200, "another version")
    wait(client, f"{base}/DocumentReference/d1", lambda r: r["meta"]["versionId"] == "2" and findings(r) is not None)
    left = client.get(f"{base}/Condition?subject=Patient/w1&_tag=SYSTEM_GENERATED&_summary=count").json()["total"]
    report.equal(left, 0, "what the new version no longer says is withdrawn")
    history = client.get(f"{base}/DocumentReference/d1/_history").json()
    report.equal([e["resource"]["meta"]["versionId"] for e in history["entry"]], ["2", "1"], "history tells each version once")
    report.equal(client.delete(f"{base}/DocumentReference/d1").status // 100, 2, "the document is deleted")
    deadline = time.monotonic() + 30
    while client.get(f"{base}/MedicationStatement?subject=Patient/w1&_summary=count").json()["total"] and time.monotonic() < deadline:
        time.sleep(0.1)
    report.equal(client.get(f"{base}/MedicationStatement?subject=Patient/w1&_summary=count").json()["total"], 0, "and what was made from it")
    report.equal(client.sql(store, "SELECT count(*) AS n FROM nlp_entity")[0]["n"], 0, "and its findings in SQL")


def formats(report, client, base):
    html = "<html><head><style>p{}</style></head><body><p>Patient has <b>asthma</b>&nbsp;and eczema.</p></body></html>"
    rtf = r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Patient has asthma\par and eczema.}"
    cda = ('<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component><section>'
           '<code code="11450-4" codeSystem="2.16.840.1.113883.6.1"/><title>Problems</title><text>Asthma</text>'
           "</section></component></structuredBody></component></ClinicalDocument>")
    for name, text, content_type, expected in [
            ("html", html, "text/html", "SUCCESS"), ("rtf", rtf, "application/rtf", "SUCCESS"),
            ("cda", cda, "text/xml", "SUCCESS"), ("latin", "Asthma, caf\xe9".encode("latin-1"), "text/plain; charset=iso-8859-1", "SUCCESS"),
            ("pdf", b"%PDF-1.4 broken", "application/pdf", "VALIDATION_ERROR")]:
        client.put(f"{base}/DocumentReference/{name}", document(name, text, content_type))
        resource = wait(client, f"{base}/DocumentReference/{name}", lambda r: status(r) is not None).json()
        report.equal(status(resource), expected, f"a note as {content_type}")
        if expected == "SUCCESS":
            words = {e["text"][0].lower() for e in findings(resource).values()}
            report.check("asthma" in words, f"asthma is found in {name}", sorted(words))
    broken = document("base64")
    broken["content"][0]["attachment"]["data"] = "AAA"
    report.equal(client.put(f"{base}/DocumentReference/base64", broken).status, 400, "data that is no base64 is refused")
    late = document("late")
    late["content"] = [{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}]
    client.put(f"{base}/DocumentReference/late", late)
    resource = wait(client, f"{base}/DocumentReference/late", lambda r: status(r) is not None).json()
    report.equal(status(resource), "VALIDATION_ERROR", "a note whose Binary is not there says so")
    client.put(f"{base}/Binary/b1", {"resourceType": "Binary", "id": "b1", "contentType": "text/plain",
                                     "data": base64.b64encode(b"Known asthma.").decode()})
    resource = wait(client, f"{base}/DocumentReference/late", lambda r: status(r) == "SUCCESS").json()
    report.check(any(e["text"][0] == "asthma" for e in findings(resource).values()), "and is read once the Binary comes")
    elsewhere = document("elsewhere")
    elsewhere["content"] = [{"attachment": {"contentType": "text/plain", "url": "https://example.org/note.txt"}}]
    client.put(f"{base}/DocumentReference/elsewhere", elsewhere)
    time.sleep(1.5)
    report.equal(findings(client.get(f"{base}/DocumentReference/elsewhere").json()), None, "a note kept elsewhere is left alone")


def hostile(report, client, base, store):
    """What people and other systems put in the way is theirs, and stops nothing."""
    client.put(f"{base}/DocumentReference/control", document("control", "Patient has heart\x01failure and \x00asthma.", patient="h1"))
    client.put(f"{base}/DocumentReference/h1", document("h1", "Assessment: essential hypertension and asthma.", patient="h1"))
    for name in ("control", "h1"):
        resource = wait(client, f"{base}/DocumentReference/{name}", lambda r: status(r) is not None).json()
        report.equal(status(resource), "SUCCESS", f"{name} is read")
    made = [p["valueReference"]["reference"] for e in resource["extension"] if e["url"] == GENERATED for p in e["extension"]]
    conditions = [client.get(f"{base}/{name}").json() for name in made if name.startswith("Condition/")]
    report.check(len(conditions) >= 2, "two Conditions", made)
    kept, taken = conditions[:2]
    kept["verificationStatus"]["coding"][0]["code"] = "confirmed"
    report.equal(client.put(f"{base}/Condition/{kept['id']}", kept).status, 200, "a clinician confirms one")
    client.put(f"{base}/Patient/victim", {"resourceType": "Patient", "id": "victim"})
    linkage = client.get(f"{base}/{made[0]}").json()
    linkage["item"].append({"type": "alternate", "resource": {"reference": "Patient/victim"}})
    report.equal(client.put(f"{base}/{made[0]}", linkage).status, 200, "somebody else adds to the Linkage")
    client.put(f"{base}/DocumentReference/h1", document("h1", "No complaints.", patient="h1"))
    wait(client, f"{base}/DocumentReference/h1", lambda r: r["meta"]["versionId"] == "2" and status(r) is not None)
    report.equal(client.get(f"{base}/Condition/{kept['id']}").json().get("verificationStatus", {}).get("coding", [{}])[0].get("code"),
                 "confirmed", "what was confirmed stays as it is")
    report.equal(client.get(f"{base}/Condition/{taken['id']}").status, 410, "what nobody touched is withdrawn")
    report.equal(client.get(f"{base}/Patient/victim").status, 200, "what was only linked stays")
    client.put(f"{base}/DocumentReference/h1", document("h1", "Assessment: essential hypertension and asthma.", patient="h1"))
    wait(client, f"{base}/DocumentReference/h1", lambda r: r["meta"]["versionId"] == "3" and status(r) is not None)
    report.equal(client.get(f"{base}/Condition/{kept['id']}").json()["verificationStatus"]["coding"][0]["code"], "confirmed", "and is not overwritten")
    forged = document("forged", patient="h1")
    forged["content"] = [{"attachment": {"title": "nothing to read"}}]
    forged["extension"] = json.loads(json.dumps(resource["extension"]).replace("asthma", "forgery"))
    client.put(f"{base}/DocumentReference/forged", forged)
    wait(client, f"{base}/DocumentReference/forged", lambda r: status(r) == "VALIDATION_ERROR")
    report.equal(client.sql(store, "SELECT count(*) AS n FROM nlp_entity WHERE document = 'forged'")[0]["n"], 0, "findings that came from elsewhere are none")


def switches(report, server, client):
    tarn = server.tarn
    store = tarn.create_store("quiet", notes=False)
    base = f"/datastore/{store}/r4"
    client.put(f"{base}/DocumentReference/d1", document("d1"))
    time.sleep(1.5)
    report.equal(findings(client.get(f"{base}/DocumentReference/d1").json()), None, "switched off, notes stay unread")
    tarn.run("store", "notes", "quiet", "on")
    wait(client, f"{base}/DocumentReference/d1", lambda r: findings(r) is not None)
    report.check(True, "switched on, what waited is read")
    reader = server.client(tarn.create_key("read", "quiet")["bearer"])
    text = json.dumps({"Text": "Denies chest pain."}).encode()
    reply = reader.send("POST", "/annotate", text, {"Content-Type": "application/json"})
    report.equal(reply.status, 200, "the annotate door answers")
    entities = reply.json()["Entities"]
    report.check(any(e["Text"] == "chest pain" and any(t["Name"] == "NEGATION" for t in e["Traits"]) for e in entities), "with negation", entities)
    large = reader.send("POST", "/annotate", b"word " * 300_000, {"Content-Type": "text/plain"})
    report.equal(large.status, 413, "a text too long to wait for is refused")
    report.equal(reader.send("POST", "/annotate?what=1", text, {"Content-Type": "application/json"}).status, 400, "an unknown parameter too")
    report.equal(harness.Client(server.address).send("POST", "/annotate", text, {"Content-Type": "application/json"}).status, 401, "and not without a key")
    sql = server.client(tarn.create_key("sql", "quiet")["bearer"])
    report.equal(sql.send("POST", "/annotate", text, {"Content-Type": "application/json"}).status, 403, "nor with a key for SQL only")


LOINC = """"LOINC_NUM","COMPONENT","PROPERTY","TIME_ASPCT","SYSTEM","SCALE_TYP","METHOD_TYP","CLASS","CLASSTYPE","LONG_COMMON_NAME","SHORTNAME","STATUS"
"8867-4","Heart rate","NRat","Pt","XXX","Qn","","HRTRATE.MOLEC","2","Heart rate","Heart rate","ACTIVE"
"""


def terminology(report, tarn, folder):
    """A terminology that is loaded reaches notes that were read without it, after a restart or at once."""
    store = tarn.create_store("terms", notes=True)
    server = harness.Server(tarn)
    try:
        client, base = server.client(), f"/datastore/{store}/r4"
        client.put(f"{base}/DocumentReference/t1", document("t1", "Heart rate was 88."))
        first = wait(client, f"{base}/DocumentReference/t1", lambda r: findings(r) is not None).json()
        report.check("infer-loinc" not in json.dumps(first), "no LOINC comes with the binary")
        (folder / "Loinc.csv").write_text(LOINC)
        tarn.run("terms", "load", "loinc", folder / "Loinc.csv")
        again = wait(client, f"{base}/DocumentReference/t1", lambda r: "infer-loinc" in json.dumps(r), 90)
        report.equal(again.json()["meta"]["versionId"], "1", "read anew, the version stays")
        rows = client.sql(store, "SELECT code_system, code FROM nlp_entity WHERE document = 't1' AND code IS NOT NULL")
        report.check({"code_system": "http://loinc.org", "code": "8867-4"} in rows, "the code is in SQL", rows)
    finally:
        server.stop()
    bad = tarn.run("terms", "load", "rxnorm", folder / "Loinc.csv", check=False)
    report.check(bad.code == 1 and b"not that release" in bad.err, "another file is refused in words", bad.err)


def population(report, tarn, source):
    """synthea-2021: killed while notes are read, then complete, and nothing twice."""
    store = tarn.create_store("synthea", notes=True)
    process = tarn.spawn("import", "--store", "synthea", source)
    time.sleep(2.5)
    process.kill()
    tarn.finish(process)
    summary = tarn.imported("synthea", source)
    report.equal(summary["resources"], 77_464, "the import completes")
    again = tarn.imported("synthea", source)
    report.equal((again["created"], again["updated"], again["unchanged"], again["notes"]["documents"]), (0, 0, 77_464, 0),
                 "once more changes nothing and reads nothing")
    server = harness.Server(tarn)
    try:
        client = server.client()
        base = f"/datastore/{store}/r4"
        totals = {s: client.get(f"{base}/DocumentReference?cm-decoration-status={s}&_summary=count").json()["total"]
                  for s in ("SUCCESS", "PARTIAL_SUCCESS", "VALIDATION_ERROR")}
        report.equal(totals, {"SUCCESS": 3_980, "PARTIAL_SUCCESS": 0, "VALIDATION_ERROR": 0}, "every note was read")
        rows = client.sql(store, "SELECT count(DISTINCT document) AS documents, count(*) AS n FROM nlp_entity WHERE document_type = 'DocumentReference'")[0]
        report.check(rows["documents"] > 3_900 and rows["n"] > 10_000, "their findings are in SQL", rows)
        report.equal(client.sql(store, "SELECT count(*) AS n FROM documentreference")[0]["n"], 3_980, "each document once")
        report.equal(client.sql(store, "SELECT count(*) AS n FROM documentreference WHERE _version <> 1")[0]["n"], 0, "all in version 1")
        twice = client.sql(store, "SELECT count(*) AS n FROM (SELECT document, document_type, entity FROM nlp_entity GROUP BY 1, 2, 3 HAVING count(*) > 1)")[0]["n"]
        report.equal(twice, 0, "no finding twice")
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tarn")
    given = parser.parse_args()
    report = harness.Report("notes")
    with harness.Folder("notes") as folder:
        tarn = harness.Tarn(harness.find_binary(given.tarn), folder / "data")
        store = tarn.create_store("notes", notes=True)
        server = harness.Server(tarn)
        try:
            client = server.client()
            one_note(report, client, f"/datastore/{store}/r4", store)
            formats(report, client, f"/datastore/{store}/r4")
            hostile(report, client, f"/datastore/{store}/r4", store)
            switches(report, server, client)
        finally:
            server.stop()
        report.check("panicked" not in server.last_errors, "no panic", server.last_errors[-500:])
        terminology(report, harness.Tarn(tarn.binary, folder / "terms"), folder)
        source = harness.dataset("synthea-2021")
        if source:
            population(report, harness.Tarn(tarn.binary, folder / "population"), pathlib.Path(source))
        else:
            report.skip("population", "synthea-2021 is not here; set TARN_SHARED")
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
