"""How Sphinx builds the docs: `make docs`, strictly, into build/docs/."""

import racer

project = "racer"
version = release = racer.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"racer {release}"
exclude_patterns = ["images"]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# Floors, `params` tables and shell output are plain text, not code to colour.
highlight_language = "none"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
default_role = "code"  # `name` in a docstring is code


def _public(app, docname, source):
    """Put what `racer` exports, and nothing else, in the place of `<!-- api -->`."""
    if docname != "api":
        return
    lines = ["```{eval-rst}"]
    for name in racer.__all__:
        thing = getattr(racer, name)
        kind = "exception" if name.endswith("Error") else "class" if isinstance(thing, type) else ""
        lines += [f".. auto{kind or 'function'}:: racer.{name}"]
        lines += ["   :members:", ""] if kind else [""]
    source[0] = source[0].replace("<!-- api -->", "\n".join([*lines, "```"]))


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", _public)
