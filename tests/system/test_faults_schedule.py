"""Calendars that are none, and schedules that change under a recording."""

import time

import pytest
from fake_opencast.calendars import Scheduled, calendar
from opencast_server import FakeOpencast, faults

from pyca.store import events
from tests.measured import Measured
from tests.system_faults import PUNCTUAL, began_late, content, delivered, error_of, is_whole, parts, until
from tests.system_rig import Rig, soon

pytestmark = pytest.mark.system

VANISHED = "taken from the schedule"


def known(rig: Rig) -> dict[str, tuple[float, float]]:
    with rig.database.read() as session:
        return {event.uid: (event.start, event.end) for event in events.upcoming(session)}


def test_answers_that_are_no_calendar(server: FakeOpencast, rig: Rig, measured: Measured) -> None:
    rig.connect(server.url)
    start = soon(12)
    week = start + 604_800
    server.schedule("later", "Next week", week, week + 3600)
    server.schedule("soon", "Soon", start, start + 3)
    agent = rig.start("run")
    agent.says("2 added")
    before = known(rig)
    whole = calendar(list(server.events.values()), "room")
    others = calendar([Scheduled("other", "Another room", start, start + 60, agent="hall")], "hall")
    answers = {
        "web page": (faults.html(), "a web page instead of data"),
        "nothing": (faults.body(""), "not even BEGIN:VCALENDAR"),
        "500": (faults.status(500), "status 500"),
        "connection ends early": (faults.truncate(100), "ended early"),
        "truncated": (faults.body(whole[: whole.index("END:VCALENDAR")]), "END:VCALENDAR is missing"),
        "binary": (faults.body(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "binary data"),
        "another agent's": (faults.body(others), "hall"),
    }
    for name, (action, reason) in answers.items():
        server.faults.add("/recordings/calendars", action)
        server.extend("later", 0)  # to the server an edit: nothing is “unchanged” now
        agent.says(reason)
        upcoming = known(rig)
        assert {**before, **upcoming} == before, name
        assert "later" in upcoming, name
    agent.says("can be read again")
    fixed = time.time()
    server.schedule("new", "New", week, week + 60)
    rig.wait(lambda: "new" in known(rig), "the next change")
    took = time.time() - fixed
    delivered(rig, server, "soon")
    assert began_late(rig, "soon") < PUNCTUAL
    warnings = [line for line in agent.output().splitlines() if "[WARNING] Calendar" in line]
    assert len(warnings) == len(answers)
    measured(
        "12 answers that are no calendar",
        f"{', '.join(answers)}: schedule untouched, one warning each with its reason;"
        f" the next change seen after {took:.1f} s (polls each 5 s)",
    )


def test_schedules_that_change_while_they_are_recorded(
    server: FakeOpencast, rig: Rig, measured: Measured
) -> None:
    rig.connect(server.url, capture={"max_parallel": 8})
    with rig.up(server):
        start = soon(3)
        names = {"longer": 20, "shorter": 9, "cancelled": 14, "moved": 14, "late": 22}
        for uid in names:
            server.schedule(uid, f"Event {uid}", start, start + (17 if uid == "late" else 14))
    until(start + 2)
    server.extend("longer", 6)
    server.extend("shorter", -5)
    server.unschedule("cancelled")
    server.reassign("moved", "hall")
    # Calendars are asked for every five seconds while the end is near, here at 10 and at 15 s.
    rig.wait(lambda: polls_since(server, start + 9) > 0, "the look at the calendar at ten seconds")
    changed = time.time()
    server.extend("late", 5)

    lengths = {}
    for uid, planned in names.items():
        track = delivered(rig, server, uid)
        assert len(parts(rig, uid)) == 1
        lengths[uid] = content(track)
        assert is_whole(lengths[uid], planned), uid
        assert (VANISHED in error_of(rig, uid)) == (uid in ("cancelled", "moved"))
    measured(
        "13 changed while recording",
        ", ".join(f"{uid} {lengths[uid]:.1f} of {planned} s" for uid, planned in names.items())
        + ", one part each; cancelled and moved are recorded to their end and flagged",
    )
    measured(
        "13 extended by 5 s shortly before the end",
        f"{start + 17 - changed:.1f} s before it: 1 part, {lengths['late']:.2f} of 22 s",
    )


def polls_since(server: FakeOpencast, moment: float) -> int:
    return sum(call.moment > moment for call in server.called("GET", "/recordings/calendars"))
