#!/usr/bin/env python3
"""Nobody gets in without a key: every door is tried without one, with wrong ones, with keys of
every role and scope, with AWS signatures good and bad, and with the console's cookie.

    python3 conformance/doors.py [--tarn BIN]

The signatures are made here from AWS's published recipe, and by botocore when it is installed.
"""

import argparse
import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import socket
import stat
import sys
import time
import urllib.parse

import harness

JSON = {"Content-Type": "application/json"}
FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = b'{"resourceType":"Patient","id":"door","gender":"other"}'


def sign(key_id, secret, method, address, path, query, body, now=None, service="healthlake", region="us-east-1", extra=None):
    """Headers of an AWS Signature Version 4 request.

    Spec: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
    """
    now = now or datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": address, "x-amz-date": stamp, "x-amz-content-sha256": digest, **(extra or {})}
    names = sorted(headers)
    quote = lambda text: urllib.parse.quote(text, safe="-_.~")
    canonical_path = "/".join(quote(quote(urllib.parse.unquote(part))) for part in path.split("/"))
    pairs = sorted((quote(k), quote(v)) for k, v in urllib.parse.parse_qsl(query, keep_blank_values=True))
    request = "\n".join([method, canonical_path, "&".join(f"{k}={v}" for k, v in pairs),
                         "".join(f"{n}:{headers[n].strip()}\n" for n in names), ";".join(names), digest])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}")
    del headers["host"]
    return headers


def basic(key_id, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()}


class Doors:
    def __init__(self, tarn, report):
        self.tarn, self.report = tarn, report
        self.store, self.other = tarn.create_store("ward"), tarn.create_store("other")
        self.keys = {role: tarn.create_key(role) for role in ("admin", "write", "read", "sql")}
        self.scoped = {role: tarn.create_key(role, "ward") for role in ("admin", "write", "read", "sql")}
        for key in self.keys.values():
            report.check(set(key) >= {"key_id", "secret", "bearer"}, "key create prints key_id, secret and bearer", list(key))
        self.server = harness.Server(tarn)
        self.nobody = harness.Client(self.server.address)
        self.guesses = 0

    def stranger(self):
        """A client of an address of its own, for the server slows an address down that guesses."""
        self.guesses += 1
        return harness.Client(self.server.address, source=f"127.8.{self.guesses >> 8}.{self.guesses & 255}")

    def all_doors(self):
        """Every route that needs a key: (method, path, headers, body)."""
        fhir, api = f"/datastore/{self.store}/r4", f"/api/stores/{self.store}"
        return [
            ("GET", f"{fhir}/metadata", {}, None), ("GET", f"{fhir}/Patient", {}, None), ("GET", f"{fhir}/Patient?_id=door", {}, None),
            ("GET", f"{fhir}/Patient/door", {}, None), ("GET", f"{fhir}/Patient/door/_history", {}, None),
            ("GET", f"{fhir}/Patient/door/_history/1", {}, None), ("POST", f"{fhir}/Patient", FHIR, PATIENT),
            ("PUT", f"{fhir}/Patient/door", FHIR, PATIENT), ("DELETE", f"{fhir}/Patient/door", {}, None),
            ("POST", f"{fhir}/Patient/_search", {"Content-Type": "application/x-www-form-urlencoded"}, b"_id=door"),
            ("POST", fhir, FHIR, b'{"resourceType":"Bundle","type":"batch"}'), ("PATCH", f"{fhir}/Patient/door", FHIR, b"[]"),
            ("POST", "/sql", JSON, json.dumps({"store": "ward", "query": "SELECT 1"}).encode()),
            ("POST", "/sql?store=ward", {"Content-Type": "text/plain"}, b"SELECT 1"),
            ("GET", "/metrics", {}, None), ("GET", "/api/session", {}, None), ("DELETE", "/api/session", {}, None),
            ("GET", "/api/stores", {}, None), ("POST", "/api/stores", JSON, b'{"name":"mine"}'),
            ("DELETE", f"/api/stores/{self.other}", {}, None), ("GET", f"{api}/overview", {}, None), ("GET", f"{api}/events", {}, None),
            ("GET", "/api/dashboards", {}, None), ("GET", "/api/dashboards/population", {}, None),
            ("POST", f"{api}/dashboards/population/data", JSON, b'{"parameters":{}}'),
            ("POST", f"{api}/import", JSON, b'{"paths":["/etc"]}'),
            ("POST", f"{api}/import", {"Content-Type": "application/fhir+ndjson"}, PATIENT),
            ("POST", f"{api}/export", JSON, b'{"out":"/tmp/never"}'),
            ("GET", "/api/keys", {}, None), ("POST", "/api/keys", JSON, b'{"role":"admin"}'),
            ("DELETE", "/api/keys/AAAAAAAAAAAAAAAAAAAA", {}, None), ("GET", "/api/settings", {}, None),
            ("POST", "/api/sign-in-tokens", JSON, b"{}"),
        ]

    def everywhere(self, what, credentials, expected=(401,)):
        """One kind of credentials at every door."""
        for method, path, headers, body in self.all_doors():
            client = self.stranger()
            reply = client.send(method, path, body, {**headers, **credentials})
            client.close()
            self.report.check(reply.status in expected, f"{what}: {method} {path.replace(self.store, 'ID').replace(self.other, 'ID2')} is refused", reply)
            if reply.status == 401:
                self.report.check(reply.header("www-authenticate"), f"{what}: {method} {path[:12]}… says how to authenticate", reply.headers)
                if path.startswith("/datastore"):
                    self.report.check(b"OperationOutcome" in reply.body, f"{what}: FHIR doors answer with an OperationOutcome", reply)

    def anonymous(self):
        admin = self.keys["admin"]
        self.everywhere("no key", {})
        for what, credentials in {
            "made-up bearer": {"Authorization": "Bearer tarn-none-of-yours"},
            "empty bearer": {"Authorization": "Bearer "},
            "bearer with another end": {"Authorization": "Bearer " + admin["bearer"][:-1] + ("A" if admin["bearer"][-1] != "A" else "B")},
            "shortened bearer": {"Authorization": "Bearer " + admin["bearer"][:-1]},
            "key id as bearer": {"Authorization": "Bearer " + admin["key_id"]},
            "secret as bearer": {"Authorization": "Bearer " + admin["secret"]},
            "wrong Basic secret": basic(admin["key_id"], "wrong"),
            "Basic without a secret": basic(admin["key_id"], ""),
            "Basic that is no base64": {"Authorization": "Basic !!!"},
            "another scheme": {"Authorization": "Digest username=admin"},
            "made-up cookie": {"Cookie": "tarn_session=made-up"},
            "half a signature": {"Authorization": f"AWS4-HMAC-SHA256 Credential={admin['key_id']}/20200101/us-east-1/healthlake/aws4_request"},
        }.items():
            self.everywhere(what, credentials)
        # What is open on purpose shows nothing of the data.
        for path in ("/health", "/console/", "/", "/console/no-such-file", "/no-such-path", "/api/no-such"):
            reply = self.nobody.send("GET", path)
            self.report.check(reply.status in (200, 302, 303, 307, 308, 401, 404) and b"ward" not in reply.body, f"GET {path} shows no data", reply)
        reply = self.nobody.send("POST", "/api/session", json.dumps({"token": "guess"}).encode(), JSON)
        self.report.check(reply.status == 401 and not reply.header("set-cookie"), "a guessed sign-in token is refused", reply)
        reply = self.nobody.send("POST", "/api/session", json.dumps({"key_id": admin["key_id"], "secret": "x"}).encode(), JSON)
        self.report.check(reply.status == 401 and not reply.header("set-cookie"), "signing in with a wrong secret is refused", reply)
        leftover = harness.Client(self.server.address, admin["bearer"]).get(f"/datastore/{self.store}/r4/Patient?_summary=count")
        self.report.equal(leftover.json().get("total"), 0, "nothing was written by all that")

    def ways_in(self):
        """Bearer, Basic and SigV4 of one key are the same person."""
        path = f"/datastore/{self.store}/r4/Patient/door"
        for role, key in self.keys.items():
            for what, credentials in (("bearer", {"Authorization": "Bearer " + key["bearer"]}), ("Basic", basic(key["key_id"], key["secret"]))):
                reply = self.nobody.send("GET", "/api/session", headers=credentials)
                self.report.check(reply.status == 200 and reply.json().get("role") == role and reply.json().get("key_id") == key["key_id"],
                                  f"{role} key as {what}", reply)
        admin = harness.Client(self.server.address, self.keys["admin"]["bearer"])
        self.report.equal(admin.put(path, PATIENT).status, 201, "an admin key writes")

    def signatures(self):
        key, address = self.keys["admin"], self.server.address
        fhir = f"/datastore/{self.store}/r4"

        def send(what, expected, method="GET", path=f"{fhir}/Patient/door", query="", body=b"", tamper=None, **options):
            headers = sign(options.pop("key_id", key["key_id"]), options.pop("secret", key["secret"]), method, address, path, query, body, **options)
            sent = {"method": method, "path": path, "query": query, "body": body, "headers": headers}
            if tamper:
                tamper(sent)
            url = sent["path"] + ("?" + sent["query"] if sent["query"] else "")
            reply = self.stranger().send(sent["method"], url, sent["body"] or None, sent["headers"])
            self.report.check(reply.status in expected, f"SigV4: {what}", reply)

        refused = (401, 403)
        send("a good signature", (200,))
        send("with a query", (200,), path=f"{fhir}/Patient", query="_id=door&_count=5")
        send("with a query to encode", (200,), path=f"{fhir}/Patient",
             query=urllib.parse.urlencode({"identifier": "http://x.org/a|b c+d", "name": "é~*"}, quote_via=urllib.parse.quote))
        send("with a body", (200, 201), method="PUT", body=PATIENT, extra={"content-type": "application/fhir+json"})
        send("any region and service", (200,), service="execute-api", region="eu-central-1")
        send("a wrong secret", refused, secret="x" * len(key["secret"]))
        send("an unknown key", refused, key_id="A" * 20)
        now = datetime.datetime.now(datetime.timezone.utc)
        send("an hour old", refused, now=now - datetime.timedelta(hours=1))
        send("an hour early", refused, now=now + datetime.timedelta(hours=1))
        send("another path", refused, tamper=lambda s: s.update(path=f"{fhir}/Patient/other"))
        send("another method", refused, tamper=lambda s: s.update(method="DELETE"))
        send("another query", refused, path=f"{fhir}/Patient", query="_id=door", tamper=lambda s: s.update(query="_id=other"))
        send("another body", refused, method="PUT", body=PATIENT, extra={"content-type": "application/fhir+json"},
             tamper=lambda s: s.update(body=PATIENT.replace(b"other", b"male!")))
        send("another date", refused, tamper=lambda s: s["headers"].update({"x-amz-date": (now + datetime.timedelta(minutes=2)).strftime("%Y%m%dT%H%M%SZ")}))
        send("an added x-amz- header", refused, tamper=lambda s: s["headers"].update({"x-amz-target": "HealthLake.Delete"}))
        send("a cut signature", refused, tamper=lambda s: s["headers"].update(Authorization=s["headers"]["Authorization"][:-2]))
        self.everywhere("a signature for something else",
                        sign(key["key_id"], key["secret"], "GET", address, "/elsewhere", "", b""), refused)
        body = json.dumps({"store": "ward", "query": "SELECT count(*) AS n FROM patient"}).encode()
        send("SQL", (200,), method="POST", path="/sql", body=body, extra={"content-type": "application/json"})
        read = self.keys["read"]
        send("a read key may not write", (403,), method="PUT", body=PATIENT, key_id=read["key_id"], secret=read["secret"],
             extra={"content-type": "application/fhir+json"})
        self.botocore(key, address, fhir)

    def botocore(self, key, address, fhir):
        try:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
        except ImportError:
            self.report.skip("botocore's signer", "botocore is not installed")
            return
        for what, method, path, body, status in (
                ("read", "GET", f"{fhir}/Patient/door", None, 200),
                ("search", "GET", f"{fhir}/Patient?_count=3&name=a%20b&identifier=http%3A%2F%2Fx%7Cy", None, 200),
                ("write", "PUT", f"{fhir}/Patient/door", PATIENT, 200)):
            for secret, expected in ((key["secret"], status), ("wrong", 403)):
                request = AWSRequest(method=method, url=f"http://{address}{path}", data=body, headers=dict(FHIR))
                SigV4Auth(Credentials(key["key_id"], secret), "healthlake", "us-east-1").add_auth(request)
                reply = self.stranger().send(method, path, body, dict(request.headers.items()))
                good = reply.status == expected or (expected == 403 and reply.status == 401)
                self.report.check(good, f"botocore: {what} with {'the right' if expected == status else 'a wrong'} secret", reply)

    def roles(self):
        """What each role may and may not do, for all stores and for one."""
        fhir, other = f"/datastore/{self.store}/r4", f"/datastore/{self.other}/r4"
        api = f"/api/stores/{self.store}"
        sql = lambda store: json.dumps({"store": store, "query": "SELECT 1 AS one"}).encode()
        trials = {
            "read a resource": ("GET", f"{fhir}/Patient/door", {}, None, {"admin", "write", "read"}),
            "search": ("GET", f"{fhir}/Patient", {}, None, {"admin", "write", "read"}),
            "history": ("GET", f"{fhir}/Patient/door/_history", {}, None, {"admin", "write", "read"}),
            "write": ("PUT", f"{fhir}/Patient/door", FHIR, PATIENT, {"admin", "write"}),
            "delete": ("DELETE", f"{fhir}/Patient/none-such", {}, None, {"admin", "write"}),
            "import a body": ("POST", f"{api}/import", {"Content-Type": "application/fhir+ndjson"}, PATIENT, {"admin", "write"}),
            "SQL": ("POST", "/sql", JSON, sql("ward"), {"admin", "write", "read", "sql"}),
            "import server paths": ("POST", f"{api}/import", JSON, b'{"paths":["/no-such-path"]}', {"admin"}),
            "see the settings": ("GET", "/api/settings", {}, None, {"admin"}),
        }
        for what, (method, path, headers, body, allowed) in trials.items():
            for role in self.keys:
                for label, keys in (("", self.keys), (" of this store", self.scoped)):
                    reply = self.nobody.send(method, path, body, {**headers, "Authorization": "Bearer " + keys[role]["bearer"]})
                    if role in allowed:
                        good = reply.status < 300 or reply.status in (204,) or (reply.status not in (401, 403) and what == "import server paths")
                        if label and what in ("import server paths", "see the settings"):
                            continue
                    else:
                        good = reply.status == 403
                    self.report.check(good, f"{role} key{label}: {what} is {'allowed' if role in allowed else 'refused with 403'}", reply)
        only_owner = {
            "make a store": ("POST", "/api/stores", b'{"name":"made-by-%s"}'), "list keys": ("GET", "/api/keys", None),
            "make an admin key": ("POST", "/api/keys", b'{"role":"admin"}'), "delete a store": ("DELETE", f"/api/stores/{self.other}", None),
            "export to a server path": ("POST", f"{api}/export", b'{"out":"/no-such/dir"}'),
        }
        for what, (method, path, body) in only_owner.items():
            for role in ("write", "read", "sql"):
                for keys in (self.keys, self.scoped):
                    reply = self.nobody.send(method, path, body, {**JSON, "Authorization": "Bearer " + keys[role]["bearer"]})
                    self.report.check(reply.status == 403, f"{role} key may not {what}", reply)
            if what != "export to a server path":
                reply = self.nobody.send(method, path, body, {**JSON, "Authorization": "Bearer " + self.scoped["admin"]["bearer"]})
                self.report.check(reply.status == 403, f"an admin key of one store may not {what}", reply)
        for role, key in self.scoped.items():
            bearer = {"Authorization": "Bearer " + key["bearer"]}
            for what, reply in (
                    ("read", self.nobody.send("GET", f"{other}/Patient", headers=bearer)),
                    ("write", self.nobody.send("PUT", f"{other}/Patient/door", PATIENT, {**FHIR, **bearer})),
                    ("SQL", self.nobody.send("POST", "/sql", sql("other"), {**JSON, **bearer})),
                    ("SQL across stores", self.nobody.send("POST", "/sql", json.dumps(
                        {"store": "ward", "query": "SELECT * FROM other.patient"}).encode(), {**JSON, **bearer})),
                    ("overview", self.nobody.send("GET", f"/api/stores/{self.other}/overview", headers=bearer)),
                    ("dashboard", self.nobody.send("POST", f"/api/stores/{self.other}/dashboards/population/data", b'{"parameters":{}}', {**JSON, **bearer}))):
                self.report.check(reply.status in (400, 403, 404) if "across" in what else reply.status in (403, 404),
                                  f"{role} key of one store: {what} of another is refused", reply)
            listed = self.nobody.send("GET", "/api/stores", headers=bearer)
            self.report.check(listed.status == 200 and self.other not in listed.body.decode(), f"{role} key of one store does not see the other", listed)

    def revocation(self):
        admin = harness.Client(self.server.address, self.keys["admin"]["bearer"])
        made = admin.send("POST", "/api/keys", b'{"role":"read"}', JSON)
        if self.report.check(made.status in (200, 201), "a key is made over HTTP", made):
            key = made.json()
            bearer = {"Authorization": "Bearer " + key["bearer"]}
            self.report.equal(self.nobody.send("GET", "/api/session", headers=bearer).status, 200, "the new key works at once")
            listed = admin.get("/api/keys")
            self.report.check(key["key_id"] in listed.body.decode() and key["secret"] not in listed.body.decode(), "the list shows ids, no secrets", listed.status)
            self.report.check(admin.delete(f"/api/keys/{key['key_id']}").status in (200, 204), "the key is deleted")
            self.report.equal(self.nobody.send("GET", "/api/session", headers=bearer).status, 401, "a deleted key no longer works")

    def cookies(self):
        """The console's session: same origin only, gone after sign-out."""
        key = self.keys["admin"]
        reply = self.nobody.send("POST", "/api/session", json.dumps({"key_id": key["key_id"], "secret": key["secret"]}).encode(),
                                 {**JSON, "Origin": f"http://{self.server.address}"})
        cookie = reply.header("set-cookie") or ""
        if not self.report.check(reply.status in (200, 204) and cookie.startswith("tarn_session="), "signing in with a key sets the cookie", reply):
            return
        flags = cookie.lower()
        self.report.check("httponly" in flags and "samesite=strict" in flags.replace("lax", "strict"), "the cookie is HttpOnly and SameSite", cookie.split(";")[1:])
        crumb = {"Cookie": cookie.split(";")[0]}
        self.report.equal(self.nobody.send("GET", "/api/stores", headers=crumb).status, 200, "the cookie opens the console's routes")
        body = json.dumps({"name": "by-cookie"}).encode()
        for what, headers, expected in (("from elsewhere", {"Origin": "http://evil.example"}, (403, 401)),
                                        ("without saying where from", {}, (403, 401)),
                                        ("cross-site by Sec-Fetch-Site", {"Sec-Fetch-Site": "cross-site", "Origin": "null"}, (403, 401))):
            reply = self.nobody.send("POST", "/api/stores", body, {**JSON, **crumb, **headers})
            self.report.check(reply.status in expected, f"a cookie {what} changes nothing", reply)
        reply = self.nobody.send("POST", "/api/stores", body, {**JSON, **crumb, "Origin": f"http://{self.server.address}"})
        self.report.check(reply.status in (200, 201), "a cookie from the console's own origin may change things", reply)
        reply = self.nobody.send("DELETE", "/api/session", headers={**crumb, "Origin": f"http://{self.server.address}"})
        self.report.check(reply.status in (200, 204), "signing out", reply)
        self.report.equal(self.nobody.send("GET", "/api/stores", headers=crumb).status, 401, "the cookie is dead after signing out")
        admin = harness.Client(self.server.address, key["bearer"])
        made = admin.send("POST", "/api/sign-in-tokens", b"{}", JSON)
        if made.status in (200, 201):
            text = made.json()
            token = text.get("token") or next(iter(v for v in text.values() if isinstance(v, str))).rpartition("sign-in=")[2]
            body = json.dumps({"token": token}).encode()
            origin = {"Origin": f"http://{self.server.address}"}
            first = self.nobody.send("POST", "/api/session", body, {**JSON, **origin})
            again = self.nobody.send("POST", "/api/session", body, {**JSON, **origin})
            self.report.check(first.status in (200, 204) and first.header("set-cookie"), "a sign-in token signs in", first)
            self.report.check(again.status == 401 and not again.header("set-cookie"), "a sign-in token works once", again)

    def guessing(self):
        """Whoever keeps guessing waits; whoever has the key does not."""
        client, begun = self.stranger(), time.monotonic()
        for number in range(9):
            client.send("GET", "/api/session", headers={"Authorization": f"Bearer guess-{number}"})
        seconds = time.monotonic() - begun
        self.report.check(0.5 < seconds < 30, "nine guesses of one address are slowed down", f"{seconds:.2f} s")
        begun = time.monotonic()
        client.bearer = self.keys["read"]["bearer"]
        reply = client.get("/api/session")
        self.report.check(reply.status == 200 and time.monotonic() - begun < 0.5, "the right key from there is not", reply)
        client.close()

    def audit(self):
        """Every access to patient data is on record, without what it said."""
        time.sleep(1.0)
        logs = [path for path in pathlib.Path(self.tarn.data).rglob("*") if path.is_file() and "audit" in str(path.relative_to(self.tarn.data))]
        records = [json.loads(line) for path in logs for line in path.read_text().splitlines()]
        for interaction in ("read", "update", "search", "sql", "refused"):
            self.report.check(any(r.get("interaction") == interaction for r in records), f"the audit log has the {interaction}", f"{len(records)} records")
        self.report.check(any(r.get("key_id") == self.keys["admin"]["key_id"] for r in records), "the audit log names the key", logs)
        text = "".join(path.read_text() for path in logs)
        self.report.check(not any(k["secret"] in text or k["bearer"] in text for k in self.keys.values()), "no key in the audit log")

    def the_rest(self):
        folder = self.tarn.data
        for name in ("keys.json", "server.json"):
            mode = stat.S_IMODE(__import__("os").stat(f"{folder}/{name}").st_mode)
            self.report.equal(oct(mode), "0o600", f"{name} is readable by its owner only")
        log = self.server.errors() + "\n".join(self.server.lines)
        self.report.check(not any(k["secret"] in log or k["bearer"] in log for k in [*self.keys.values(), *self.scoped.values()]), "no key in the log")
        host, _, port = self.server.address.rpartition(":")
        self.report.equal(host, "127.0.0.1", "listens on loopback by default")
        addresses = {a[4][0] for a in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
        for address in sorted(a for a in addresses if not a.startswith("127.")):
            try:
                socket.create_connection((address, int(port)), 1).close()
                self.report.check(False, "is not reachable from outside", address)
            except OSError:
                self.report.check(True, "is not reachable from outside")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tarn")
    given = arguments.parse_args()
    report = harness.Report("doors")
    with harness.Folder("doors") as scratch:
        doors = Doors(harness.Tarn(harness.find_binary(given.tarn), scratch / "data"), report)
        try:
            for part in (doors.anonymous, doors.ways_in, doors.signatures, doors.roles, doors.revocation, doors.cookies, doors.guessing, doors.audit, doors.the_rest):
                try:
                    part()
                except Exception as error:
                    report.check(False, f"{part.__name__} ran to its end", f"{type(error).__name__}: {error}")
                    doors.nobody.close()
        finally:
            doors.server.stop()
        report.check("panicked" not in doors.server.last_errors, "no panic in the server's log", doors.server.last_errors[-500:])
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
