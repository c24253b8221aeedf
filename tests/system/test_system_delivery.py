"""From the server's schedule to the server's workflow, with real daemons, real FFmpeg and real HTTP."""

import hashlib
from pathlib import Path

import pytest
from opencast_server import FakeOpencast, faults
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from pyca.core.states import EventState
from pyca.store import events, upstream
from tests.measured import Measured
from tests.system_faults import PUNCTUAL, began_late, is_whole
from tests.system_rig import Rig, ffprobe, soon

pytestmark = pytest.mark.system

CONFIG = "org.opencastproject.workflow.config."
TOLD = ["capturing", "capture_finished", "uploading", "upload_finished"]
"""what the server hears of a recording where all goes well"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def in_order(wanted: list[str], seen: list[str]) -> bool:
    """Tell whether the wanted ones occur in this order, whatever is between them."""
    rest = iter(seen)
    return all(one in rest for one in wanted)


def test_a_scheduled_event_is_recorded_and_ingested(server: FakeOpencast, rig: Rig) -> None:
    rig.connect(
        server.url,
        agent={"timezone": "Europe/Zurich", "address": "http://room.example.org"},
        ingest={"upload_catalogs": "True"},
        capture={"container": "mp4"},
    )
    with rig.up(server) as agent:
        start = soon(3)
        parameters = {"publish.to.youtube": "no", "straightToPublishing": "true", "text": "Grüße, a=b"}
        server.schedule(
            "uid-1",
            "Grüße; from the “hall”, row 1/2",
            start,
            start + 5,
            **{"org.opencastproject.workflow.definition": "fast"},
            **{CONFIG + key: value for key, value in parameters.items()},
        )
    one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)

    assert one.recording
    (track,) = one.recording.tracks
    streams, duration = ffprobe(track.path)
    assert (track.path.suffix, streams) == (".mp4", ["video"])
    assert is_whole(duration, 5)
    (workflow,) = server.workflows
    assert (workflow.package, workflow.definition) == ("uid-1", "fast")
    assert parameters.items() <= workflow.parameters.items()
    media = [one for one in workflow.elements if one.kind == "track"]
    assert [(one.flavor, one.file.sha256) for one in media] == [("presenter/source", sha256(track.path))]
    catalogs = [one.flavor for one in workflow.elements if one.kind == "catalog"]
    assert catalogs == ["dublincore/episode"]
    # The file ends the form: the server reads no field behind it.
    (added,) = server.called("POST", "/ingest/addTrack")
    assert list(added.fields) == ["flavor", "mediaPackage"]
    assert {call.scheme for call in server.calls if call.status == 200} <= {"digest", ""}

    assert server.recordings["uid-1"] == TOLD
    configuration = server.agents["room"].configuration
    assert configuration["capture.device.names"] == "default"
    assert configuration["capture.device.default.flavor"] == "presenter/source"
    assert configuration["capture.device.timezone"] == "Europe/Zurich"
    assert server.agents["room"].address == "http://room.example.org"
    assert agent.end() == 0
    assert in_order(["idle", "capturing", "idle", "shutting_down"], server.agents["room"].states)
    assert server.agents["room"].state == "shutting_down"


def test_the_server_is_away(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url)
    start = soon(10)  # two commands are started before
    server.schedule("now", "Recorded without a server", start, start + 3)
    server.schedule("later", "Next week", start + 604_800, start + 608_400)
    schedule = rig.start("schedule")
    schedule.says("2 added")
    assert schedule.end() == 0
    server.stop()
    called = len(server.calls)

    rig.start("run")
    one = rig.wait_for_state("now", EventState.FAILED_UPLOADING)
    assert one.recording
    assert abs(one.recording.started - start) < PUNCTUAL
    assert len(server.calls) == called
    assert not server.recordings

    # It comes back half: the calendar is a login page, and the schedule must survive that.
    server.faults.add("/recordings/calendars", faults.html(), times=None)
    server.start()
    one = rig.wait_for_state("now", EventState.FINISHED_UPLOADING)
    assert one.recording
    assert [element.file.sha256 for element in server.workflows[0].elements] == [
        sha256(track.path) for track in one.recording.tracks
    ]
    rig.wait(lambda: "upload_finished" in server.recordings.get("now", []), "the last state")
    told = server.recordings["now"]
    assert told[:3] == TOLD[:3]
    # What came to nothing while nobody could be told need not be told any more.
    assert set(told[3:-1]) <= {"upload_error", "uploading"}
    assert told[-1] == TOLD[-1]
    measured(
        "11 server down at the start, schedule known",
        f"recorded {began_late(rig, 'now') * 1000:.0f} ms after its start, uploaded later;"
        f" states told: {', '.join(told)}",
    )
    rig.wait(lambda: "web page" in _trouble(rig), "the schedule's complaint")
    with rig.database.read() as session:
        assert [event.uid for event in events.upcoming(session)] == ["later"]


def _trouble(rig: Rig) -> str:
    with rig.database.read() as session:
        known = upstream.get(session, "calendar")
    return known.error if known else ""


def test_a_whole_event_with_postgresql(postgresql: str, server: FakeOpencast, tmp_path: Path) -> None:
    # A database of its own: the other one belongs to the tests of the store.
    own = make_url(postgresql).set(database="pyca_agent")
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE pyca_agent"))
    engine.dispose()
    with Rig(tmp_path / "agent", database_url=own.render_as_string(hide_password=False)) as rig:
        rig.connect(server.url)
        with rig.up(server) as agent:
            start = soon(3)
            server.schedule("uid-1", "In PostgreSQL", start, start + 3)
        one = rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
        assert one.recording
        assert one.recording.state is EventState.FINISHED_UPLOADING
        assert server.workflows[0].elements[0].file.sha256 == sha256(one.recording.tracks[0].path)
        rig.wait(lambda: server.recordings.get("uid-1") == TOLD, "the states in order")
        assert agent.end() == 0
        assert not list(tmp_path.glob("**/*.db"))
