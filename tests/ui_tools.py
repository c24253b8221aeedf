"""Helpers for the tests of the page: people, pictures, a busy day."""

from dataclasses import dataclass, replace
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pyca.config.settings import Ui
from pyca.core.event import Event, Origin
from pyca.core.recording import Track, Upload, UploadStep
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.store import events, recordings, services, uploads
from pyca.store.database import Database
from pyca.ui.access.guard import form_token

USER, PASSWORD = "jürg", "geheim:ä"

S = EventState
PATHS: dict[EventState, tuple[EventState, ...]] = {
    S.RECORDING: (),
    S.FAILED_RECORDING: (S.FAILED_RECORDING,),
    S.FINISHED_RECORDING: (S.FINISHED_RECORDING,),
    S.PARTIAL_RECORDING: (S.PARTIAL_RECORDING,),
    S.PAUSED_AFTER_RECORDING: (S.FINISHED_RECORDING, S.PAUSED_AFTER_RECORDING),
    S.UPLOADING: (S.FINISHED_RECORDING, S.UPLOADING),
    S.FAILED_UPLOADING: (S.FINISHED_RECORDING, S.UPLOADING, S.FAILED_UPLOADING),
    S.FINISHED_UPLOADING: (S.FINISHED_RECORDING, S.UPLOADING, S.FINISHED_UPLOADING),
}
"""How a recording gets into each state."""


@dataclass(frozen=True)
class Person:
    """Sends requests with the password, and forms with their token."""

    client: FlaskClient
    ui: Ui

    def get(self, path: str, **headers: str) -> TestResponse:
        auth = (self.ui.username, self.ui.password)
        return self.client.get(path, auth=auth, headers=_headers(headers), buffered=True)

    def post(self, path: str, data: dict[str, object] | None = None, **headers: str) -> TestResponse:
        form = {"token": form_token(self.ui)} | (data or {})
        auth = (self.ui.username, self.ui.password)
        return self.client.post(path, data=form, auth=auth, headers=_headers(headers))


def _headers(given: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}


def put(
    database: Database, uid: str, state: EventState, now: float, *, title: str = "", **more: float
) -> Event:
    """Store a recording in a state; one that runs began 20 minutes ago and ends in 25."""
    running = state is S.RECORDING
    start = more.get("start", now - 1200 if running else now - 7200)
    end = more.get("end", now + 1500 if running else start + 2700)
    event = Event(uid, title or f"Lecture {uid}", start, end, Origin.LOCAL, creator="Ada Example")
    with database.write() as session:
        recordings.begin(session, event, Path("/recordings") / uid, start)
        for step in PATHS[state]:
            recordings.set_state(session, uid, step, end)
        if state not in (S.RECORDING, S.FAILED_RECORDING):
            video = Track(
                Path(f"/recordings/{uid}/camera.mkv"),
                "presenter/source",
                "camera",
                size=1_400_000_000,
                duration=end - start,
                streams=("video h264 1920x1080 25 fps", "audio aac 48 kHz"),
            )
            screen = Track(
                Path(f"/recordings/{uid}/screen.mkv"), "presentation/source", "screen", size=400_000_000,
                duration=end - start, streams=("video h264 1920x1080 10 fps",),
            )  # fmt: skip
            recordings.close(session, uid, end, [video, screen])
    return event


def fill(database: Database, now: float) -> None:
    """Make it a busy day: every state, events to come, services that live, idle and died."""
    for number, state in enumerate(PATHS):
        put(database, f"e{number}", state, now, title=f"A {state} one", **_times(state, number, now))
    with database.write() as session:
        recordings.set_state(
            session, "e1", S.FAILED_RECORDING, now, error="ffmpeg ended at once: no such device"
        )
        whole = 1_800_000_000
        under_way = Upload("e5", "opencast", UploadStep.TRACKS, bytes_total=whole, rate=9e6, attempts=1)
        refused = Upload("e6", "opencast", UploadStep.TRACKS, bytes_total=whole, attempts=4)
        uploads.save(session, replace(under_way, bytes_sent=450_000_000))
        uploads.save(session, replace(refused, next_attempt=now + 240, error="The server said 503."))
        uploads.save(session, Upload("e7", "folder", UploadStep.DONE, location="/archive/e7"))
        for number in range(3):
            start = now + 3600 * (number * 20 + 1)
            events.add(session, Event(f"n{number}", f"Coming {number}", start, start + 5400))
        services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "records “A recording one”", now)
        services.beat(session, ServiceName.SCHEDULE, ServiceState.IDLE, "3 events", now)
        services.beat(session, ServiceName.INGEST, ServiceState.BUSY, "uploads", now - 300)


def _times(state: EventState, number: int, now: float) -> dict[str, float]:
    return {} if state is S.RECORDING else {"start": now - 7200 * number, "end": now - 7200 * number + 2700}


JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 100 + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 100 + b"IEND\xaeB`\x82"
