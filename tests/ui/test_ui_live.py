"""What moves on the page: levels and previews, from files alone."""

from pathlib import Path

import pytest

from pyca.config.settings import Settings
from pyca.media import levels as file
from pyca.media.levels import Sounding
from pyca.store.database import Database
from pyca.ui.view.levels import Level, read
from tests.tools import FakeClock
from tests.ui_tools import JPEG, Person


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.capture.preview_dir


def test_levels_of_configured_inputs_are_read(settings: Settings, folder: Path) -> None:
    file.write(
        folder,
        {
            "camera": Sounding(-23.0, -20.0, 1000.0),
            "screen": Sounding(-40.0, None, 990.0),
            "<b>": Sounding(-1.0, None, 1000.0),
        },
    )
    assert read(settings, 1001.0) == {
        "camera": Level(-23.0, -20.0, 1000.0, stale=False),
        "screen": Level(-40.0, None, 990.0, stale=True),
    }
    assert read(settings, 900.0)["camera"].stale, "a clock that was set back makes no level live"


def test_live_says_what_moves(person: Person, folder: Path, clock: FakeClock) -> None:
    now = clock.now()
    file.write(folder, {"camera": Sounding(-23.0, -20.0, now - 1)})
    (folder / "camera.jpg").write_bytes(JPEG)
    answer = person.get("/live.json")
    found = answer.get_json()
    assert found["levels"] == {"camera": {"rms": -23.0, "peak": -20.0, "age": 1.0, "stale": False}}
    camera, screen = found["previews"]
    assert (camera["number"], camera["label"]) == (0, "camera")
    assert camera["modified"] == (folder / "camera.jpg").stat().st_mtime
    assert screen == {"number": 1, "label": "screen", "modified": None, "stale": True}


def test_live_is_sent_again_only_where_something_moved(
    person: Person, folder: Path, clock: FakeClock
) -> None:
    now = clock.now()
    file.write(folder, {"camera": Sounding(-23.0, -20.0, now)})
    tag = person.get("/live.json").headers["ETag"]
    clock.move(1)
    assert person.get("/live.json", If_None_Match=tag).status_code == 304
    clock.move(10)
    assert person.get("/live.json", If_None_Match=tag).get_json()["levels"]["camera"]["stale"]
    file.write(folder, {"camera": Sounding(-24.0, -20.0, now)})
    assert person.get("/live.json", If_None_Match=tag).status_code == 200


def test_live_asks_no_database(person: Person, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    person.get("/live.json")
    monkeypatch.setattr("pyca.ui.view.levels.levels.read", lambda folder: {})
    database.dispose()
    monkeypatch.setattr(Database, "read", None)
    assert person.get("/live.json").status_code == 200


def test_live_is_for_people_who_may_read(person: Person) -> None:
    assert person.client.get("/live.json").status_code in (302, 303, 401)
