"""People in front of a browser: pages of a headless Chromium, and everything that goes wrong in them.

In a test::

    page = desk.open("/schedule", width=360, dark=True)
    page.get_by_role("link", name="Record now").click()

Whatever a page complains of fails the test at its end: errors of scripts and of the console, what the content
security policy stops, answers with 4xx and 5xx, requests to another host. What a test provokes on purpose
it announces with ``desk.expect("503")``.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
ARTEFACTS = Path(__file__).parent.parent / "artefacts" / "pages"
DESKTOP, PHONE = (1280, 900), (360, 740)
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}
USER, PASSWORD = "admin", "geheim"


@dataclass
class Desk:
    """A browser, the address of the page, and what was complained of."""

    browser: Browser
    origin: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def sit_down(
        self,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        script: bool = True,
    ) -> BrowserContext:
        """Return a browser with an empty memory."""
        context = self.browser.new_context(
            base_url=self.origin,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(30_000)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', (event) =>"
            " console.error(`policy: ${event.violatedDirective} stops ${event.blockedURI}`))"
        )
        self.contexts.append(context)
        return context

    def open(self, path: str = "/", *, stranger: bool = False, **seat: Any) -> Page:
        """Return a page in a browser of its own, whose user logs in by the form.

        :param stranger: do not log in
        :param seat: what ``sit_down`` lets choose
        """
        page = self.sit_down(**seat).new_page()
        page.goto(path)
        if not stranger:
            log_in(page)
        return page

    def expect(self, *texts: str) -> None:
        """Take complaints with one of these texts for what the test wanted."""
        self.expected += texts

    def unexpected(self) -> list[str]:
        """Return the complaints that nobody announced."""
        return [one for one in self.complaints if not any(text in one for text in self.expected)]

    def leave(self) -> None:
        """Close all pages, and fail where one of them has complained."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        assert self.unexpected() == []

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text} {message.location.get('url', '')}")

    def _asked(self, request: Request) -> None:
        place = urlsplit(request.url)
        if (
            place.scheme not in ("data", "blob", "about")
            and f"{place.scheme}://{place.netloc}" != self.origin
        ):
            self.complaints.append(f"foreign: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"answer: {response.status} {response.url}")


def log_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form of the login page that is open; it leads to where the user wanted to go."""
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: urlsplit(url).path != "/login")


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong in a page, one line for each element."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} – {node.get('failureSummary', '')[:300]}"
        for rule in found
        for node in rule["nodes"]
    ]


def overhang(page: Page) -> list[str]:
    """Return the elements that make a page wider than its window."""
    found: list[str] = page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.body.querySelectorAll("*")]
                .filter((one) => one.getBoundingClientRect().right > width + 0.5)
                .map((one) => one.outerHTML.slice(0, 120));
        }"""
    )
    return found


def keep(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a picture for people to look at.

    :param whole: all of the page, and not only what the window shows of it
    """
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    window = page.viewport_size or {"width": DESKTOP[0], "height": DESKTOP[1]}
    if whole:
        # A window as high as the page: what sticks to the window's edge would stand in the middle otherwise.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": window["width"], "height": max(height, window["height"])})
    page.screenshot(path=ARTEFACTS / f"{name}.png")
    page.set_viewport_size(window)
