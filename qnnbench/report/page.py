"""The report: one HTML page that opens from a file, without a network."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from qnnbench.figures import DARK, FIGURES, LIGHT, WIDE, Drawing, render
from qnnbench.own import without_paths
from qnnbench.registry import lookup
from qnnbench.report import claims, summary
from qnnbench.report.cells import Table
from qnnbench.report.files import write_bytes, write_frame
from qnnbench.report.inline import Shared, Shown, inline
from qnnbench.report.sections import OVERVIEW, SECTIONS, Drawn, Listed
from qnnbench.results import digest, read_rows

TABLES = (
    "datasets",
    "certificates",
    "trainability",
    "verdicts",
    "runs",
    "steps",
    "scores",
    "rivals",
    "hardware",
    "jobs",
    "device_steps",
    "claims",
    "leaderboard",
)
FOLDER = Path(__file__).parent
HEADLINE = "gradient_variance"  # the figure of the first screen
MOST_RUNS = 250  # run ids that stand below a figure


@dataclass(frozen=True)
class Picture:
    """A figure on the page, or the reason why there is none.

    Attributes:
        drawing: Its entry of ``FIGURES``.
        missing: Why there is nothing to draw; empty where there is.
        headline: What is seen.
        shown: Its panels.
        n_rows: How many rows it draws.
        n_runs: How many run ids these have.
        runs: The first of them.
    """

    drawing: Drawing
    missing: str
    headline: str = ""
    shown: Shown | None = None
    n_rows: int = 0
    n_runs: int = 0
    runs: tuple[str, ...] = ()


def write_report(
    table_files: Mapping[str, Sequence[Path]], out_dir: Path, config: Mapping[str, Any]
) -> Path:
    """Draw the figures of a study and write its page; return the path of the page.

    Args:
        table_files: Row files by table; a table left out has no rows.
        out_dir: Receives ``index.html``, ``figures/*.png`` and ``*.svg``, and the rows behind
            each figure and table, ``data/*.parquet`` and ``*.csv``.
        config: The whole resolved config of the study.

    Raises:
        ValueError: An unknown table, a file that is no table of this version, or an accuracy
            above its ceiling.
        FileNotFoundError: A row file is missing.
    """
    from qnnbench.tasks.ceilings import above_ceiling  # loads Cirq: 4 s that no import pays

    for name in table_files:
        lookup(dict.fromkeys(TABLES, name), name, "table of the report")
    frames = {name: read_rows(name, table_files.get(name, ())) for name in TABLES}
    accuracies = [row for t in ("scores", "rivals") for row in frames[t].to_dict("records")]
    if broken := above_ceiling(accuracies):
        raise ValueError("\n".join(broken))
    out_dir, shared = Path(out_dir), Shared()
    pictures = [_picture(drawing, frames, out_dir, shared) for drawing in FIGURES.values()]
    parts = [OVERVIEW, *(part for section in SECTIONS for part in section.parts)]
    tables = {part: part.make(frames) for part in parts if isinstance(part, Listed)}
    for table in tables.values():
        write_frame(out_dir / "data", f"table_{table.name}", table.frame)
    page = render_page(frames, pictures, tables, shared, config)
    path = out_dir / "index.html"
    write_bytes(path, page.encode())
    return path


def _picture(
    drawing: Drawing, frames: dict[str, pd.DataFrame], out_dir: Path, shared: Shared
) -> Picture:
    """Draw one figure, write its files and rows, and return what the page shows of it."""
    rows = pd.concat([frames[table] for table in drawing.tables], ignore_index=True)
    figure = drawing.draw(rows, WIDE)
    png = render(figure, "png")
    write_bytes(out_dir / "figures" / f"{drawing.name}.png", png)
    write_bytes(out_dir / "figures" / f"{drawing.name}.svg", render(figure, "svg"))
    drawn = drawing.select(rows)
    if drawn.empty:
        return Picture(drawing, why_missing(drawing, frames))
    write_frame(out_dir / "data", drawing.name, drawn)
    runs = drawn["run_id"].dropna().drop_duplicates()
    named = tuple(runs.head(MOST_RUNS))
    places = {run: i for i, run in enumerate(named)}
    shown = inline(figure, png, drawing.name, places, shared)
    return Picture(drawing, "", drawing.headline(drawn), shown, len(drawn), len(runs), named)


def why_missing(drawing: Drawing, frames: dict[str, pd.DataFrame]) -> str:
    """Return what a figure lacks and what the rows say of the reason."""
    text = f"Nothing to draw: the study holds no {drawing.wants}."
    (first, *_) = drawing.tables
    source = {"scores": "runs", "steps": "runs"}.get(first, first)  # a run that stops has neither
    stopped = frames[source][frames[source]["status"] != "ok"]
    reasons = (
        stopped[["status", "reason"]].astype(object).replace("", None).fillna("no reason given")
    )
    for row in reasons.value_counts().head(3).reset_index().to_dict("records"):
        text += f" {row['count']:,} {source} rows are {row['status']}: {row['reason']}."
    return text


def templates() -> Environment:
    """Return the templates of pages, in which every text is escaped."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(
    frames: dict[str, pd.DataFrame],
    pictures: Sequence[Picture],
    tables: Mapping[Listed, Table],
    shared: Shared,
    config: Mapping[str, Any],
) -> str:
    """Return the HTML of the page; every name and reason is escaped."""
    environment = templates()
    environment.filters["powers"] = powers
    environment.filters["breakable"] = breakable
    return environment.get_template("template.html").render(
        study=config.get("study", "unnamed"),
        style=Markup("".join((FOLDER / f).read_text() for f in ("page.css", "claims.css"))),
        script=Markup((FOLDER / "page.js").read_text()),
        light=LIGHT,
        dark=DARK,
        shared=shared,
        sections=SECTIONS,
        headline=Drawn(HEADLINE),
        facts=summary.facts(frames),
        overview=tables[OVERVIEW],
        overview_part=OVERVIEW,
        sentences=summary.sentences(frames),
        pictures={Drawn(picture.drawing.name): picture for picture in pictures},
        tables=tables,
        n_columns=max(len(table.columns) for table in tables.values()),
        claims=claims.cards(frames["claims"]),
        limits=_limits(frames["datasets"]),
        provenance=_provenance(frames, config),
        config=json.dumps(config, indent=2, default=str),
        references=references((FOLDER / "references.bib").read_text(encoding="utf-8")),
    )


def _limits(rows: pd.DataFrame) -> list[Any]:
    """Return the families whose datasets the study holds; they state their limits."""
    from qnnbench.states.datasets import DATASETS  # loads Cirq: 4 s that no import pays
    from qnnbench.states.family import own_card

    return [
        DATASETS.get(name) or own_card(name, 0, 0)
        for name in sorted(rows["family"].dropna().unique())
    ]


def _provenance(frames: dict[str, pd.DataFrame], config: Mapping[str, Any]) -> dict[str, str]:
    """Return what identifies the study, and what its rows say they were made with."""
    together = pd.concat([frame.loc[:, "run_id":"status"] for frame in frames.values()])

    def values(column: str) -> str:
        return ", ".join(sorted(together[column].dropna().unique())) or "no rows"

    return {
        "study": str(config.get("study", "unnamed")),
        "seed": str(config.get("seed", "not stated")),
        "config hash of this page": digest(without_paths(config)),
        "config hashes of the rows": values("config_hash"),
        "package version": values("package_version"),
        "source hash": values("source_hash"),
        "backends": values("backend"),
        "rows": ", ".join(f"{name} {len(frame):,}" for name, frame in frames.items()),
        "status": ", ".join(f"{s} {n:,}" for s, n in together["status"].value_counts().items()),
    }


def powers(text: str) -> Markup:
    """Return ``text`` escaped, with "10^-60.2" set as a power."""
    raised = re.sub(r"10\^(-?)([\d.]*\d)", _raise, str(escape(text)))
    return Markup(raised)


def breakable(text: Markup) -> Markup:
    """Return ``text`` with a place to break after each underscore, for narrow screens."""
    return text.replace("_", Markup("_<wbr>"))


def _raise(match: re.Match[str]) -> str:
    return f"10<sup>{'−' if match[1] else ''}{match[2]}</sup>"


def references(bibliography: str) -> list[dict[str, str]]:
    """Return the entries of a BibTeX file that holds one ``field = {value},`` per line.

    Fields besides the file's: "key", "people", and "place", where it is found in print.
    """
    entries = []
    for key, body in re.findall(r"@\w+\{(\w+),\n(.*?)\n\}", bibliography, re.DOTALL):
        fields = dict(re.findall(r"^\s*(\w+) = \{(.*)\},$", body, re.MULTILINE))
        people = [" ".join(reversed(n.split(", "))) for n in fields["author"].split(" and ")]
        if "eprint" in fields:
            place = f"arXiv:{fields['eprint']}"
        else:
            whole = fields.get("booktitle") or f"{fields['journal']} {fields['volume']}"
            place = f"{whole}, {fields['pages'].replace('--', '–')}"
        entries.append({**fields, "key": key, "people": ", ".join(people), "place": place})
    return entries
