"""The forms about the stream: saved as a whole or not at all, mistakes kept in the form, no key shown."""

from pathlib import Path

import pytest

from pyca.config.settings import Settings
from pyca.core.live import MAIN, Destination, Setup
from pyca.live.service import operator
from pyca.store import destinations, live
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.view.live_choices import inputs, sounds
from tests.live_pages import KEY, put_destination, with_player
from tests.tools import FakeClock
from tests.ui_tools import Person

PLAIN: dict[str, object] = {
    "resolution": "720p",
    "fps": "30",
    "bitrate": "",
    "quality": "",
    "audio": "silence",
    "input": "test",
    "encoder": "auto",
}


def listed(database: Database, settings: Settings) -> list[Destination]:
    with database.read() as session:
        return operator.listed(session, settings)


def setup(database: Database) -> Setup:
    with database.read() as session:
        return live.setup(session, Setup())


def test_a_platform_needs_nothing_but_a_key(person: Person, database: Database, settings: Settings) -> None:
    answer = person.post("/live/destinations/add", {"platform": "youtube", "key": KEY})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/live?done=add")
    one = listed(database, settings)[-1]
    assert one.url.startswith("rtmps://a.rtmps.youtube.com") and one.key == KEY
    assert one.backup.startswith("rtmps://b.") and one.label == "YouTube"


def test_another_server_needs_an_address(person: Person, database: Database, settings: Settings) -> None:
    before = listed(database, settings)
    form: dict[str, object] = {"platform": "custom", "url": "far.example.org", "label": "L <i>", "key": KEY}
    answer = person.post("/live/destinations/add", form)
    assert answer.status_code == 422
    assert 'value="far.example.org"' in answer.text and 'value="L &lt;i&gt;"' in answer.text
    assert 'aria-describedby="wrong-url"' in answer.text and "write it once more" in answer.text
    assert KEY not in answer.text
    assert listed(database, settings) == before
    assert person.post("/live/destinations/add", form | {"url": ""}).status_code == 422
    assert person.post("/live/destinations/add", form | {"url": "rtmp://far/app"}).status_code == 303
    assert listed(database, settings)[-1].url == "rtmp://far/app"


def test_a_destination_that_is_gone_is_not_found(person: Person) -> None:
    for order in ("start", "stop", "restart", "remove"):
        assert person.post(f"/live/destinations/zzz/{order}", {}).status_code == 404, order


def test_an_empty_key_keeps_the_stored_one(person: Person, database: Database, settings: Settings) -> None:
    put_destination(database, "one", label="Old")
    page = person.get("/live/destinations/one/change").text
    assert KEY not in page and "leave empty to keep" in page and 'value="Old"' in page
    form: dict[str, object] = {"platform": "custom", "url": "rtmp://far.example.org/new", "label": "New"}
    assert person.post("/live/destinations/one/change", form).status_code == 303
    one = listed(database, settings)[-1]
    assert (one.url, one.label, one.key) == ("rtmp://far.example.org/new", "New", KEY)
    answer = person.post("/live/destinations/one/change", form | {"url": "rtmp://new.example.org/app"})
    assert listed(database, settings)[-1].key == ""
    assert "Its key was forgotten" in person.get(answer.headers["Location"]).text
    person.post("/live/destinations/one/change", form | {"key": "another"})
    assert listed(database, settings)[-1].key == "another"
    person.post("/live/destinations/one/change", form | {"forget_key": "on"})
    assert listed(database, settings)[-1].key == ""


def test_secrets_within_an_address_survive_a_change(
    person: Person, database: Database, settings: Settings
) -> None:
    url = "srt://far:9000?passphrase=0123456789abcdef"
    with database.write() as session:
        destinations.save(session, Destination("one", url, KEY))
    page = person.get("/live/destinations/one/change").text
    shown = page.split('name="url" value="')[1].split('"')[0]
    assert "0123456789" not in page and shown.startswith("srt://far:9000?passphrase=***")
    form: dict[str, object] = {"platform": "custom", "url": shown, "label": "L"}
    assert person.post("/live/destinations/one/change", form).status_code == 303
    assert listed(database, settings)[-1].url == url


def test_each_destination_is_ordered_alone(person: Person, database: Database, settings: Settings) -> None:
    put_destination(database, MAIN)
    put_destination(database, "one")
    assert person.post("/live/destinations/one/stop").status_code == 303
    assert [one.wanted for one in listed(database, settings)] == [True, False]
    assert person.post("/live/destinations/one/restart").status_code == 409, "it is stopped"
    assert person.post("/live/destinations/one/start").status_code == 303
    assert person.post("/live/destinations/one/restart").status_code == 303
    assert "Remove “" in person.get("/live/destinations/one/remove").text
    assert person.post("/live/destinations/one/remove").status_code == 303
    assert [one.id for one in listed(database, settings)] == [MAIN]
    assert person.get("/live/destinations/one/change").status_code == 404
    assert person.post("/live/destinations/one/stop").status_code == 404


def test_parameters_are_saved_as_a_whole(person: Person, database: Database) -> None:
    given = PLAIN | {"hflip": "on", "encoder": "libx264", "quality": "20"}
    assert person.post("/live/parameters", given).status_code == 303
    wanted = setup(database)
    assert (wanted.profile.resolution, wanted.profile.fps, wanted.profile.bitrate) == ("720p", 30, 2_500_000)
    assert (wanted.profile.audio, wanted.profile.quality) == ("silence", 20)
    assert (wanted.source.input, wanted.source.encoder, wanted.source.hflip) == ("test", "libx264", True)
    page = person.get("/live/parameters").text
    assert '<option value="720p" selected>' in page and 'name="hflip" checked' in page
    person.post("/live/parameters", PLAIN | {"bitrate": "1.5M"})
    assert setup(database).profile.bitrate == 1_500_000
    assert 'name="bitrate" value="1.5M"' in person.get("/live/parameters").text


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"bitrate": "8x"}, "bitrate"),
        ({"fps": "500"}, "fps"),
        ({"resolution": "99p"}, "resolution"),
        ({"quality": "3"}, "quality"),
        ({"audio": "other", "audio_other": "loud"}, "audio"),
        ({"input": "other", "input_other": "ftp://x/"}, "input"),
    ],
)
def test_a_mistake_changes_nothing_and_stays_in_the_form(
    person: Person, database: Database, wrong: dict[str, object], name: str
) -> None:
    person.post("/live/parameters", PLAIN)
    before = setup(database)
    answer = person.post("/live/parameters", PLAIN | {"vflip": "on"} | wrong)
    assert answer.status_code == 422
    assert f'id="wrong-{name}"' in answer.text and "checked" in answer.text
    assert all(str(value) in answer.text for value in wrong.values())
    after = setup(database)
    assert (after.profile, after.source) == (before.profile, before.source)


def test_a_password_of_a_camera_is_not_shown_and_stays(person: Person, database: Database) -> None:
    camera = "rtsp://user:secret-word@camera/stream"
    assert (
        person.post("/live/parameters", PLAIN | {"input": "other", "input_other": camera}).status_code == 303
    )
    page = person.get("/live/parameters").text
    assert "secret-word" not in page + person.get("/live").text
    shown = page.split("@camera/stream")[0].rpartition('"')[2] + "@camera/stream"
    assert person.post("/live/parameters", PLAIN | {"input": shown, "fps": "25"}).status_code == 303
    assert setup(database).source.input == camera


def test_the_address_for_everybody_is_made_renewed_and_taken_back(
    person: Person, database: Database, settings: Settings, clock: FakeClock, tmp_path: Path
) -> None:
    app = create_app(with_player(settings, tmp_path), database, clock)
    hls = Person(app.test_client(), settings.ui)
    assert person.post("/live/share").status_code == 409, "there is no player page"
    assert hls.post("/live/share").headers["Location"] == "/live?done=share"
    first = setup(database).share
    assert len(first) >= 20 and f"/watch/{first}" in hls.get("/live").text
    assert hls.post("/live/share").headers["Location"] == "/live?done=renew"
    assert setup(database).share not in ("", first)
    assert hls.post("/live/unshare").status_code == 303
    assert setup(database).share == ""


def test_devices_that_are_there_are_offered(tmp_path: Path) -> None:
    cards = tmp_path / "pcm"
    cards.write_text(
        "00-00: HDMI 0 : HDMI 0 : playback 1\n01-00: USB Audio : USB Audio : playback 1 : capture 1\n"
    )
    assert sounds("silence", cards)["alsa:hw:1,0"] == "USB Audio (alsa:hw:1,0)"
    assert "alsa:hw:0,0" not in sounds("silence", cards)
    assert "pulse:mic" in sounds("pulse:mic", tmp_path / "none"), "what counts now is offered"
    assert list(inputs("rtsp://camera/", tmp_path))[-1] == "rtsp://camera/"
