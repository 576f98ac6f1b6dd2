"""The console of docs/cli.md prints what the page shows, "…" standing for anything."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qnnbench.cli import COMMANDS, app

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "cli.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, flags=re.DOTALL)
SNIPPETS = [
    snippet for block in BLOCKS for snippet in re.split(r"^\$ qnnbench ", block, flags=re.M)[1:]
]


def shown(text):
    """Return a pattern of what is shown: spaces in any number, "…" for anything."""
    parts = [re.escape(" ".join(part.split())) for part in text.split("…")]
    return r".*?".join(parts)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[s.partition("\n")[0] for s in SNIPPETS])
def test_the_page_shows_what_is_printed(snippet, tmp_path, monkeypatch):
    command, _, expected = snippet.partition("\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")
    monkeypatch.setenv("COLUMNS", "120")
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == (2 if expected.startswith("Error") else 0), done.output
    found = " ".join(done.output.split())
    assert re.search(shown(expected), found, flags=re.DOTALL), done.output


def test_every_command_is_on_the_page():
    for name in COMMANDS:
        assert f"`{name}" in TEXT or f"qnnbench {name}" in TEXT, name
