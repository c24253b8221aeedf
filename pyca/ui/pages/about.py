"""``/about``: what this program is, under which licence, and what it is made of."""

from flask import Blueprint, render_template

from pyca.ui.context import context

blueprint = Blueprint("about", __name__)

DOCUMENTS = (
    ("README.rst", "what pyCA does, how to install it, its commands"),
    ("docs/configuration.rst", "every key of the configuration"),
    ("docs/operations.rst", "running it: checks, alarms, disks, the log"),
    ("docs/decisions.md", "why it is built as it is"),
    ("apidocs.rst", "the API for programs"),
)
"""Documents in the repository, and what they are about."""


@blueprint.get("/about")
def show() -> str:
    """Show the page."""
    versions = context().versions
    return render_template(
        "about.html", libraries=versions.libraries, python=versions.python, documents=DOCUMENTS
    )
