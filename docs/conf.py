"""How the site is built: `make docs`, offline, warnings are errors.

Sphinx, with furo and MyST, because all three are kept up. Material for MkDocs takes only fixes
until November 2026, MkDocs 1 has had no release since 2024, and MkDocs 2 drops the plug-ins that
read docstrings. Nothing on a page is loaded from another host: no web fonts, no MathJax, no
intersphinx; the search index is a script, so that it works from file:// too.
"""

import sys
from importlib.metadata import version as installed
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from pygments.lexers import BashLexer  # noqa: E402
from sphinx.highlighting import lexers  # noqa: E402

from docs.parts import filled  # noqa: E402 - beside the package, which need not be installed

project = "qnnbench"
author = "the authors of qnnbench"
version = release = installed("qnnbench")
html_title = f"qnnbench {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "notes_style"), ("Sources", "notes_style")]

html_theme = "furo"
html_theme_options = {"footer_icons": []}
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which browsers forbid under file://
pygments_style = "friendly"
pygments_dark_style = "native"
lexers["console"] = BashLexer()  # lines stand without a prompt, to be copied


def fill(app, page, source):
    """Put what is read from the code in place of ``<!-- generated: NAME -->``."""
    source[0] = filled(source[0])


def escape(app, what, name, obj, options, lines):
    """Keep |0…0> and the like as text: reST would look for a substitution."""
    lines[:] = [line.replace("|", r"\|") for line in lines]


def setup(app):
    """Connect the above."""
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", escape)
