"""The pages of the pipeline server in a real browser: the list, and an instance that is watched."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pyca.config.settings import Agent, Settings, Ui
from pyca.core.clock import SystemClock
from pyca.store.database import Database
from tests.beam_values import Beam
from tests.browser_desk import DESKTOP, PHONE, Desk, keep, overhang, violations
from tests.fake_pipelines import FakePipelines, some
from tests.pipeline_desk import serving
from tests.tools import wait_for

pytestmark = pytest.mark.system

LOOKS = {
    "desktop": (DESKTOP, False),
    "dark": (DESKTOP, True),
    "phone": (PHONE, False),
    "phone-dark": (PHONE, True),
}
CONFIG = {"camera_name": "cam1", "image_good_region": {"threshold": 0.3, "gfscale": 1.8}}


@pytest.fixture
def fakes() -> FakePipelines:
    made = some()
    made.beam = Beam()
    made.create(CONFIG, "cam1_sp1")
    made.collect("cam1", 10)
    return made


@pytest.fixture
def lab(chromium: Browser, tmp_path: Path, database: Database, fakes: FakePipelines) -> Iterator[Desk]:
    """A desk in front of the pipeline server."""
    settings = Settings(agent=Agent(name="lab", database=f"sqlite:///{tmp_path}/pyca.db"), ui=Ui())
    with serving(settings, database, SystemClock(), fakes) as server:
        desk = Desk(chromium, server.address.rstrip("/"))
        yield desk
        desk.leave()


def row(page: Page, name: str) -> str:
    return f'tr[data-name="{name}"]'


def watched(page: Page) -> None:
    """Wait until all that moves is there."""
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 320)
    expect(page.locator("#x-plot .fit")).to_have_count(1)
    expect(page.locator("#overlay ellipse.mark")).to_have_count(1)


def test_the_list_follows_what_comes_and_goes(lab: Desk, fakes: FakePipelines) -> None:
    page = lab.open(stranger=True)
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator(row(page, "cam1_sp1")).locator("[data-figure=rx]")).to_have_text("9.98 Hz")
    one = page.locator(row(page, "one"))
    expect(one.get_by_role("button", name="Stop one")).to_be_hidden()
    fakes.stream("one")
    expect(one).to_contain_text("running")
    one.get_by_role("button", name="Stop one").click()
    expect(one).to_contain_text("off")
    assert fakes.exitcode("one") == 0
    fakes.create(CONFIG, "another")
    expect(page.locator(row(page, "another"))).to_contain_text("private")
    expect(one.get_by_role("link", name="one", exact=True)).to_be_focused()
    fakes.stop("another")
    expect(page.locator(row(page, "another"))).to_have_count(0)
    page.get_by_label("Find").fill("GONE")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    lab.expect("503")
    page.get_by_label("Camera").fill("gone")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert")).to_have_text("Camera gone is not online. Cannot start pipeline.")
    fakes.create(CONFIG, "behind")
    expect(page.locator(row(page, "behind"))).to_contain_text("private")
    page.get_by_label("Camera").fill("cam2")
    page.get_by_label("Name").fill("fresh")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/instance/fresh*")
    assert fakes.instance_config("fresh")["camera_name"] == "cam2"


def test_an_instance_is_watched(lab: Desk, fakes: FakePipelines) -> None:
    page = lab.open("/instance/cam1_sp1", stranger=True)
    watched(page)
    pulse = page.locator("#pulse")
    before = int(pulse.inner_text())
    wait_for(lambda: int(pulse.inner_text()) > before + 1, "another pulse")
    expect(page.locator("[data-channel=x_fit_standard_deviation]")).to_have_text("280")
    expect(page.locator("#x-plot")).to_have_attribute(
        "aria-label", re.compile("x profile: mean -3[01]0, σ 280, ")
    )
    ellipse = page.locator("#overlay ellipse.mark")
    assert float(ellipse.get_attribute("rx") or 0) == pytest.approx(28)
    assert float(ellipse.get_attribute("cy") or 0) == pytest.approx(100.5)
    assert page.locator("#overlay rect.dashed").count() == 2
    assert page.locator("#overlay").get_attribute("viewBox") == "0 0 320 240"
    page.get_by_label("Overlay").uncheck()
    expect(page.locator("#overlay")).to_be_hidden()
    page.locator("#look select[name=scale]").select_option("half")
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 160)
    assert "scale=0.5" in page.url
    fakes.values["own"] = 1.25
    expect(page.locator("#others tr", has_text="own")).to_contain_text("1.25")


def test_parameters_and_backgrounds(lab: Desk, fakes: FakePipelines) -> None:
    page = lab.open("/instance/cam1_sp1", stranger=True)
    page.get_by_label("Threshold").first.fill("25")
    page.get_by_label("Cut slices").check()
    page.get_by_label("Number").fill("5")
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.locator("#notice")).to_have_text("The parameters were changed.")
    config = fakes.instance_config("cam1_sp1")
    assert (config["image_threshold"], config["image_slices"]["number_of_slices"]) == (25, 5)
    page.get_by_role("button", name="Collect").click()
    expect(page.locator("#notice")).to_have_text("The background was collected.")
    assert fakes.instance_config("cam1_sp1")["image_background"] == fakes.latest_background("cam1")
    watched(page)
    fakes.change("cam1_sp1", {"paused": True})
    expect(page.locator("#elsewhere")).to_contain_text("changed elsewhere")
    lab.expect("400 (BAD REQUEST)", "answer: 400 ")
    page.get_by_text("All parameters as JSON").click()
    page.get_by_label("Configuration as JSON").fill("{")
    page.get_by_role("button", name="Apply JSON").click()
    expect(page.get_by_role("alert")).to_contain_text("This is no JSON")
    expect(page.get_by_label("Configuration as JSON")).to_have_value("{")
    watched(page)
    assert page.url.split("?")[0].endswith("/instance/cam1_sp1")


def test_what_goes_wrong_is_told(lab: Desk, fakes: FakePipelines) -> None:
    lab.expect("503", "404")
    fakes.values.update(image=None, own=[1, 2])
    page = lab.open("/instance/cam1_sp1", stranger=True)
    expect(page.locator("#trouble")).to_have_text("This instance sends no image.")
    fakes.troubles["cam1_sp1"] = "The background has another size."
    expect(page.locator("#status-now")).to_have_text("The background has another size.")
    fakes.remove("cam1_sp1")
    expect(page.locator("#status-now")).to_contain_text("The instance has ended.")
    expect(page.locator("#trouble")).to_contain_text("does not exist")


def test_pipelines_without_script(lab: Desk, fakes: FakePipelines) -> None:
    page = lab.open("/?q=cam1", stranger=True, script=False)
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Start one").click()
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 320)
    expect(page.locator("[data-channel=x_rms]")).to_have_text("280")
    expect(page.locator("#parameters")).to_contain_text("All who ask for pipeline one share it.")
    page.locator("#look select[name=scale]").select_option("half")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 160)
    page.get_by_role("button", name="Private copy").click()
    page.get_by_label("Paused").check()
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.locator("#notice")).to_have_text("The parameters were changed.")
    page.get_by_role("button", name="Stop").click()
    assert not fakes.instances["one"].config["paused"]


@pytest.mark.parametrize(
    ("path", "looks"),
    [
        ("/", ("phone",)),
        ("/instance/cam1_sp1", ("desktop", "phone-dark")),
        ("/instance/two", ("phone",)),
    ],
)
def test_everybody_can_use_pipelines(
    lab: Desk, fakes: FakePipelines, path: str, looks: tuple[str, ...]
) -> None:
    fakes.stream("one")
    fakes.troubles["one"] = "Some trouble."
    for look in looks:
        size, dark = LOOKS[look]
        page = lab.open(path, stranger=True, size=size, dark=dark)
        if path.endswith("sp1"):
            watched(page)
        assert violations(page) == []
        assert overhang(page) == []
        keep(page, f"pipelines-{path.rpartition('/')[2] or 'list'}-{look}")
        page.close()


def test_pipelines_by_keyboard(lab: Desk) -> None:
    page = lab.open(stranger=True)
    page.get_by_label("Find").focus()
    page.keyboard.type("sp1")
    page.locator(row(page, "cam1_sp1")).get_by_role("link", name="cam1_sp1", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/instance/cam1_sp1*")
    page.get_by_label("Threshold").first.focus()
    page.keyboard.type("30")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_have_text("The parameters were changed.")
