"""What holds for the whole API: media types, parameters, bodies, tags."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyca.core.states import EventState
from pyca.store import event_pages
from pyca.store.database import Database
from pyca.store.event_pages import Wanted
from tests.api_tools import MEDIA_TYPE, Program, document, problems
from tests.tools import FakeClock
from tests.ui_tools import fill, put

S = EventState


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/*",
        "application/json",
        MEDIA_TYPE,
        f"{MEDIA_TYPE}; charset=utf-8, {MEDIA_TYPE}",
        f'{MEDIA_TYPE}; profile="https://example.org/p"',
        f"text/html, {MEDIA_TYPE};q=0.1",
        "text/html,application/xhtml+xml,*/*;q=0.8",
    ],
)
def test_who_can_read_us_is_answered(program: Program, accept: str) -> None:
    document(program.get("/api/events", Accept=accept))


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/html",
        f"{MEDIA_TYPE}; charset=utf-8",
        f"{MEDIA_TYPE}; charset=utf-8, */*",
        f'{MEDIA_TYPE}; ext="https://example.org/x"',
        f"{MEDIA_TYPE};q=0",
        "*/*;q=0",
    ],
)
def test_who_cannot_read_us_is_told(program: Program, accept: str) -> None:
    (problem,) = problems(program.get("/api/events", Accept=accept), 406)
    assert problem["source"] == {"header": "Accept"}


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        f"{MEDIA_TYPE}; charset=utf-8",
        f'{MEDIA_TYPE}; ext="https://example.org/x"',
        "💥".encode().decode("latin-1"),
    ],
)
def test_bodies_in_another_language_are_refused(program: Program, database: Database, kind: str) -> None:
    body = {"data": {"type": "event", "attributes": {"duration": 60}}}
    (problem,) = problems(program.ask("POST", "/api/schedule", body, Content_Type=kind), 415)
    assert problem["source"] == {"header": "Content-Type"}
    assert total(database) == 0


def test_a_profile_changes_nothing(program: Program) -> None:
    body = {"data": {"type": "event", "attributes": {"duration": 60}}}
    kind = f'{MEDIA_TYPE}; profile="https://example.org/p"'
    document(program.ask("POST", "/api/schedule", body, Content_Type=kind))


@pytest.mark.parametrize("kind", [MEDIA_TYPE, "application/json"])
def test_what_has_no_body_has_no_language(program: Program, kind: str) -> None:
    document(program.get("/api/events", Content_Type=kind))


@pytest.mark.parametrize(
    "query",
    [
        "nothing=1",
        "page[size]=0",
        "page[size]=1001",
        "page[size]=ten",
        "page[size]=²",
        "page[number]=0",
        "page[number]=-1",
        "page[number]=99999999999999999999",
        "page=1",
        "page[size]=1&page[size]=2",
        "sort=location",
        "sort=",
        "sort=title,-title",
        "filter[status]=bored",
        "filter[origin]=mars",
        "filter[from]=nan",
        "filter[to]=tomorrow",
        "filter[colour]=red",
        "filter[title]=a%00b",
        "filter",
        "fields[event]=secret",
        "fields[other]=title",
        "include=tracks",
        "limit=0",
        "limit=many",
        "hard=true",
    ],
)
def test_parameters_that_cannot_be_are_told(program: Program, query: str) -> None:
    (problem,) = problems(program.get(f"/api/events?{query}"), 400)
    assert problem["source"]["parameter"] == query.split("=")[0].replace("%00", "\0")
    assert problem["detail"]


def test_all_wrong_parameters_are_told_at_once(program: Program) -> None:
    assert len(problems(program.get("/api/events?a=1&b=2&page[size]=x"), 400)) == 3


def test_pages_lead_to_each_other_and_keep_the_rest(
    program: Program, database: Database, clock: FakeClock
) -> None:
    fill(database, clock.now())
    path: str | None = "/api/events?page[size]=4&sort=-title&fields[event]=title&filter[title]=O"
    seen: list[str] = []
    pages = 0
    while path:
        found = document(program.get(path))
        assert found["meta"] == {"total": 11}
        assert found["links"]["self"].startswith("/api/events?page%5Bsize%5D=4&sort=-title")
        assert all(set(one["attributes"]) == {"title"} for one in found["data"])
        seen += [one["id"] for one in found["data"]]
        path, pages = found["links"]["next"], pages + 1
    assert pages == 3 and len(set(seen)) == 11
    assert found["links"]["first"] == document(program.get(found["links"]["first"]))["links"]["self"]
    assert [one["id"] for one in document(program.get(found["links"]["prev"]))["data"]] == seen[4:8]
    assert found["links"]["last"] == found["links"]["self"]


def test_behind_the_last_page_is_nothing(program: Program, database: Database, clock: FakeClock) -> None:
    fill(database, clock.now())
    found = document(program.get("/api/events?page[number]=1000000000"))
    assert found["data"] == [] and found["links"]["next"] is None
    assert len(document(program.get(found["links"]["prev"]))["data"]) == 11


def test_what_has_not_changed_is_not_sent_again(
    program: Program, database: Database, clock: FakeClock
) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now())
    for path in ("/api/events", "/api/events/a"):
        tag = program.get(path).headers["ETag"]
        again = program.get(path, If_None_Match=tag)
        assert (again.status_code, again.data) == (304, b"")
        assert program.get(path, If_None_Match='W/"other"').status_code == 200


@pytest.mark.parametrize("name", ["Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since"])
@pytest.mark.parametrize(
    "value", ["", "bytes=0-1", "bytes=99999-", "lines", "W/", '"', "\xff", "*", "Sat, 99"]
)
def test_odd_headers_do_no_harm(
    program: Program, database: Database, clock: FakeClock, name: str, value: str
) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now())
    assert program.ask("GET", "/api/events/a", None, **{name: value}).status_code in (200, 304)


def total(database: Database) -> int:
    with database.read() as session:
        return event_pages.page(session, Wanted(), (), 0, 1)[1]


def everything(database: Database) -> list[Any]:
    with database.read() as session:
        return event_pages.page(session, Wanted(), (), 0, 1000)[0]


DEEP = b"[" * 100_000
EVENT = b'{"data": {"type": "event", "id": "a", "attributes": {"duration": 60%s}}}'
BROKEN = [
    b"{",
    b"nothing",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"[]",
    b"null",
    b"1",
    b"{}",
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": [1]}',
    b'{"data": [{}, {}]}',
    b'{"data": {"type": "event", "id": "a"}}',
    b'{"data": {"type": "event", "id": "a", "attributes": []}}',
    DEEP[:60_000],
    b'{"data": ' * 100 + b"1" + b"}" * 100,
    EVENT % b', "start": NaN',
    EVENT % b', "start": -Infinity',
    EVENT % b', "start": 1e999',
    EVENT % (b', "start": ' + b"9" * 5000),
    EVENT % b', "start": true',
    EVENT % b', "start": "now"',
    EVENT % b', "start": -1',
    EVENT % b', "duration": 61',
    EVENT % b', "title": "a\\u0000b"',
    EVENT % b', "title": "a\\ud800b"',
    EVENT % b', "title": 5',
    EVENT % b', "title": null',
    EVENT % b', "colour": "red"',
]


@pytest.mark.parametrize("method", ["PATCH", "POST"])
@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_broken_bodies_are_invalid_data(
    program: Program, database: Database, clock: FakeClock, method: str, body: bytes
) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now())
    before = everything(database)
    path = "/api/events/a" if method == "PATCH" else "/api/schedule"
    told = problems(program.ask(method, path, body), 400)
    assert {problem["title"] for problem in told} == {"Invalid data"}
    assert all(problem["detail"] for problem in told)
    assert everything(database) == before


def test_all_mistakes_of_a_body_are_told_at_once(program: Program) -> None:
    body = {"data": [{"type": "x", "attributes": {"title": 1, "a/b": 2, "duration": 0}}]}
    told = problems(program.ask("POST", "/api/schedule", body), 400)
    assert [problem["source"]["pointer"] for problem in told] == [
        "/data/0/type",
        "/data/0/attributes/title",
        "/data/0/attributes/a~1b",
        "/data/0/attributes/duration",
    ]


def test_too_much_is_refused(program: Program) -> None:
    assert problems(program.ask("POST", "/api/events", b" " * 100_000), 413)


def test_what_nobody_knows_is_told_as_json(program: Program) -> None:
    assert problems(program.get("/api/nothing"), 404)
    assert problems(program.ask("PUT", "/api/events/a", {}), 405)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("status", "start", "end", "title", "duration", "inputs", "creator", "description")
ATTRIBUTES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
RESOURCES = st.fixed_dictionaries({"type": st.just("event"), "id": st.just("a"), "attributes": ATTRIBUTES})
BODIES = st.one_of(
    st.binary(max_size=200),
    VALUES.map(lambda value: json.dumps(value).encode()),
    RESOURCES.map(lambda value: json.dumps({"data": value}).encode()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, state=st.sampled_from([None, S.RECORDING, S.FAILED_UPLOADING]))
@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_whatever_is_sent_breaks_nothing(
    program: Program, database: Database, clock: FakeClock, method: str, body: bytes, state: EventState | None
) -> None:
    with database.read() as session:
        known = event_pages.one(session, "a")
    if known is None:
        put(database, "a", state or S.FINISHED_UPLOADING, clock.now())
    before = everything(database)
    answer = program.ask(method, "/api/events/a" if method == "PATCH" else "/api/events", body)
    assert answer.status_code < 500
    if answer.status_code >= 300:
        assert everything(database) == before
        json.loads(answer.data)
