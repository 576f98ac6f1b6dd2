"""What the pages print runs as printed, their tables list what there is, their files exist."""

import json
import math
import re
import shlex
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import typer
import yaml

import qnnbench
from docs.parts.config_keys import config_keys
from docs.parts.tables import meaning, said
from qnnbench.claims import CLAIMS, load_claims
from qnnbench.cli import app
from qnnbench.columns import IDENTITY, TABLES
from qnnbench.config import MACHINE_SECTIONS, check
from qnnbench.figures import FIGURES
from qnnbench.hardware.devices import DEVICES
from qnnbench.states.datasets import DATASETS
from qnnbench.states.layout import SCHEMA
from qnnbench.states.storage import read_dataset
from tests import synthetic_rows
from tests.pages import PAGES, ROOT, blocks, commands, pages_with, text


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return a function that runs the Python of a page once and returns the names it leaves.

    Blocks run in order, in a folder that holds synthetic rows as ``results/default``.
    """
    scopes = {}

    def names(page):
        if page not in scopes:
            folder = tmp_path_factory.mktemp("page")
            for table, rows in synthetic_rows.study().items():
                synthetic_rows.write({table: rows}, folder / "results" / "default" / table)
            scopes[page] = {"__name__": "page", "FOLDER": folder}
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                for block in blocks(page, "python"):
                    run = partial(exec, compile(block.code, page, "exec"))
                    judged(block, run, scopes[page])
                    if block.file:
                        (folder / block.file).write_text(block.code)
        return scopes[page]

    return names


@pytest.mark.parametrize("page", pages_with("python"))
def test_the_python_of_a_page_runs_as_printed(page, ran):
    assert ran(page)


def base():
    """Return a config with all datasets at all widths, and arms for machines to run."""
    config = yaml.safe_load((ROOT / "config" / "hardware.yaml").read_text())
    return config | {"datasets": {name: {"widths": [*range(2, 129)]} for name in DATASETS}}


def sound(code):
    """Check a printed piece of a config together with what it leaves out."""
    printed, rest = yaml.safe_load(code), base()
    if "claims" in printed:
        file = Path("claims.yaml")
        file.write_text(code)
        load_claims(file)
        return
    if "study" not in printed:
        for section in ("training", "trainability"):
            printed[section] = rest[section] + printed.get(section, [])
        for section in ("datasets", "hardware", "jobs"):
            printed[section] = rest.get(section, {}) | printed.get(section, {})
        printed = {**rest, **printed}
    check(printed, names=False)


@pytest.mark.parametrize("page", pages_with("yaml"))
def test_the_configs_of_a_page_are_sound(page, ran, monkeypatch):
    monkeypatch.chdir(ran(page)["FOLDER"])  # beside the files that the page makes
    for block in blocks(page, "yaml"):
        judged(block, sound, block.code)


def judged(block, judge, given):
    """Hold a block against the project; one marked "not yet" has to fail, until it works."""
    if not block.lack:
        judge(given)
        return
    try:
        judge(given)
    except (ValueError, LookupError, AttributeError, ImportError):
        return
    pytest.fail(f"{block.page}: this works now, remove the mark 'not yet: {block.lack}'")


def understood(line):
    """Check that the project has what a command line asks for; nothing is run.

    Raises:
        LookupError: It has not.
    """
    for config in re.findall(r"config/\w+\.yaml", line):
        if not (ROOT / config).exists():
            raise LookupError(config)
    program, *words = shlex.split(line)
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        if not {word for word in words if "=" not in word} <= set(targets):
            raise LookupError(line)
    elif program == "qnnbench":
        parsed(typer.main.get_command(app), words)
    elif not re.match(r"(\w+=\S+ )?(snakemake|source|export|pip|python -m pytest) ", line):
        raise LookupError(f"{line}: what is {program!r}?")


def parsed(command, words):
    """Parse the words after a command.

    Raises:
        LookupError: No such command, argument or option.
    """
    if hasattr(command, "commands"):
        parsed(command.commands[words[0]], words[1:])
        return
    try:
        command.make_context(command.name, list(words)).close()
    except Exception as refused:  # typer's own classes are private
        raise LookupError(f"{command.name} {words}: {refused}") from refused


@pytest.mark.parametrize("page", pages_with("console"))
def test_the_commands_of_a_page_exist(page):
    for block in blocks(page, "console"):
        for line in commands(block):
            judged(block, understood, line)


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", (ROOT / page).read_text()):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_extras_that_pages_install_exist():
    known = (ROOT / "pyproject.toml").read_text()
    for page in PAGES:
        for names in re.findall(r"qnnbench\[([\w,]+)\]", text(page)):
            for name in names.split(","):
                assert re.search(rf"^{name} = \[", known, re.MULTILINE), (page, name)


def test_the_readme_gives_what_it_says(ran):
    names = ran("README.md")
    assert names["result"].values.shape == (8, 1)
    assert names["slope"].shape == (209,)
    assert (names["machine"].n_logical, names["machine"].n_physical) == (100, 7)
    oracle = (ROOT / "tests" / "moments.csv").read_text()
    row = re.search(r"^hea,12,12,global,uniform,variance,,([-.\d]+),", oracle, re.MULTILINE)
    assert names["moments"].log10_variance == pytest.approx(float(row[1]), abs=1e-3)


def test_the_worked_ansatz_has_moments_and_values_at_sixty_qubits(ran):
    # The middle of 60 qubits sees two layers of neighbours only, as the middle of 5 does;
    # there the variance is sampled through the exact backend.
    names = ran("README.md")
    exact = names["exact"]
    assert exact.relative_error < 1e-3
    assert names["value"].is_exact
    rng = np.random.default_rng(1)
    network = names["staircase"](5, 2)
    small = names["qnnbench"].moments(network.circuit, network.observables[0], network.symbols)
    draws = [
        names["qnnbench"]
        .expectations(
            network.circuit,
            network.observables,
            rng.uniform(0, 2 * np.pi, len(network.symbols)),
            symbols=network.symbols,
        )
        .values[0, 0]
        for _ in range(1500)
    ]
    spread = np.var(np.square(draws)) / 1500  # of the mean square, whose mean is the variance
    assert abs(np.mean(np.square(draws)) - 10**small.log10_variance) < 5 * np.sqrt(spread)
    assert exact.log10_variance == pytest.approx(small.log10_variance, abs=1e-9)  # light cone


def test_the_tutorial_gives_the_verdicts_it_prints(ran):
    names = ran("docs/tutorial.md")
    # Backwards, RY keeps Z or makes it X, with 1/2 each. Z kept twice counts 1/4. X, half of the
    # time, becomes ZXZ under CZ; RZ keeps its X with 1/2 and RY makes all three Z with 1/8: 1/32.
    assert 10 ** names["moments"].log10_variance == pytest.approx(9 / 32, rel=1e-9)
    assert (names["shallow"].verdict, names["deep"].verdict) == ("polynomial", "exponential")
    assert "below 16" in names["deep"].reason
    assert 0 < names["deep"].rate_lower < names["deep"].rate < names["deep"].rate_upper
    assert names["gradient"].shape == (400,)


def test_variances_of_concept_pages_have_their_closed_forms(ran):
    layer = ran("docs/concepts/plateaus.md")["moments"]
    assert layer.log10_variance == pytest.approx(
        100 * math.log10(3 / 8) + math.log10(1 - (2 / 3) ** 100), rel=1e-12
    )
    names = ran("docs/concepts/contrast.md")
    expected = math.log10(4 / 3) + 99 * math.log10(2 / 5)
    assert names["contrast"].log10_variance == pytest.approx(expected, abs=1e-9)
    # A Haar block spreads the weight of a and b over its 15 Pauli strings; a pure qubit has 1/3.
    weights = [1 / 3] * 100
    while len(weights) > 1:
        n_merged = 2 * (len(weights) // 2)
        pairs = zip(weights[:n_merged:2], weights[1:n_merged:2], strict=True)
        weights = [(a + b + 3 * a * b) / 5 for a, b in pairs] + weights[n_merged:]
    assert names["loss"].log10_variance == pytest.approx(math.log10(weights[0]), abs=1e-9)


def test_the_page_on_errors_shows_an_error_that_is_one(ran):
    names = ran("docs/concepts/errors.md")
    assert (names["cut"].is_exact, names["exact"].is_exact) == (False, True)
    assert (names["cut"].error > 0).all()
    assert (names["exact"].error == 0).all()
    assert 0.1 < np.median(names["ratio"]) < 3


def test_own_states_have_values_and_a_contrast(ran):
    names = ran("docs/howto/datasets.md")
    assert names["values"].shape == (3, 1)
    fidelity = abs(names["mixed"].members[0][1].overlap(names["cluster"])) ** 2
    assert fidelity == pytest.approx(1)
    assert np.isfinite(names["contrast"].log10_variance)


def test_the_notebook_reads_what_is_in_the_files(ran):
    names = ran("docs/howto/read.md")
    asked = {"ansatz": "hea", "observable": "global", "angles": "uniform", "n_qubits": 100}
    (row,) = (
        row
        for row in synthetic_rows.trainability()
        if asked.items() <= row.items() and row["status"] == "ok"
    )
    seen = names["variances"].query("ansatz == 'hea' and observable == 'global' and n_qubits > 64")
    assert seen["largest"].tolist() == [row["log10_gradient_variance_max"]]
    training = synthetic_rows.training()
    assert names["scores"]["n_repeats"].sum() == sum(
        row["status"] == "ok" for row in training["scores"]
    )
    assert len(names["runs"]) == len(training["runs"])


def test_notebooks_are_stored_without_outputs():
    for path in (ROOT / "docs" / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None


def test_every_column_of_every_table_has_a_meaning_and_its_unit():
    units = {"_s": "s", "_mb": "MB", "_bytes": "B"}
    used = set()
    for name, columns in TABLES.items():
        for column in columns:
            unit, told = meaning(name, column)
            assert told.endswith(".")
            suffix = re.search(r"_(s|mb|bytes)$", column)
            assert unit == units[suffix[0]] if suffix else True, column
            used |= {f"{name}.{column}", column}
    assert set(said()["columns"]) <= used
    assert set(said()["tables"]) == set(TABLES)


def test_every_table_begins_with_the_same_columns():
    assert all(tuple(columns)[:11] == tuple(IDENTITY) for columns in TABLES.values())
    assert len(IDENTITY) == 11


@pytest.mark.parametrize(
    "config",
    sorted({*(ROOT / "config").glob("*.yaml")} - {Path(CLAIMS)}),
    ids=lambda path: path.stem,
)
def test_every_key_of_a_shipped_config_is_documented(config):
    documented = re.findall(r"^\| `(\w+)` \|", config_keys(), re.MULTILINE)
    read = yaml.safe_load(config.read_text())
    used = set(read)
    for section, part in read.items():
        has_names = section in ("datasets", "rivals", *MACHINE_SECTIONS)
        entries = part.values() if has_names else part if isinstance(part, list) else [part]
        used |= {key for entry in entries for key in keys(entry)}
    assert used <= set(documented)


def keys(entry):
    """Yield the keys of an entry, those that the schema leaves open left out."""
    for key, value in entry.items() if isinstance(entry, dict) else ():
        yield key
        if key not in ("options", "loss"):
            for item in value if isinstance(value, list) else [value]:
                yield from keys(item)


def test_every_figure_stands_in_the_gallery_in_the_order_of_the_report():
    page = (ROOT / "docs" / "gallery.md").read_text()
    assert re.findall(r"^<!-- generated: figure (\w+) -->$", page, re.MULTILINE) == list(FIGURES)
    shown = text("docs/gallery.md")
    assert all(figure.definition in shown for figure in FIGURES.values())


def test_every_command_is_documented_with_its_options():
    page = text("docs/reference/commands.md")
    command = typer.main.get_command(app)
    for name in command.commands:
        assert f"## `qnnbench {name}" in page
    assert "`--json`" in page


def test_every_public_name_is_on_the_page_of_the_api():
    page = (ROOT / "docs" / "reference" / "python.md").read_text()
    assert [name for name in qnnbench.__all__ if f"qnnbench.{name}" not in page] == []


def table_under(title, page="docs/datasets.md"):
    """Return the rows of the first table below a heading, the first column without quotes."""
    section = text(page).split(f"## {title}\n")[1].split("\n## ")[0]
    lines = re.findall(r"^\| `(\w+)` \| (.*?) \|", section, flags=re.MULTILINE)
    return [(name, said.replace("&lt;", "<").replace("&gt;", ">")) for name, said in lines]


def test_every_column_of_states_is_documented():
    plain = [(field.name, str(field.type)) for field in SCHEMA]
    plain = [(name, re.sub(r"(item|element): ", "", kind)) for name, kind in plain]
    assert table_under("Columns") == plain


def test_every_field_of_the_card_is_documented():
    for family in DATASETS.values():
        assert {name for name, _ in table_under("Data card")} == set(family.card())


def test_certificates_name_every_family():
    rows = dict(table_under("What is equal, dataset by dataset", "docs/concepts/certificates.md"))
    assert set(rows) == set(DATASETS)


@pytest.fixture(scope="module")
def stored(ran):
    names = ran("docs/datasets.md")
    yield names
    names["file"].close()


def test_amplitudes_are_rebuilt_without_the_package(stored):
    np.testing.assert_allclose(
        stored["amplitudes"], stored["data"].states[0].state_vector(), atol=1e-14
    )
    ring = read_dataset(stored["FOLDER"] / "states" / "ring_pair" / "n8.parquet").states[0]
    assert abs(np.vdot(stored["ring"], ring.state_vector())) == pytest.approx(1, abs=1e-12)


def test_other_readers_find_the_samples(stored):
    families = stored["table"]["family"].to_pylist()
    assert {name: families.count(name) for name in set(families)} == dict.fromkeys(
        ("spt_path", "ghz_dephased", "ring_pair"), 3
    )
    assert len(stored["frame"]) == 12
    assert {row[:3] for row in stored["counts"]} == {
        (family, 8, label)
        for family in ("spt_path", "ghz_dephased", "ring_pair")
        for label in (0, 1)
    }
    assert sum(row[3] for row in stored["counts"]) == 36


def test_exports_are_what_the_text_says(stored):
    assert stored["program"].startswith("// Made by qnnbench")
    assert [weight for weight, _ in stored["members"]] == [0.5, 0.5]
    assert stored["card"] == DATASETS["spt_path"].card()


def test_the_states_of_the_page_on_own_files_come_back(ran):
    names = ran("docs/own.md")
    assert names["again"].name == "my_states"
    np.testing.assert_allclose(
        names["again"].states[3].state_vector(), names["vectors"][3], atol=1e-12
    )
    assert all(fact["holds"] for fact in names["facts"].values())
    assert set(names["CLAIMS"]) == {"build"}


def test_the_page_on_machines_runs_the_circuit_it_prints(ran):
    names = ran("docs/hardware.md")
    assert sum(names["counts"].values()) == 200
    assert names["machine"].n_logical == 8
    assert names["machine"].n_physical <= 4


def test_the_table_of_devices_is_that_of_the_code():
    rows = re.findall(
        r"^\| `([\w-]+)` \| (\d+) \| ([\d.e-]+) \| ([\d.e-]+) \|",
        text("docs/hardware.md"),
        re.MULTILINE,
    )
    assert len(rows) == len(DEVICES)
    for name, n_qubits, one_qubit, two_qubit in rows:
        device = DEVICES[name]
        assert device.n_qubits == int(n_qubits)
        assert (device.one_qubit, device.two_qubit) == (float(one_qubit), float(two_qubit))
