"""Files of a folder of the operator's, for browsers: nothing outside of it, nothing hidden."""

import os
import stat
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from flask import Blueprint, redirect, request
from werkzeug.exceptions import BadRequest, Forbidden, NotFound, RequestedRangeNotSatisfiable
from werkzeug.routing import PathConverter
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

INDEX = "index.html"
TYPES = {
    ".css": "text/css",
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mjs": "text/javascript",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""By ending; everything else is bytes that browsers offer to keep. The machine's own table is not asked."""
_OTHER = "application/octet-stream"
# The operator's pages may be written as they like; they still talk to this machine alone.
_POLICY = (
    "default-src 'self' 'unsafe-inline' data: blob:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class FilePath(PathConverter):
    """The path of a file: anything but what programs ask, which is answered by the interface alone."""

    regex = r"(?!api(?:/|$)).*?"
    weight = 300


def docroot_blueprint(root: Path) -> Blueprint:
    """Return a blueprint that answers with the files of a folder.

    :param root: absolute; it need not exist yet
    """
    blueprint = Blueprint("docroot", __name__)

    @blueprint.get("/<file:path>")
    def show(path: str) -> Response:
        """Send a file of the folder.

        :raises NotFound: where there is none
        """
        return send(root, path)

    return blueprint


def send(root: Path, path: str) -> Response:
    """Return the answer with a file; that of a folder is its index.

    :param path: below the folder, as it was asked for
    :raises NotFound: where there is none
    :raises BadRequest: where it can be no file of ours: hidden, or beside the folder
    :raises Forbidden: where a link leads out of the folder
    """
    found = _find(root, path)
    if found.is_dir():
        if path and not path.endswith("/"):
            query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
            return redirect(f"{request.script_root}/{quote(path)}/{query}", code=308)
        found = _find(root, f"{path}{INDEX}")
    elif path.endswith("/"):
        raise NotFound("There is no such folder.")
    response = _sent(_open(root, found), TYPES.get(found.suffix.lower(), _OTHER))
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def _sent(file: BinaryIO, kind: str) -> Response:
    """Return an answer with a file, or with a part of it. No thread of the server waits for a slow reader."""
    seen = os.fstat(file.fileno())
    response = Response(wrap_file(request.environ, file), mimetype=kind, direct_passthrough=True)
    response.last_modified = datetime.fromtimestamp(int(seen.st_mtime), UTC)
    response.set_etag(f"{seen.st_mtime_ns:x}-{seen.st_size:x}-{seen.st_ino:x}")
    response.content_length = seen.st_size
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=seen.st_size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    if request.method == "HEAD" or response.status_code == HTTPStatus.NOT_MODIFIED:
        file.close()
        response.response = []
    elif response.status_code == HTTPStatus.PARTIAL_CONTENT and "wsgi.file_wrapper" in request.environ:
        # The server sends as much as the answer's length says, from where the file stands.
        file.seek(response.content_range.start or 0)
        response.response = wrap_file(request.environ, file)
    return response


def _open(root: Path, found: Path) -> BinaryIO:
    """Open a regular file of the folder: no link that was put there in between leads out of it.

    :param found: without links, as it was found
    :raises NotFound: where it is gone, no file, or not ours to read
    """
    top = root.resolve()
    here = -1
    try:
        here = os.open(top, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        *folders, name = found.relative_to(top).parts
        for folder in folders:
            step = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = step
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=here)
    except (OSError, ValueError) as error:
        raise NotFound("There is no such file.") from error
    finally:
        if here >= 0:
            os.close(here)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound("There is no such file.")
    return os.fdopen(descriptor, "rb")


def has_index(root: Path) -> bool:
    """Tell whether a folder has a first page."""
    return (root / INDEX).is_file()


def _find(root: Path, path: str) -> Path:
    parts = [part for part in path.split("/") if part]
    if any(part.startswith(".") for part in parts):
        raise BadRequest("Names with a dot in front are not served.")
    if any(not character.isprintable() or character == "\\" for character in path):
        raise BadRequest("This is the name of no file.")
    try:
        real, top = root.joinpath(*parts).resolve(strict=True), root.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise NotFound("There is no such file.") from error
    if not real.is_relative_to(top):
        raise Forbidden("This leads out of the folder that is served.")
    if any(part.startswith(".") for part in real.relative_to(top).parts):
        raise BadRequest("Names with a dot in front are not served.")
    return real
