"""What changes is told to those who listen, and the database is left alone while nobody does."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pyca.config.settings import Settings
from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.core.states import EXTRA_SERVICES, ServiceName, ServiceState
from pyca.store import alarms, events, fingerprints, recordings, services, uploads
from pyca.store.database import Database
from pyca.ui.api import stream
from pyca.ui.api.stream import feed_of
from pyca.ui.stream import feed
from tests.tools import FakeClock, wait_for
from tests.ui_tools import PASSWORD, USER, Person, S, fill, put

THREADS = {"wsgi.multithread": True}
Told = tuple[str, dict[str, Any]]


class Listener:
    """Somebody who listens, in small steps."""

    def __init__(self, answer: TestResponse) -> None:
        self.answer = answer
        self.last = ""
        self._chunks: Iterator[bytes] = iter(answer.response)

    def next(self) -> list[Told]:
        """Return the events of the next piece."""
        found = []
        for block in next(self._chunks).decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in fields:
                self.last = fields["id"]
                found.append((fields["event"], json.loads(fields["data"])))
        return found

    def rest(self) -> list[bytes]:
        return list(self._chunks)


Listen = Callable[..., Listener]


@pytest.fixture
def listen(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listen]:
    monkeypatch.setattr(feed, "PERIOD", 0.02)
    monkeypatch.setattr(stream, "_SLICE", 0.02)
    opened: list[TestResponse] = []

    def listen(**headers: str) -> Listener:
        answer = client.get(
            "/api/stream",
            auth=(USER, PASSWORD),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            environ_overrides=THREADS,
            buffered=False,
        )
        opened.append(answer)
        assert answer.status_code == 200, answer.get_data()
        return Listener(answer)

    yield listen
    for answer in opened:
        answer.close()
    wait_for(lambda: not threads(), "the end of the thread")


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "feed"]


def test_it_begins_with_all_that_is(listen: Listen, database: Database, clock: FakeClock) -> None:
    fill(database, clock.now())
    one = listen()
    assert one.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert one.answer.headers["Cache-Control"] == "no-store"
    assert one.answer.headers["X-Accel-Buffering"] == "no"
    ((name, found),) = one.next()
    assert name == "snapshot"
    ids = {key: [each["id"] for each in found[key]] for key in ("recording", "uploading", "next", "services")}
    assert (ids["recording"], ids["uploading"], ids["next"]) == (["e0"], ["e5"], ["n0", "n1", "n2"])
    assert ids["services"] == [str(each) for each in ServiceName if each not in EXTRA_SERVICES]
    assert found["recent"][0]["attributes"]["title"] == "A failed recording one"


def test_events_are_told_as_they_come_change_and_go(
    listen: Listen, person: Person, database: Database, clock: FakeClock
) -> None:
    one = listen()
    one.next()
    with database.write() as session:
        events.add(session, Event("n1", "Algebra <&>", clock.now() + 60, clock.now() + 120))
    ((name, told),) = one.next()
    assert (name, told["change"]) == ("event", "created")
    assert [told["data"]] == person.get("/api/events/n1").get_json()["data"]
    with database.write() as session:
        events.update(session, Event("n1", "Geometry", clock.now() + 60, clock.now() + 120))
    ((_, told),) = one.next()
    assert (told["change"], told["data"]["attributes"]["title"]) == ("changed", "Geometry")
    with database.write() as session:
        events.cancel(session, "n1")
    assert one.next() == [("event", {"change": "deleted", "data": {"type": "event", "id": "n1"}})]


def test_a_recording_is_told_from_its_begin_to_its_upload(
    listen: Listen, database: Database, clock: FakeClock
) -> None:
    with database.write() as session:
        events.add(session, Event("n1", "Algebra", clock.now(), clock.now() + 60))
    one = listen()
    one.next()
    put(database, "n1", S.UPLOADING, clock.now())
    ((_, told),) = one.next()
    assert (told["change"], told["data"]["attributes"]["status"]) == ("changed", "uploading")
    with database.write() as session:
        uploads.save(session, uploads.Upload("n1", "opencast", bytes_total=900))
    names = [name for name, _ in one.next()]
    assert names == ["event", "upload"]
    with database.write() as session:
        uploads.progress(session, "n1", 300, 20.0)
    attributes = {"bytes_sent": 300, "bytes_total": 900, "rate": 20.0}
    data = {"type": "upload", "id": "n1", "attributes": attributes}
    assert one.next() == [("upload", {"change": "changed", "data": data})]


def test_services_and_alarms_are_told(listen: Listen, database: Database, clock: FakeClock) -> None:
    one = listen()
    one.next()
    with database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "records", clock.now())
    ((name, told),) = one.next()
    assert (name, told["data"]["id"], told["data"]["attributes"]["state"]) == ("service", "capture", "busy")
    alarm = Alarm(AlarmKind.SILENCE, "no sound", clock.now(), "", "camera", "capture")
    with database.write() as session:
        alarms.store(session, alarm)
    ((name, told),) = one.next()
    assert (name, told["change"], told["data"]["attributes"]["active"]) == ("alarm", "created", True)
    with database.write() as session:
        alarms.store(session, replace(alarm, ended=clock.now()))
    ((name, told),) = one.next()
    assert (told["change"], told["data"]["attributes"]["active"]) == ("ended", False)


def test_a_heartbeat_alone_is_no_news(app: Flask, database: Database, clock: FakeClock) -> None:
    told = feed_of(app)
    place = told.join()
    begin = told.begin(None)
    with database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "records", clock.now())
    first = told.begin(begin.last)
    clock.move(20)
    with database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "records", clock.now())
    assert len(first.missed) == 1
    assert told.begin(first.last).missed == []
    told.leave(place)


def test_whoever_comes_back_is_told_what_was_missed(
    listen: Listen, database: Database, clock: FakeClock
) -> None:
    one = listen()
    one.next()
    one.answer.close()
    wait_for(lambda: not threads(), "the end of the thread")
    with database.write() as session:
        events.add(session, Event("n1", "Algebra", clock.now() + 60, clock.now() + 120))
    again = listen(Last_Event_ID=one.last)
    ((name, told),) = again.next()
    assert (name, told["data"]["id"]) == ("event", "n1")


@pytest.mark.parametrize("known", ["", "nonsense", "00000000-1", "{}-999", "{}-\u0661"])
def test_whoever_knows_something_else_begins_anew(listen: Listen, app: Flask, known: str) -> None:
    header = known.format(feed_of(app).name).encode().decode("latin-1")
    assert listen(Last_Event_ID=header).next()[0][0] == "snapshot"


def test_whoever_was_away_for_too_long_begins_anew(
    listen: Listen, database: Database, clock: FakeClock
) -> None:
    one = listen()
    one.next()
    one.answer.close()
    with database.write() as session:
        for number in range(feed.KEPT + 1):
            start = clock.now() + 60 + number
            events.add(session, Event(f"n{number}", "Algebra", start, start + 1))
    assert listen(Last_Event_ID=one.last).next()[0][0] == "snapshot"


def test_only_some_may_listen_and_a_place_is_freed(
    listen: Listen, person: Person, client: FlaskClient
) -> None:
    all_of_them = [listen() for _ in range(feed.LISTENERS)]
    assert len(threads()) == 1
    answer = client.get("/api/stream", auth=(USER, PASSWORD), environ_overrides=THREADS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.get_json()["errors"][0]["title"] == "No stream now"
    all_of_them[0].answer.close()  # before anything was read
    all_of_them[0].answer.close()
    assert listen().next()[0][0] == "snapshot"
    assert client.get("/api/stream", auth=(USER, PASSWORD), environ_overrides=THREADS).status_code == 503


def test_without_threads_there_is_no_stream(person: Person) -> None:
    answer = person.get("/api/stream")
    assert answer.status_code == 503
    assert "no threads" in answer.get_json()["errors"][0]["detail"]


def test_strangers_hear_nothing(client: FlaskClient) -> None:
    answer = client.get("/api/stream", environ_overrides=THREADS)
    assert answer.status_code == 401


def test_asking_for_the_head_alone_takes_no_place(app: Flask, client: FlaskClient) -> None:
    for _ in range(feed.LISTENERS + 1):
        answer = client.head("/api/stream", auth=(USER, PASSWORD), environ_overrides=THREADS)
        assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")


def test_a_stream_ends_and_shows_life_until_then(listen: Listen, clock: FakeClock) -> None:
    one = listen()
    one.next()
    clock.move(stream.BEAT)
    assert next(one._chunks) == b": still here\n\n"
    clock.move(stream.LONGEST)
    assert one.rest() == []


def test_a_server_that_stops_is_not_held(listen: Listen, app: Flask) -> None:
    one = listen()
    one.next()
    feed_of(app).ended = lambda: True
    assert one.rest() == []
    wait_for(lambda: not threads(), "the end of the thread")
    assert not feed_of(app).join()


def test_a_client_that_hangs_up_is_noticed(client: FlaskClient, listen: Listen) -> None:
    gone = {"wsgi.multithread": True, "waitress.client_disconnected": lambda: True}
    answer = client.get("/api/stream", auth=(USER, PASSWORD), environ_overrides=gone, buffered=False)
    assert len(list(answer.response)) == 1
    answer.close()


def test_a_database_that_fails_takes_no_place(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, "look", fail)
        for _ in range(feed.LISTENERS + 1):
            answer = client.get("/api/stream", auth=(USER, PASSWORD), environ_overrides=THREADS)
            assert answer.status_code == 503
    assert not threads()
    assert feed_of(app).join()


def test_a_database_that_fails_for_a_while_ends_nothing(
    listen: Listen, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = listen()
    one.next()
    seen = threading.Event()

    def fail(*_: object) -> None:
        seen.set()
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, "look", fail)
        assert seen.wait(30)
    put(database, "e1", S.RECORDING, clock.now())
    assert one.next()[0][1]["data"]["id"] == "e1"


class TestMarks:
    """What is looked at is bounded; what only comes into view is no news."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fingerprints, "COMING", 2)
        monkeypatch.setattr(fingerprints, "PAST", 2)

    def test_events_that_come_into_view_are_not_new(
        self, app: Flask, database: Database, clock: FakeClock
    ) -> None:
        with database.write() as session:
            for number in range(4):
                start = clock.now() + 60 * number + 60
                events.add(session, Event(f"n{number}", "Algebra", start, start + 60))
        assert self.news(app, lambda session: events.cancel(session, "n0"), database) == [("deleted", "n0")]

    def test_old_recordings_are_told_while_they_are_uploaded(
        self, app: Flask, database: Database, clock: FakeClock
    ) -> None:
        for number in range(4):
            put(database, f"e{number}", S.FINISHED_RECORDING, clock.now() - 9000 * number)
        now = clock.now()

        def begin(session: Any) -> None:
            recordings.set_state(session, "e3", S.UPLOADING, now)

        def end(session: Any) -> None:
            recordings.set_state(session, "e3", S.FINISHED_UPLOADING, now)

        assert self.news(app, begin, database) == [("changed", "e3")]
        assert self.news(app, end, database) == [("changed", "e3")]

    @staticmethod
    def news(app: Flask, change: Callable[[Any], object], database: Database) -> list[tuple[str, str]]:
        told = feed_of(app)
        place = told.join()
        last = told.begin(None).last
        with database.write() as session:
            change(session)
        missed = [json.loads(one.text) for one in told.begin(last).missed if one.name == "event"]
        told.leave(place)
        return [(one["change"], one["data"]["id"]) for one in missed]


def test_the_database_is_left_alone_while_nobody_listens(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PERIOD", 0.01)
    told = feed_of(app)
    place = told.join()
    told.begin(None)
    assert len(threads()) == 1
    told.leave(place)
    wait_for(lambda: not threads(), "the end of the thread")
