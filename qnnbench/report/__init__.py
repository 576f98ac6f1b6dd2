"""Rows and figures in, one offline HTML page out."""

from qnnbench.report.page import write_report

__all__ = ["write_report"]
