"""Files of a folder of the operator's, for browsers: nothing outside of it, nothing hidden."""

from pathlib import Path

from flask import Blueprint, redirect, request, send_file
from werkzeug.exceptions import BadRequest, Forbidden, NotFound
from werkzeug.routing import PathConverter
from werkzeug.wrappers import Response

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
            return redirect(f"{request.script_root}/{path}/", code=308)
        found = _find(root, f"{path}{INDEX}")
    elif path.endswith("/"):
        raise NotFound("There is no such folder.")
    if not found.is_file():
        raise NotFound("There is no such file.")
    try:
        kind = TYPES.get(found.suffix.lower(), _OTHER)
        response = send_file(found, mimetype=kind, conditional=True, etag=True, max_age=None)
    except OSError as error:
        # It may be gone by now, or not be ours to read.
        raise NotFound("There is no such file.") from error
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = _POLICY
    return response


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
