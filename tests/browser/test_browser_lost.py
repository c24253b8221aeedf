"""When something is not as it was a moment ago: server gone, login over, a second tab, no script."""

import re

import pytest
from playwright.sync_api import expect

from pyca.core.clock import SystemClock
from pyca.core.states import EventState
from pyca.store import events, logins, recordings
from pyca.store.upgrade import ensure
from tests.browser_desk import USER, Desk, keep, log_in, violations
from tests.system_rig import Daemon, Rig
from tests.ui_tools import put

pytestmark = pytest.mark.system


@pytest.fixture
def ui(rig: Rig) -> Daemon:
    """The page alone, while a recording runs."""
    rig.configure(ui={"refresh_rate": 1})
    ensure(rig.database)
    put(rig.database, "r", EventState.RECORDING, SystemClock().now(), title="Lecture")
    daemon = rig.start("ui")
    daemon.says("The page is at")
    return daemon


@pytest.mark.parametrize("path", ["/", "/recordings", "/schedule", "/system"])
def test_an_agent_that_goes_and_comes_back_is_told(rig: Rig, desk: Desk, ui: Daemon, path: str) -> None:
    page = desk.open(path)
    banner = page.locator("#offline")
    expect(banner).to_be_hidden()
    # How an answer ends that was under way depends on how far it had come.
    desk.expect("ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_", "ERR_CONTENT_LENGTH_")
    ui.end()
    expect(banner).to_be_visible(timeout=30_000)
    expect(banner.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    assert violations(page) == []
    keep(page, f"away{path.replace('/', '-')}")
    rig.start("ui").says("The page is at")
    expect(banner).to_be_hidden(timeout=40_000)


def test_a_login_that_ends_while_the_page_is_open(rig: Rig, desk: Desk, ui: Daemon) -> None:
    page = desk.open("/recordings")
    banner = page.locator("#offline")
    desk.expect("401")
    with rig.database.write() as session:
        assert logins.end_all(session, USER) == 1
    expect(banner).to_be_visible(timeout=30_000)
    assert violations(page) == []
    keep(page, "logged-out")
    banner.get_by_role("link").click()
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings")
    expect(banner).to_be_hidden()


def test_a_form_of_an_earlier_login_does_nothing(rig: Rig, desk: Desk, ui: Daemon) -> None:
    page = desk.open("/")
    page.locator("#stop-1").click()
    page.locator("dialog[open]").wait_for()
    desk.expect("401")
    with rig.database.write() as session:
        logins.end_all(session, USER)
    page.get_by_role("button", name="Stop recording").click()
    page.wait_for_load_state()
    keep(page, "earlier-login")
    with rig.database.read() as session:
        assert recordings.operator_ends(session) == {}


def test_two_tabs_stop_the_same_recording(rig: Rig, desk: Desk, ui: Daemon) -> None:
    first = desk.open("/")
    second = first.context.new_page()
    second.goto("/")
    for page in (first, second):
        page.locator("#stop-1").click()
        page.locator("dialog[open]").wait_for()
    first.get_by_role("button", name="Stop recording").click()
    expect(first.get_by_text("is being stopped").first).to_be_visible()
    with rig.database.write() as session:
        recordings.set_state(session, "r", EventState.FINISHED_RECORDING, SystemClock().now())
    desk.expect("409")
    second.get_by_role("button", name="Stop recording").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("That did not work")
    keep(second, "too-late")


def test_without_script_everything_works(rig: Rig, desk: Desk, ui: Daemon) -> None:
    page = desk.open("/", script=False)
    page.get_by_role("link", name="Record now").click()
    page.get_by_label("Title").fill("By hand")
    page.get_by_role("button", name="Start recording").click()
    expect(page.locator("#notice")).to_contain_text("begins")
    with rig.database.read() as session:
        assert [one.title for one in events.upcoming(session)] == ["By hand"]
    page.get_by_role("link", name="Stop Lecture").click()
    page.get_by_role("button", name="Stop recording").click()
    expect(page.locator("#notice")).to_contain_text("being stopped")
    with rig.database.read() as session:
        assert set(recordings.operator_ends(session)) == {"r"}
    page.locator("summary[aria-label^=Account]").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_is_told_in_words(desk: Desk, ui: Daemon) -> None:
    desk.expect("401")
    page = desk.open("/recordings", stranger=True)
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    assert violations(page) == []
    keep(page, "wrong")
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings")
