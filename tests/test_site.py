"""The built site opens from a folder: nothing is loaded from elsewhere, links lead somewhere."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).parents[1] / "docs" / "_build" / "html"
LOADING = {  # attributes whose address a browser fetches by itself
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "form": ("action",),
}

pytestmark = pytest.mark.skipif(
    not (SITE / "index.html").exists(), reason="the site is not built: make docs builds it"
)


class Page(HTMLParser):
    """A page: what it loads, where its links lead, which anchors it has."""

    def __init__(self, path):
        super().__init__()
        self.path, self.loads, self.links, self.anchors = path, [], [], set()
        self.styles, self._in_style = [], False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._in_style = tag == "style"
        self.styles.append(given.get("style") or "")
        self.loads += [given[name] for name in LOADING.get(tag, ()) if given.get(name)]
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if "id" in given:
            self.anchors.add(given["id"])

    def handle_data(self, data):
        if self._in_style:
            self.styles.append(data)


@pytest.fixture(scope="module")
def pages():
    return {path: Page(path) for path in sorted(SITE.rglob("*.html"))}


def is_remote(address):
    return bool(urlsplit(address).netloc) or address.startswith("//")


def test_pages_load_nothing_from_another_host(pages):
    assert len(pages) > 20
    for page in pages.values():
        assert [address for address in page.loads if is_remote(address)] == [], page.path
        assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import", "".join(page.styles))


def test_style_sheets_load_nothing_from_another_host():
    sheets = list(SITE.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text()
        assert "@import" not in text, sheet
        assert not any(map(is_remote, re.findall(r"url\(\s*['\"]?([^'\")]+)", text))), sheet


def test_what_pages_load_and_link_to_is_there(pages):
    for page in pages.values():
        for address in page.loads + page.links:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (
                (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            )
            assert target.exists(), (page.path, address)
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].anchors | {"content"}, address


def test_search_finds_pages_by_their_words_without_a_server(pages):
    script = (SITE / "searchindex.js").read_text()  # a script: file:// lets no page fetch data
    index = json.loads(re.fullmatch(r"Search\.setIndex\((.*)\)", script, re.DOTALL)[1])
    for word, part, page in (
        ("contrast", "titleterms", "concepts/contrast"),
        ("contrast", "terms", "reference/config"),
        ("automaton", "terms", None),
        ("markov", "terms", "concepts/plateaus"),
    ):
        found = index[part].get(word, [])
        names = {index["docnames"][i] for i in (found if isinstance(found, list) else [found])}
        assert page in names if page else not names, word
    assert any("searchindex.js" in address for address in pages[SITE / "search.html"].loads)


def test_every_page_is_reached_from_the_first(pages):
    reached, to_read = set(), [SITE / "index.html"]
    while to_read:
        page = to_read.pop()
        if page in reached or page not in pages:
            continue
        reached.add(page)
        to_read += [
            (page.parent / unquote(urlsplit(link).path)).resolve()
            for link in pages[page].links
            if not urlsplit(link).netloc
        ]
    assert set(pages) - reached <= {SITE / "search.html", SITE / "genindex.html"}


def test_generated_parts_are_on_the_pages(pages):
    for name, words in {
        "reference/config": "batch_size",
        "reference/tables": "log10_gradient_variance_max",
        "reference/commands": "--observable-index",
        "reference/python": "gradient_error",
        "gallery": "What is plotted",
        "howto/read": "variances.pivot",
    }.items():
        content = (SITE / f"{name}.html").read_text()
        assert words in re.sub(r"<[^>]+>", "", content), name
    assert not any("generated:" in path.read_text() for path in pages)
