"""What all synthetic rows share."""

from typing import Any

WIDTHS = (4, 8, 16, 32, 64, 100)
NOT_RUN = "estimated 9.1e+04 CPU s, budget 240 CPU s"


def identity(cell: str, status: str = "ok", backend: str = "heisenberg") -> dict[str, Any]:
    """Return the identity columns of one cell."""
    return {
        "run_id": f"{abs(hash(cell)) % 16**12:012x}",
        "config_hash": "synthetic-config",
        "package_version": "0.1.0",
        "source_hash": "synthetic-source",
        "backend": backend,
        "seed_path": "1/0",
        "status": status,
        "reason": NOT_RUN if status != "ok" else "",
        "error_estimate": 3e-4,
        "cpu_time_s": 41.3,
        "peak_memory_mb": 1312.0,
    }
