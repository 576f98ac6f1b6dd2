"""A history grows by each commit once, and the week's workflow keeps it."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from qnnbench.cli import app
from qnnbench.comparison import compare, read_set
from qnnbench.figures import WIDE
from qnnbench.figures.trend import headline, trend, widest
from qnnbench.history import append, headline_rows, latest, write_history
from qnnbench.results import read_rows, to_table, write_rows

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "scaling.yml"
MADE = {"package_version": "0.1.0", "source_hash": "a" * 16, "config_hash": "c" * 16}
DATES = ("2026-11-01T03:00:00+00:00", "2026-11-08T03:00:00+00:00")


def study(folder, values=(0.8, 0.9, 0.7), wide=0.6, **other):
    """Write a study of one arm at two widths and one curve, and read it back."""
    arm = MADE | {"status": "ok", "arm": "a", "dataset": "d", "ansatz": "tree", "task": "t"}
    cells = [(8, i, v) for i, v in enumerate(values)] + [(64, 0, wide)]
    scores = [
        arm
        | {"run_id": f"{n} {i}", "n_qubits": n, "repeat": i, "metric": "accuracy", "value": v}
        | other
        for n, i, v in cells
    ]
    runs = [
        arm | {"run_id": f"{n} {i}", "n_qubits": n, "repeat": i, "cpu_time_s": 10.0 * (1 + i)}
        for n, i, _ in cells
    ]
    moment = MADE | {"status": "ok", "run_id": "m", "curve": "tree", "ansatz": "tree"}
    moment |= {"n_qubits": 64, "method": "exact", "log10_gradient_variance_mean": -3.5}
    for table, rows in (("scores", scores), ("runs", runs), ("trainability", [moment])):
        write_rows(folder / table / "rows.parquet", table, rows)
    return read_set(folder)


def test_headline_numbers_are_medians_with_their_cost(tmp_path):
    rows = headline_rows(study(tmp_path), "scaling", "abc", DATES[0])
    told = {(r["cell"], r["n_qubits"]): r for r in rows}
    narrow = told["d: a", 8]
    assert (narrow["value"], narrow["lower"], narrow["upper"]) == (0.8, 0.7, 0.9)
    assert (narrow["n_repeats"], narrow["cpu_time_s"]) == (3, 20.0)
    assert told["d: a", 64]["value"] == 0.6
    assert told["tree, tree", 64]["value"] == -3.5
    assert len({row["run_id"] for row in rows}) == len(rows) == 3
    assert all(row["table_hash"] for row in rows)


def test_to_append_twice_is_to_append_once(tmp_path):
    path, rows = tmp_path / "history.parquet", headline_rows(study(tmp_path), "s", "a", DATES[0])
    append(path, rows)
    once = path.read_bytes()
    append(path, rows)
    assert path.read_bytes() == once
    changed = headline_rows(study(tmp_path, wide=0.5), "s", "a", DATES[0])
    assert len(append(path, changed)) == len(rows)  # replaced, not added
    assert 0.5 in read_rows("history", [path])["value"].to_numpy()
    assert len(append(path, headline_rows(study(tmp_path), "s", "b", DATES[1]))) == 2 * len(rows)


def test_the_order_of_appending_does_not_matter(tmp_path):
    results = study(tmp_path / "s")
    first, second = (headline_rows(results, "s", c, d) for c, d in zip("ab", DATES, strict=True))
    for name, order in (("forth", (first, second)), ("back", (second, first))):
        for rows in order:
            append(tmp_path / f"{name}.parquet", rows)
    assert (tmp_path / "forth.parquet").read_bytes() == (tmp_path / "back.parquet").read_bytes()


def test_the_hash_is_of_what_rows_say_and_not_of_what_they_cost(tmp_path):
    known = headline_rows(study(tmp_path / "1"), "s", "a", DATES[0])[0]["table_hash"]
    dearer = headline_rows(study(tmp_path / "2", cpu_time_s=9.0), "s", "a", DATES[0])
    assert dearer[0]["table_hash"] == known
    other = headline_rows(study(tmp_path / "3", wide=0.7), "s", "a", DATES[0])
    assert other[0]["table_hash"] != known


def test_dates_need_their_offset_and_a_study_its_numbers(tmp_path):
    with pytest.raises(ValueError, match=r"no offset from UTC: add \+00:00"):
        headline_rows(study(tmp_path), "s", "a", "2026-11-01T03:00:00")
    write_rows(tmp_path / "n" / "runs" / "r.parquet", "runs", [MADE | {"status": "failed"}])
    with pytest.raises(ValueError, match="holds no score and no gradient variance"):
        headline_rows(read_set(tmp_path / "n"), "s", "a", DATES[0])


@pytest.fixture
def two_entries(tmp_path):
    path = tmp_path / "history.parquet"
    append(path, headline_rows(study(tmp_path / "1", wide=0.6), "s", "a" * 40, DATES[0]))
    return append(path, headline_rows(study(tmp_path / "2", wide=0.9), "s", "b" * 40, DATES[1]))


def test_the_newest_stands_beside_the_one_before_it(two_entries):
    table = latest(two_entries)
    names = ("cell", "qubits", "now", "before", "change", "entries")
    told = [[row[table.columns.index(n)].text for n in names] for row in table.rows]
    assert ["d: a", "64", "0.900", "0.600", "0.300", "2"] in told
    assert len(told) == 3


def test_the_trend_is_of_the_widest_and_names_the_largest_move(two_entries):
    assert widest(two_entries)["n_qubits"].unique().tolist() == [64]
    assert headline(two_entries) == "2 entries; the newest changed d: a most, by +0.300"
    scores, cost = trend(two_entries, WIDE).axes
    (line,) = scores.get_lines()
    assert line.get_xydata().tolist() == [[0, 0.6], [1, 0.9]]
    (line,) = cost.get_lines()
    assert line.get_xydata().tolist() == [[0, 30.0], [1, 30.0]]  # medians 20 and 10 s
    assert "No scores" in trend(to_table("history", []).to_pandas(), WIDE).texts[0].get_text()


def test_the_page_stands_beside_its_files(two_entries, tmp_path):
    page = write_history(two_entries, tmp_path).read_text()
    for name in re.findall(r'(?:src|href)="([^"#:]+)"', page):
        assert (tmp_path / name).is_file(), name
    assert "://" not in page.replace("https://doi.org", "")


def test_the_command_appends_and_says_where(tmp_path):
    study(tmp_path / "s")
    words = ["history", tmp_path / "s", "--commit", "c" * 40, "--date", DATES[0]]
    done = CliRunner().invoke(app, [str(w) for w in [*words, "--folder", tmp_path / "h"]])
    assert done.exit_code == 0, done.output
    assert "3 numbers of cccccccccccc" in done.stdout
    assert {p.name for p in (tmp_path / "h").iterdir()} == {
        *("history.parquet", "index.html", "trend.png", "trend.svg")
    }
    none = CliRunner().invoke(app, ["history", "none", "--commit", "c", "--date", DATES[0]])
    assert none.exit_code == 2


def test_two_commits_of_a_history_are_no_scores_to_compare(two_entries, tmp_path):
    found = read_set(tmp_path / "history.parquet")
    assert list(found.frames) == ["history"]
    assert compare(found, found).changes == ()


def test_the_weekly_workflow_runs_pinned_actions_and_targets_that_exist():
    told = yaml.safe_load(WORKFLOW.read_text())
    (schedule,) = told[True]["schedule"]  # YAML 1.1 reads the key "on" as a truth value
    minute, hour, day, month, weekday = schedule["cron"].split()
    assert (day, month) == ("*", "*")
    assert all(part.isdigit() for part in (minute, hour, weekday))
    steps = [step for job in told["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40}", name) for name in used)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    made = [step["run"].split()[1] for step in steps if step.get("run", "").startswith("make")]
    assert made == ["setup", "scaling", "history"]
    assert set(made) <= set(targets)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "!/reports/history/history.parquet" in ignored
