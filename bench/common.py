"""What the benchmarks share: the machine, the data, DuckDB as the yardstick, a lean HTTP
client, and results written as Markdown tables.
"""

import json
import os
import pathlib
import platform
import resource
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import time

REPO = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO / "conformance"))
import harness  # noqa: E402

SCRATCH = pathlib.Path(os.environ.get("TARN_BENCH_DIR", "/tmp/tarn-bench"))
RESULTS = REPO / "bench" / "results"


def machine():
    """Cores, model and memory; nothing that names the machine."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = int(next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal"))) / (1 << 20)
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release().split('-')[0]}; load before {os.getloadavg()[0]:.1f}"


def commit():
    """The short commit, with a + when files differ from it."""
    def git(*arguments):
        return subprocess.run(["git", "-C", str(REPO), *arguments], capture_output=True, text=True).stdout.strip()
    return (git("rev-parse", "--short", "HEAD") or "none") + ("+" if git("status", "--porcelain", "--", "*.rs", "*.toml") else "")


def duckdb_python():
    """A Python that can import duckdb: this one, or a private environment made for it; None without network."""
    for python in (sys.executable, str(SCRATCH / "venv" / "bin" / "python")):
        if os.path.exists(python) and subprocess.run([python, "-c", "import duckdb"], capture_output=True).returncode == 0:
            return python
    print("installing duckdb into a private environment …", flush=True)
    venv = SCRATCH / "venv"
    for command in ([sys.executable, "-m", "venv", str(venv)], [str(venv / "bin" / "pip"), "install", "-q", "duckdb"]):
        if subprocess.run(command, capture_output=True).returncode:
            print("skip: DuckDB is not available, its columns stay empty")
            return None
    return str(venv / "bin" / "python")


def run_duckdb(script, *arguments):
    """Runs a DuckDB script in its own process; what it printed as JSON plus seconds, CPU and memory."""
    python = duckdb_python()
    if not python:
        return None
    begun = time.monotonic()
    process = subprocess.Popen([python, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(f"DuckDB ended with {process.returncode}")
        return None
    return {**json.loads(out), "process_seconds": time.monotonic() - begun, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024}


def population(copies=1):
    """The synthea-2021 folder, or a replica of it; makes the replica when it is missing."""
    folder = harness.dataset("synthea-2021")
    if not folder:
        sys.exit("the published data is not there: set TARN_SHARED")
    if copies == 1:
        return folder
    target = SCRATCH / f"synthea-2021-x{copies}"
    if not (target / "done").exists():
        print(f"replicating the population {copies} times …", flush=True)
        subprocess.run([sys.executable, str(REPO / "bench" / "replicate.py"), str(folder), str(target), str(copies)], check=True)
    return target


def tree_bytes(folder):
    """Bytes on disk below a folder, as allocated."""
    return sum(f.stat().st_blocks * 512 for f in pathlib.Path(folder).rglob("*") if f.is_file())


def prepared(copies, name="bench", fresh=False):
    """A data folder holding the (replicated) population: (tarn, store id). Kept between benchmarks."""
    data = SCRATCH / f"data-x{copies}"
    binary = harness.find_binary()
    tarn = harness.Tarn(binary, data)
    stamp = data / "bench.stamp"
    built = str(os.stat(binary).st_mtime_ns)
    if fresh or not stamp.exists() or stamp.read_text() != built:
        shutil.rmtree(data, ignore_errors=True)
        tarn.create_store(name)
        print(f"importing the population ×{copies} …", flush=True)
        tarn.imported(name, population(copies))
        stamp.write_text(built)
    return tarn, next(s["datastore_id"] for s in tarn.json("store", "list") if s["name"] == name)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def load(address, requests, connections, seconds):
    """Sends requests in turn over keep-alive connections, one outstanding on each.

    Returns (answers per second, latencies in seconds, statuses). One thread and epoll: the
    client takes about 20 µs a request, of the same cores as the server.
    """
    host, port = address.rsplit(":", 1)
    selector, place, latencies, statuses = selectors.DefaultSelector(), 0, [], {}
    sockets = []
    for _ in range(connections):
        sock = socket.create_connection((host, int(port)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = [sock, b"", 0.0, 0]
        sockets.append(state)
        selector.register(sock, selectors.EVENT_READ, state)
    begun = time.perf_counter()
    end = begun + seconds

    def next_request(state):
        nonlocal place
        state[1], state[3], state[2] = b"", 0, time.perf_counter()
        state[0].sendall(requests[place % len(requests)])
        place += 1

    for state in sockets:
        next_request(state)
    pending = connections
    while pending:
        events = selector.select(10)
        if not events:
            raise RuntimeError("the server stopped answering")
        for key, _ in events:
            state = key.data
            part = state[0].recv(1 << 18)
            if not part:
                raise RuntimeError("the server closed a connection")
            state[1] = state[1] + part if state[1] else part
            if not state[3]:
                head = state[1].find(b"\r\n\r\n")
                if head < 0:
                    continue
                low = state[1][:head].lower()
                at = low.find(b"content-length:")
                state[3] = head + 4 + int(low[at + 15:].split(b"\r\n", 1)[0]) if at >= 0 else -1
            if (state[3] > 0 and len(state[1]) >= state[3]) or (state[3] < 0 and state[1].endswith(b"0\r\n\r\n")):
                now = time.perf_counter()
                latencies.append(now - state[2])
                status = state[1][9:12].decode()
                statuses[status] = statuses.get(status, 0) + 1
                if now < end:
                    next_request(state)
                else:
                    pending -= 1
                    selector.unregister(state[0])
    took = time.perf_counter() - begun
    for state in sockets:
        state[0].close()
    return len(latencies) / took, latencies, statuses


def http_bytes(method, path, address, bearer, body=b"", content_type="application/fhir+json"):
    """A request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {bearer}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def median_ms(action, times=9):
    """Median milliseconds of an action, after one warm-up."""
    action()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1000


class Results:
    """A page of results: printed, and written to bench/results/NAME.md."""

    def __init__(self, name, title):
        self.name, self.parts = name, [f"# {title}", ""]
        self.parts += [f"- Machine: {machine()}", f"- Commit: {commit()}",
                       f"- Command: `python3 bench/{pathlib.Path(sys.argv[0]).name}{''.join(' ' + a for a in sys.argv[1:])}`", ""]

    def note(self, text):
        self.parts += [text, ""]

    def table(self, title, header, rows):
        text = lambda v: f"{v:,.2f}" if isinstance(v, float) and abs(v) < 10 else f"{v:,.0f}" if isinstance(v, (int, float)) else str(v if v is not None else "–")
        self.parts += [f"## {title}", "", "| " + " | ".join(header) + " |", "|" + "|".join(["---"] + ["---:"] * (len(header) - 1)) + "|"]
        self.parts += ["| " + " | ".join(text(v) for v in row) + " |" for row in rows] + [""]

    def write(self):
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.md").write_text("\n".join(self.parts).rstrip() + "\n")
        print("\n".join(self.parts))
