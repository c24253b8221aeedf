"""The resource that a request sends: checked as a whole, so that all its mistakes are told at once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pyca.core.naming import tidy_title
from pyca.core.states import EventState
from pyca.ui.api.body import read_body
from pyca.ui.api.errors import ApiError, Problem, invalid

Reader = Callable[[Any], Any]
"""Returns an attribute's value as we use it; a ValueError says what it has to be."""

LATEST = 32_503_680_000.0
"""seconds since 1970: the year 3000"""
_LONGEST_TEXT = 20_000


@dataclass(frozen=True)
class Sent:
    """A resource of a request.

    :param place: where it stands in the body, such as ``/data/0``
    """

    place: str
    members: Mapping[str, Any]
    attributes: Mapping[str, Any]

    def wrong(self, name: str, detail: str) -> ApiError:
        """Return the error that an attribute has a value that cannot be."""
        return ApiError(invalid(detail, f"{self.place}/attributes/{escaped(name)}"))


def read_resource(
    kind: str, readers: Mapping[str, Reader], *, uid: str | None = None, wrong_type: int = 400
) -> Sent:
    """Return the one resource in the body of the present request.

    :param kind: its type
    :param readers: of the attributes that it may have
    :param uid: the id that it must have; None where it needs none
    :param wrong_type: status of the answer to another type; the standard wants 409, older programs know 400
    :raises ApiError: naming all that is wrong
    """
    place, members = _single(read_body())
    problems = []
    if members.get("type") != kind:
        status = wrong_type if isinstance(members.get("type"), str) else 400
        detail = f"The type of the resource has to be “{kind}”."
        problems.append(Problem(status, "Invalid data", detail, f"{place}/type"))
    if uid is not None and members.get("id") != uid:
        problems.append(invalid("The id is not that of the address.", f"{place}/id"))
    given = members.get("attributes")
    if not isinstance(given, dict):
        raise ApiError(*problems, invalid("“attributes” has to be an object.", f"{place}/attributes"))
    if members.get("relationships"):
        problems.append(invalid("Relationships cannot be changed.", f"{place}/relationships"))
    values: dict[str, Any] = {}
    for name, value in given.items():
        where = f"{place}/attributes/{escaped(name)}"
        if name not in readers:
            known = ", ".join(readers)
            problems.append(invalid(f"“{name[:100]}” cannot be given here; {known} can.", where))
            continue
        try:
            values[name] = readers[name](value)
        except ValueError as error:
            problems.append(invalid(str(error), where))
    if problems:
        raise ApiError(*problems)
    return Sent(place, members, values)


def require(sent: Sent, *names: str) -> None:
    """Refuse a resource that lacks one of these attributes.

    :raises ApiError: naming all that are missing
    """
    missing = [name for name in names if name not in sent.attributes]
    if missing:
        raise ApiError(*(invalid(f"“{name}” is missing.", f"{sent.place}/attributes") for name in missing))


def escaped(name: str) -> str:
    """Return a name as a part of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")[:200]


def moment(value: Any) -> float:
    """Read seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        raise ValueError("It has to be a number of seconds since 1970 UTC.")
    return float(value)


def length(value: Any) -> float:
    """Read seconds of which there are some."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LATEST:
        raise ValueError(f"It has to be a number of seconds above 0, {LATEST:.0f} at most.")
    return float(value)


def line(value: Any) -> str:
    """Read a text of one line, such as a title."""
    return tidy_title(text(value))


def title(value: Any) -> str:
    """Read a title, which says something."""
    if not (told := line(value)):
        raise ValueError("It has to be a text that is not empty.")
    return told


def text(value: Any) -> str:
    """Read a text."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise ValueError(f"It has to be a text of at most {_LONGEST_TEXT} characters.")
    return value


def choice(value: Any) -> bool:
    """Read yes or no."""
    if not isinstance(value, bool):
        raise ValueError("It has to be true or false.")  # noqa: TRY004  as all readers do
    return value


def state(value: Any) -> EventState:
    """Read the state of an event; older programs also write it as ``FINISHED_UPLOADING``."""
    try:
        return EventState(value.strip().lower().replace("_", " "))
    except (AttributeError, ValueError):
        raise ValueError(f"It has to be one of {', '.join(EventState)}.") from None


def inputs(known: Collection[str]) -> Reader:
    """Return what reads names of inputs; all of them are the same as none.

    :param known: names of all inputs
    """

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(name, str) and name in known for name in value):
            raise ValueError(f"It has to be a list of inputs, which are {', '.join(known)}.")
        return () if set(value) == set(known) else tuple(name for name in known if name in value)

    return read


def _single(body: Any) -> tuple[str, Mapping[str, Any]]:
    """Return the place of the only resource in a document and what it holds.

    :raises ApiError: where there is none, or more than one
    """
    data = body.get("data") if isinstance(body, dict) else None
    place = "/data"
    if isinstance(data, list):
        if len(data) != 1:
            raise ApiError(invalid("“data” has to hold exactly one resource.", place))
        place, data = "/data/0", data[0]
    if not isinstance(data, dict):
        raise ApiError(invalid("The body has to be an object with one resource in “data”.", place))
    return place, data


def refuse_own_id(sent: Sent) -> None:
    """Refuse an id that the sender made up.

    :raises ApiError: 403
    """
    if "id" in sent.members:
        detail = "Ids of events are made here. Leave it out."
        raise ApiError(Problem(403, "Not allowed", detail, f"{sent.place}/id"))
