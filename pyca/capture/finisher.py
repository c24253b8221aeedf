"""Finishes recordings in the background, so that the next event is not kept waiting."""

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.capture.context import Context
from pyca.capture.finish import Result, Workshop, finish
from pyca.capture.inputs import fallback_of, jobs_everywhere
from pyca.capture.inputs import jobs as jobs_of
from pyca.capture.recorder import Recorder
from pyca.capture.salvage import found_parts
from pyca.core.alarm import SHOWN, AlarmKind
from pyca.core.errors import MediaError
from pyca.core.event import Origin
from pyca.core.states import EventState, ServiceName
from pyca.media.ffmpeg import Tools, find_tools
from pyca.runtime.hooks import Hook
from pyca.store import events, folder, recordings, tally
from pyca.store.restore import restore

logger = logging.getLogger(__name__)


class Finisher:
    """Takes recordings whose last command has ended and gives their events the final word."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="finish")
        self._work: dict[str, Future[None]] = {}
        self._unwritten: set[str] = set()
        """events whose final word has not reached the database"""

    def __contains__(self, uid: object) -> bool:
        return uid in self._work or uid in self._unwritten

    @property
    def busy(self) -> bool:
        """True while files are being looked into."""
        return any(not work.done() for work in self._work.values())

    def take(self, recorder: Recorder) -> None:
        """Finish a recording soon."""
        ended = recorder.leave()
        self._unwritten.add(recorder.event.uid)
        self._work[recorder.event.uid] = self._pool.submit(self._finish, recorder, ended)

    def forget(self, offered: Callable[[str], bool]) -> None:
        """Forget recordings whose final word has reached the database.

        :param offered: tells whether the schedule still lists an event as one that has not begun
        """
        for uid in [uid for uid, work in self._work.items() if work.done() and not offered(uid)]:
            del self._work[uid]

    def close(self) -> None:
        """Finish what was taken and end."""
        self._pool.shutdown(wait=True)

    def _finish(self, recorder: Recorder, ended: float) -> None:
        try:
            result = self._judge(recorder, ended, _tools())
        except Exception as error:
            # Whatever goes wrong here, the files are on the disk and the event gets its final word.
            logger.exception("“%s” could not be finished", recorder.event.title)
            result = self._unseen(recorder, ended, f"finishing failed: {error}")
        self._store(recorder, result, ended)

    def _unseen(self, recorder: Recorder, ended: float, reason: str) -> Result:
        """Deliver what there is, without a look into it."""
        try:
            result = self._judge(recorder, ended, None)
        except Exception:
            logger.exception("“%s” cannot be delivered either", recorder.event.title)
            return Result(EventState.FAILED_RECORDING, (), (reason,))
        state = EventState.PARTIAL_RECORDING if result.tracks else EventState.FAILED_RECORDING
        return replace(result, state=state, errors=(reason, *result.errors))

    def _judge(self, recorder: Recorder, ended: float, tools: Tools | None) -> Result:
        event, parts = recorder.event, recorder.describe().parts
        settings = self._context.settings
        places = jobs_everywhere(settings, event, recorder.folder)
        spare = fallback_of(settings, recorder.folder)
        return finish(
            jobs_of(settings, event, recorder.folder),
            [*parts, *found_parts(event.uid, places, parts)],
            planned=_planned(recorder, event.start, ended),
            workshop=Workshop(settings.capture.container, tools, spare),
        )

    def _store(self, recorder: Recorder, result: Result, ended: float) -> None:
        event = recorder.event
        notes = [*recorder.errors[-3:], *result.errors]
        if recorder.flag:
            notes.append(recorder.flag)
        state = result.state
        if recorder.interrupted and state is EventState.FINISHED_RECORDING:
            state = EventState.PARTIAL_RECORDING
        logger.info("“%s”: %s, %d tracks", event.title, state, len(result.tracks))

        begun = recorder.describe()
        over = replace(
            begun.recording, state=state, ended=ended, error="; ".join(notes), tracks=result.tracks
        )
        # First to the disk: should the database be lost meanwhile, the folder knows that all is done.
        folder.note(replace(begun, recording=over), create=True)

        planned = _planned(recorder, recorder.due, ended)
        inputs = [lane.job.name for lane in recorder.lanes]

        def write(session: Session) -> None:
            restore(session, begun)
            counted = tally.is_counted(session, event.uid)
            recordings.close(session, event.uid, ended, result.tracks)
            recordings.set_state(session, event.uid, state, ended, error="; ".join(notes))
            if event.origin is Origin.LOCAL:
                events.cancel(session, event.uid)
            if not counted:
                tally.end_recording(session, over, planned, inputs)

        def tidy() -> None:
            self._unwritten.discard(event.uid)
            for path in result.replaced:
                _remove(path)

        self._context.scribe.put(write, (ServiceName.LIVE, ServiceName.INGEST, ServiceName.AGENTSTATE), tidy)
        self._tell(recorder, result, state, "; ".join(notes))

    def _tell(self, recorder: Recorder, result: Result, state: EventState, error: str) -> None:
        """Let the operator's own commands know, and raise the alarm where nothing came of the event."""
        failed = state is EventState.FAILED_RECORDING
        facts = {
            "STATE": str(state),
            "ERROR": error,
            "FOLDER": str(recorder.folder),
            "FILES": "\n".join(str(track.path) for track in result.tracks),
        }
        hook = Hook.RECORDING_FAILED if failed else Hook.RECORDING_STOP
        self._context.hooks.run(hook, facts, recorder.event)
        if failed:
            until = self._context.clock.now() + SHOWN
            self._context.alarms.alert(AlarmKind.NOT_RECORDED, error, recorder.event, until=until)


def _planned(recorder: Recorder, begin: float, ended: float) -> float:
    """Return how many seconds should have been recorded of what lies between two moments."""
    return max(min(recorder.end, ended) - begin, 0.0)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s is not needed any more and cannot be deleted: %s", path, error.strerror)


def _tools() -> Tools | None:
    try:
        return find_tools(os.environ)
    except MediaError as error:
        logger.warning("the recording cannot be looked into: %s", error)
        return None
