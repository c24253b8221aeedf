"""Answers of the livebox interface: plain JSON, and errors as ``{"code": …, "reason": …}``."""

import json
from typing import Any

from flask import Response

MEDIA_TYPE = "application/json"


def answer(body: Any, status: int = 200) -> Response:
    """Return plain JSON."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return Response(text + b"\n", status, content_type=MEDIA_TYPE)


def refusal(code: int, text: str, remedy: str = "") -> Response:
    """Return why something was not done; nothing was changed."""
    return answer({"code": code, "reason": sentences(text, remedy)}, code)


def sentences(*texts: str) -> str:
    """Return words of ours, which stand alone elsewhere, as sentences; empty ones are dropped."""
    return " ".join(_sentence(text) for text in texts if text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
