"""``/api/docs``: the description of the API as a page, made of the same file."""

import re

from flask import Blueprint, render_template
from markupsafe import Markup, escape

from pyca.ui.api.area import DOCS
from pyca.ui.api.description import description
from pyca.ui.context import context
from pyca.ui.view.reference import Reference

blueprint = Blueprint("api_docs", __name__)

_CODE = re.compile(r"`([^`]+)`")
_STRESSED = re.compile(r"\*([^*]+)\*")


@blueprint.get(DOCS)
def show() -> str:
    """Show all that programs can ask."""
    # Loaded here: only this page needs it.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reference = Reference(yaml.load(description(), loader), context().settings.ui.url)
    return render_template("docs.html", reference=reference, groups=reference.groups(), prose=prose)


def prose(text: str) -> Markup:
    """Return text of the description as HTML: paragraphs, code in backticks, stressed words in asterisks."""
    paragraphs = [str(escape(part.strip())) for part in text.split("\n\n") if part.strip()]
    marked = [_STRESSED.sub(r"<em>\1</em>", _CODE.sub(r"<code>\1</code>", part)) for part in paragraphs]
    return Markup("".join(f"<p>{part}</p>" for part in marked))
