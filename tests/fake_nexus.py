"""A Nexus of this computer: the endpoints that the real client calls, over HTTP.

It knows one account, by its refresh token; access tokens are short-lived and renewed by it.
Jobs stay as they are until a test moves them.
"""

import json
import uuid
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

REFRESH_TOKEN = "refresh-c0ffee-never-to-be-seen"
NOISE = {"date": "2026-01-01", "2q_gate_error": {"p2": 0.001}}
STAMPS = {"created": "2026-01-01T00:00:00", "modified": "2026-01-01T00:00:00"}


class Nexus:
    """What the service knows.

    Attributes:
        access_token: The one that is accepted now; None after :meth:`expire`.
        given: Every access token there was.
        programs: Uploads by id: (kind, attributes).
        jobs: Requests by id; ``status``, ``message`` and ``shots`` say how each stands.
        requests: (method, path) of everything that was asked with a valid token.
        loses_answers: Take the next job, and hang up instead of answering.
    """

    def __init__(self):
        self.access_token, self.given = None, []
        self.projects, self.programs, self.jobs = {}, {}, {}
        self.requests = []
        self.loses_answers = False

    def expire(self):
        self.access_token = None

    def refresh(self):
        self.access_token = f"access-{uuid.uuid4().hex}-never-to-be-seen"
        self.given.append(self.access_token)
        return self.access_token

    def move(self, job_id, status, shots=(), message=""):
        """Set how a job stands; shots give bits by name."""
        self.jobs[job_id].update(status=status, shots=list(shots), message=message)

    def answer(self, method, path, query, body):
        """Return (HTTP status, JSON) of a request with a valid token."""
        self.requests.append((method, path))
        parts = path.strip("/").split("/")
        kind = parts[1] if parts[0] == "api" else None
        if path == "/api/v5/available_devices":
            return 200, [{"is_local": False, "backend_info_list": [_backend("H2-1")]}]
        if kind == "projects":
            return self._projects(method, parts, query, body)
        if kind in ("circuits", "hugr"):
            return self._programs(kind, method, parts, body)
        if kind == "jobs":
            return self._jobs(method, parts, query, body)
        return self._results(kind, parts[-1], query)

    def _projects(self, method, parts, query, body):
        if method == "POST":
            name = body["data"]["attributes"]["name"]
            self.projects[name] = str(uuid.uuid4())
            return 201, {"data": self._project(name)}
        found = [name for name in query["filter[name_exact]"] if name in self.projects]
        if parts[-1] == "count":
            return 200, {"count": len(found)}
        page = found if query["page[number]"] == ["0"] else []
        return 200, {"data": [self._project(name) for name in page]}

    def _project(self, name="qnnbench"):
        attributes = {"name": name, "timestamps": STAMPS, "contents_modified": STAMPS["created"]}
        return {
            "id": self.projects[name],
            "type": "project",
            "attributes": {**attributes, "archived": False},
        }

    def _programs(self, kind, method, parts, body):
        if method == "POST":
            identity = str(uuid.uuid4())
            self.programs[identity] = (kind, body["data"]["attributes"])
            return 201, {"data": self._program(identity)}
        return 200, {"data": self._program(parts[-1]), "included": [self._project()]}

    def _program(self, identity):
        kind, attributes = self.programs[identity]
        return {
            "id": identity,
            "type": kind,
            "attributes": {"name": attributes["name"], "timestamps": STAMPS},
            "relationships": self._belongs(),
        }

    def _belongs(self):
        return {"project": {"data": {"id": self.projects["qnnbench"], "type": "project"}}}

    def _jobs(self, method, parts, query, body):
        if method == "POST":
            identity = str(uuid.uuid4())
            self.jobs[identity] = {
                **body["data"]["attributes"],
                "status": "QUEUED",
                "message": "",
                "shots": [],
            }
            return 202, {"data": self._job(identity)}
        if parts[-1] in self.jobs:
            return 200, {"data": self._job(parts[-1]), "included": [self._project()]}
        if parts[-1] != "v1beta3":
            return 404, {"message": "not found"}
        names = query["filter[name_exact]"]
        found = [i for i, job in self.jobs.items() if job["name"] in names]
        page = found if query["page[number]"] == ["0"] else []
        return 200, {"data": [self._job(i) for i in page], "included": [self._project()]}

    def _job(self, identity):
        job = self.jobs[identity]
        status = {"status": job["status"], "message": job["message"]}
        (item,) = job["definition"]["items"]
        kind, _ = self.programs[item["program_id"]]
        item = {**item, "status": status}
        if job["shots"]:
            result_type = "PYTKET" if kind == "circuits" else "QSYS"
            item |= {"result_type": result_type, "result_id": identity}
        program = {"id": item["program_id"], "type": "circuit" if kind == "circuits" else kind}
        return {
            "id": identity,
            "type": "job",
            "attributes": {
                "name": job["name"],
                "job_type": "execute",
                "timestamps": STAMPS,
                "status": status,
                "definition": {**job["definition"], "items": [item]},
            },
            "relationships": {**self._belongs(), "programs": {"data": [program]}},
        }

    def _results(self, kind, identity, query):
        job = self.jobs[identity]
        program = job["definition"]["items"][0]["program_id"]
        if kind == "qsys_results":
            if query["chunk_number"] != ["0"]:
                return 404, {"message": "no more chunks"}
            found = {"results": [list(shot.items()) for shot in job["shots"]]}
            program_type = "hugr"
        else:
            found, program_type = _backend_result(job["shots"]), "circuit"
        relationships = {"program": {"data": {"id": program, "type": program_type}}}
        snapshot = {"type": "backend_snapshot", "attributes": _backend("H2-1")}
        data = {"attributes": found, "relationships": relationships}
        return 200, {"data": data, "included": [snapshot]}


def _backend_result(shots):
    """Return shots as pytket stores them, the registers in an order that is not theirs."""
    from pytket.backends.backendresult import BackendResult
    from pytket.circuit import Bit
    from pytket.utils.outcomearray import OutcomeArray

    names = sorted(shots[0], reverse=True)
    table = OutcomeArray.from_readouts([[shot[name] for name in names] for shot in shots])
    bits = [Bit(name, 0) for name in names]
    return BackendResult(c_bits=bits, shots=table).to_dict()


def _backend(name):
    return {
        "name": "QuantinuumBackend",
        "device_name": name,
        "version": "0",
        "device": {"nodes": [], "edges": [], "n_nodes": 56, "fully_connected": True},
        "gate_set": ["PhasedX", "Rz", "ZZPhase"],
        "supports_fast_feedforward": True,
        "supports_reset": True,
        "supports_midcircuit_measurement": True,
        "misc": {"noise_specs": NOISE},
    }


@contextmanager
def serving(nexus):
    """Serve on a free port of 127.0.0.1; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

        def do_GET(self):
            self._serve()

        def do_POST(self):
            self._serve()

        def _serve(self):
            url = urlsplit(self.path)
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or "null")
            cookies = {k: m.value for k, m in SimpleCookie(self.headers.get("cookie")).items()}
            if url.path == "/auth/tokens/refresh":
                if cookies.get("myqos_oat") != REFRESH_TOKEN:
                    return self._send(401, {})
                return self._send(200, {}, f"myqos_id={nexus.refresh()}; Path=/")
            if nexus.access_token is None or cookies.get("myqos_id") != nexus.access_token:
                return self._send(401, {})
            status, answer = nexus.answer(self.command, url.path, parse_qs(url.query), body)
            if nexus.loses_answers and status == 202:
                nexus.loses_answers = False
                self.close_connection = True
                return None
            return self._send(status, answer)

        def _send(self, status, answer, cookie=None):
            content = json.dumps(answer).encode()
            self.send_response(status)
            if cookie:
                self.send_header("set-cookie", cookie)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
