"""A browser for each file of tests, an agent and its page for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser_desk import ARGUMENTS, BINARY, Desk
from tests.system_rig import Rig

expect.set_options(timeout=30_000)
"""A busy machine may take seconds for what usually takes none; who is not disappointed waits no longer."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium. It ends with the file: its event loop would be in the way of the next one's tests."""
    if BINARY is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BINARY, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path / "agent") as rig:
        yield rig


@pytest.fixture
def desk(chromium: Browser, rig: Rig) -> Iterator[Desk]:
    """A place to sit at; the page itself is started by the test."""
    desk = Desk(chromium, f"http://127.0.0.1:{rig.port}")
    yield desk
    desk.leave()
