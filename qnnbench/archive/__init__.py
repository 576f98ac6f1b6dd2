"""A study as one file to deposit: results, report, environment, config, and how they belong."""

from qnnbench.archive.bundle import write_archive
from qnnbench.archive.contents import named_files

__all__ = ["named_files", "write_archive"]
