"""Secrets that were planted anywhere come out nowhere."""

from dataclasses import replace

import pytest
from flask import Flask

from pyca.config.settings import Settings
from pyca.core.live import LiveReport, Profile
from pyca.live.service import operator
from pyca.live.source.inputs import parse_input
from pyca.store import stream_sessions
from pyca.store.database import Database
from pyca.ui import create_app
from tests.livebox_tools import Asker, Streamer
from tests.tools import FakeClock

READERS = ("control", "source", "destinations", "report", "sessions", "sessions/1", "sessions/1/log")
URLS = (
    "rtmp://h/live2/SECR-1",
    "rtmp://h/mystream?user=u&pass=SECR-2",
    "rtmp://u:p@h/app?secret=SECR-3",
    "rtmp://u:SECR-4@h/app/SECR-5?x=SECR-6",
    "srt://h:9000?streamid=SECR-7&passphrase=SECR-passphrase",
)
INPUTS = (
    "rtsp://a:SECR-1@cam/x",
    "rtsp://a:p@SECR-2@cam/x",
    "http://cam/v?token=SECR-3",
    "http://cam/v?usr=a&pwd=SECR-4",
    "rtsp://cam/user=admin&password=SECR-5&channel=1",
)


def read(app: Flask, settings: Settings) -> dict[str, str]:
    """Return what everybody is told who may ask, by address."""
    auth = (settings.ui.username, settings.ui.password)
    asker, client = Asker(app.test_client(), auth), app.test_client()
    told = {name: asker.ask("GET", name).text for name in READERS}
    pages = ("/live", "/live/parameters", "/live/destinations/main/change", "/live/sessions/1", "/system")
    return told | {page: client.get(page, auth=auth).text for page in pages}


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("place", ["control", "configuration", "backup"])
def test_secrets_of_destinations(
    settings: Settings, database: Database, clock: FakeClock, url: str, place: str
) -> None:
    if place == "configuration":
        settings = replace(settings, live=replace(settings.live, url=url))
    app = create_app(settings, database, clock)
    box = Asker(app.test_client(), (settings.ui.username, settings.ui.password))
    if place == "control":
        assert (
            box.ask("POST", "control", json={"name": "SECR-old", "url": "rtmp://h/live2"}).status_code == 200
        )
        answer = box.ask("POST", "control", json={"url": url})
        assert answer.status_code == 200 and "SECR" not in answer.text
    elif place == "backup":
        answer = box.ask("PUT", "destinations/main", json={"url": url, "backup": url})
        assert answer.status_code == 200 and "SECR" not in answer.text
    leaks = [name for name, text in read(app, settings).items() if "SECR" in text]
    assert not leaks
    # A new key beside an old address brings the old one to light no more.
    assert "SECR" not in box.ask("POST", "control", json={"name": "new"}).text
    assert not [name for name, text in read(app, settings).items() if "SECR" in text]


@pytest.mark.parametrize("text", INPUTS)
def test_secrets_of_inputs(settings: Settings, database: Database, clock: FakeClock, text: str) -> None:
    app = create_app(settings, database, clock)
    operator.change_source(database, settings, clock, {"input": text})
    with database.write() as session:
        stream_sessions.begin(session, clock.now(), Profile(), parse_input(text).shown)
    Streamer(database, clock).tell(LiveReport(at=clock.now()))
    leaks = [name for name, told in read(app, settings).items() if "SECR" in told]
    assert not leaks
