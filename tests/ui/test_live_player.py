"""The player's files: for those who may look, for all while shared, and nothing else of the machine."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pyca.config.settings import Settings
from pyca.store import live
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.livebox.app import create_live_app
from pyca.ui.view.hls import FRESH
from pyca.ui.view.sharing import PERIOD, public_address
from tests.live_pages import with_player
from tests.tools import FakeClock
from tests.ui_tools import JPEG, Person

TOKEN = "c0ffee-0123456789abcd"
LIST = b'#EXTM3U\n#EXT-X-MAP:URI="init-7.mp4"\n#EXTINF:2,\npart-7.m4s\n'


@pytest.fixture
def folder(tmp_path: Path, clock: FakeClock) -> Path:
    """The files of a stream on air, and some that are nobody's business."""
    found = tmp_path / "live" / "hls"
    found.mkdir(parents=True)
    for name in ("part-7.m4s", "init-7.mp4", "secret.txt", ".hidden.mp4"):
        (found / name).write_bytes(name.encode())
    (tmp_path / "live" / "preview.jpg").write_bytes(b"outside")
    (found / "part-8.m4s").symlink_to(tmp_path / "live" / "preview.jpg")
    os.mkfifo(found / "part-9.m4s")
    write_list(found, clock)
    return found


def write_list(folder: Path, clock: FakeClock, age: float = 0.0) -> None:
    (folder / "index.m3u8").write_bytes(LIST)
    os.utime(folder / "index.m3u8", (clock.now() - age, clock.now() - age))


@pytest.fixture
def app(settings: Settings, database: Database, clock: FakeClock, folder: Path) -> Flask:
    return create_app(with_player(settings, folder.parent), database, clock)


@pytest.fixture
def shared(database: Database, clock: FakeClock) -> None:
    with database.write() as session:
        live.share(session, TOKEN, clock.now())


def test_the_list_is_never_kept_and_parts_are(person: Person) -> None:
    answer = person.get("/live/hls/index.m3u8")
    assert (answer.data, answer.mimetype) == (LIST, "application/vnd.apple.mpegurl")
    assert answer.headers["Cache-Control"] == "no-store"
    part = person.get("/live/hls/part-7.m4s")
    assert (part.data, part.mimetype, part.content_length) == (b"part-7.m4s", "video/iso.segment", 10)
    assert person.get("/live/hls/init-7.mp4").mimetype == "video/mp4"
    assert "blob:" in person.get("/live/player").headers["Content-Security-Policy"]


def test_strangers_see_nothing_until_it_is_shared(client: FlaskClient) -> None:
    for path in ("/live/player", "/live/hls/index.m3u8"):
        assert client.get(path).status_code == 401
    for path in (f"/watch/{TOKEN}", f"/watch/{TOKEN}/index.m3u8", "/watch/", "/watch/x/index.m3u8"):
        assert client.get(path).status_code in (401, 404)


@pytest.mark.usefixtures("shared")
def test_everybody_may_watch_what_is_shared_and_learns_nothing_else(
    client: FlaskClient, database: Database, clock: FakeClock
) -> None:
    page = client.get(f"/watch/{TOKEN}")
    assert page.status_code == 200 and "hall-1" not in page.text and "pyCA" not in page.text
    assert "noindex" in page.headers["X-Robots-Tag"] and "<nav" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert client.get(f"/watch/{TOKEN}/index.m3u8").data == LIST
    assert client.get(f"/watch/{TOKEN}/part-7.m4s", buffered=True).data == b"part-7.m4s"
    wrong = [client.get(path) for path in ("/watch/wrong", "/watch/ü", f"/watch/{TOKEN}x/part-7.m4s")]
    assert {one.status_code for one in wrong} == {404}
    assert len({one.data for one in wrong}) == 1 and b"hall-1" not in wrong[0].data
    with database.write() as session:
        live.share(session, "", clock.now())
    clock.move(PERIOD)
    for path in (f"/watch/{TOKEN}", f"/watch/{TOKEN}/index.m3u8", f"/watch/{TOKEN}/part-7.m4s"):
        assert client.get(path).status_code == 404


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize(
    "name",
    [
        "secret.txt",
        ".hidden.mp4",
        "part-8.m4s",
        "part-9.m4s",
        "part-77.m4s",
        "..%2fpreview.jpg",
        "%2e%2e",
        "part-7.m4s%00",
    ],
)
def test_nothing_but_the_players_own_files_is_sent(client: FlaskClient, person: Person, name: str) -> None:
    assert client.get(f"/watch/{TOKEN}/{name}").status_code in (401, 404)
    assert person.get(f"/live/hls/{name}").status_code == 404


def test_what_is_over_is_not_shown_again(person: Person, folder: Path, clock: FakeClock) -> None:
    write_list(folder, clock, age=FRESH + 1)
    assert person.get("/live/hls/index.m3u8").status_code == 204
    assert person.get("/live/hls/part-7.m4s").status_code == 404
    (folder / "index.m3u8").unlink()
    assert person.get("/live/hls/index.m3u8").status_code == 204


@pytest.mark.usefixtures("shared")
def test_without_a_player_page_there_is_none(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    app = create_app(settings, database, clock)
    assert app.test_client().get(f"/watch/{TOKEN}").status_code == 404
    person = Person(app.test_client(), settings.ui)
    assert person.get("/live/player").status_code == 409
    assert person.get("/live/hls/index.m3u8").status_code == 404
    assert "[live] hls" in person.get("/live").text


def test_the_touch_view_is_one_screen_of_the_interface(app: Flask, settings: Settings) -> None:
    text = Person(app.test_client(), settings.ui).get("/touch").text
    assert 'data-interface="/api/livebox/v1"' in text and "data-operate" in text
    assert 'href="/live"' in text and "style=" not in text


def test_the_touch_view_works_where_the_streamer_serves_itself(
    settings: Settings, database: Database, clock: FakeClock, folder: Path
) -> None:
    client = create_live_app(with_player(settings, folder.parent), database, clock).test_client()
    page = client.get("/touch")
    assert page.status_code == 200 and "data-operate" in page.text and "/-/static/touch.js" in page.text
    assert 'href="/touch"' in client.get("/").text
    (folder.parent / "preview.jpg").write_bytes(JPEG)
    assert client.get("/live/picture").data == JPEG
    assert client.get("/live/player").status_code == 404, "the player is the page's"


@pytest.mark.usefixtures("shared")
def test_many_viewers_cost_one_look_at_the_database_a_second(
    client: FlaskClient, person: Person, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get(f"/watch/{TOKEN}/index.m3u8").data == LIST
    with monkeypatch.context() as patch:
        patch.setattr(database, "read", None)
        for name in ("index.m3u8", "part-7.m4s") * 3:
            assert client.get(f"/watch/{TOKEN}/{name}", buffered=True).status_code == 200
    # What somebody does here counts at once.
    assert person.post("/live/unshare").status_code == 303
    assert client.get(f"/watch/{TOKEN}/index.m3u8").status_code == 404


@pytest.mark.parametrize(
    ("asked", "configured", "shown"),
    [
        (
            "http://box.example.org:5000/watch/x",
            "http://localhost:5000",
            "http://box.example.org:5000/watch/x",
        ),
        ("http://localhost:5000/watch/x", "https://box.example.org/", "https://box.example.org/watch/x"),
        ("http://[::1]:5000/watch/x", "http://10.0.0.7:5000", "http://10.0.0.7:5000/watch/x"),
        ("http://127.0.0.1:5000/watch/x", "http://localhost:5000", ""),
    ],
)
def test_the_address_for_everybody_is_one_that_others_can_use(
    settings: Settings, asked: str, configured: str, shown: str
) -> None:
    ui = replace(settings.ui, url=configured.rstrip("/"))
    assert public_address(asked, replace(settings, ui=ui)) == (shown or asked, bool(shown))


@pytest.mark.usefixtures("shared")
def test_the_page_says_where_others_cannot_use_the_address(
    settings: Settings, database: Database, clock: FakeClock, folder: Path
) -> None:
    pages = {}
    for url in ("http://localhost:5000", "https://box.example.org"):
        known = replace(with_player(settings, folder.parent), ui=replace(settings.ui, url=url))
        pages[url] = Person(create_app(known, database, clock).test_client(), known.ui).get("/live").text
    assert "on this machine only" in pages["http://localhost:5000"]
    assert "name of this machine" in pages["http://localhost:5000"]
    assert f'value="https://box.example.org/watch/{TOKEN}"' in pages["https://box.example.org"]
    assert "on this machine only" not in pages["https://box.example.org"]
