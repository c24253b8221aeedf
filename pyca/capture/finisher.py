"""Finishes recordings in the background, so that the next event is not kept waiting."""

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.orm import Session

from pyca.capture.finish import Result, finish
from pyca.capture.inputs import jobs as jobs_of
from pyca.capture.recorder import Recorder
from pyca.capture.salvage import found_parts
from pyca.capture.scribe import Scribe
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import MediaError
from pyca.core.event import Origin
from pyca.core.states import EventState, ServiceName
from pyca.media.ffmpeg import Tools, find_tools
from pyca.store import events, recordings

logger = logging.getLogger(__name__)


class Finisher:
    """Takes recordings whose last command has ended and gives their events the final word."""

    def __init__(self, settings: Settings, clock: Clock, scribe: Scribe) -> None:
        self._settings = settings
        self._clock = clock
        self._scribe = scribe
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="finish")
        self._work: dict[str, Future[None]] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._work

    @property
    def busy(self) -> bool:
        """True while files are being looked into."""
        return any(not work.done() for work in self._work.values())

    def take(self, recorder: Recorder) -> None:
        """Finish a recording soon."""
        recorder.leave()
        ended = self._clock.now()
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
            result = self._judge(recorder, ended)
        except Exception as error:
            # Whatever goes wrong here, the files are on the disk and the event gets its final word.
            logger.exception("“%s” could not be finished", recorder.event.title)
            result = Result(EventState.FAILED_RECORDING, (), (f"finishing failed: {error}",))
        self._store(recorder, result, ended)

    def _judge(self, recorder: Recorder, ended: float) -> Result:
        event, parts = recorder.event, recorder.history()
        jobs = jobs_of(self._settings, event, recorder.folder)
        return finish(
            jobs,
            [*parts, *found_parts(event.uid, jobs, parts)],
            planned=max(min(recorder.end, ended) - event.start, 0.0),
            container=self._settings.capture.container,
            tools=_tools(),
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

        def write(session: Session) -> None:
            recordings.close(session, event.uid, ended, result.tracks)
            recordings.set_state(session, event.uid, state, ended, error="; ".join(notes))
            if event.origin is Origin.LOCAL:
                events.cancel(session, event.uid)

        def tidy() -> None:
            for path in result.replaced:
                _remove(path)

        self._scribe.put(write, (ServiceName.INGEST, ServiceName.AGENTSTATE), tidy)


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
