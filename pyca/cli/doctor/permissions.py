"""May this user write what pyCA writes, and does it all belong to one user?"""

import os
import pwd
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pyca.cli.doctor.disks import folders as recording_folders
from pyca.cli.doctor.finding import Finding, failed, ok, skipped, warning
from pyca.config.settings import Settings
from pyca.store.database import Database
from pyca.store.privacy import COMPANIONS

_MOST = 5000
"""entries of a folder that are looked at"""


def check(settings: Settings) -> Iterator[Finding]:
    """Look at the folders and files that the services write."""
    database = Database(settings.agent.database).file
    user = os.geteuid()
    folders = {**dict(recording_folders(settings)), "previews": settings.capture.preview_dir}
    for label, folder in folders.items():
        yield _folder(label, folder)
    for label, file in (("log file", settings.logging.file), ("cookie file", settings.server.cookiefile)):
        if file:
            yield _file(label, file)
    owner = _owner_of(database, settings.capture.directory)
    if user == 0 and owner:
        remedy = f"look again as that user: “sudo -u {user_name(owner)} pyca doctor”"
        yield skipped(
            "user", f"root may do everything; whether user {user_name(owner)} may is not told: {remedy}"
        )
    yield from _strangers(database, folders, user or owner)


def _folder(label: str, folder: Path) -> Finding:
    """Tell whether a folder may be written, or made."""
    place = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not place.is_dir():
        return failed(label, f"{place} is in the way: it is no folder", "move it away, or set another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        return failed(label, f"{place} may not be written by user {user_name(os.geteuid())}", _give(place))
    return ok(label, f"{folder} may be written" if place == folder else f"{folder} can be made")


def _file(label: str, file: Path) -> Finding:
    """Tell whether a file may be written, or made."""
    if not file.parent.is_dir():
        return failed(
            label, f"the folder {file.parent} does not exist", "make it for pyCA's user, or set another"
        )
    if not os.path.lexists(file) and not os.access(file.parent, os.W_OK | os.X_OK):
        return failed(label, f"{file} cannot be made by user {user_name(os.geteuid())}", _give(file.parent))
    if not os.path.lexists(file):
        return ok(label, f"{file} can be made")
    if file.is_dir():
        return failed(label, f"{file} is a folder", "move it away, or set another file")
    if not os.access(file, os.W_OK):
        return failed(label, f"{file} may not be written by user {user_name(os.geteuid())}", _give(file))
    return ok(label, f"{file} may be written")


def _give(path: Path) -> str:
    user = user_name(os.geteuid())
    return f"run “chown -R {user} {path}”, or look again as pyCA's own user"


def _owner_of(*paths: Path | None) -> int:
    """Return who owns the first of these that is there; root where none is."""
    return next((path.stat().st_uid for path in paths if path and path.exists()), 0)


def _strangers(database: Path | None, folders: dict[str, Path], user: int) -> Iterator[Finding]:
    """Tell what belongs to others, such as what a command given as root has left behind."""
    beside = [Path(f"{database}{end}") for end in (*COMPANIONS, ".lock")] if database else []
    places = {path: path for path in beside if path.exists()}
    places |= {path: folder for folder in folders.values() for path in _listing(folder)}
    if not places:
        return
    others = [path for path in places if path.lstat().st_uid != user]
    if not others:
        yield ok("owner", f"user {user_name(user)} owns database and recordings")
        return
    first = f"{others[0]} belongs to user {user_name(others[0].lstat().st_uid)}, not to {user_name(user)}"
    more = f"; so do {len(others) - 1} more" if len(others) > 1 else ""
    roots = " ".join(map(str, dict.fromkeys(places[path] for path in others)))
    remedy = f"run “chown -R {user_name(user)} {roots}”, and pyca only as that user"
    yield warning("owner", f"{first}{more}", remedy)


def _listing(folder: Path) -> Iterator[Path]:
    """Yield a folder and what is in it."""
    if folder.is_dir():
        yield folder
        yield from islice(folder.iterdir(), _MOST)


def user_name(user: int) -> str:
    """Return the name of a user, or the number where it has none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
