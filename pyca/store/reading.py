"""Read what folders tell about recordings, whoever has edited them since."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pyca.core.event import Attachment, Event, Origin
from pyca.core.recording import Part, Recording, Track, Upload, UploadStep
from pyca.core.states import EventState, Outcome
from pyca.store.folder import NAME, Author, Description, load

logger = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")
Places = tuple[Path, ...]
"""A recording's folder, and others in which files of it may lie."""
Allowed = Callable[[Event], Iterable[Path]]

_LATEST = 32_503_680_000.0
"""seconds since 1970: the year 3000"""


def read(folder: Path, allowed: Allowed = lambda event: ()) -> Description | None:
    """Return what a folder tells; None where it is no recording's.

    Only files within the folder are taken: nothing else of this machine may be delivered.

    Whatever makes no sense is told and left out. Where the description itself cannot be read, the folder's
    name still tells which event it is of.

    :param allowed: returns other folders in which files of an event may lie
    """
    document = _document(folder)
    if document is None:
        return None
    event = _event(document, folder)
    if event is None:
        return None
    about = _mapping(document.get("recording"))
    places = (folder, *allowed(event))
    recording = Recording(
        event=event,
        state=_choice(EventState, about.get("state"), EventState.RECORDING),
        directory=folder,
        started=_moment(about.get("started")),
        ended=_moment(about.get("ended")),
        error=_text(about.get("error")),
        tracks=tuple(_all(about.get("tracks"), lambda item: _track(item, places))),
    )
    parts = _all(about.get("parts"), lambda item: _part(item, event.uid, places))
    upload = _upload(document.get("delivery"), event.uid)
    clear = _is_clear(document, about)
    if not clear:
        logger.warning("%s does not tell clearly whether the recording was delivered", folder / NAME)
    return Description(recording, tuple(parts), upload, clear, _author(document.get("agent")))


def _is_clear(document: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
    """Tell whether state and delivery are what pyCA has written, so that nothing is sent a second time."""
    delivery = document.get("delivery")
    step = _choice(UploadStep, _mapping(delivery).get("step"), None)
    told = delivery is None or (step is not None and bool(_text(_mapping(delivery).get("target"))))
    return told and _choice(EventState, about.get("state"), None) is not None


def _document(folder: Path) -> Mapping[str, Any] | None:
    """Return what is written, empty where it cannot be read, None where there is nothing to read."""
    file = folder / NAME
    try:
        found = load(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        logger.warning("%s cannot be read (%s); what lies beside it is used all the same", file, error)
        return {}
    if isinstance(found, dict):
        return found
    logger.warning("%s describes no event; what lies beside it is used all the same", file)
    return {}


def _event(document: Mapping[str, Any], folder: Path) -> Event | None:
    named = _named(folder)
    uid = _text(document.get("uid")) or (named.uid if named else "")
    if not uid:
        logger.warning("%s does not tell of which event it is; give it a “uid”", folder / NAME)
        return None
    start = _moment(document.get("start")) or (named.start if named else 0.0)
    end = _moment(document.get("end")) or start
    return Event(
        uid=uid[:512],
        title=_text(document.get("title")) or uid,
        start=start,
        end=max(end, start),
        origin=_choice(Origin, document.get("origin"), Origin.LOCAL),
        creator=_text(document.get("creator")),
        description=_text(document.get("description")),
        location=_text(document.get("location")),
        series=_text(document.get("series")),
        inputs=tuple(_all(document.get("inputs"), _text)),
        workflow=_text(document.get("workflow")),
        workflow_parameters=_texts(document.get("workflow_parameters")),
        properties=_texts(document.get("properties")),
        attachments=tuple(_all(document.get("attachments"), _attachment)),
    )


def _named(folder: Path) -> Event | None:
    """Return the event as far as the name of its folder tells it."""
    word, _, rest = folder.name.partition("-")
    start, _, uid = rest.partition("-")
    if word != "recording" or not uid or not (start.isascii() and start.isdecimal() and len(start) < 12):
        return None
    return Event(uid=uid, title=uid, start=float(start), end=float(start))


def _author(value: Any) -> Author | None:
    item = _mapping(value)
    author = Author(_text(item.get("name")), _text(item.get("database")))
    return author if author != Author() else None


def _part(value: Any, uid: str, places: Places) -> Part | None:
    item = _mapping(value)
    files = tuple(str(path) for path in _all(item.get("files"), lambda name: _path(name, places)))
    if not files:
        return None
    code = item.get("exit_code")
    outcome = item.get("outcome")
    return Part(
        uid=uid,
        input=_text(item.get("input")) or "default",
        number=_count(item.get("number")) or 1,
        started=_moment(item.get("started")) or 0.0,
        pid=_count(item.get("pid")),
        pid_started=_moment(item.get("pid_started")) or 0.0,
        files=files,
        flavors=tuple(_all(item.get("flavors"), _text)),
        ended=_moment(item.get("ended")),
        outcome=_choice(Outcome, outcome, Outcome.KILLED) if outcome else None,
        exit_code=code if isinstance(code, int) and abs(code) < 1000 else None,
    )


def _track(value: Any, places: Places) -> Track | None:
    item = _mapping(value)
    path = _path(item.get("path"), places)
    if path is None or not path.is_file():
        return None
    return Track(
        path=path,
        flavor=_text(item.get("flavor")) or "presenter/source",
        input=_text(item.get("input")),
        part=_count(item.get("part")) or 1,
        size=path.stat().st_size,
        duration=_moment(item.get("duration")),
        streams=tuple(_all(item.get("streams"), _text)),
        checksum=_text(item.get("checksum"))[:64],
    )


def _upload(value: Any, uid: str) -> Upload | None:
    item = _mapping(value)
    target = _text(item.get("target"))
    if not target:
        return None
    step = _choice(UploadStep, item.get("step"), UploadStep.BEGIN)
    # Which address gets the files is never taken from a file: what was under way begins anew.
    return Upload(
        uid=uid,
        target=target,
        step=UploadStep.BEGIN if step is UploadStep.TRACKS else step,
        attempts=_count(item.get("attempts")),
        error=_text(item.get("error")),
        permanent=item.get("permanent") is True,
        location=_text(item.get("location")),
    )


def _path(value: Any, places: Places) -> Path | None:
    """Return a file of a recording, relative names below its folder; nothing that leads out of its places."""
    name = _text(value)
    if not name:
        return None
    path = places[0] / name
    try:
        real = path.resolve()
        inside = any(real.is_relative_to(place.resolve()) for place in places)
    except (OSError, RuntimeError):
        inside = False
    if inside:
        return path
    logger.warning("%s: “%s” leads out of the folder and is left out", places[0] / NAME, name[:200])
    return None


def _attachment(value: Any) -> Attachment | None:
    item = _mapping(value)
    name, data = _text(item.get("name")), _text(item.get("data"))
    return Attachment(name, _text(item.get("mimetype")), data) if name and data else None


def _choice(kind: Callable[[str], T], value: Any, otherwise: U) -> T | U:
    try:
        return kind(_text(value))
    except ValueError:
        return otherwise


def _text(value: Any) -> str:
    return value.replace("\0", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _texts(value: Any) -> dict[str, str]:
    return {_text(key): _text(item) for key, item in _mapping(value).items()}


def _moment(value: Any) -> float | None:
    """Return seconds; None where they are none, or lie before 1970 or far ahead."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _LATEST:
        return None
    return float(value)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62 else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _all(value: Any, take: Callable[[Any], T | None]) -> list[T]:
    """Return what makes sense of a list."""
    taken = [take(item) for item in value] if isinstance(value, list) else []
    return [item for item in taken if item]
