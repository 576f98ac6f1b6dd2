"""The page in a browser: offline, accessible, and its tables and figures answer."""

import json
from importlib.resources import files

import pandas as pd
import pytest

from qnnbench.report import write_report
from tests import synthetic_rows
from tests.chromium import chromium, executable

pytestmark = pytest.mark.skipif(
    executable() is None, reason="no Chromium on PATH: the page was not tried in a browser"
)

EVIL = "</script><img src=x onerror=document.title='owned'>"
WIDTHS = (380, 800, 1440)


def tenfold(study):
    """Return ten of each row, of ten datasets, arms and curves."""

    def copy(row, i):
        named = ("dataset", "arm", "curve", "ansatz", "run_id", "contrast", "device", "fact")
        return row | {k: f"{row[k]}_{i}" for k in named if row.get(k)}

    return {
        table: [copy(row, i) for i in range(10) for row in own] for table, own in study.items()
    }


def small_study():
    """Return rows of every table, few of each."""
    study = synthetic_rows.study(widths=(8, 32), repeats=2, n_steps=4)
    moments = [row for row in study["trainability"] if row["n_qubits"] <= 16]
    return study | {"trainability": moments}


def hostile(study):
    """Return rows with markup in every column of text that no code gives a meaning to."""
    kept = {"status", "method", "metric", "task", "ansatz", "quantity"}
    rows = {
        table: [
            {k: f"{v}{EVIL}" if isinstance(v, str) and k not in kept else v for k, v in r.items()}
            | ({"reason": EVIL} if r["status"] != "ok" else {})
            for r in own
        ]
        for table, own in study.items()
    }
    for row in rows["jobs"]:
        row["reason"] = EVIL
    return rows


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    tables = synthetic_rows.write(hostile(small_study()), folder)
    return write_report(tables, folder / "reports", {"study": EVIL, "note": EVIL})


@pytest.fixture(scope="module")
def moments_page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moments")
    tables = synthetic_rows.write({"trainability": synthetic_rows.trainability()}, folder)
    return write_report(tables, folder / "reports", {"study": "moments"})


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as own:
        yield own


@pytest.mark.slow
def test_ten_times_the_rows_still_open(tmp_path, tab):
    small = small_study()
    small["scores"] = [row for row in small["scores"] if row["arm"] in ("qcnn", "tree")]
    tables_of = ("trainability", "certificates", "rivals", "scores")  # steps draw for a minute
    study = tenfold({name: small[name] for name in tables_of})
    study["certificates"] *= 10
    tables = synthetic_rows.write(study, tmp_path)
    large = write_report(tables, tmp_path / "reports", {"study": "tenfold"})
    assert large.stat().st_size < 5_000_000
    tab.open(large)
    assert tab.complaints == []
    assert "all stand in the files" in tab.run("document.body.innerText")
    linked = tab.run("[...document.querySelectorAll('a[download]')].map((link) => link.href)")
    assert all((large.parent / "data" / link.split("/")[-1]).is_file() for link in linked)
    shown = tab.run("document.querySelectorAll('#table-moments tbody tr').length")
    rows = pd.read_parquet(large.parent / "data" / "table_moments.parquet")
    assert shown < len(rows) == len(study["trainability"])


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_opens_offline_without_a_complaint(page, tab, width):
    tab.open(page, width)
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [
        page.resolve().as_uri()
    ]
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert tab.run(overflow) <= 0  # nothing moves sideways but tables
    assert page.stat().st_size < 5_000_000


def test_hostile_texts_are_shown_and_never_run(page, tab):
    tab.open(page)
    for part in ("document.body.innerText", "document.querySelector('#summary').innerText"):
        assert EVIL in tab.run(part)
    assert tab.run("document.title") == f"qnnbench: {EVIL}"
    assert tab.run("document.querySelectorAll('img').length") == 0
    shown = tab.run(
        "[...document.querySelectorAll('.panel')].map((panel) => { panel.focus();"
        "panel.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));"
        "return panel.querySelector('.tip')?.textContent ?? ''; })"
    )
    assert any(EVIL in told for told in shown)
    assert tab.run("document.querySelectorAll('img').length") == 0


def test_the_headline_figure_is_seen_at_once(moments_page, tab):
    tab.open(moments_page, 1440, 900)
    bottom = "document.querySelector('.first .panel').getBoundingClientRect().bottom"
    assert 300 < tab.run(bottom) < 900
    ink = (
        "[...document.querySelector('#gradient_variance-0').children]"
        ".filter((child) => child.getBBox?.().width > 0).length"
    )
    assert tab.run(ink) > 20


TABLE = "document.querySelector('#table-scores')"


def column(tab, heading):
    """Return the shown texts of one column of the table of scores."""
    return tab.run(
        f"(() => {{ const table = {TABLE};"
        "const at = [...table.tHead.rows[0].cells].findIndex("
        f"(cell) => cell.textContent === {json.dumps(heading)});"
        "return [...table.tBodies[0].rows].filter((row) => !row.hidden)"
        ".map((row) => row.cells[at].textContent); })()"
    )


def press_heading(tab, heading):
    tab.run(
        f"[...{TABLE}.querySelectorAll('th button')]"
        f".find((button) => button.textContent === {json.dumps(heading)}).focus()"
    )
    tab.press("Enter")


def test_a_heading_sorts_by_number_and_says_so(page, tab):
    tab.open(page)
    tab.run(f"{TABLE}.closest('details').open = true")
    for order, name in ((sorted, "ascending"), (lambda v: sorted(v, reverse=True), "descending")):
        press_heading(tab, "median")
        cells = [text for text in column(tab, "median") if text != "–"]
        values = [float(text.replace("−", "-")) for text in cells if "×" not in text]
        assert len(values) > 5
        assert values == order(values)
        sorted_by = f"{TABLE}.querySelector('th[aria-sort={name}]').textContent"
        assert tab.run(sorted_by) == "median"
        assert name in tab.run("document.querySelector('.skip[role=status]').textContent")


def test_filters_leave_the_rows_that_match_and_count_them(page, tab):
    tab.open(page)
    tab.run(f"{TABLE}.closest('details').open = true")
    everything = len(column(tab, "qubits"))
    tools = f"{TABLE}.closest('.table').querySelector('.tools')"
    tab.run(
        f"(() => {{ const select = [...{tools}.querySelectorAll('label')]"
        ".find((label) => label.firstChild.textContent === 'qubits').querySelector('select');"
        "select.value = '32';"
        "select.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )
    left = column(tab, "qubits")
    assert set(left) == {"32"}
    assert 0 < len(left) < everything
    count = f"{tools}.querySelector('output').textContent"
    assert tab.run(count) == f"{len(left):,} of {everything:,} rows"
    tab.run(f"{tools}.querySelector('input').focus()")
    tab.call("Input.insertText", text="contrast RG_TREE")
    arms = column(tab, "arm")
    assert arms
    assert all(arm.startswith("rg_tree") for arm in arms)
    assert set(column(tab, "metric")) == {"contrast"}


PANEL = "document.querySelector('#success-0').closest('.panel')"


def test_arrow_keys_and_the_pointer_say_what_a_point_is(page, tab):
    tab.open(page)
    tab.run(f"{PANEL}.scrollIntoView(); {PANEL}.focus()")
    tab.press("ArrowRight")
    tip = f"{PANEL}.querySelector('.tip').textContent"
    by_key = tab.run(tip)
    assert "share of repeats (fraction): " in by_key
    assert "width (qubits): 8" in by_key
    assert "\nrun" in by_key
    tab.press("Escape")
    assert tab.run(tip) == ""
    tab.press("ArrowRight")
    tab.press("ArrowLeft")
    x, y = tab.run(
        f"(() => {{ const box = {PANEL}.querySelector('.ring').getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    tab.press("Escape")
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    assert tab.run(tip) == by_key
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert tab.run(tip) == ""


def test_a_panel_opens_large_zooms_and_comes_back(page, tab):
    tab.open(page)
    home = f"{PANEL}.parentNode.className"
    before = tab.run(home)
    tab.run(f"{PANEL}.querySelector('button').focus()")
    tab.press("Enter")
    width = f"{PANEL}.querySelector('svg').getBoundingClientRect().height"
    first = tab.run(width)
    assert tab.run("document.querySelector('dialog').open")
    assert first > 500
    tab.press("ArrowRight")
    assert tab.run(f"{PANEL}.querySelector('.tip').textContent") != ""
    tab.press("ArrowRight")
    tab.call("Input.dispatchMouseEvent", type="mouseWheel", x=700, y=500, deltaX=0, deltaY=-300)
    tab.run("new Promise((done) => setTimeout(done, 100))")
    assert tab.run(width) > 1.3 * first
    tab.press("Escape")
    tab.run("new Promise((done) => setTimeout(done, 100))")
    assert not tab.run("document.querySelector('dialog').open")
    assert tab.run(home) == before


def test_the_button_changes_colours_and_the_system_decides_before(page, tab):
    ground = "getComputedStyle(document.body).backgroundColor"
    for theme, other in (("light", "dark"), ("dark", "light")):
        tab.open(page, theme=theme)
        tab.run("localStorage.clear()")
        tab.open(page, theme=theme)
        first = tab.run(ground)
        assert tab.run("document.documentElement.dataset.theme") == theme
        tab.run("document.querySelector('#theme').click()")
        assert tab.run("document.documentElement.dataset.theme") == other
        assert tab.run(ground) != first
    tab.run("localStorage.clear()")


def test_print_shows_every_row_and_no_controls(page, tab):
    tab.open(page, theme="dark")
    tools = "document.querySelector('.tools input')"
    tab.run(f"{tools}.value = 'nothing has this'")
    tab.run(f"{tools}.dispatchEvent(new Event('input', {{ bubbles: true }}))")
    tab.call("Emulation.setEmulatedMedia", media="print")
    tab.run("dispatchEvent(new Event('beforeprint'))")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    seen = "(all) => [...document.querySelectorAll(all)].filter((e) => e.checkVisibility())"
    for controls in (":not(th) > button", "select", "input", "nav"):
        assert tab.run(f"({seen})('{controls}').length") == 0
    rows = tab.run("document.querySelectorAll('tbody tr').length")
    assert tab.run(f"({seen})('tbody tr').length") == rows > 100
    tab.run("dispatchEvent(new Event('afterprint'))")
    assert tab.run("document.querySelectorAll('details[open]').length") == 0


# Rows of a table are alike, and so are panels: few of each are asked about, which takes seconds.
ALIKE = "tbody tr:nth-child(n + 3), main section ~ section ~ section .panels, .ids"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_accessible(page, tab, theme):
    axe = pytest.importorskip("axe_core_python", reason="no axe-core: pip install -e '.[dev]'")
    tab.open(page, theme=theme)
    tab.run(
        "for (const part of document.querySelectorAll('details')) part.open = true;"
        f"for (const part of document.querySelectorAll({ALIKE!r})) part.remove();"
        "0"
    )
    tab.run((files(axe) / "axe.min.js").read_text(encoding="utf-8") + "; 0")
    found = tab.run(
        "axe.run({ resultTypes: ['violations'], preload: false }).then((said) =>"
        "said.violations.map(({ id, impact, nodes }) => ({ id, impact,"
        "where: nodes.slice(0, 3).map((node) => node.html.slice(0, 120)) })))"
    )
    assert [v for v in found if v["impact"] in ("serious", "critical")] == []
