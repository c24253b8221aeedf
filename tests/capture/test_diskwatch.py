"""The general alarm about the disk, beside those of single inputs; and when the database is asked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pyca.capture.context import Context
from pyca.capture.diskwatch import QUIET, DiskWatch
from pyca.config.settings import Capture, Settings
from pyca.core.alarm import AlarmKind
from pyca.core.event import Event
from pyca.core.states import ServiceName
from pyca.runtime.hooks import Hooks
from pyca.store.alarms import Alarms
from pyca.store.database import Database
from tests.tools import FakeClock


class Bench:
    """A disk whose free bytes are set by hand."""

    def __init__(self, folder: Path, database: Database, clock: FakeClock) -> None:
        settings = Settings(capture=Capture(directory=folder, minimum_free=1000))
        self.clock, self.free = clock, cast("int | None", 500)
        self.scribe = SimpleNamespace(trouble="")
        self.alarms = Alarms(ServiceName.CAPTURE, Hooks(settings, clock), clock, lambda work: None)
        context = SimpleNamespace(settings=settings, clock=clock, alarms=self.alarms, scribe=self.scribe)
        self.watch = DiskWatch(cast(Context, context), database)

    def look(self, following: Event | None = None) -> None:
        self.clock.move(60)
        self.watch.look(following, busy=False)

    def told(self) -> list[str]:
        return [alarm.text for key, alarm in self.alarms._active.items() if key == (AlarmKind.DISK, "", "")]


@pytest.fixture
def bench(tmp_path: Path, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path, database, clock)
    monkeypatch.setattr("pyca.capture.diskwatch.free_bytes", lambda folder: made.free)
    return made


@pytest.fixture
def event(clock: FakeClock) -> Event:
    return Event(uid="e1", title="Lecture", start=clock.now() + 7200, end=clock.now() + 10800)


def test_the_alarm_of_an_input_hides_no_general_one(bench: Bench, event: Event) -> None:
    bench.alarms.alert(AlarmKind.DISK, "recorded to the second disk", event, source="camera")
    bench.look()
    [text] = bench.told()
    assert "only 500 B are free" in text
    bench.free = 2000
    bench.look()
    assert bench.told() == []


def test_the_words_follow_what_is_wrong(bench: Bench) -> None:
    for free, words in ((None, "cannot be read"), (500, "only 500 B"), (400, "only 500 B"), (None, "cannot")):
        bench.free = free
        bench.look()
        [text] = bench.told()
        assert words in text


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def listing(session: object, **wanted: object) -> list[object]:
        calls.append(wanted)
        return []

    monkeypatch.setattr("pyca.capture.diskwatch.recordings.listing", listing)
    return calls


def starting_in(bench: Bench, event: Event, seconds: float) -> Event:
    # The clock is moved by a look.
    start = bench.clock.now() + 60 + seconds
    return replace(event, start=start, end=start + 3600)


def soon(bench: Bench, event: Event) -> Event:
    return starting_in(bench, event, QUIET - 1)


def in_trouble(bench: Bench, event: Event) -> Event:
    bench.scribe.trouble = "the database is locked"
    return event


@pytest.mark.parametrize("hinder", [soon, in_trouble])
def test_the_database_is_asked_only_where_nobody_waits(
    bench: Bench, event: Event, asked: list[Any], hinder: Callable[[Bench, Event], Event]
) -> None:
    bench.look(hinder(bench, event))
    assert asked == []
    bench.scribe.trouble = ""
    bench.look(starting_in(bench, event, QUIET + 1))
    assert len(asked) == 1
