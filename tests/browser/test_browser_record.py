"""Recording from the page: by mouse, by keyboard alone, without script."""

import pytest
from playwright.sync_api import expect

from pyca.core.clock import SystemClock
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.upgrade import ensure
from tests.browser_desk import Desk
from tests.system_rig import Rig
from tests.ui_tools import put

pytestmark = pytest.mark.system


@pytest.fixture
def page_only(rig: Rig) -> Rig:
    """The page of an agent whose other services do not run."""
    rig.configure(ui={"port": rig.port, "password": "geheim", "refresh_rate": 1})
    ensure(rig.database)
    rig.start("ui").says("The page is at")
    return rig


def test_record_watch_and_stop(page_only: Rig, desk: Desk) -> None:
    page = desk.open("/")
    expect(page.get_by_text("Nothing is being recorded")).to_be_visible()
    page.get_by_role("link", name="Record now").click()
    page.locator("dialog[open] input[name=title]").fill("Talk <i>🎓</i>")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The recording begins now")).to_be_visible()
    with page_only.database.read() as session:
        (event,) = events.upcoming(session)
    assert event.title == "Talk <i>🎓</i>"

    put(page_only.database, "r", EventState.RECORDING, SystemClock().now(), title="Appears by itself")
    expect(page.locator("#now h2")).to_have_text("Appears by itself")
    before = page.locator("[data-up]").text_content() or ""
    expect(page.locator("[data-up]")).not_to_have_text(before)

    page.locator("#stop-1").click()
    page.locator("dialog[open]").wait_for()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    with page_only.database.read() as session:
        assert recordings.operator_ends(session) == {}
    page.locator("#stop-1").click()
    page.locator("dialog[open] button.danger").click()
    expect(page.get_by_text("is being stopped")).to_be_visible()
    with page_only.database.read() as session:
        assert set(recordings.operator_ends(session)) == {"r"}
