"""Without a server: events made here or in a calendar file, an archive, people at a terminal."""

import hashlib
import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pyca.core.states import EventState
from tests.system_rig import Rig, ffprobe, soon

pytestmark = pytest.mark.system

ICAL = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VTIMEZONE
TZID:Europe/Zurich
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:morning@example.org
DTSTAMP:20200101T000000Z
DTSTART;TZID=Europe/Zurich:{start:%Y%m%dT%H%M%S}
DURATION:PT4S
RRULE:FREQ=DAILY
SUMMARY:Daily lecture\\, part one
END:VEVENT
END:VCALENDAR
"""


def check_archive(folder: Path) -> dict[str, object]:
    """Check an archived recording by its own manifest, and return that."""
    manifest: dict[str, object] = json.loads((folder / "manifest.json").read_text("utf-8"))
    tracks = manifest["tracks"]
    assert isinstance(tracks, list)
    assert tracks
    for track in tracks:
        file = folder / track["file"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == track["sha256"]
        assert file.stat().st_size == track["size"]
        assert ffprobe(file)[0] == ["video"]
    assert {file.name for file in folder.iterdir()} == {"manifest.json", *(track["file"] for track in tracks)}
    return manifest


def test_an_event_made_at_the_command_line(rig: Rig) -> None:
    rig.start("run")
    rig.wait_until_up()
    added = rig.run("events", "add", "--title", "Prüfung", "--start", "+2s", "--duration", "10min", "--json")
    assert added.code == 0, added.err
    uid = json.loads(added.out)["id"]

    rig.wait_for_state(uid, EventState.RECORDING)
    status = json.loads(rig.run("status", "--json").out)
    assert [event["id"] for event in status["recording"]] == [uid]
    states = {one["name"]: one["state"] for one in status["services"]}
    assert states == {
        "schedule": "idle",
        "capture": "busy",
        "ingest": "idle",
        "agentstate": "idle",
        "ui": "stopped",
    }

    rig.wait(lambda: any(file.stat().st_size for file in rig.recordings.rglob("*.mkv")), "the first bytes")
    ended = rig.run("events", "cancel", uid)  # which keeps what was recorded
    assert ended.code == 0, ended
    rig.wait_for_state(uid, EventState.FINISHED_UPLOADING)
    (listed,) = json.loads(rig.run("events", "list", "--json").out)
    assert (listed["id"], listed["title"], listed["state"]) == (uid, "Prüfung", "finished uploading")
    manifest = check_archive(Path(listed["location"]))
    assert manifest["event"]["title"] == "Prüfung"  # type: ignore[index]
    assert Path(listed["location"]).parent == rig.archive
    assert "Prüfung" in rig.run("events", "show", uid[:6]).out


def test_record_now_until_ctrl_c(rig: Rig) -> None:
    rig.start("run")
    rig.wait_until_up()
    recording = rig.start("record", "10min", "--title", "Ad hoc")
    rig.wait(rig.commands, "FFmpeg")
    rig.wait(lambda: any(file.stat().st_size for file in rig.recordings.rglob("*.mkv")), "the first bytes")
    assert recording.end(signal.SIGINT) == 0
    (folder,) = rig.archive.iterdir()
    manifest = check_archive(folder)
    assert manifest["recording"]["complete"] is True  # type: ignore[index]
    assert str(folder) in recording.output()
    assert not rig.commands()


def test_a_recurring_event_of_a_calendar_file(rig: Rig) -> None:
    start = soon(8)
    first = datetime.fromtimestamp(start, UTC).astimezone(ZoneInfo("Europe/Zurich")) - timedelta(days=30)
    # The time on the wall is what recurs: on both sides of a change to summer time.
    wall = datetime.fromtimestamp(start, ZoneInfo("Europe/Zurich")).time()
    calendar = rig.folder / "hall.ics"
    text = ICAL.format(start=datetime.combine(first.date(), wall))
    calendar.write_bytes(text.replace("\n", "\r\n").encode())
    rig.configure(agent={"calendar": calendar, "cal_lookahead": 3})
    rig.start("run")
    rig.wait_until_up()
    rig.wait(lambda: len(json.loads(rig.run("events", "list", "--json").out)) >= 3, "the occurrences")
    occurrences = json.loads(rig.run("events", "list", "--json").out)
    today = [one for one in occurrences if datetime.fromisoformat(one["start"]).timestamp() == start]
    assert [one["title"] for one in today] == ["Daily lecture, part one"]
    assert [one["duration"] for one in occurrences] == [4.0] * len(occurrences)
    one = rig.wait_for_state(today[0]["id"], EventState.FINISHED_UPLOADING)
    assert one.upload
    check_archive(Path(one.upload.location))
    others = [one["state"] for one in json.loads(rig.run("events", "list", "--json").out)]
    assert others.count("upcoming") == len(occurrences) - 1
