"""The page of the camera server in a real browser: the list, the viewer, a picture that moves."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pyca.config.settings import Agent, Settings, Ui
from pyca.core.clock import SystemClock
from pyca.core.errors import ConfigError
from pyca.store.database import Database
from tests.browser_desk import DESKTOP, PHONE, Desk, keep, overhang, violations
from tests.camera_desk import serving
from tests.fake_cameras import FakeCameras, some
from tests.tools import wait_for

pytestmark = pytest.mark.system

LOOKS = {
    "desktop": (DESKTOP, False),
    "dark": (DESKTOP, True),
    "phone": (PHONE, False),
    "phone-dark": (PHONE, True),
}
PIXELS = """() => {
    const picture = document.getElementById("picture");
    if (!picture.naturalWidth) return null;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0);
    return Array.from(pen.getImageData(0, 0, canvas.width, 1).data).join();
}"""


@pytest.fixture
def fakes() -> FakeCameras:
    made = some()
    made.save("LAB:CAM-αβ", {"source": "x" * 60, "group": ["hall"], "alias": ["a long alias of a camera"]})
    return made


@pytest.fixture
def lab(chromium: Browser, tmp_path: Path, database: Database, fakes: FakeCameras) -> Iterator[Desk]:
    """A desk in front of the camera server."""
    settings = Settings(agent=Agent(name="lab", database=f"sqlite:///{tmp_path}/pyca.db"), ui=Ui())
    with ExitStack() as stack:
        server = stack.enter_context(serving(settings, database, SystemClock(), fakes))
        desk = Desk(chromium, server.address.rstrip("/"))
        yield desk
        desk.leave()


def row(page: Page, name: str) -> str:
    return f'tr[data-name="{name}"]'


def test_the_list_keeps_itself_up_to_date(lab: Desk, fakes: FakeCameras) -> None:
    page = lab.open(stranger=True)
    expect(page.locator("tbody tr")).to_have_count(4)
    cam1 = page.locator(row(page, "cam1"))
    expect(cam1).to_contain_text("off")
    expect(cam1).to_contain_text("also one")
    fakes.stream("cam1")
    expect(cam1).to_contain_text("running")
    expect(cam1.locator("[data-figure=rx]")).to_have_text("9.98 Hz")
    expect(cam1.locator("[data-figure=latency]")).to_have_text("12 ms")
    expect(page.locator("#running")).to_have_text("1")
    cam1.get_by_role("button", name="Stop cam1").click()
    expect(cam1).to_contain_text("off")
    assert not fakes.running
    fakes.running["gone"] = 10101
    gone = page.locator(row(page, "gone"))
    expect(gone.locator(".condition")).to_contain_text("offline Camera with prefix gone is offline")


def test_finding(lab: Desk) -> None:
    page = lab.open(stranger=True)
    page.get_by_label("Find").fill("LONG ali")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    page.get_by_label("Find").fill("")
    page.get_by_label("Group").select_option("hall")
    expect(page.locator("tbody tr:visible")).to_have_count(2)
    expect(page.locator("#shown")).to_have_text("2")


def test_a_picture_that_moves(lab: Desk, fakes: FakeCameras) -> None:
    page = lab.open(stranger=True)
    page.get_by_role("link", name="Watch cam1").click()
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 64)
    seen = set()

    def moves() -> bool:
        seen.add(page.evaluate(PIXELS))
        return len(seen - {None}) > 3

    wait_for(moves, "the picture to move")
    expect(page.locator("#address")).to_have_text("tcp://localhost:10100")
    page.get_by_label("Size").select_option("half")
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 32)
    assert "scale=0.5" in page.url
    page.get_by_label("Colours").select_option("gray")
    expect(page.locator("#download")).to_have_attribute(
        "href", "/api/v1/cam/cam1/image?colormap=gray&scale=0.5"
    )
    keep(page, "camera-viewer")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_url("**/")
    wait_for(lambda: fakes.subscribers == 0, "nobody to watch")
    assert not fakes.running


def test_a_camera_that_is_offline_says_so(lab: Desk) -> None:
    lab.expect("503")
    page = lab.open("/camera/gone", stranger=True)
    expect(page.locator("#trouble")).to_have_text("Camera with prefix gone is offline")
    keep(page, "camera-offline")


def test_without_script(lab: Desk, fakes: FakeCameras) -> None:
    page = lab.open("/?q=lab&group=hall", stranger=True, script=False)
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Watch cam2").click()
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 64)
    page.get_by_label("Size").select_option("quarter")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 16)
    fakes.stream("cam2")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_url("**/")
    assert not fakes.running


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", ["/", "/camera/cam1"])
def test_everybody_can_use_it(lab: Desk, fakes: FakeCameras, path: str, look: str) -> None:
    size, dark = LOOKS[look]
    fakes.stream("cam2")
    page = lab.open(path, stranger=True, size=size, dark=dark)
    if path != "/":
        expect(page.locator("#picture")).to_have_js_property("naturalWidth", 64)
    assert violations(page) == []
    assert overhang(page) == []
    keep(page, f"cameras-{'list' if path == '/' else 'viewer'}-{look}")


def test_a_broken_camera_leaves_room_for_the_others(lab: Desk, fakes: FakeCameras) -> None:
    problems = [f"found the key “mirror_{number}”, which is not known here" for number in range(8)]
    fakes.broken["cam1"] = ConfigError(problems)
    fakes.stream("cam2")
    page = lab.open(stranger=True, size=DESKTOP)
    broken = page.locator(row(page, "cam1"))
    expect(broken).to_contain_text("which is not known here")
    for head in page.locator(".cameras th[scope=row]").all():
        box = head.bounding_box()
        assert box and box["width"] >= 150
    state, reason = (broken.locator(one).bounding_box() for one in (".of-state", ".reason"))
    assert state and reason and reason["y"] >= state["y"] + state["height"] - 1
    expect(broken.get_by_role("link", name="Watch cam1")).to_have_count(0)
    assert violations(page) == [] and overhang(page) == []
    keep(page, "cameras-list-broken")
    lab.expect("400 (BAD REQUEST)")
    broken.get_by_role("link", name="cam1").click()
    expect(page.locator(".problem")).to_have_count(8)
    assert violations(page) == [] and overhang(page) == []
    keep(page, "cameras-broken")


def test_by_keyboard(lab: Desk) -> None:
    page = lab.open(stranger=True)
    page.get_by_label("Find").focus()
    page.keyboard.type("cam1")
    page.locator(row(page, "cam1")).get_by_role("link", name="cam1", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/camera/cam1")


def test_two_hundred_cameras(lab: Desk, fakes: FakeCameras) -> None:
    fakes.most = 300
    for number in range(200):
        fakes.save(f"many-{number:03}", {"source": "demo"})
        fakes.stream(f"many-{number:03}")
    page = lab.open(stranger=True)
    expect(page.locator("#running")).to_have_text("200")
    page.get_by_label("Find").fill("many-19")
    expect(page.locator("tbody tr:visible")).to_have_count(10)
