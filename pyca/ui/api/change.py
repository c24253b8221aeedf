"""``PATCH /api/events/…``: what an attribute means depends on how far the event is. All or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from pyca.core.access import Scope
from pyca.core.event import Event
from pyca.core.live import is_marked
from pyca.core.recording import Recording, UploadStep, runs
from pyca.core.states import EventState, ServiceName
from pyca.ingest import operator
from pyca.runtime.bell import ring
from pyca.schedule import local
from pyca.store import event_pages, events, folder, recordings, uploads
from pyca.store.folder import Description
from pyca.ui.access.rights import visitor
from pyca.ui.api import sent
from pyca.ui.api.document import answer, check_match
from pyca.ui.api.errors import ApiError, Problem, conflict
from pyca.ui.api.events import existing, missing
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, read_parameters
from pyca.ui.api.resources import event_of
from pyca.ui.api.sent import Sent
from pyca.ui.context import context

blueprint = api_blueprint("api_change", __name__)

S = EventState
_AGAIN = (S.FINISHED_RECORDING, S.UPLOADING)
"""Both mean: deliver it."""
_POSSIBLE: dict[EventState, tuple[EventState, ...]] = {
    S.FINISHED_RECORDING: (S.UPLOADING, S.PAUSED_AFTER_RECORDING, S.FINISHED_UPLOADING),
    S.PARTIAL_RECORDING: (*_AGAIN, S.PAUSED_AFTER_RECORDING, S.FINISHED_UPLOADING),
    S.PAUSED_AFTER_RECORDING: (*_AGAIN, S.FINISHED_UPLOADING),
    S.UPLOADING: (S.PAUSED_AFTER_RECORDING,),
    S.FAILED_UPLOADING: (*_AGAIN, S.PAUSED_AFTER_RECORDING, S.FINISHED_UPLOADING),
    S.FINISHED_UPLOADING: _AGAIN,
}
"""What the status of a recording that is over can be set to."""


@dataclass
class _Change:
    """One request in one transaction, and who is to be told of it afterwards."""

    session: Session
    told: Sent
    now: float
    there: bool
    """whether files of the recording are there, where it is to be delivered again"""
    wanted: dict[str, Any] = field(default_factory=dict)
    """attributes that are to be different"""
    bells: set[ServiceName] = field(default_factory=set)

    def refuse(self, name: str, detail: str) -> ApiError:
        """Return the error that an attribute cannot be changed as things stand."""
        return conflict(detail, f"{self.told.place}/attributes/{name}")


@blueprint.patch("/events/<path:uid>")
def change_event(uid: str) -> Response:
    """Change an event and return it, as a list of one."""
    read_parameters(Rules())
    if "\0" in uid:
        raise missing()
    told = sent.read_resource("event", _readers(), uid=uid)
    here = context()
    again = told.attributes.get("status") in _AGAIN
    # Asked before the transaction: a disk that does not answer is not to hold up everybody who writes.
    there = again and operator.has_files(here.database, uid)
    with here.database.write() as session:
        change = _Change(session, told, here.clock.now(), there)
        _carry_out(change, uid)
        session.flush()
        description = _description(session, uid) if change.wanted else None
    if description:
        folder.note(description)  # before ingest is woken, which tells the folder what is newer
    for bell in change.bells:
        ring(here.database.scope, bell)
    return answer([event_of(existing(uid))])


def _readers() -> Mapping[str, sent.Reader]:
    return {
        "status": sent.state,
        "start": sent.moment,
        "end": sent.moment,
        "title": sent.title,
        "description": sent.text,
        "creator": sent.line,
        "live": sent.choice,
        "inputs": sent.inputs(tuple(context().settings.named_inputs)),
    }


def _carry_out(change: _Change, uid: str) -> None:
    """Change an event, or nothing at all.

    :raises ApiError: where that cannot be
    :raises UsageError: the same
    """
    recording = recordings.get(change.session, uid, held=True)
    event = recording.event if recording else events.get(change.session, uid, held=True)
    present = event_pages.one(change.session, uid)
    if event is None or present is None:
        raise missing()
    check_match([event_of(present)])
    known = {"status": present.state, "start": present.start, "end": present.end, "title": event.title}
    known |= {"description": event.description, "creator": event.creator, "inputs": event.inputs}
    known["live"] = is_marked(event.workflow_parameters)
    change.wanted = {name: value for name, value in change.told.attributes.items() if known[name] != value}
    _check_span(change, present.start, present.end)
    if not change.wanted:
        return
    if recording is None:
        _change_upcoming(change, event)
    elif runs(recording, change.now, recordings.end_by_hand(change.session, uid)):
        _change_running(change, recording)
    else:
        _change_past(change, recording)


def _check_span(change: _Change, start: float, end: float) -> None:
    name = "end" if "end" in change.wanted else "start"
    if name in change.wanted and change.wanted.get("end", end) <= change.wanted.get("start", start):
        raise change.told.wrong(name, "The end has to come after the start.")


def _change_upcoming(change: _Change, event: Event) -> None:
    if "status" in change.wanted:
        raise change.refuse("status", "An event to come stays “upcoming” until it begins.")
    if change.wanted.get("end", event.end) <= change.now:
        raise change.told.wrong("end", "The event would be over already.")
    local.change_within(change.session, change.now, context().settings, event.uid, **change.wanted)
    change.bells.add(ServiceName.CAPTURE)


def _change_running(change: _Change, recording: Recording) -> None:
    for name in change.wanted:
        if name != "end":
            raise change.refuse(name, "While it is recorded, its “end” alone can be changed; now stops it.")
    end = change.wanted["end"]
    if end <= change.now:
        recordings.set_end(change.session, recording.uid, change.now)
    else:
        local.extend_within(change.session, change.now, context().settings, recording, end)
    change.bells.add(ServiceName.CAPTURE)


def _change_past(change: _Change, recording: Recording) -> None:
    for name in change.wanted:
        if name not in ("status", "start", "end"):
            raise change.refuse(name, "It was recorded already: “status”, “start” and “end” can be changed.")
    for name in sorted(change.wanted.keys() & {"start", "end"}):
        if recording.state is S.UPLOADING:
            raise change.refuse(name, "While it is uploaded, its times stay. Pause its delivery first.")
        if change.wanted[name] > change.now:
            raise change.told.wrong(name, "It was recorded already: this cannot be later than now.")
    if "start" in change.wanted or "end" in change.wanted:
        event = recording.event
        start, end = change.wanted.get("start", event.start), change.wanted.get("end", event.end)
        recordings.correct_times(change.session, recording.uid, start, end)
    if "status" in change.wanted:
        _change_state(change, recording, change.wanted["status"])


def _change_state(change: _Change, recording: Recording, wanted: EventState) -> None:
    possible = _POSSIBLE.get(recording.state, ())
    if wanted not in possible:
        words = " or ".join(f"“{state}”" for state in possible) or "nothing else"
        raise change.refuse("status", f"What is “{recording.state}” can become {words}.")
    uid, now = recording.uid, change.now
    if wanted is S.PAUSED_AFTER_RECORDING:
        operator.pause_within(change.session, uid, now)
    elif wanted is S.FINISHED_UPLOADING:
        _check_word(change, uid)
        operator.settle_within(change.session, uid, now)
        change.bells.add(ServiceName.AGENTSTATE)
    elif recording.state is S.FINISHED_UPLOADING:
        operator.repeat_within(change.session, uid, now, there=change.there)
    else:
        operator.retry_within(change.session, uid, now)
    change.bells.add(ServiceName.INGEST)


def _check_word(change: _Change, uid: str) -> None:
    """Refuse to take somebody's word for a delivery that nobody has seen: its files may be deleted upon it.

    :raises ApiError: 403
    """
    upload, who = uploads.get(change.session, uid), visitor()
    unclear = upload is not None and upload.step is UploadStep.AMBIGUOUS
    if not unclear and not who.scope.covers(Scope.ADMIN):
        detail = (
            "Its delivery did not end unclear, and its files may be deleted once it counts as delivered. "
            f"To say so needs the right “{Scope.ADMIN}”; “{who.name}” has “{who.scope}” here."
        )
        raise ApiError(Problem(403, "Not allowed", detail, f"{change.told.place}/attributes/status"))


def _description(session: Session, uid: str) -> Description | None:
    """Return what the folder of a recording that is over is to tell; a running one's recorder writes it."""
    recording = recordings.get(session, uid)
    if recording is None or recording.state in (S.RECORDING, S.FAILED_RECORDING):
        return None
    return Description(recording, tuple(recordings.parts(session, uid)), uploads.get(session, uid))
