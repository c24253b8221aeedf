"""What a description of an interface tells of, and what its application answers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

from pyca.ui.access.rights import needed

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


class Stand:
    """What a description is tried with; requests are made before there is a fixture."""

    app: Flask | None = None

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        assert self.app is not None
        return self.app(environ, start)


def check_rights(document: Mapping[str, Any], app: Flask, described: tuple[str, ...]) -> None:
    """Check that a document tells of each address what its application wants of those who ask."""
    for (path, method), endpoint in routes(app, described).items():
        if path == "/healthz":
            continue
        scope = needed(app.view_functions[endpoint], method)
        expected = [] if scope is None else [{name: [str(scope)]} for name in ("basic", "token", "login")]
        assert operations(document)[path, method].get("security", document["security"]) == expected, (
            path,
            method,
        )


def check_parts(document: Mapping[str, Any], text: str) -> None:
    """Check that every part of a document is used in it."""
    for kind in ("parameters", "responses", "schemas"):
        for name in document["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name
