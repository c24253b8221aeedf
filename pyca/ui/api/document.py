"""Answers: JSON:API documents with a tag, so that what has not changed is not sent again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

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
    parts = {"data": data, "meta": meta, "links": links, "included": included}
    body = {name: part for name, part in parts.items() if part is not None}
    text = json.dumps(body | {"jsonapi": {"version": "1.1"}}, ensure_ascii=False).encode()
    response = Response(text, status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept, Authorization, Cookie"
    if status == 200 and request.method in ("GET", "HEAD"):
        response.set_etag(hashlib.sha256(text).hexdigest()[:32], weak=True)
        response.make_conditional(request)
    return response
