"""Record, stop, extend, retry: what they change, and what they refuse."""

import pytest

from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState
from pyca.store import events, recordings, uploads
from pyca.store.database import Database
from tests.tools import FakeClock
from tests.ui_tools import USER, Person, put

S = EventState


def test_record_now_plans_an_event_that_begins_now(
    person: Person, database: Database, clock: FakeClock
) -> None:
    answer = person.post("/record", {"title": " Talk\0\n 🎓 ", "minutes": "45", "inputs": ["screen"]})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?done=record")
    assert "begins now" in person.get(answer.headers["Location"]).text
    with database.read() as session:
        (event,) = events.upcoming(session)
    assert (event.title, event.inputs, event.creator) == ("Talk 🎓", ("screen",), USER)
    assert event.end == pytest.approx(clock.now() + 2700, abs=5)


def test_all_inputs_means_no_choice(person: Person, database: Database) -> None:
    person.post("/record", {"title": "x", "minutes": "1", "inputs": ["screen", "camera"]})
    with database.read() as session:
        assert events.upcoming(session)[0].inputs == ()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"title": " \t", "minutes": "5", "inputs": "camera"}, "needs a title"),
        ({"title": "x" * 401, "minutes": "5", "inputs": "camera"}, "too long"),
        ({"title": "x", "minutes": "0", "inputs": "camera"}, "number of minutes"),
        ({"title": "x", "minutes": "-5", "inputs": "camera"}, "number of minutes"),
        ({"title": "x", "minutes": "nan", "inputs": "camera"}, "number of minutes"),
        ({"title": "x", "minutes": "1e9", "inputs": "camera"}, "number of minutes"),
        ({"title": "x", "minutes": "", "inputs": "camera"}, "number of minutes"),
        ({"title": "x", "minutes": "5"}, "at least one input"),
        ({"title": "x", "minutes": "5", "inputs": "/etc/passwd"}, "at least one input"),
    ],
)
def test_wrong_forms_come_back_with_what_is_wrong(
    person: Person, database: Database, form: dict[str, object], words: str
) -> None:
    answer = person.post("/record", form)
    assert answer.status_code == 422 and words in answer.text
    assert f'value="{form["title"]}"' in answer.text, "nothing has to be typed again"
    with database.read() as session:
        assert events.upcoming(session) == []


def test_a_huge_form_is_refused(person: Person) -> None:
    assert person.post("/record", {"title": "x" * 200_000}).status_code == 413


def test_stop_asks_and_stops(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "a/b ü", S.RECORDING, clock.now(), title="Physics")
    assert "Stop “Physics” now?" in person.get("/stop?uid=a/b%20ü").text
    assert person.post("/stop", {"uid": "a/b ü"}).status_code == 303
    with database.read() as session:
        assert recordings.operator_ends(session) == {"a/b ü": clock.now()}


def test_an_old_page_cannot_stop_what_is_over(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "r", S.FINISHED_RECORDING, clock.now())
    for action in ("stop", "extend"):
        answer = person.post(f"/{action}", {"uid": "r", "end": "1"})
        assert answer.status_code == 409 and "not being recorded any more" in answer.text


def test_retry_brings_a_failed_upload_back(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "u", S.FAILED_UPLOADING, clock.now())
    with database.write() as session:
        uploads.save(session, Upload("u", "x", attempts=9, next_attempt=clock.now() + 999, permanent=True))
    assert person.post("/retry", {"uid": "u"}).status_code == 303
    with database.read() as session:
        assert uploads.due(session, clock.now()) == "u"


def test_an_ambiguous_upload_can_be_declared_delivered(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "u", S.FAILED_UPLOADING, clock.now())
    with database.write() as session:
        uploads.save(session, Upload("u", "opencast", UploadStep.AMBIGUOUS))
    assert person.post("/resolve", {"uid": "u"}).status_code == 303
    with database.read() as session:
        found = recordings.get(session, "u")
    assert found and found.state is S.FINISHED_UPLOADING


@pytest.mark.parametrize("action", ["stop", "extend", "retry", "resolve"])
@pytest.mark.parametrize("uid", ["", "unknown", "../../etc/passwd", "a\0b", "x" * 5000])
def test_unknown_recordings_are_not_found(person: Person, action: str, uid: str) -> None:
    assert person.post(f"/{action}", {"uid": uid}).status_code == 404


def test_only_known_words_can_be_put_on_the_page(person: Person) -> None:
    assert "Send money" not in person.get("/?done=Send+money").text
