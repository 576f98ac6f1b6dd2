"""The page: offline, small, escaped, whole even where rows are missing."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from qnnbench.circuits.ansatze import ANSATZE
from qnnbench.columns import TABLES
from qnnbench.figures import FIGURES
from qnnbench.report import write_report
from qnnbench.report.cells import MAX_CELLS, decades, error, score
from qnnbench.report.page import FOLDER, powers, references, why_missing
from qnnbench.report.sections import SECTIONS, Listed
from qnnbench.report.summary import facts, overview, sentences
from qnnbench.report.tables import certificates, matching_moments, rivals, scores
from qnnbench.results import to_table, write_rows
from qnnbench.states.datasets import DATASETS
from tests import synthetic_rows

CONFIG = {"study": "synthetic", "seed": 1}


class Loads(HTMLParser):
    """Collects what a browser would load, where links lead, and ids."""

    def __init__(self):
        super().__init__()
        self.loaded, self.links, self.ids, self.tags = [], [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        if tag == "a":
            self.links.append(given["href"])
        else:
            self.loaded += [given[name] for name in ("src", "href", "srcset") if name in given]


def loads(page):
    parser = Loads()
    parser.feed(page)
    return parser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    study = synthetic_rows.study()
    path = write_report(synthetic_rows.write(study, folder), folder / "reports", CONFIG)
    return path, path.read_text(encoding="utf-8")


def test_page_loads_nothing_from_anywhere(report):
    _, page = report
    parsed = loads(page)
    assert all(target.startswith(("#", "data:")) for target in parsed.loaded)
    assert all("://" not in url for url in re.findall(r"url\(([^)]*)\)", page))
    assert "@import" not in page
    remote = [link for link in parsed.links if "://" in link]
    assert remote
    assert all(link.startswith("https://doi.org/10.") for link in remote)


def test_page_is_small_with_twenty_thousand_symbols(report):
    path, _ = report
    assert path.stat().st_size < 1_500_000


def test_ids_are_unique_and_links_lead_somewhere(report):
    path, page = report
    parsed = loads(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {target[1:] for target in parsed.loaded if target[0] == "#"} <= set(parsed.ids)
    assert set(re.findall(r"url\(#([^)]*)\)", page)) <= set(parsed.ids)
    for link in parsed.links:
        if link.startswith("#"):
            assert link[1:] in parsed.ids
        elif "://" not in link:
            assert (path.parent / link).is_file()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_file_and_on_the_page(report, name):
    path, page = report
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        assert (path.parent / "figures" / f"{name}.{kind}").read_bytes().startswith(start)
    assert f'id="figure-{name}"' in page
    assert FIGURES[name].definition.split(". ")[0] in page


def test_figures_follow_the_colour_scheme(report):
    _, page = report
    figures = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert figures
    assert "style=" not in figures
    classes = re.search(r"\.s0\{.*?</style>", page, re.DOTALL)[0]
    assert set(re.findall(r"#[0-9a-f]{6}", figures + classes)) <= {"#000000"}
    assert "--blue: light-dark(" in page


def test_summary_says_what_the_rows_say(report):
    _, page = report
    median = sorted(
        row["value"]
        for row in synthetic_rows.study()["scores"]
        if (row["arm"], row["dataset"], row["n_qubits"]) == ("qcnn", "spt_path", 100)
        and row["metric"] == "accuracy"
    )[1]
    assert f"At 100 qubits qcnn reaches accuracy {median:.3f} [" in page
    assert "hea_global was not trained on two_state: over_budget" in page
    assert "Largest gradient variance of hea there: 10<sup>−59.3</sup> (global)." in page
    assert "10<sup>−60.2</sup>" in page


@pytest.fixture(scope="module")
def frames():
    study = synthetic_rows.study()
    return {table: to_table(table, rows).to_pandas() for table, rows in study.items()}


def test_two_copies_are_judged_by_the_accuracy_of_one_pair(frames):
    table = overview(frames)
    cells = {row[1].text: row for row in table.rows if row[0].text == "lu_orbit"}
    assert set(cells) == {"two_copies"}  # nothing else was trained on it
    assert cells["two_copies"][table.columns.index("100")].key == 0.62
    told = [sentence for sentence in sentences(frames) if "lu_orbit" in sentence]
    (sentence,) = told
    assert "At 100 qubits per copy two_copies reaches accuracy 0.620" in sentence
    assert not any("nan" in sentence for sentence in sentences(frames))


def test_exact_properties_of_a_block_do_not_count_as_training(frames):
    shots = frames["scores"]["record"].fillna("").str.startswith("joint")
    worthless = frames["scores"].assign(value=frames["scores"]["value"].where(~shots, 0.5))
    worthless.loc[shots, ["lower", "upper"]] = 0.49, 0.51
    for scored, named in ((frames["scores"], True), (worthless, False)):
        own = frames | {"scores": scored[scored["dataset"] == "lu_orbit"]}
        said = " ".join(fact.meaning for fact in facts(own))
        assert ("widest that trains: pair_block per copy" in said) == named


def tile(frames, **changed):
    """Return the tile of the summary on what trains, of "qcnn" on "spt_path" with new columns."""
    scores = frames["scores"]
    own = scores[(scores["dataset"] == "spt_path") & (scores["arm"] == "qcnn")]
    return facts(frames | {"scores": own.assign(**changed)})[0]


def test_a_network_that_needs_no_training_is_not_said_to_fail(frames):
    solved = {"lower": 0.9, "untrained_value": 1.0, "paired_lower": 0.0}
    said = tile(frames, **solved)
    assert said.value == "none"
    assert "shown to train, at up to 100 qubits; above chance there, trained or not: qcnn" in (
        said.meaning
    )
    scores = frames["scores"]
    is_wide = scores["n_qubits"] > scores["n_qubits"].min()
    gain = {"paired_lower": np.where(is_wide, 0.0, 0.5)[: len(scores)]}
    own = scores.assign(lower=0.9, untrained_value=1.0, **gain)
    own = own[(own["dataset"] == "spt_path") & (own["arm"] == "qcnn")]
    said = facts(frames | {"scores": own})[0]
    assert said.value == f"{own['n_qubits'].min():,} qubits"
    assert "100 were tried; above chance there, trained or not: qcnn" in said.meaning
    assert "none wider was tried" in tile(frames, lower=0.9, paired_lower=0.5).meaning


def test_the_smallest_variance_is_that_of_the_headline(frames):
    rows = frames["trainability"]
    least = next(fact for fact in facts(frames) if "variance" in fact.meaning)
    figure = FIGURES["gradient_variance"]
    said = figure.headline(figure.select(rows))
    assert f"runs from {least.value} ({least.meaning.split(': ')[1]}) to" in said


def test_the_scores_table_tells_records_and_copies_apart(frames):
    table = scores(frames["scores"], frames["runs"])
    names = ("arm", "qubits", "what was measured", "copies", "metric", "median")
    places = [table.columns.index(name) for name in names]
    rows = [[row[place].text for place in places] for row in table.rows]
    joint = "joint shots of two copies"
    for copies, value in (("2", "0.620"), ("8", "0.840"), ("32", "0.980")):
        assert ["two_copies", "100", joint, copies, "accuracy", value] in rows
    assert ["xor", "100", "separate shots of two copies", "2", "accuracy", "0.500"] in rows


def repeats(values, status="ok"):
    """Return runs and scores of one arm; a null value has no score."""
    cell = {"dataset": "d", "arm": "a", "ansatz": "tree", "n_qubits": 8, "task": "classification"}
    runs = [cell | {"status": "ok", "repeat": i} for i, _ in enumerate(values)]
    score = cell | {"metric": "accuracy", "chance": 0.5, "ceiling": 1.0, "untrained_value": 0.5}
    scored = [
        score | {"status": status, "repeat": i, "value": value, "lower": value, "upper": value}
        for i, value in enumerate(values)
        if value is not None
    ]
    none = {table: to_table(table, []).to_pandas() for table in ("trainability", "rivals")}
    return none | {
        "runs": to_table("runs", runs).to_pandas(),
        "scores": to_table("scores", scored).to_pandas(),
    }


def test_median_and_minimum_of_repeats_stand_in_table_overview_and_sentence():
    own = repeats([0.9, 0.6, None, 0.8, 0.7, 0.95])
    table = scores(own["scores"], own["runs"])
    (row,) = table.rows
    names = ("repeats", "not ok", "median", "minimum", "repeats, 95 % from")
    told = [row[table.columns.index(name)].text for name in names]
    assert told == ["5", "1", "0.800", "0.600", "0.600"]
    assert row[table.columns.index("repeats, 95 % from") + 1].text == "0.950"
    cell = overview(own).rows[0][2]
    assert (cell.text, cell.small) == ("▲ 0.800", "0.600 of 5")
    (sentence,) = sentences(own)
    assert "(median of 5 repeats, minimum 0.600; 1 more not ok)" in sentence


def test_one_repeat_says_so_and_rows_that_failed_count_as_not_ok():
    own = repeats([0.9])
    assert "(median of 1 repeat, minimum 0.900)" in sentences(own)[0]
    failed = repeats([0.9, 0.8], status="failed")
    both = failed | {"scores": pd.concat([own["scores"], failed["scores"].iloc[1:]])}
    table = scores(both["scores"], both["runs"])
    where = [table.columns.index(name) for name in ("repeats", "not ok", "minimum")]
    assert [table.rows[0][place].text for place in where] == ["1", "1", "0.900"]


def test_an_arm_of_which_some_repeats_ended_well_was_trained():
    own = repeats([0.9, None])
    own["runs"].loc[1, "status"] = "failed"
    (sentence,) = sentences(own)
    assert "1 more not ok" in sentence
    assert "not trained" not in sentence


def test_coordinates_are_cut_to_what_can_be_seen(report):
    _, page = report
    figures = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    numbers = re.findall(r'd="[^"]*"', figures)
    assert numbers
    assert not any(re.search(r"\.\d{4}", path) for path in numbers)


def test_a_rival_that_did_not_run_says_why():
    rows = synthetic_rows.rivals()
    rows[0] |= {"status": "skipped", "reason": "no overlaps", "value": None}
    table = rivals(to_table("rivals", rows).to_pandas())
    assert len(table.rows) == len(rows)
    where = [table.columns.index(name) for name in ("status", "reason", "accuracy")]
    assert ["skipped", "no overlaps", "–"] in [[r[i].text for i in where] for r in table.rows]


def test_a_row_of_a_surrogate_is_shown_once(frames):
    rows = frames["rivals"].assign(arm="learner", ansatz=None)
    surrogates = rows.assign(arm="surrogate of a", ansatz="qcnn")
    missing = {name: to_table(name, []).to_pandas() for name in TABLES if name not in frames}
    own = frames | missing | {"rivals": pd.concat([rows, surrogates])}
    listed = [p for s in SECTIONS for p in s.parts if isinstance(p, Listed)]
    shown = [row[0].text + row[2].text for part in listed for row in part.make(own).rows]
    for dataset in set(rows["dataset"]):
        assert shown.count(f"{dataset}surrogate of a") == (rows["dataset"] == dataset).sum()
        assert shown.count(f"{dataset}learner") == (rows["dataset"] == dataset).sum()


def test_cpu_time_is_that_of_every_stage_rivals_too(frames):
    hour = {t: rows.assign(cpu_time_s=0.0) for t, rows in frames.items()}
    n_rivals = len(hour["rivals"])
    hour["rivals"]["cpu_time_s"] = 3 * 3600 / n_rivals
    assert "3.0 h" in [fact.value for fact in facts(hour)]


def test_limits_of_the_data_are_printed(report):
    _, page = report
    for name in ("spt_path", "two_state"):
        assert DATASETS[name].limit in page


def test_nothing_at_all_is_still_a_page(tmp_path):
    page = write_report({}, tmp_path, {}).read_text(encoding="utf-8")
    assert page.count("Nothing to draw") == len(FIGURES)
    assert "Nothing was trained." in page
    assert sorted(p.stem for p in (tmp_path / "figures").glob("*.png")) == sorted(FIGURES)


def test_missing_rows_are_explained(tmp_path):
    study = synthetic_rows.training(widths=(64,), repeats=1, n_steps=1)
    runs = [row for row in study["runs"] if row["status"] != "ok"]
    files = synthetic_rows.write({"runs": runs}, tmp_path)
    page = write_report(files, tmp_path, CONFIG).read_text(encoding="utf-8")
    assert "the study holds no test scores with the metric fidelity. 2 runs rows are" in page
    assert f"over_budget: {synthetic_rows.NOT_RUN}" in page
    assert "Empty" not in page


def test_a_missing_figure_blames_only_rows_of_its_own(frames):
    ended = frames["runs"].assign(status="skipped", reason="too wide for any backend")
    none = {**frames, "runs": ended, "device_steps": frames["device_steps"].iloc[:0]}
    none["scores"] = frames["scores"].iloc[:0]
    assert "too wide for any backend" in why_missing(FIGURES["accuracy"], none)
    assert why_missing(FIGURES["device_training"], none).endswith("holds no training by shots.")


def test_the_rows_behind_a_figure_stand_beside_it(report):
    path, page = report
    for name in FIGURES:
        links = [f"data/{name}.parquet", f"data/{name}.csv"]
        if "Nothing to draw" in page.split(f'id="figure-{name}"')[1][:200]:
            continue
        assert all(f'href="{link}"' in page for link in links)
        exact = pd.read_parquet(path.parent / links[0])
        flat = pd.read_csv(path.parent / links[1])
        assert list(exact.columns) == list(flat.columns)
        assert len(exact) == len(flat) > 0
        own = page.split(f'<figure aria-labelledby="figure-{name}"')[1]
        ids = re.search(r'class="ids">(.*?)<', own)[1].split()
        assert ids == list(exact["run_id"].drop_duplicates()[: len(ids)])


def test_a_point_names_value_interval_and_run(report):
    _, page = report
    (row,) = (
        row
        for row in synthetic_rows.study()["scores"]
        if (row["arm"], row["n_qubits"], row["repeat"]) == ("brickwork_global", 8, 0)
        and row["metric"] == "fidelity"
    )
    figure = page.split('<figure aria-labelledby="figure-compression"')[1].split("</figure>")[0]
    runs = re.search(r'class="ids">(.*?)<', figure)[1].split()
    marks = [
        (name, at, value, runs[(behind[0] if behind else common[0])[0]])
        for data in re.findall(r'json">(.*?)</script>', figure)
        for name, points, *common in json.loads(data)[2]
        for x, y, at, value, *behind in points
    ]
    own = [mark for mark in marks if mark[3] == row["run_id"] and "untrained" not in mark[0]]
    assert len(own) == 1
    assert own[0][1] == "8"
    assert own[0][2].startswith(f"{row['value']:.3f} [{row['lower']:.3f}, ")


def test_hostile_names_are_escaped(tmp_path):
    study = synthetic_rows.training(widths=(8,), repeats=1, n_steps=2)
    evil = "<script>alert(1)</script>$x_{"
    del study["steps"]
    for row in (*study["runs"], *study["scores"]):
        row["arm"] = row["reason"] = evil
    files = synthetic_rows.write(study, tmp_path)
    page = write_report(files, tmp_path, {"study": evil}).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\\u003cscript\\u003ealert(1)" in page  # what points say is JSON
    data = page.count('<script type="application/json">')
    assert loads(page).tags.count("script") == 1 + data


def test_unknown_tables_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'scores'"):
        write_report({"score": []}, tmp_path, CONFIG)
    write_rows(tmp_path / "runs.parquet", "runs", [])
    with pytest.raises(ValueError, match="no 'scores' table"):
        write_report({"scores": [tmp_path / "runs.parquet"]}, tmp_path, CONFIG)
    assert not (tmp_path / "index.html").exists()


def test_long_tables_are_cut_and_say_so():
    rows = synthetic_rows.data(widths=tuple(range(2, 502)))["certificates"]
    table = certificates(to_table("certificates", rows).to_pandas())
    assert len(table.rows) == MAX_CELLS // len(table.columns) < len(rows)
    assert table.n_rows == len(table.frame) == len(rows)


def test_failed_certificates_come_first():
    rows = synthetic_rows.data()["certificates"]
    rows[-1]["holds"] = False
    table = certificates(to_table("certificates", rows).to_pandas())
    assert table.rows[0][table.columns.index("holds")].text == "NO"


def test_moments_match_the_same_circuit_and_readout():
    rows = to_table("trainability", synthetic_rows.trainability()).to_pandas()
    run = {"ansatz": "hea", "n_qubits": 64, "observable": "global", "n_layers": 64}
    assert [row["observable"] for row in matching_moments(run, rows)] == ["global"]
    assert matching_moments(run | {"n_layers": 3}, rows) == []
    unknown = matching_moments(run | {"observable": "readout", "n_layers": None}, rows)
    assert {row["observable"] for row in unknown} == {"global", "local"}


def test_an_accuracy_above_its_ceiling_stops_the_report(tmp_path):
    tables = synthetic_rows.study()
    leak = next(row for row in tables["rivals"] if row["dataset"] == "lu_orbit")
    leak |= {"value": 0.75, "upper": 0.8, "ceiling": 0.5, "n_samples": 200}
    with pytest.raises(ValueError, match=r"lu_orbit .*150 of 200\) is above its ceiling 0.5"):
        write_report(synthetic_rows.write(tables, tmp_path), tmp_path, CONFIG)


def test_numbers_read_well():
    assert score(0.98).text == "0.980"
    assert score(-2e-28).text == "−2.0 × 10^-28"
    assert error(0.0).text == "0 (exact)"
    assert decades(-np.inf).text == "0 (exact)"
    assert powers("10^-60.2 <b>") == "10<sup>−60.2</sup> &lt;b&gt;"


def test_references_hold_every_source():
    entries = references((FOLDER / "references.bib").read_text(encoding="utf-8"))
    keys = {entry["key"] for entry in entries}
    sources = {record.bibtex for record in (*ANSATZE.values(), *DATASETS.values())}
    assert sources <= keys
    assert all({"title", "people", "place", "year"} <= set(entry) for entry in entries)
    for ansatz in ANSATZE.values():
        doi = next(entry["doi"] for entry in entries if entry["key"] == ansatz.bibtex)
        assert f"doi:{doi}" in ansatz.source
