"""Answers: JSON:API documents with a tag, so that what has not changed is not sent again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

from pyca.ui.api.errors import ApiError, Problem
from pyca.ui.api.media import MEDIA_TYPE

Resource = Mapping[str, Any]


def answer(
    data: Resource | Sequence[Resource] | None = None,
    *,
    meta: Mapping[str, Any] | None = None,
    links: Mapping[str, Any] | None = None,
    included: Sequence[Resource] | None = None,
    status: int = 200,
) -> Response:
    """Return a document; what is None is left out.

    :param data: a resource, or a list of them
    """
    text = render(data, meta=meta, links=links, included=included)
    response = Response(text, status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept, Authorization, Cookie"
    if status == 200:
        # What a change answers is what reading it would, so that the next change can build on it.
        tag = tag_of(text)
        response.set_etag(tag, weak=True)
        if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(tag):
            response.status_code, response.data = 304, b""
    return response


def render(
    data: Resource | Sequence[Resource] | None = None,
    *,
    meta: Mapping[str, Any] | None = None,
    links: Mapping[str, Any] | None = None,
    included: Sequence[Resource] | None = None,
) -> bytes:
    """Return the text of a document; what is None is left out."""
    parts = {"data": data, "meta": meta, "links": links, "included": included}
    body = {name: part for name, part in parts.items() if part is not None}
    text = json.dumps(body | {"jsonapi": {"version": "1.1"}}, ensure_ascii=False)
    return text.encode("utf-8", "replace")


def tag_of(text: bytes) -> str:
    """Return what stands in the ``ETag`` of a document."""
    return hashlib.sha256(text).hexdigest()[:32]


def check_match(data: Resource | Sequence[Resource]) -> None:
    """Refuse a change that builds on what is not true any more: the header “If-Match” tells on what it does.

    :param data: what reading it answers at present
    :raises ApiError: 412
    """
    wanted = request.if_match
    if "If-Match" not in request.headers or wanted.star_tag:
        return
    if not wanted.contains_weak(tag_of(render(data))):
        detail = "It was changed meanwhile. Read it again, and change that."
        raise ApiError(Problem(412, "Precondition failed", detail, header="If-Match"))
