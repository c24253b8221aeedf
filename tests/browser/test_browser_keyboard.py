"""By keyboard alone: everything is reached in order, what has the focus is seen, nothing loses it."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pyca.core.clock import SystemClock
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.upgrade import ensure
from tests.browser_desk import DESKTOP, PASSWORD, PHONE, USER, Desk
from tests.system_rig import Rig
from tests.ui_tools import fill, put

pytestmark = pytest.mark.system

FOCUS = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const middle = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return {
        html: one.outerHTML.slice(0, 120),
        mark: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
            || style.boxShadow !== "none",
        inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        covered: !(middle && (one.contains(middle) || middle.contains(one) || one.type === "radio")),
        place: [...document.querySelectorAll("*")].indexOf(one),
    };
}"""

NAME = "() => (document.activeElement.ariaLabel || document.activeElement.textContent).trim()"


@pytest.fixture
def page_only(rig: Rig) -> Rig:
    """A page that nothing refreshes meanwhile."""
    rig.configure(ui={"refresh_rate": 60})
    ensure(rig.database)
    rig.start("ui").says("The page is at")
    return rig


def tab_to(page: Page, name: str) -> None:
    """Press Tab until a link, button or field of this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(NAME).startswith(name):
            return
    raise AssertionError(f"“{name}” was not reached")


def test_log_in_record_and_stop_without_a_mouse(page_only: Rig, desk: Desk) -> None:
    page = desk.open("/", stranger=True)
    expect(page.get_by_label("User")).to_be_focused()
    page.keyboard.type(USER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#now")).to_be_visible()
    # Its script makes dialogs of its links.
    page.wait_for_load_state()

    tab_to(page, "Record now")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#record-now")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.type("Typed")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("begins")
    with page_only.database.read() as session:
        assert [one.title for one in events.upcoming(session)] == ["Typed"]

    put(page_only.database, "r", EventState.RECORDING, SystemClock().now(), title="Lecture")
    page.reload()
    tab_to(page, "Stop")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Go on recording")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#stop-1")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    tab_to(page, "Stop recording")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("being stopped")
    with page_only.database.read() as session:
        assert set(recordings.operator_ends(session)) == {"r"}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/schedule", "/recordings", "/recordings/e6", "/system", "/account"])
def test_what_has_the_focus_is_seen(page_only: Rig, desk: Desk, path: str, size: tuple[int, int]) -> None:
    fill(page_only.database, SystemClock().now())
    page = desk.open(path, size=size)
    page.locator("h1").first.wait_for()
    stops = list(stations(page))
    assert len(stops) > 8
    assert [stop["html"] for stop in stops if not stop["mark"]] == []
    assert [stop["html"] for stop in stops if not stop["inside"]] == []
    assert [stop["html"] for stop in stops if stop["covered"]] == []


def stations(page: Page) -> list[dict[str, Any]]:
    """Return everything that Tab reaches, in order, until it begins anew."""
    found: list[dict[str, Any]] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None or (found and stop["place"] == found[0]["place"]):
            break
        found.append(stop)
    return found


def test_the_first_stop_leads_past_the_navigation(page_only: Rig, desk: Desk) -> None:
    page = desk.open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_refresh_leaves_the_focus_where_it_is(rig: Rig, desk: Desk) -> None:
    rig.configure(ui={"refresh_rate": 1})
    ensure(rig.database)
    put(rig.database, "r", EventState.RECORDING, SystemClock().now(), title="Lecture")
    rig.start("ui").says("The page is at")
    page = desk.open("/")
    page.locator("#extend-1").focus()
    with rig.database.write() as session:
        recordings.set_end(session, "r", SystemClock().now() + 7200)
    put(rig.database, "second", EventState.FINISHED_UPLOADING, SystemClock().now(), title="Just arrived")
    expect(page.get_by_text("Just arrived")).to_be_visible()
    expect(page.locator("#extend-1")).to_be_focused()
