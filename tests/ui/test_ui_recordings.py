"""The recordings: the list with its filters and pages, one recording, and what can be done with it."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.event import Event
from pyca.core.recording import Part, Track, Upload, UploadStep
from pyca.core.states import EventState, Outcome
from pyca.store import alarms, recordings, uploads
from pyca.store.database import Database
from pyca.store.recording_pages import Place, page
from tests.tools import FakeClock
from tests.ui_shown import program, recorded
from tests.ui_tools import Person, fill, put

S = EventState
ACTIONS = ("retry", "resolve", "pause", "resume", "delete")


def titles(text: str) -> list[str]:
    """Return the titles in a list, in their order."""
    return [part.split(">")[1].split("<")[0] for part in text.split('class="title" id="open-')[1:]]


def failed(database: Database, clock: FakeClock, step: UploadStep = UploadStep.TRACKS) -> None:
    """Store a recording “u” whose delivery failed."""
    put(database, "u", S.FAILED_UPLOADING, clock.now(), title="Physics")
    with database.write() as session:
        told = Upload("u", "opencast", step, node="https://i.example", attempts=4, error="It said 503.")
        uploads.save(session, replace(told, next_attempt=clock.now() + 300))


def state_of(database: Database, uid: str) -> EventState:
    with database.read() as session:
        found = recordings.get(session, uid)
    assert found is not None
    return found.state


def test_the_list_shows_the_newest_first_with_what_became_of_them(
    person: Person, database: Database, clock: FakeClock
) -> None:
    fill(database, clock.now())
    text = person.get("/recordings").text
    assert len(titles(text)) == 8 and titles(text)[0] == "A recording one"
    assert "ffmpeg ended at once: no such device" in text
    assert "450.0 MB of 1.8 GB · 9.0 MB/s · 2 min left" in text and '<progress max="1800000000"' in text
    assert "4 attempts, next try" in text and "The server said 503." in text
    assert "45:00 · 1.8 GB · 2 tracks" in text
    assert "next try" not in person.get("/recordings/e5").text, "it is under way"
    assert "4 attempts, next try" in person.get("/recordings/e6").text


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("troubled", {"A failed recording one", "A partial recording one", "A failed uploading one"}),
        ("recording", {"A recording one"}),
        ("uploading", {"A uploading one"}),
        ("delivered", {"A finished uploading one"}),
        ("missed", {"A failed recording one"}),
        ("failed", {"A failed uploading one"}),
        ("waiting", {"A finished recording one", "A partial recording one", "A paused after recording one"}),
    ],
)
def test_the_list_can_be_filtered(
    person: Person, database: Database, clock: FakeClock, state: str, found: set[str]
) -> None:
    fill(database, clock.now())
    assert set(titles(person.get(f"/recordings?state={state}").text)) == found


def test_trouble_is_the_first_filter_and_counted(
    person: Person, database: Database, clock: FakeClock
) -> None:
    assert "No recording needs your attention" in person.get("/recordings?state=troubled").text
    fill(database, clock.now())
    first = person.get("/recordings").text.split('<ul class="filters">')[1].split("</li>")[0]
    assert "In trouble" in first and '<span class="count">3</span>' in first


def test_titles_are_searched_as_they_are(person: Person, database: Database, clock: FakeClock) -> None:
    for number, title in enumerate(("100% <b>", "1000", "under_score", "LINEAR Algebra")):
        put(database, str(number), S.FINISHED_RECORDING, clock.now(), title=title)
    assert titles(person.get("/recordings?title=100%25").text) == ["100% &lt;b&gt;"]
    assert 'id="status"' not in person.get("/recordings?title=1").text, "a search is not repeated by itself"
    assert titles(person.get("/recordings?title=r_s").text) == ["under_score"]
    assert titles(person.get("/recordings?title=linear").text) == ["LINEAR Algebra"]
    text = person.get("/recordings?title=%3Cscript%3E%00").text
    assert "No recording here has this in its title" in text and "&lt;script&gt;" in text


def test_pages_follow_each_other_without_gaps(person: Person, database: Database, clock: FakeClock) -> None:
    for number in range(60):
        # Pairs that begin at the same moment: the id decides.
        start = clock.now() - 7200 * (number // 2 + 1)
        put(database, f"e~{number:02}", S.FINISHED_RECORDING, clock.now(), title=f"{number:02}", start=start)
    pages, address = [], "/recordings"
    while address:
        text = person.get(address).text
        pages.append(titles(text))
        address = (
            text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&") if "Older" in text else ""
        )
    assert [len(one) for one in pages] == [25, 25, 10]
    assert [title for one in pages for title in one] == [f"{number:02}" for number in range(60)]
    back = text.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
    assert titles(person.get(back).text) == pages[1]
    fragment = text.split('data-from="')[1].split('"')[0].replace("&amp;", "&")
    assert titles(person.get(fragment).text) == pages[2], "the script keeps this page fresh, not the first"


@pytest.mark.parametrize(
    "query", ["older=x", "older=nan~a", "older=~", "older=1e999~", "state=x", "newer=\0~\0"]
)
def test_addresses_may_hold_anything(person: Person, query: str) -> None:
    assert person.get(f"/recordings?{query}").status_code == 200


def test_pages_are_bounded_however_many_recordings_there_are(database: Database, clock: FakeClock) -> None:
    for number in range(5):
        put(database, str(number), S.FINISHED_RECORDING, clock.now(), start=clock.now() - 7200 - number)
    with database.read() as session:
        first = page(session, size=2)
        second = page(session, older=first.older, size=2)
        again = page(session, newer=second.newer, size=2)
        nothing = page(session, older=Place(0.0, ""), size=2)
    assert (first.uids, second.uids) == (("0", "1"), ("2", "3")) and first.newer is None
    assert again.uids == first.uids and again.newer is None and nothing.uids == ()


def test_fragments_are_sent_only_where_something_changed(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "u", S.UPLOADING, clock.now())
    for path in ("/fragments/recordings", "/fragments/recordings/u"):
        tag = person.get(path).headers["ETag"]
        assert person.get(path, If_None_Match=tag).status_code == 304
    with database.write() as session:
        uploads.save(session, Upload("u", "opencast", UploadStep.TRACKS, bytes_total=100, bytes_sent=50))
    answer = person.get(path, If_None_Match=tag)
    assert answer.status_code == 200 and 'value="50"' in answer.text and "<html" not in answer.text


def test_one_recording_tells_all_that_is_known(
    person: Person, database: Database, clock: FakeClock, settings: Settings
) -> None:
    now = clock.now()
    folder = settings.capture.directory / "r"
    folder.mkdir(parents=True)
    recorded(
        database, folder, "r", {str(folder / "a.mp4"): ("video h264 2x2 25 fps",)}, now, S.PARTIAL_RECORDING
    )
    with database.write() as session:
        for number, (start, end) in enumerate(((now - 7200, now - 7000), (now - 6940, now - 3600)), 1):
            part = recordings.add_part(session, Part("r", "camera", number, start, files=("a",)))
            outcome = Outcome.FAILED if number == 1 else Outcome.STOPPED
            recordings.end_part(session, part, end, outcome, 1)
        alarms.store(session, Alarm(AlarmKind.COMMAND, "it <i>ended", now - 7000, "r", "camera", ended=now))
        uploads.save(session, Upload("r", "folder", UploadStep.DONE, location="/archive/<r>"))
    text = person.get("/recordings/r").text
    for words in (
        "failed, exit code 1", "1 min of camera lost in between", "stopped by pyCA", "it &lt;i&gt;ended",
        "/archive/&lt;r&gt;", "presenter/source from camera", "video h264 2x2 25 fps", "a.mp4",
        "This file is not where it should be.",
    ):  # fmt: skip
        assert words in text, words


def test_a_shorter_recording_says_how_much_is_missing(
    person: Person, database: Database, clock: FakeClock
) -> None:
    now = clock.now()
    event = Event("s", "Short", now - 7200, now - 3600)
    put(database, "s", S.FINISHED_RECORDING, now, start=event.start, end=event.start + 600)
    with database.write() as session:
        recordings.correct_times(session, "s", event.start, event.end)
    assert "50 min less than planned" in person.get("/recordings/s").text
    assert "10:00 of 1:00:00 planned" in person.get("/recordings").text


def test_files_that_are_gone_are_said_to_be_gone(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "g", S.FINISHED_UPLOADING, clock.now())
    with database.write() as session:
        uploads.save(session, Upload("g", "folder", UploadStep.GONE))
    text = person.get("/recordings/g").text
    assert "have been deleted from this machine after it was delivered" in text
    assert "This file was deleted from this machine." in text and 'id="get-' not in text


@pytest.mark.parametrize("uid", ["a/b ü", "http://x/y//z", "a?b#c%", "<b>", "tracks/1", "🎓"])
def test_any_id_has_a_page(person: Person, database: Database, clock: FakeClock, uid: str) -> None:
    put(database, uid, S.FAILED_UPLOADING, clock.now(), title="It")
    address = person.get("/recordings").text.split('id="open-1" href="')[1].split('"')[0]
    text = person.get(address).text
    assert '<h1 id="recording-title">It</h1>' in text
    fragment = text.split('data-from="')[1].split('"')[0]
    assert person.get(fragment).status_code == 200


@pytest.mark.parametrize("uid", ["unknown", "a%00b", "x" * 3000])
def test_unknown_recordings_are_not_found(person: Person, uid: str) -> None:
    assert person.get(f"/recordings/{uid}").status_code == 404
    for action in ACTIONS:
        assert person.post(f"/{action}", {"uid": uid}).status_code == 404


@pytest.mark.parametrize(
    ("back", "place"),
    [
        ("recording", "/recordings/u?done=retry"),
        ("recordings", "/recordings?done=retry"),
        ("now", "/?done=retry"),
        ("", "/?done=retry"),
        ("https://evil.example/", "/?done=retry"),
        ("//evil.example", "/?done=retry"),
    ],
)
def test_one_gets_back_to_where_one_came_from(
    person: Person, database: Database, clock: FakeClock, back: str, place: str
) -> None:
    failed(database, clock)
    question = person.get(f"/retry?uid=u&back={back}").text
    assert 'href="https://evil' not in question and 'href="//evil' not in question
    answer = person.post("/retry", {"uid": "u", "back": back})
    assert (answer.status_code, answer.headers["Location"]) == (303, place)
    assert "tried again now" in person.get(place).text or place.startswith("/?")
    with database.read() as session:
        assert uploads.due(session, clock.now()) == "u"


@pytest.mark.parametrize(
    ("form", "state", "step"),
    [
        ({}, S.FINISHED_UPLOADING, UploadStep.SETTLED),
        ({"missing": "yes"}, S.FAILED_UPLOADING, UploadStep.TRACKS),
    ],
)
def test_an_unclear_upload_can_be_decided_both_ways(
    person: Person,
    database: Database,
    clock: FakeClock,
    form: dict[str, object],
    state: EventState,
    step: UploadStep,
) -> None:
    failed(database, clock, UploadStep.AMBIGUOUS)
    question = person.get("/resolve?uid=u&back=recording").text
    assert "It is there:" in question and "It is not there:" in question and "https://i.example" in question
    assert person.post("/resolve", {"uid": "u"} | form).status_code == 303
    with database.read() as session:
        upload = uploads.get(session, "u")
    assert state_of(database, "u") is state and upload is not None and upload.step is step
    assert person.post("/resolve", {"uid": "u"} | form).status_code == 409, "it is clear now"


def test_a_delivery_is_paused_and_goes_on(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "p", S.FINISHED_RECORDING, clock.now(), title="Physics")
    assert "Pause the upload of “Physics”?" in person.get("/pause?uid=p&back=recording").text
    answer = person.post("/pause", {"uid": "p", "back": "recording"})
    assert answer.headers["Location"] == "/recordings/p?done=pause"
    assert state_of(database, "p") is S.PAUSED_AFTER_RECORDING
    assert person.post("/pause", {"uid": "p"}).status_code == 409
    assert 'id="resume"' in person.get("/recordings/p").text
    assert (
        person.post("/resume", {"uid": "p", "back": "recording"}).headers["Location"].endswith("done=resume")
    )
    assert state_of(database, "p") is S.FINISHED_RECORDING
    assert person.post("/resume", {"uid": "p"}).status_code == 409


def test_deleting_what_was_not_delivered_needs_a_clear_word(
    person: Person, database: Database, clock: FakeClock, settings: Settings
) -> None:
    folder = settings.capture.directory / "d"
    folder.mkdir(parents=True)
    (folder / "a.mp4").write_bytes(b"x" * 7)
    recorded(database, folder, "d", {str(folder / "a.mp4"): ()}, clock.now())
    question = person.get("/delete?uid=d&back=recording").text
    assert "It was NOT delivered." in question and "1 file with 1 h of " in question
    assert person.post("/delete", {"uid": "d"}).status_code == 409 and (folder / "a.mp4").exists()
    answer = person.post("/delete", {"uid": "d", "sure": "yes", "back": "recording"})
    assert answer.headers["Location"] == "/recordings?done=delete"
    assert "The recording is deleted." in person.get("/recordings?done=delete").text
    assert not folder.exists() and person.get("/recordings/d").status_code == 404


def test_deleting_what_was_delivered_names_the_copy(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "d", S.FINISHED_UPLOADING, clock.now())
    with database.write() as session:
        uploads.save(session, Upload("d", "folder", UploadStep.DONE, location="/archive/d"))
    question = person.get("/delete?uid=d").text
    assert "the copy in <code>/archive/d</code> stays" in question and "NOT" not in question
    assert person.post("/delete", {"uid": "d"}).status_code == 303


@pytest.mark.parametrize("state", [S.RECORDING, S.UPLOADING])
def test_what_is_in_use_is_not_deleted(
    person: Person, database: Database, clock: FakeClock, state: EventState
) -> None:
    put(database, "d", state, clock.now())
    assert 'id="delete"' not in person.get("/recordings/d").text
    assert person.get("/delete?uid=d").status_code == 409
    assert person.post("/delete", {"uid": "d", "sure": "yes"}).status_code == 409
    assert state_of(database, "d") is state


def test_what_the_recorder_still_tries_is_not_deleted(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "d", S.FAILED_RECORDING, clock.now(), start=clock.now() - 60, end=clock.now() + 60)
    assert 'id="delete"' not in person.get("/recordings/d").text
    assert person.get("/delete?uid=d").status_code == 409
    assert person.post("/delete", {"uid": "d", "sure": "yes"}).status_code == 409
    assert state_of(database, "d") is S.FAILED_RECORDING
    clock.move(61)
    assert 'id="delete"' in person.get("/recordings/d").text
    assert person.post("/delete", {"uid": "d", "sure": "yes"}).status_code == 303


def test_files_that_stay_are_not_called_deleted(
    person: Person, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere" / "a.mp4"
    outside.parent.mkdir()
    outside.write_bytes(b"x")
    recorded(database, outside.parent, "d", {str(outside): ()}, clock.now())
    answer = person.post("/delete", {"uid": "d", "sure": "yes", "back": "recordings"})
    text = person.get(answer.headers["Location"]).text
    assert "files of it stay" in text and "The recording is deleted." not in text
    assert outside.exists()


def test_a_recording_that_runs_can_be_stopped_from_its_page(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "r", S.RECORDING, clock.now())
    text = person.get("/recordings/r").text
    for button in ("stop", "extend"):
        address = text.split(f'id="{button}" href="')[1].split('"')[0]
        assert person.get(address).status_code == 200


@pytest.mark.parametrize("scope", [Scope.READ, Scope.OPERATE])
def test_buttons_and_actions_are_for_those_who_may(
    client: FlaskClient, database: Database, clock: FakeClock, scope: Scope
) -> None:
    failed(database, clock)
    someone = program(client, database, scope, clock.now())
    text = someone.get("/recordings/u").text
    operates = scope is Scope.OPERATE
    assert ('id="retry"' in text, 'id="pause"' in text, 'id="delete"' in text) == (operates, operates, False)
    assert ('id="retry-1"' in someone.get("/recordings").text) is operates
    for action in ("delete",) if operates else ACTIONS:
        assert someone.post(f"/{action}", {"uid": "u", "sure": "yes"}).status_code == 403
        assert action == "resume" or someone.get(f"/{action}?uid=u").status_code == 403
    assert state_of(database, "u") is S.FAILED_UPLOADING


def test_strangers_see_nothing(client: FlaskClient, database: Database, clock: FakeClock) -> None:
    put(database, "u", S.FINISHED_UPLOADING, clock.now(), title="Secret")
    for path in ("/recordings", "/recordings/u", "/fragments/recordings", "/fragments/recordings/u"):
        answer = client.get(path)
        assert answer.status_code in (303, 401) and "Secret" not in answer.text


def test_nothing_on_the_pages_needs_a_style_attribute(
    person: Person, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    fill(database, clock.now())
    for path in ("/recordings", "/recordings/e5", "/recordings/e6", "/delete?uid=e6"):
        assert "style=" not in person.get(path).text


def test_who_stops_by_hand_is_not_told_that_something_is_missing(
    person: Person, database: Database, clock: FakeClock
) -> None:
    now = clock.now()
    put(database, "s", S.RECORDING, now, title="Short")
    with database.write() as session:
        recordings.set_end(session, "s", now)
        recordings.set_state(session, "s", S.FINISHED_RECORDING, now)
        track = Track(Path("/recordings/s/a.mkv"), "presenter/source", size=10, duration=1199.0)
        recordings.close(session, "s", now, [track])
    text = person.get("/recordings/s").text
    assert "stopped by hand at" in text
    assert "less than" not in text


@pytest.mark.parametrize("path", ["/recordings", "/fragments/recordings"])
def test_a_search_that_is_too_long_is_refused_in_words(person: Person, path: str) -> None:
    assert person.get(f"{path}?title={'x' * 200}").status_code == 200
    answer = person.get(f"{path}?title={'x' * 201}")
    assert (answer.status_code, "at most 200 characters" in answer.text) == (400, True)
