"""Every page on a busy day: accessible, not wider than its window, in light and dark, on desk and phone."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from pyca.core.clock import SystemClock
from pyca.store.upgrade import ensure
from tests.browser_desk import DESKTOP, PHONE, Desk, keep, overhang, violations
from tests.system_rig import Rig
from tests.ui_tools import fill

pytestmark = pytest.mark.system

PAGES = {
    "now": "/",
    "schedule": "/schedule",
    "add": "/schedule/add",
    "recordings": "/recordings",
    "recording": "/recordings/e7",
    "failed": "/recordings/e6",
    "system": "/system",
    "log": "/system/log",
    "configuration": "/system/configuration",
    "account": "/account",
    "about": "/about",
    "login": "/login",
}
QUESTIONS = {
    "docs": "/api/docs",
    "event": "/schedule/events/n0",
    "change-page": "/schedule/change?uid=n0",
    "cancel-page": "/schedule/cancel?uid=n0",
    "record-page": "/record",
    "stop-page": "/stop?uid=e0",
    "extend-page": "/extend?uid=e0",
    "retry-page": "/retry?uid=e6",
    "delete-page": "/delete?uid=e6",
    "day": "/schedule?day=2026-11-21",
    "troubled": "/recordings?state=troubled",
    "found-nothing": "/recordings?title=%3Ci%3Enothing",
}
"""Pages that are usually dialogs, or reached from another page."""
LOOKS = {
    "desktop": (DESKTOP, False),
    "dark": (DESKTOP, True),
    "phone": (PHONE, False),
    "phone-dark": (PHONE, True),
}
FEW = ("desktop", "phone-dark")
HREFS = "links => links.map((link) => link.getAttribute('href').split('#')[0])"
LONG = "Donaudampfschifffahrtsgesellschaft" * 4


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The page of an agent with recordings in every state, events to come, and a preview of two inputs."""
    with Rig(tmp_path_factory.mktemp("busy")) as rig:
        rig.configure(
            {
                name: {"command": "x", "preview": f"{{{{previewdir}}}}/{name}.jpg"}
                for name in ("camera", LONG)
            },
            ui={"port": rig.port, "password": "geheim"},
        )
        ensure(rig.database)
        fill(rig.database, SystemClock().now())
        pictures = rig.folder / "previews"
        pictures.mkdir()
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180", "-frames:v", "1",
             pictures / "camera.jpg"],
            check=True, timeout=60,
        )  # fmt: skip
        rig.start("ui").says("The page is at")
        yield rig


@pytest.fixture
def desk(chromium: Browser, busy: Rig) -> Iterator[Desk]:
    """A place in front of the busy agent, which all tests of this file look at and none changes."""
    desk = Desk(chromium, f"http://127.0.0.1:{busy.port}")
    yield desk
    desk.leave()


@pytest.mark.parametrize("name", [*PAGES, *QUESTIONS])
def test_each_page_is_accessible_and_fits_its_window(desk: Desk, name: str) -> None:
    page = desk.open({**PAGES, **QUESTIONS}[name], stranger=name == "login")
    assert page.locator("h1").count() == 1
    for look in LOOKS if name in PAGES else FEW:
        put_on(page, look)
        keep(page, f"{name}-{look}")
        assert (look, overhang(page)) == (look, [])
        assert (look, violations(page)) == (look, [])


@pytest.mark.parametrize("name", [name for name in PAGES if name != "login"])
def test_each_dialog_is_accessible(desk: Desk, name: str) -> None:
    page = desk.open(PAGES[name])
    questions = page.locator("[data-dialog][id]").evaluate_all("links => links.map((link) => link.id)")
    assert "record-now" in questions
    for link in questions:
        page.locator(f"#{link}").click()
        page.locator("dialog[open]").wait_for()
        for look in FEW:
            put_on(page, look)
            keep(page, f"{name}-{look}-{link}", whole=False)
            assert (link, look, overhang(page)) == (link, look, [])
            assert (link, look, violations(page)) == (link, look, [])
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")
        expect(page.locator(f"#{link}")).to_be_focused()


def test_an_agent_that_has_nothing_yet_is_friendly(chromium: Browser, rig: Rig) -> None:
    ensure(rig.database)
    rig.start("ui").says("The page is at")
    desk = Desk(chromium, f"http://127.0.0.1:{rig.port}")
    page = desk.open("/", size=PHONE)
    for name in ("now", "schedule", "recordings", "system", "account"):
        page.goto(PAGES[name])
        keep(page, f"{name}-empty")
        assert (name, overhang(page)) == (name, [])
        assert (name, violations(page)) == (name, [])
    desk.expect("404")
    page.goto("/recordings/nothing")
    keep(page, "nothing-here")
    assert violations(page) == []
    desk.leave()


def test_every_link_leads_somewhere(desk: Desk) -> None:
    page = desk.open("/")
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = page.request.get(path)
        assert answer.status == 200, path
        if path not in PAGES.values():
            continue
        page.goto(path)
        for link in page.locator("a[href^='/']:not([download])").evaluate_all(HREFS):
            if link not in seen and link not in waiting:
                waiting.append(link)
    assert set(PAGES.values()) - {"/login", "/recordings/e6", "/recordings/e7"} <= {
        path.split("?")[0] for path in seen
    }


@pytest.mark.parametrize("name", ["now", "schedule", "recordings", "system"])
def test_a_page_is_small(desk: Desk, name: str) -> None:
    page = desk.open(PAGES[name])
    # The browser that has logged in has loaded something already.
    fresh = desk.browser.new_context(base_url=desk.origin, storage_state=page.context.storage_state())
    first = fresh.new_page()
    finished: list[Request] = []
    first.on("requestfinished", lambda request: finished.append(request))
    first.goto(PAGES[name], wait_until="networkidle")
    sizes = [request.sizes()["responseBodySize"] for request in list(finished)]
    fresh.close()
    assert len(sizes) >= 3
    assert sum(sizes) < 100_000


def put_on(page: Page, look: str) -> None:
    """Give a page another window and another colour scheme."""
    size, dark = LOOKS[look]
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if dark else "light")
    assert bright(page) is not dark


def bright(page: Page) -> bool:
    """Tell whether the ground of a page is light."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return red + green + blue > 3 * 128
