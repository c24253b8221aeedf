"""A real stream, started, watched, blinded and stopped in the page, by one who has nothing but a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from pyca.core.live import Program
from pyca.store import live
from pyca.store.upgrade import ensure
from tests.browser_desk import Desk, keep, violations
from tests.live_rig import RtmpServer
from tests.system_rig import Rig

pytestmark = pytest.mark.system

KEY = "djt.zepf-0815"
ADDRESS = re.compile(r"http://\S+/api/livebox/v1/")
TIME = "document.getElementById('video').currentTime"


def save(page: Page) -> None:
    """Save what stands in the dialog, and wait for the page that comes then, with its script."""
    with page.expect_navigation():
        page.locator("dialog").get_by_role("button", name="Save").click()


def test_a_stream_from_start_to_stop(rig: Rig, desk: Desk) -> None:
    with RtmpServer(rig.folder, keys={KEY}) as server:
        rig.configure(
            ui={"port": rig.port, "password": "geheim", "refresh_rate": 1},
            live={"directory": rig.folder / "live", "hls": "yes", "port": 0, "resolution": "240p", "fps": 10},
        )
        ensure(rig.database)
        rig.start("ui").says("The page is at")
        service = rig.start("live")
        page = desk.open("/live")

        page.get_by_role("link", name="Set address").click()
        page.get_by_label("Any other server").check()
        page.get_by_label("Address", exact=True).fill(server.url)
        page.get_by_label("Stream key").fill(KEY)
        save(page)
        page.locator("#change-parameters").click()
        page.locator("select[name=input]").select_option("test")
        save(page)

        page.get_by_role("button", name="Start streaming").click()
        expect(page.locator("#on-air .tally")).to_contain_text("on air since", timeout=40_000)
        server.wait_for_publisher(KEY)
        expect(page.locator("#outgoing img")).to_be_visible()
        expect(page.locator("#outgoing .age")).to_contain_text("live")
        expect(page.locator("#destinations .state").first).to_have_text("live")
        expect(page.locator("#health .figures")).to_contain_text(re.compile(r"[1-9]\d* kbit/s"))

        touch = desk.browser.new_page(viewport={"width": 800, "height": 480})
        touch.goto(re.sub(r"/api/.*", "/touch", ADDRESS.findall(service.output())[0]))
        expect(touch.locator("#words")).to_have_text("On air")
        expect(touch.locator("#picture")).to_be_visible()
        keep(touch, "touch-alone", whole=False)
        touch.close()

        page.get_by_role("button", name="Make an address for everybody").click()
        address = page.get_by_label("has this address").input_value()
        viewer = desk.sit_down().new_page()
        viewer.goto(address)
        expect(viewer.locator("#player")).to_have_class("player plays", timeout=30_000)
        viewer.wait_for_function(f"before => {TIME} > before + 1", arg=viewer.evaluate(TIME))
        keep(viewer, "watch-real", whole=False)

        page.get_by_role("button", name="Blind").click()
        expect(page.get_by_text("Blinded.")).to_be_visible()
        expect(page.locator("#outgoing .caption")).to_contain_text("standby picture")
        with rig.database.read() as session:
            assert live.report(session).program is Program.BLIND
        viewer.wait_for_function(f"before => {TIME} > before + 1", arg=viewer.evaluate(TIME))
        keep(page, "live-real")
        assert violations(page) == []
        page.get_by_role("button", name="Show again").click()
        expect(page.get_by_text("Blinded.")).to_have_count(0)
        expect(page.locator("#outgoing .caption")).to_contain_text("the camera")
        page.wait_for_load_state()

        page.locator("#change-parameters").click()
        page.locator("select[name=resolution]").select_option("360p")
        save(page)
        viewer.wait_for_function("() => document.getElementById('video').videoWidth === 640", timeout=40_000)
        viewer.wait_for_function(f"before => {TIME} > before + 1", arg=viewer.evaluate(TIME))

        page.locator("#live-stop").click()
        page.locator("dialog[open] button.danger").click()
        expect(page.locator("#on-air")).to_contain_text("Nothing goes out")
        server.wait_until_gone(KEY)
        expect(viewer.locator("#said")).to_have_text("Not on air now", timeout=30_000)
        expect(page.locator("#sessions li")).to_have_count(1)
        assert KEY not in page.content() and KEY not in service.output()
