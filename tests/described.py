"""What a description of an interface tells of, and what its application answers."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def operations(document: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return path and method → operation of a document of OpenAPI."""
    return {
        (path, method.upper()): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method.upper() in METHODS
    }


def routes(app: Flask, described: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Return path and method → endpoint of all addresses that begin so."""
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).rstrip("/"), method): rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(described)
        for method in (rule.methods or set()) & METHODS
    }
