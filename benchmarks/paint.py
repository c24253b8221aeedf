"""How soon the page is there in a browser that has never seen it, and what it has to load for that."""

from collections.abc import Iterator
from typing import Any

from benchmarks.figures import Row, missing
from benchmarks.home import home
from benchmarks.web import PASSWORD, fill, gunicorn

PATHS = ("/", "/schedule", "/recordings", "/system")
LARGEST = 100.0
"""Kilobytes over the wire, uncompressed: gunicorn without nginx."""
SEEN = """async () => {
    const paint = await new Promise((found) => {
        const told = (list) => list.getEntriesByName("first-contentful-paint").forEach(found);
        new PerformanceObserver(told).observe({type: "paint", buffered: true});
    });
    const files = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
    return [paint.startTime, files.reduce((sum, file) => sum + file.transferSize, 0), files.length];
}"""


def measure(quick: bool) -> Iterator[Row]:
    from playwright.sync_api import sync_playwright

    from tests.browser_desk import ARGUMENTS, BINARY

    if BINARY is None:
        raise FileNotFoundError("Chromium is not installed (apt-get install chromium)")
    with home(PYCA_UI_PASSWORD=PASSWORD) as place, sync_playwright() as play:
        fill(place, 1000)
        browser = play.chromium.launch(executable_path=BINARY, args=ARGUMENTS)
        with gunicorn(place) as server:
            origin = f"http://127.0.0.1:{server.port}"
            login = _log_in(browser, origin)
            for path in PATHS:
                yield from _rows(browser, login, origin + path, path, 3 if quick else 10)
        browser.close()


def _log_in(browser: Any, origin: str) -> Any:
    """Return what a browser remembers of a login."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{origin}/login")
        page.get_by_label("User").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{origin}/")
        return context.storage_state()


def _rows(browser: Any, login: Any, url: str, path: str, rounds: int) -> Iterator[Row]:
    paints, sizes, files = [], [], 0
    for _ in range(rounds):
        # Each has a cache of its own, which is empty.
        with browser.new_context(storage_state=login) as context:
            page = context.new_page()
            answer = page.goto(url, wait_until="load")
            if answer.status != 200:
                yield missing(f"first paint of {path}", f"status {answer.status}")
                return
            paint, size, files = page.evaluate(SEEN)
            paints.append(paint)
            sizes.append(size / 1000)
    yield Row(f"first paint of {path} in Chromium", "–", None, "ms", tuple(paints))
    yield Row(f"loaded for it, {files} files", "–", LARGEST, "kB", tuple(sizes))
