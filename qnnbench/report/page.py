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

from qnnbench.figures import DARK, FIGURES, LIGHT, NARROW, WIDE, Drawing, render
from qnnbench.registry import lookup
from qnnbench.report import claims, leaderboard, machines, summary, tables
from qnnbench.report.inline import inline
from qnnbench.results import digest, read_rows, write_atomically

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
    "claims",
    "leaderboard",
)
FOLDER = Path(__file__).parent
TWICE_BYTES = 130_000  # the largest figure that stands on the page for phones, too


@dataclass(frozen=True)
class Picture:
    """A figure on the page, or the reason why there is none.

    Attributes:
        drawing: Its entry of ``FIGURES``.
        headline: What is seen; empty where nothing could be drawn.
        wide: Markup for screens, side by side.
        narrow: Markup for phones, one panel per line; empty where the wide one is too heavy
            to stand on the page twice.
        missing: Why there is nothing to draw; empty where there is.
    """

    drawing: Drawing
    headline: str
    wide: Markup
    narrow: Markup
    missing: str


def write_report(
    table_files: Mapping[str, Sequence[Path]], out_dir: Path, config: Mapping[str, Any]
) -> Path:
    """Draw the figures of a study and write its page; return the path of the page.

    Args:
        table_files: Row files by table; a table left out has no rows.
        out_dir: Receives ``index.html`` and ``figures/*.png`` and ``*.svg``.
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
    pictures = [_picture(drawing, frames, Path(out_dir)) for drawing in FIGURES.values()]
    page = render_page(frames, pictures, config)
    path = Path(out_dir) / "index.html"
    _write(path, page.encode())
    return path


def _write(path: Path, content: bytes) -> None:
    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    write_atomically(path, write)


def _picture(drawing: Drawing, frames: dict[str, pd.DataFrame], out_dir: Path) -> Picture:
    """Draw one figure, write its files, and return what the page shows of it."""
    rows = pd.concat([frames[table] for table in drawing.tables], ignore_index=True)
    figure = drawing.draw(rows, WIDE)
    png, svg = render(figure, "png"), render(figure, "svg")
    _write(out_dir / "figures" / f"{drawing.name}.png", png)
    _write(out_dir / "figures" / f"{drawing.name}.svg", svg)
    drawn = drawing.select(rows)
    if drawn.empty:
        return Picture(drawing, "", Markup(), Markup(), _missing(drawing, frames))
    headline = drawing.headline(drawn)
    wide = inline(svg, png, f"{drawing.name}-wide", headline)
    if wide.startswith("<img") or len(wide) > TWICE_BYTES:
        return Picture(drawing, headline, wide, Markup(), "")
    narrow = render(drawing.draw(rows, NARROW), "svg")
    on_phones = inline(narrow, png, f"{drawing.name}-narrow", headline)
    return Picture(drawing, headline, wide, on_phones, "")


def _missing(drawing: Drawing, frames: dict[str, pd.DataFrame]) -> str:
    """Return what a figure lacks and what the rows say of the reason."""
    text = f"Nothing to draw: the study holds no {drawing.wants}."
    source = "trainability" if drawing.tables == ("trainability",) else "runs"
    stopped = frames[source][frames[source]["status"] != "ok"]
    reasons = (
        stopped[["status", "reason"]].astype(object).replace("", None).fillna("no reason given")
    )
    for row in reasons.value_counts().head(3).reset_index().to_dict("records"):
        text += f" {row['count']:,} {source} rows are {row['status']}: {row['reason']}."
    return text


def render_page(
    frames: dict[str, pd.DataFrame], pictures: list[Picture], config: Mapping[str, Any]
) -> str:
    """Return the HTML of the page; every name and reason is escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["powers"] = powers
    return environment.get_template("template.html").render(
        study=config.get("study", "unnamed"),
        style=Markup("".join((FOLDER / f).read_text() for f in ("page.css", "claims.css"))),
        script=Markup((FOLDER / "page.js").read_text()),
        light=LIGHT,
        dark=DARK,
        facts=summary.facts(frames),
        overview=summary.overview(frames),
        sentences=summary.sentences(frames),
        pictures={picture.drawing.name: picture for picture in pictures},
        tables=_tables(frames),
        claims=claims.cards(frames["claims"]),
        limits=_limits(frames["datasets"]),
        provenance=_provenance(frames, config),
        run_ids=sorted(set(pd.concat(f["run_id"] for f in frames.values()).dropna())),
        config=json.dumps(config, indent=2, default=str),
        references=references((FOLDER / "references.bib").read_text(encoding="utf-8")),
    )


def _tables(frames: dict[str, pd.DataFrame]) -> dict[str, tables.Table]:
    made = (
        tables.moments(frames["trainability"]),
        tables.verdicts(frames["verdicts"]),
        tables.scores(frames["scores"], frames["runs"]),
        tables.comparisons(frames["scores"], frames["rivals"]),
        tables.rivals(frames["rivals"]),
        leaderboard.leaderboard(frames["leaderboard"]),
        machines.hardware(frames["hardware"]),
        machines.jobs(frames["jobs"]),
        tables.runs(frames["runs"]),
        tables.not_run(frames["runs"], frames["trainability"]),
        tables.datasets(frames["datasets"]),
        tables.certificates(frames["certificates"]),
    )
    return {table.name: table for table in made}


def _limits(rows: pd.DataFrame) -> list[Any]:
    """Return the families whose datasets the study holds; they state their limits."""
    from qnnbench.states.datasets import DATASETS  # loads Cirq: 4 s that no import pays

    return [
        DATASETS[name] for name in sorted(rows["family"].dropna().unique()) if name in DATASETS
    ]


def _provenance(frames: dict[str, pd.DataFrame], config: Mapping[str, Any]) -> dict[str, str]:
    """Return what identifies the study, and what its rows say they were made with."""
    together = pd.concat([frame.loc[:, "run_id":"status"] for frame in frames.values()])

    def values(column: str) -> str:
        return ", ".join(sorted(together[column].dropna().unique())) or "no rows"

    return {
        "study": str(config.get("study", "unnamed")),
        "seed": str(config.get("seed", "not stated")),
        "config hash of this page": digest(dict(config)),
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


def _raise(match: re.Match[str]) -> str:
    return f"10<sup>{'−' if match[1] else ''}{match[2]}</sup>"


def references(bibliography: str) -> list[dict[str, str]]:
    """Return the entries of a BibTeX file that holds one ``field = {value},`` per line."""
    entries = []
    for key, body in re.findall(r"@\w+\{(\w+),\n(.*?)\n\}", bibliography, re.DOTALL):
        fields = dict(re.findall(r"^\s*(\w+) = \{(.*)\},$", body, re.MULTILINE))
        people = [" ".join(reversed(n.split(", "))) for n in fields["author"].split(" and ")]
        place = fields.get("booktitle") or f"{fields['journal']} {fields['volume']}"
        entries.append({**fields, "key": key, "people": ", ".join(people), "place": place})
    return entries
