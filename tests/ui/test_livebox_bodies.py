"""Whatever is sent to a livebox, it answers in its own words, and changes nothing unless it says so."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pyca.config import settings as config
from pyca.core.live import LiveReport
from pyca.live.service import operator
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from pyca.ui.livebox.app import create_live_app
from tests.livebox_tools import Asker, Streamer, plain
from tests.tools import FakeClock


@dataclass(frozen=True)
class Box:
    """A livebox and what it has stored."""

    asker: Asker
    database: Database
    settings: config.Settings

    def stored(self) -> object:
        with self.database.read() as session:
            return (
                operator.control(session, self.settings),
                operator.setup(session, self.settings).source,
                operator.listed(session, self.settings),
            )


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    folder: Path = tmp_path_factory.mktemp("livebox")
    made = config.Settings(agent=config.Agent(name="hall-1", database=f"sqlite:///{folder}/pyca.db"))
    database, clock = Database(made.agent.database), FakeClock()
    ensure(database)
    Streamer(database, clock).tell(LiveReport(at=clock.now()))
    yield Box(Asker(create_live_app(made, database, clock).test_client()), database, made)
    database.dispose()


KEYS = some.sampled_from(
    ["name", "url", "resolution", "bitrate", "audio", "fps", "quality", "timestamp", "input", "encoder",
     "hflip", "vflip", "label", "key", "backup", "wanted", ""]
)  # fmt: skip
VALUES = some.one_of(
    some.none(), some.booleans(), some.integers(), some.floats(), some.text(max_size=20),
    some.sampled_from(["720p", "1M", "1kHz", "30", "rtmp://h/a", "srt://h:1?mode=listener", "test", "null"]),
    some.lists(some.integers(), max_size=2),
)  # fmt: skip
BODIES = some.one_of(
    some.binary(max_size=200),
    some.dictionaries(KEYS, VALUES, max_size=4).map(lambda found: json.dumps(found).encode()),
    some.recursive(VALUES, some.lists, max_leaves=5).map(lambda found: json.dumps(found).encode()),
)
KINDS = some.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "multipart/form-data", "text/plain", ""]
)  # fmt: skip
PLACES = some.sampled_from(
    [("POST", "control"), ("POST", "source"), ("POST", "destinations"), ("PUT", "destinations/main")]
)


@given(place=PLACES, kind=KINDS, body=BODIES)
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_changed_unless_it_is_said(
    box: Box, place: tuple[str, str], kind: str, body: bytes
) -> None:
    before = box.stored()
    headers = {"Content-Type": kind} if kind else {}
    answer = box.asker.ask(*place, data=body, headers=headers)
    if answer.status_code in (200, 201):
        plain(answer, answer.status_code)
    else:
        assert answer.status_code in (400, 413, 415), answer.text
        plain(answer, answer.status_code)
        assert box.stored() == before


@given(name=some.text(min_size=1, max_size=30), order=some.sampled_from(["", "/start", "/stop", "/restart"]))
@settings(max_examples=60)
def test_destinations_that_nobody_has(box: Box, name: str, order: str) -> None:
    before = box.stored()
    answer = box.asker.ask("PUT", f"destinations/{name}{order}")
    # A name may hold what ends a path, and then another thing is asked for.
    assert answer.status_code in (200, 308, 404, 405), answer.text
    assert box.stored() == before
