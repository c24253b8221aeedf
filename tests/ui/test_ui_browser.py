"""The page in a real browser: what the script does, and that nothing complains."""

import os
import sys
from pathlib import Path

import pytest

from pyca.core.clock import SystemClock
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from tests.tools import free_port, wait_for
from tests.ui.test_ui_serve import SERVE, fetch, running
from tests.ui_browser import BINARY, browser
from tests.ui_tools import JPEG, put

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(BINARY is None, reason="Chromium is not installed"),
]


def configure(folder: Path, port: int) -> Path:
    file = folder / "pyca.conf"
    file.write_text(
        f"[agent]\nname = hall\ndatabase = sqlite:///{folder}/pyca.db\n"
        f"[capture]\ndirectory = {folder}\npreview_dir = {folder}\npreview = '{{{{previewdir}}}}/p.jpg'\n"
        f"[ui]\nusername = admin\npassword = secret\nrefresh_rate = 1\nport = {port}\n"
    )
    return file


def test_record_watch_and_stop(tmp_path: Path) -> None:
    port, clock = free_port(), SystemClock()
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    with (
        running(sys.executable, "-c", SERVE, str(configure(tmp_path, port))),
        browser(tmp_path / "profile") as page,
    ):
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/")[0] == 200, "the page")
        page.look(1280, 900)
        page.open(f"http://admin:secret@127.0.0.1:{port}/")
        page.until("document.body.innerText.includes('Nothing is being recorded')")
        # Before its script has come the button leads to a page of its own.
        page.until("document.readyState === 'complete'")

        page.run("document.querySelector('#record-now').click()")
        page.until("document.activeElement.name === 'title' && document.querySelector('dialog[open]')")
        page.run("document.activeElement.value = 'Talk <i>🎓</i>'")
        page.key("Enter")
        page.until("document.body.innerText.includes('The recording begins now')")
        page.until("location.search === ''")
        with database.read() as session:
            (event,) = events.upcoming(session)
        assert event.title == "Talk <i>🎓</i>"

        put(database, "r", EventState.RECORDING, clock.now(), title="Appears by itself")
        page.until("document.querySelector('#now h2')?.textContent === 'Appears by itself'")
        before = page.run("document.querySelector('[data-up]').textContent")
        page.until(f"document.querySelector('[data-up]').textContent !== '{before}'")

        page.run("document.querySelector('#stop-1').click()")
        page.until("document.querySelector('dialog[open]') && document.activeElement.matches('[data-close]')")
        page.key("Escape")
        page.until("!document.querySelector('dialog[open]')")
        with database.read() as session:
            assert recordings.operator_ends(session) == {}
        page.run("document.querySelector('#stop-1').click()")
        page.until("document.querySelector('dialog[open] button.danger')")
        page.run("document.querySelector('dialog[open] button.danger').click()")
        page.until("document.body.innerText.includes('is being stopped')")
        with database.read() as session:
            assert set(recordings.operator_ends(session)) == {"r"}
        assert page.complaints == []
        database.dispose()


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 900, False), (360, 740, True)])
def test_nothing_sticks_out_of_the_window(tmp_path: Path, width: int, height: int, dark: bool) -> None:
    port, clock = free_port(), SystemClock()
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    for number, state in enumerate((EventState.RECORDING, EventState.FAILED_UPLOADING)):
        put(database, f"e{number}", state, clock.now(), title="Donaudampfschifffahrtsgesellschaft" * 3)
    database.dispose()
    (tmp_path / "p.jpg").write_bytes(JPEG)
    os.utime(tmp_path / "p.jpg")
    with (
        running(sys.executable, "-c", SERVE, str(configure(tmp_path, port))),
        browser(tmp_path / "profile") as page,
    ):
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/")[0] == 200, "the page")
        page.look(width, height, dark=dark)
        page.open(f"http://admin:secret@127.0.0.1:{port}/")
        page.until("document.querySelector('#retry-1') && document.styleSheets.length")
        assert page.run("document.documentElement.scrollWidth") <= width
        ground = page.run("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(14, 19, 27)") is dark
        page.screenshot(tmp_path / "page.png")
        assert (tmp_path / "page.png").stat().st_size > 10_000
