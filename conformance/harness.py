"""What every conformance script shares: finding the binary and the data, running `tarn`,
starting and killing its server, speaking HTTP to it, and counting what passed.

Standard library only. The command line used here is the stable contract of `tarn --help`;
the HTTP routes are those of the server's reference page.
"""

import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

REPO = pathlib.Path(__file__).resolve().parent.parent


def find_binary(given=None):
    """The `tarn` to test: given, `$TARN_BIN`, or the release build; exits when there is none."""
    target = os.environ.get("CARGO_TARGET_DIR")
    places = [given, os.environ.get("TARN_BIN")]
    places += [os.path.join(target, "release", "tarn")] if target else []
    places += [str(REPO / "target" / "release" / "tarn")]
    for place in places:
        if place and os.path.isfile(place):
            return os.path.abspath(place)
    sys.exit("no `tarn` binary: build with `cargo build --release`, or set TARN_BIN")


def shared_folder():
    """The folder of published data beside the repository, or None."""
    folder = pathlib.Path(os.environ.get("TARN_SHARED", REPO.parent / "shared"))
    return folder if (folder / "data" / "fhir").is_dir() else None


def dataset(name):
    """One data set of the shared folder, or None."""
    shared = shared_folder()
    folder = shared / "data" / "fhir" / name if shared else None
    return folder if folder and folder.is_dir() else None


# Published examples that break R4's own cardinalities: refused, as they must be.
INVALID_EXAMPLES = {
    "ImplementationGuide/fhir": "both resources of this id lack `name` and `status`, which are 1..1",
    "Questionnaire/qs1": "groups inside `item` lack `linkId`, which is 1..1",
}


def invalid_example(resource):
    """Why a published example may not be taken in, or None."""
    return INVALID_EXAMPLES.get(f"{resource['resourceType']}/{resource.get('id')}")


def open_lines(path):
    """Lines of an NDJSON file, gzip or plain, as bytes without the line end."""
    opened = gzip.open(path, "rb") if str(path).endswith(".gz") else open(path, "rb")
    with opened as lines:
        for line in lines:
            line = line.rstrip(b"\r\n")
            if line:
                yield line


class Report:
    """Counts checks, prints failures as they come, and closes with `N passed, N failed`."""

    def __init__(self, title, verbose=False):
        self.title, self.verbose = title, verbose
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()
        self.started = time.monotonic()

    def check(self, holds, what, detail=""):
        with self.lock:
            if holds:
                self.passed += 1
                if self.verbose:
                    print(f"  ok    {what}")
            else:
                self.failed += 1
                if self.failed <= 200:
                    print(f"  FAIL  {what}" + (f": {detail}" if detail != "" else ""), flush=True)
        return bool(holds)

    def equal(self, found, expected, what):
        return self.check(found == expected, what, f"found {shorten(found)}, expected {shorten(expected)}")

    def skip(self, what, why):
        self.skipped += 1
        print(f"  skip  {what}: {why}", flush=True)

    def close(self):
        """Prints the closing line and returns the exit code."""
        seconds = time.monotonic() - self.started
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.title}: {self.passed} passed, {self.failed} failed{skipped} ({seconds:.1f} s)", flush=True)
        return 1 if self.failed else 0


def shorten(value, most=300):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= most else text[:most] + "…"


class Answer:
    """Result of one finished command."""

    def __init__(self, code, out, err, maxrss_bytes, seconds):
        self.code, self.out, self.err = code, out, err
        self.maxrss_bytes, self.seconds = maxrss_bytes, seconds

    def json(self):
        """The JSON on stdout (its last line when there are several)."""
        text = self.out.decode().strip()
        try:
            return json.loads(text)
        except ValueError:
            return json.loads(text.splitlines()[-1])


class Tarn:
    """A binary and a data folder."""

    def __init__(self, binary, data):
        self.binary, self.data = binary, str(data)

    def spawn(self, *arguments, stdin=subprocess.DEVNULL):
        """Starts a command in its own process group."""
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        process = subprocess.Popen([self.binary, "--data", self.data, *map(str, arguments)],
                                   stdin=stdin, stdout=out, stderr=err)
        process.out_file, process.err_file, process.begun = out, err, time.monotonic()
        return process

    @staticmethod
    def finish(process, timeout=600):
        """Waits for a spawned command; its peak memory comes from the kernel's accounts."""
        deadline = time.monotonic() + timeout
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.kill(process.pid, signal.SIGKILL)
                deadline += 60
            time.sleep(0.005)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (process.out_file, process.err_file):
            file.seek(0)
            texts.append(file.read())
            file.close()
        return Answer(process.returncode, *texts, usage.ru_maxrss * 1024, time.monotonic() - process.begun)

    def run(self, *arguments, stdin=subprocess.DEVNULL, timeout=600, check=True):
        """Runs a command to its end; `check` may list the exit codes that are fine."""
        answer = self.finish(self.spawn(*arguments, stdin=stdin), timeout)
        if check and answer.code not in (check if isinstance(check, tuple) else (0,)):
            raise RuntimeError(f"`tarn {' '.join(map(str, arguments))}` exited {answer.code}: "
                               + shorten(answer.err.decode(errors="replace"), 2000))
        return answer

    def json(self, *arguments, **keywords):
        """Runs a command with `--json` and reads what it printed."""
        return self.run("--json", *arguments, **keywords).json()

    def create_store(self, name, notes=False):
        """A datastore; its notes stay unread unless asked for, so that what comes out is what went in."""
        return self.json("store", "create", name, *([] if notes else ["--no-notes"]))["datastore_id"]

    def create_key(self, role, store=None):
        return self.json("key", "create", "--role", role, *(["--store", store] if store else []))

    def imported(self, store, *paths, **keywords):
        """The summary of an import; 3 is the exit code of one that rejected lines."""
        return self.json("import", "--store", store, *paths, check=(0, 3), **keywords)


class Server:
    """A running `tarn serve`."""

    def __init__(self, tarn, arguments=()):
        self.tarn = tarn
        self.err = tempfile.NamedTemporaryFile(prefix="tarn-serve-", suffix=".err", delete=False)
        self.begun = time.monotonic()
        self.process = subprocess.Popen([tarn.binary, "--data", tarn.data, "serve", "--http", "127.0.0.1:0", *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.err)
        self.address, self.lines = None, []
        for raw in self.process.stdout:
            line = raw.decode(errors="replace").strip()
            self.lines.append(line)
            found = re.match(r"ready .*\bhttp=(\S+)", line)
            if found:
                self.address = found.group(1)
                break
        if not self.address:
            self.process.wait()
            raise RuntimeError(f"the server did not become ready (exit {self.process.returncode}): "
                               + shorten(self.errors() or " ".join(self.lines), 3000))
        self.ready_seconds = time.monotonic() - self.begun
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self):
        for raw in self.process.stdout:
            self.lines.append(raw.decode(errors="replace").strip())

    def errors(self):
        with open(self.err.name, "rb") as file:
            return file.read().decode(errors="replace")

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self._forget()

    def stop(self, timeout=30):
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self._forget()
        return code

    def _forget(self):
        self.last_errors = self.errors()
        self.err.close()
        os.unlink(self.err.name)

    def memory(self, field="VmRSS"):
        """Resident bytes now (`VmRSS`) or at most so far (`VmHWM`)."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        return 0

    def token(self):
        """The admin bearer the CLI itself uses, from `server.json`."""
        with open(os.path.join(self.tarn.data, "server.json")) as file:
            return json.load(file)["token"]

    def client(self, bearer=None, **keywords):
        return Client(self.address, bearer or self.token(), **keywords)


class Reply:
    """One HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def json(self, **keywords):
        return json.loads(self.body, **keywords)

    def __repr__(self):
        return f"{self.status} {shorten(self.body.decode(errors='replace'))}"


class Client:
    """One keep-alive connection; not for sharing between threads."""

    def __init__(self, address, bearer=None, timeout=120, source=None):
        self.address, self.bearer, self.timeout, self.source = address, bearer, timeout, source
        self.connection = None

    def send(self, method, path, body=None, headers=None, retry=True):
        sent = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        sent.update(headers or {})
        fresh = self.connection is None
        if fresh:
            self.connection = http.client.HTTPConnection(
                self.address, timeout=self.timeout, source_address=(self.source, 0) if self.source else None)
        try:
            self.connection.request(method, path, body=body, headers=sent)
            answer = self.connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        except (http.client.HTTPException, OSError):
            self.close()
            if fresh or not retry or method != "GET":
                raise
            return self.send(method, path, body, headers, retry=False)

    def get(self, path, **headers):
        return self.send("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def put(self, path, body, **headers):
        return self.fhir("PUT", path, body, headers)

    def post(self, path, body, **headers):
        return self.fhir("POST", path, body, headers)

    def delete(self, path, **headers):
        return self.send("DELETE", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def fhir(self, method, path, body, headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.send(method, path, body, {"Content-Type": "application/fhir+json", **headers})

    def sql(self, store, query):
        """Rows of one SQL query as objects; raises when the server says no."""
        reply = self.send("POST", "/sql", json.dumps({"store": store, "query": query}).encode(),
                          {"Content-Type": "application/json", "Accept": "application/json"})
        if reply.status != 200:
            raise RuntimeError(f"SQL answered {reply}: {shorten(query)}")
        return reply.json()

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None


def query_string(pairs):
    """`a=b&c=d`, percent-encoded so that `+`, `|` and `,` survive."""
    return "&".join(f"{urllib.parse.quote(k, safe=':_')}={urllib.parse.quote(v, safe='')}" for k, v in pairs)


def follow(client, path, most=100_000):
    """Walks a search through its `next` links; yields one Bundle a page."""
    while path and most > 0:
        reply = client.get(path)
        if reply.status != 200:
            raise RuntimeError(f"GET {path} answered {reply}")
        bundle = reply.json()
        yield bundle
        links = {link["relation"]: link["url"] for link in bundle.get("link", [])}
        path, most = links.get("next"), most - 1
        if path:
            parts = urllib.parse.urlsplit(path)
            path = parts.path + ("?" + parts.query if parts.query else "")


def matches(bundle):
    """The hits of a searchset page, without the included ones."""
    return [e["resource"] for e in bundle.get("entry", []) if e.get("search", {}).get("mode", "match") == "match"]


class Folder:
    """A scratch folder that goes away at the end, unless TARN_KEEP is set."""

    def __init__(self, prefix):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix=f"tarn-{prefix}-"))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        if os.environ.get("TARN_KEEP"):
            print(f"  kept  {self.path}")
        else:
            shutil.rmtree(self.path, ignore_errors=True)
