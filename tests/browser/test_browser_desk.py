"""The desk itself: what goes wrong in a page must not go unseen."""

import pytest
from playwright.sync_api import Page

from pyca.store.upgrade import ensure
from tests.browser_desk import Desk, overhang, violations
from tests.system_rig import Rig
from tests.tools import wait_for

pytestmark = pytest.mark.system


@pytest.fixture
def desk(rig: Rig, desk: Desk) -> Desk:
    ensure(rig.database)
    rig.start("ui").says("The page is at")
    return desk


def test_what_a_page_complains_of_is_heard(desk: Desk) -> None:
    page = desk.open("/")
    assert desk.complaints == []
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://192.0.2.1/'}))"
    )
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("new Promise((done) => { setTimeout(() => nowhere()); setTimeout(done); })")
    for expected in ("foreign: http://192.0.2.1/", "policy: img-src", "script: nowhere is not defined"):
        is_heard(desk, page, expected)
    page.goto("/nowhere")
    is_heard(desk, page, "answer: 404")
    assert desk.unexpected() == desk.complaints
    desk.expect("foreign", "policy", "console", "script", "404")
    assert desk.unexpected() == []


def is_heard(desk: Desk, page: Page, complaint: str) -> None:
    def told() -> bool:
        # The browser's news come while it is asked something.
        page.evaluate("1")
        return any(complaint in one for one in desk.complaints)

    wait_for(told, complaint)


def test_faults_of_a_page_are_found(desk: Desk) -> None:
    page = desk.open("/")
    assert (violations(page), overhang(page)) == ([], [])
    page.evaluate(
        "document.querySelector('main').innerHTML += '<img src=/static/icon.svg width=5000 height=9>'"
    )
    assert "image-alt" in "".join(violations(page))
    assert "icon.svg" in "".join(overhang(page))
