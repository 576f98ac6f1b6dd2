"""A server on this computer that speaks IBM's interface, and runs what it is sent on Aer.

The real runtime client talks to it: accounts, tokens, devices, jobs, results. The schemas of
jobs and results are IBM's own (``ibm_quantum_schemas``).
"""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import jwt
from ibm_quantum_schemas.executor.version_2_0.models import (
    CompressedTensorModel,
    ItemMetadataModel,
    MetadataModel,
    ParamsModel,
    QuantumProgramResultItemModel,
    QuantumProgramResultModel,
)
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeKingston

NOW = "2026-11-28T07:00:00Z"


class FakeIBM:
    """The server's memory: what it was asked, which jobs it holds, what it answers.

    Attributes:
        jobs: What was posted, by id, with "state" in IBM's words.
        tokens: How many it gave out.
        limit_reached: Whether the account's time is used up.
        lives_s: How long a token lives.
    """

    def __init__(self):
        self.jobs, self.tokens, self.limit_reached, self.lives_s = {}, 0, False, 3600
        self.authorizations, self.runs = [], {}
        snapshot = FakeKingston()
        self.configuration = fractional(snapshot._load_json(snapshot.conf_filename))
        self.properties = snapshot._load_json(snapshot.props_filename)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def token(self):
        self.tokens += 1
        now = int(datetime.now(UTC).timestamp())
        told = {"iat": now, "exp": now + self.lives_s, "number": self.tokens}
        return {
            "access_token": jwt.encode(told, "k" * 32),
            "refresh_token": "none",
            "token_type": "Bearer",
            "expires_in": self.lives_s,
            "expiration": now + self.lives_s,
        }

    def answer(self, method, path, query, body):
        """Return the JSON, or text, that answers a request; None where nothing is there."""
        match [method, *path.strip("/").removeprefix("experimental").strip("/").split("/")]:
            case ["POST", "identity", "token"]:
                return self.token()
            case ["GET", "backends"]:
                return {"devices": [{"name": "ibm_kingston"}]}
            case ["GET", "backends", "ibm_kingston", "configuration"]:
                return self.configuration
            case ["GET", "backends", "ibm_kingston", "properties"]:
                return self.properties
            case ["GET", "backends", "ibm_kingston", "status"]:
                return {"state": True, "status": "active", "length_queue": 3}
            case ["GET", "instances", "usage"]:
                return {"usage_limit_reached": self.limit_reached, "usage_remaining_seconds": 0}
            case ["POST", "jobs"]:
                return self.post(json.loads(body))
            case ["GET", "jobs"]:
                return self.listed(query)
            case ["GET", "jobs", job_id] if job_id in self.jobs:
                return self.told(job_id)
            case ["GET", "jobs", job_id, "results"] if job_id in self.jobs:
                return self.result(job_id)
        return None

    def post(self, job):
        job_id = f"job{len(self.jobs)}"
        self.jobs[job_id] = job | {"state": {"status": "Queued"}}
        return {"id": job_id, "backend": job["backend"]}

    def told(self, job_id):
        job = self.jobs[job_id]
        told = {key: job[key] for key in ("backend", "tags", "state")}
        return told | {"id": job_id, "program": {"id": job["program_id"]}, "created": NOW}

    def listed(self, query):
        found = [
            self.told(job_id)
            for job_id, job in reversed(self.jobs.items())
            if job["backend"] == query["backend"][0] and set(query["tags"]) <= set(job["tags"])
        ]
        return {"jobs": found[: int(query["limit"][0])], "count": len(found)}

    def result(self, job_id):
        job = self.jobs[job_id]
        if job["state"]["status"] != "Completed":
            return job["state"].get("reason", "")
        params = ParamsModel.model_validate(job["params"])
        program = params.quantum_program
        (circuit,) = program.circuits.to_python(use_cached=True)
        self.runs[job_id] = circuit
        data = AerSimulator(seed_simulator=7).run(circuit, shots=program.shots, memory=True)
        shots = [shot.split(" ")[::-1] for shot in data.result().get_memory()]
        bits = {}
        for place, register in enumerate(circuit.cregs):
            rows = [[bit == "1" for bit in shot[place][::-1]] for shot in shots]
            bits[register.name] = CompressedTensorModel.from_numpy(as_bools(rows))
        item = QuantumProgramResultItemModel(results=bits, metadata=ItemMetadataModel())
        return QuantumProgramResultModel(
            data=[item],
            metadata=MetadataModel(chunk_timing=[]),
            passthrough_data=program.passthrough_data,
            semantic_role=program.semantic_role,
        ).model_dump_json()


def as_bools(rows):
    import numpy as np

    return np.array(rows, dtype=bool)


def fractional(configuration):
    """Return a configuration with the fractional gates that real machines list."""
    pairs = next(g["coupling_map"] for g in configuration["gates"] if g["name"] == "cz")
    singles = next(g["coupling_map"] for g in configuration["gates"] if g["name"] == "sx")
    gates = [
        {"name": "rx", "parameters": ["theta"], "qasm_def": "", "coupling_map": singles},
        {"name": "rzz", "parameters": ["theta"], "qasm_def": "", "coupling_map": pairs},
    ]
    return configuration | {
        "backend_name": "ibm_kingston",
        "basis_gates": [*configuration["basis_gates"], "rx", "rzz"],
        "supported_instructions": [*configuration["supported_instructions"], "rx", "rzz"],
        "gates": [*configuration["gates"], *gates],
    }


def handler(fake):
    class Handler(BaseHTTPRequestHandler):
        def reply(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fake.authorizations.append(self.headers.get("Authorization", ""))
            url = urlparse(self.path)
            answer = fake.answer(self.command, url.path, parse_qs(url.query), body)
            content = answer if isinstance(answer, str) else json.dumps(answer)
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        do_GET = do_POST = reply  # noqa: N815

        def log_message(self, *_):
            """Keep the tests' output clean."""

    return Handler
