"""Spoiled YAML: configs and claims with values or bytes replaced, dropped, renamed, put in."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from hypothesis import strategies as st

from qnnbench import config as configs
from qnnbench.claims import claim_rows, load_claims
from qnnbench.results import to_table
from tests import synthetic_rows
from tests.reliability.fuzz.cases import HOSTILE, Tally, repeated, spoiled
from tests.reliability.studies import ROOT, SMOKE

CLAIMS = ROOT / "config" / "claims.yaml"


def fuzzed_configs(n_cases: int) -> Tally:
    """Return what became of spoiled copies of the smoke study."""
    tally = Tally("configs")
    smoke = yaml.safe_load(SMOKE.read_text())

    def case(config: dict[str, Any]) -> None:
        tally.one(repr(config), lambda: configs.check(config), (ValueError,))

    repeated(case, spoiled(smoke), n_cases)
    return tally


def fuzzed_claims(n_cases: int) -> Tally:
    """Return what became of spoiled claims, which are judged where they are taken."""
    tally = Tally("claims")
    claims = yaml.safe_load(CLAIMS.read_text())["claims"][:4]
    frames = _frames()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "claims.yaml"

        def attempt() -> None:
            claim_rows(load_claims(file), frames)

        def case(content: dict[str, Any]) -> None:
            text = yaml.safe_dump(content, allow_unicode=True)
            file.write_text(text)
            tally.one(text, attempt, (ValueError,))

        repeated(case, spoiled({"claims": claims}), n_cases)
    return tally


def _frames() -> dict[str, pd.DataFrame]:
    """Return rows of every table, as claims are judged by."""
    study = synthetic_rows.study()
    return {name: to_table(name, rows).to_pandas() for name, rows in study.items()}


def fuzzed_texts(n_cases: int) -> Tally:
    """Return what became of config and claims files with bytes changed, cut and put in."""
    tally = Tally("config files")
    _spoil_bytes(tally, SMOKE, configs.load, n_cases - n_cases // 2)
    _spoil_bytes(tally, CLAIMS, load_claims, n_cases // 2)
    return tally


def _spoil_bytes(tally: Tally, original: Path, load: Callable[[Path], Any], n_cases: int) -> None:
    text = original.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / original.name

        def case(spoil: tuple[int, int, bytes]) -> None:
            at, n_cut, put = spoil
            file.write_bytes(text[:at] + put + text[at + n_cut :])
            tally.one(repr(spoil), lambda: load(file), (ValueError,))

        inside = st.tuples(
            st.integers(0, len(text)),
            st.integers(0, 40),
            st.binary(max_size=12) | st.sampled_from([h.encode() for h in HOSTILE]),
        )
        repeated(case, inside, n_cases)
