"""Following an event, and how that is shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from pyca.cli.follow import Moment, Phase, assess, follow
from pyca.cli.progress import Progress
from pyca.cli.records import Known
from pyca.core.errors import UsageError
from pyca.core.event import Event
from pyca.core.recording import Recording, Upload, UploadStep
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.database import Database
from tests.tools import FakeClock

EVENT = Event("e1", "Analysis", 1000.0, 1100.0)
S = EventState


def known(state: EventState, folder: Path = Path("/nosuch"), **upload: object) -> Known:
    sent = Upload("e1", "folder", **upload) if upload else None  # type: ignore[arg-type]
    return Known(EVENT, Recording(EVENT, state, folder, error="no picture"), sent)


@pytest.mark.parametrize(
    ("one", "now", "phase", "text"),
    [
        (Known(EVENT), 990.0, Phase.WAITING, "starts in 10.0 s"),
        (Known(EVENT), 1001.0, Phase.WAITING, "starts in 0.0 s"),
        (known(S.RECORDING), 1050.0, Phase.RECORDING, "0:50 of 1:40, 0 B"),
        (known(S.RECORDING), 1101.0, Phase.CLOSING, "closing"),
        (known(S.FAILED_RECORDING), 1050.0, Phase.RECORDING, "no picture"),
        (known(S.FAILED_RECORDING), 1101.0, Phase.FAILED, "no picture"),
        (known(S.FINISHED_RECORDING), 1101.0, Phase.DELIVERING, "begins"),
        (
            known(S.UPLOADING, step=UploadStep.TRACKS, bytes_sent=500, bytes_total=2000),
            1101.0,
            Phase.DELIVERING,
            "500 B of 2.0 kB",
        ),
        (known(S.FAILED_UPLOADING, error="server away"), 1101.0, Phase.FAILED, "server away"),
        (known(S.FINISHED_UPLOADING, location="/archive/x"), 1101.0, Phase.DONE, "/archive/x"),
    ],
)
def test_assess(one: Known, now: float, phase: Phase, text: str) -> None:
    moment = assess(one, now)
    assert moment.phase is phase
    assert text in moment.text


def test_a_failure_is_final_once_the_recording_is_closed() -> None:
    failed = known(S.FAILED_RECORDING)
    assert failed.recording is not None
    closed = Known(EVENT, replace(failed.recording, ended=1010.0))
    assert assess(closed, 1050.0).phase is Phase.FAILED


def test_after_a_stop_nothing_that_failed_is_waited_for() -> None:
    assert assess(known(S.FAILED_RECORDING), 1050.0, stopped=True).phase is Phase.FAILED
    assert assess(known(S.RECORDING), 1050.0, stopped=True).phase is Phase.CLOSING


def test_the_size_of_what_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"x" * 2500)
    assert "2.5 kB" in assess(known(S.RECORDING, tmp_path), 1010.0).text


def test_share_of_the_recording() -> None:
    assert assess(known(S.RECORDING), 1025.0).share == pytest.approx(0.25)


def test_follow_ends_with_the_delivery(database: Database, tmp_path: Path) -> None:
    clock = FakeClock(1050.0)
    with database.write() as session:
        recordings.begin(session, EVENT, tmp_path, 1000.0)
    steps = iter([S.FINISHED_RECORDING, S.UPLOADING, S.FINISHED_UPLOADING])
    seen: list[Phase] = []

    def show(moment: Moment) -> None:
        seen.append(moment.phase)
        if (state := next(steps, None)) is not None:
            with database.write() as session:
                recordings.set_state(session, "e1", state, clock.now())

    assert follow(database, "e1", clock, show).state is S.FINISHED_UPLOADING
    assert seen == [Phase.RECORDING, Phase.DELIVERING, Phase.DELIVERING, Phase.DONE]


def test_follow_an_event_that_is_cancelled(database: Database) -> None:
    with database.write() as session:
        events.add(session, EVENT)

    def cancel(_moment: Moment) -> None:
        with database.write() as session:
            events.cancel(session, "e1")

    with pytest.raises(UsageError, match="cancelled"):
        follow(database, "e1", FakeClock(990.0), cancel)


def test_plain_lines_only_where_something_changes(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(live=False)
    for second in range(3):
        progress(Moment(Phase.RECORDING, f"0:0{second} of 0:03", second / 3))
    progress(Moment(Phase.DONE, "/archive/x"))
    progress.end()
    lines = capsys.readouterr().out.splitlines()
    assert [line[10:] for line in lines] == ["recording: 0:00 of 0:03", "done: /archive/x"]


def test_a_living_line_is_overwritten(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    progress = Progress(live=True)
    progress(Moment(Phase.RECORDING, "0:01 of 0:02", 0.5))
    progress(Moment(Phase.RECORDING, "a text that is much too long for a terminal of this width", 0.6))
    progress(Moment(Phase.DONE, "/archive/x"))
    progress.end()
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    assert "###############---------------]  50%" in out
    assert all(len(part) < 60 + len("\x1b[2K") for part in out.replace("\n", "\r").split("\r"))
