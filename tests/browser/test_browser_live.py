"""The stream in front of a real browser: the page, its dialogs, the touch view and the player."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pyca.core.clock import SystemClock
from pyca.core.live import MAIN, LiveReport, Profile, Sample, Setup
from pyca.store import live, stream_sessions
from pyca.store.upgrade import ensure
from tests.browser_desk import DESKTOP, PHONE, Desk, keep, overhang, violations
from tests.live_pages import on_air, put_destination, runs
from tests.system_rig import Rig

pytestmark = pytest.mark.system

LOOKS = {"desktop": (DESKTOP, False), "phone-dark": (PHONE, True)}
SMALL = ((1024, 600), (800, 480), (480, 320))
TOKEN = "c0ffee-0123456789abcd"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The page of an agent whose streamer is made up: what it tells stands in the database."""
    with Rig(tmp_path_factory.mktemp("live")) as rig:
        rig.configure(
            ui={"port": rig.port, "password": "geheim", "refresh_rate": 1},
            live={"directory": rig.folder / "live", "hls": "yes", "events": "all"},
        )
        ensure(rig.database)
        (rig.folder / "live" / "hls").mkdir(parents=True)
        rig.start("ui").says("The page is at")
        yield rig


@pytest.fixture
def desk(chromium: Browser, busy: Rig) -> Iterator[Desk]:
    desk = Desk(chromium, f"http://127.0.0.1:{busy.port}")
    yield desk
    desk.leave()


@pytest.fixture
def streaming(busy: Rig) -> Iterator[Rig]:
    """A stream on air, with figures, a picture of what goes out, and an earlier session."""
    database, now = busy.database, SystemClock().now()
    on_air(database, now, share=TOKEN, ahead=3600)
    with database.write() as session:
        old = stream_sessions.begin(session, now - 90_000, Profile("360p", 750_000), "test")
        stream_sessions.end(session, old, now - 88_000, "stopped", "the server refused the stream")
        number = live.report(session).session
        assert number is not None
        samples = [
            Sample(now - age, name, 25 - age % 3, 2.4e6 + 3e5 * (age % 7), 600 - age if name else 0)
            for age in range(600, 0, -5)
            for name in ("", MAIN, *(["second"] if not 200 < age < 320 else []))
        ]
        stream_sessions.add_samples(session, number, samples, 180_000_000)
    picture = busy.folder / "live" / "preview.jpg"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=320x180", "-frames:v", "1", picture],
        check=True, timeout=60,
    )  # fmt: skip
    yield busy
    with database.write() as session:
        live.save_report(session, LiveReport(at=now), live.order(session, now, wanted=False))


def put_on(page: Page, look: str) -> None:
    size, dark = LOOKS[look]
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if dark else "light")


def check(page: Page, name: str, *, whole: bool = True) -> None:
    """Look at a page in each look, and have it checked."""
    for look in LOOKS:
        put_on(page, look)
        keep(page, f"{name}-{look}", whole=whole)
        assert (look, overhang(page)) == (look, [])
        assert (look, violations(page)) == (look, [])


def test_off_and_on_air_are_accessible(desk: Desk, busy: Rig, request: pytest.FixtureRequest) -> None:
    page = desk.open("/live")
    expect(page.locator("#on-air")).to_contain_text("does not run")
    check(page, "live-off")
    request.getfixturevalue("streaming")
    expect(page.locator("#on-air")).to_contain_text("on air since")
    expect(page.locator("#outgoing img")).to_be_visible()
    expect(page).to_have_title(re.compile("On air"))
    check(page, "live")
    page.goto("/")
    expect(page.locator(".streaming")).to_contain_text("On air, live")
    check(page, "now-streaming", whole=False)
    with busy.database.read() as session:
        number = live.report(session).session
    for name, path in (("live-session", f"/live/sessions/{number}"), ("live-sessions", "/live/sessions")):
        page.goto(path)
        check(page, name)


def test_the_dialogs_are_accessible(desk: Desk, streaming: Rig) -> None:
    page = desk.open("/live")
    for link in ("live-stop", "add-destination", "edit-main", "remove-second", "change-parameters"):
        page.locator(f"#{link}").click()
        page.locator("dialog[open]").wait_for()
        check(page, f"live-{link}", whole=False)
        # Whoever presses Enter without reading ends no stream.
        page.keyboard.press("Enter" if link == "live-stop" else "Escape")
        page.locator("dialog[open]").wait_for(state="detached")
        expect(page.locator(f"#{link}")).to_be_focused()
    assert wanted(streaming)
    page.goto("/live/destinations/add")
    page.get_by_label("Any other server").check()
    page.get_by_label("Address", exact=True).fill("far.example.org")
    desk.expect("422")
    page.get_by_role("button", name="Add destination").click()
    expect(page.locator("#wrong-url")).to_be_visible()
    check(page, "live-add-mistake")


def test_the_touch_view_fills_small_screens(desk: Desk, busy: Rig, request: pytest.FixtureRequest) -> None:
    runs(busy.database, SystemClock().now())
    put_destination(busy.database, MAIN)
    page = desk.open("/touch", dark=True)
    expect(page.locator("#words")).to_have_text("Off")
    expect(page.locator("#go")).to_be_enabled()
    fills_small_screens(page, "touch-off")
    request.getfixturevalue("streaming")
    expect(page.locator("#words")).to_have_text("On air")
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#links")).to_have_text("1 of 2 destinations")
    expect(page.locator("#time")).to_contain_text("10:")
    fills_small_screens(page, "touch-on-air")
    page.locator("#go").click()
    expect(page.locator("#stop")).to_be_visible()
    fills_small_screens(page, "touch-sure")
    assert violations(page) == []
    for button in ("#keep", "#stop", "#blind"):
        box = page.locator(button).bounding_box()
        assert box and box["height"] >= 44 and box["width"] >= 44


def fills_small_screens(page: Page, name: str) -> None:
    """Look at the touch view on each screen: nothing has to be scrolled for."""
    assert violations(page) == []
    for size in SMALL:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        keep(page, f"{name}-{size[0]}", whole=False)
        assert overhang(page) == []
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_finger_cannot_stop_by_accident_and_a_keyboard_works(desk: Desk, streaming: Rig) -> None:
    page = desk.open("/touch", size=(800, 480))
    expect(page.locator("#words")).to_have_text("On air")
    place = page.locator("#go").bounding_box()
    assert place
    # Whether it is a hurry is told by the page's clock, which the test moves.
    page.evaluate(STANDS, 0)
    for _ in range(3):
        page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] - 20)
    # An order goes out before the next two looks at the stream.
    for _ in range(2):
        wait_for_answer(page, "**/report")
    assert wanted(streaming), "however often somebody taps in a hurry"
    page.keyboard.press("Escape")
    expect(page.locator("#go")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#keep")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#stop")).to_be_focused()
    page.evaluate(STANDS, CALM)
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_have_text("Stopping")
    assert not wanted(streaming)
    page.locator("#blind").click()
    expect(page.locator("#blind")).to_have_attribute("aria-pressed", "true")
    page.locator("#blind").click()
    expect(page.locator("#blind")).to_have_attribute("aria-pressed", "false")


def test_the_touch_view_says_long_enough_why_nothing_happened(desk: Desk, streaming: Rig) -> None:
    page = desk.open("/touch", size=(800, 480))
    expect(page.locator("#words")).to_have_text("On air")
    expect(page.locator("#trouble")).to_contain_text("connection refused")
    desk.expect("503")
    # Of the page's time none goes by but what the test lets pass.
    page.evaluate(STANDS, 0)
    page.route(
        "**/blind", lambda one: one.fulfill(status=503, json={"code": 503, "reason": "The disk is full."})
    )
    page.locator("#blind").click()
    expect(page.locator("#trouble")).to_have_text("The disk is full.")
    page.evaluate(STANDS, 9000)
    for _ in range(3):
        wait_for_answer(page, "**/report")
    keep(page, "touch-refused", whole=False)
    expect(page.locator("#trouble")).to_have_text("The disk is full.")
    page.unroute("**/blind")
    page.locator("#blind").click()
    expect(page.locator("#trouble")).to_contain_text("connection refused")
    expect(page.locator("#blind")).to_have_attribute("aria-pressed", "true")
    page.locator("#blind").click()
    expect(page.locator("#blind")).to_have_attribute("aria-pressed", "false")


def wait_for_answer(page: Page, address: str) -> None:
    """Wait until the page has been answered once more."""
    with page.expect_response(address):
        pass


def wanted(rig: Rig) -> bool:
    with rig.database.read() as session:
        return live.setup(session, Setup()).wanted


@pytest.fixture
def encoder(busy: Rig) -> Iterator["Encoder"]:
    with Encoder(busy.folder / "live" / "hls") as one:
        yield one


class Encoder:
    """Writes the files of the player as the streamer does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Encoder":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, size: str, number: int) -> None:
        """Write a stream of a size, in files named after a number."""
        self.end()
        for old in self._folder.iterdir():
            old.unlink()
        self._process = subprocess.Popen(
            [
                *("ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", f"testsrc2=s={size}:r=10"),
                *("-re", "-f", "lavfi", "-i", "sine=1000:r=48000", "-c:v", "libx264", "-preset", "ultrafast"),
                *("-pix_fmt", "yuv420p", "-g", "10", "-c:a", "aac", "-t", "900", "-f", "hls"),
                *("-hls_segment_type", "fmp4", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags"),
                *("delete_segments+temp_file+independent_segments", "-start_number", str(number)),
                *("-hls_fmp4_init_filename", f"init-{number}.mp4", "-hls_segment_filename"),
                *(str(self._folder / "part-%d.m4s"), str(self._folder / "index.m3u8")),
            ],
            stdin=subprocess.PIPE,
        )

    def end(self) -> None:
        """End as the streamer does, with a mark in the list."""
        if self._process is not None:
            process, self._process = self._process, None
            try:
                process.communicate(b"q", timeout=30)
            finally:
                process.kill()


STANDS = "(moment) => { performance.now = () => moment; }"
"""Sets what a page takes for the time, which does not go on by itself any more."""
CALM = 650
"""milliseconds in which a second tap still belongs to the first"""
MOVES = "before => document.getElementById('video').currentTime > before + 0.4"


def plays(page: Page) -> None:
    """Wait until the picture moves."""
    expect(page.locator("#player")).to_have_class("player plays")
    page.wait_for_function(MOVES, arg=page.evaluate("document.getElementById('video').currentTime"))


COUNT = """
globalThis.made = 0;
const make = URL.createObjectURL;
URL.createObjectURL = (one) => { made += 1; return make(one); };
const append = SourceBuffer.prototype.appendBuffer;
SourceBuffer.prototype.appendBuffer = function (bytes) {
  if (globalThis.full) { full -= 1; throw new DOMException("no room", "QuotaExceededError"); }
  return append.call(this, bytes);
};
"""
"""Counts the players that were begun, and lets a browser have no room where a test says so."""
OLD = b'#EXTINF:1,\n#EXT-X-MAP:URI="init-1.mp4"\npart-1.m4s\n'


def test_the_player_waits_plays_goes_on_and_ends(desk: Desk, streaming: Rig, encoder: Encoder) -> None:
    context = desk.sit_down()
    context.add_init_script(COUNT)
    # Whoever is too slow finds that a piece is gone already.
    desk.expect("/part-")
    page = context.new_page()
    page.goto(f"/watch/{TOKEN}")
    expect(page.locator("#said")).to_have_text("Not on air now")
    keep(page, "watch-off", whole=False)
    assert violations(page) == []
    encoder.begin("320x180", 1000)
    plays(page)
    assert page.evaluate("document.getElementById('video').videoWidth") == 320
    page.get_by_role("button", name="Sound on").click()
    assert page.evaluate("document.getElementById('video').muted") is False
    keep(page, "watch-plays", whole=False)
    assert violations(page) == []
    outlives_a_busy_server(desk, page)
    leaves_out_what_a_paused_viewer_misses(page)
    in_the_frame_it_fits_a_phone(desk)
    plays_by_itself_without_media_sources(desk)
    assert page.evaluate("made") == 1, "it was one player all the time"
    encoder.begin("480x270", 2000)
    page.wait_for_function("() => document.getElementById('video').videoWidth === 480")
    plays(page)
    encoder.end()
    expect(page.locator("#said")).to_have_text("Not on air now")
    assert desk.unexpected() == []
    desk.expect("404")
    with streaming.database.write() as session:
        live.share(session, "", SystemClock().now())
    expect(page.locator("#said")).to_have_text("Nothing to see here now")


def outlives_a_busy_server(desk: Desk, page: Page) -> None:
    """A server that is busy, a list that still names what was played, and a browser without room."""
    desk.expect("status of 503", "answer: 503")
    with page.expect_response(lambda one: one.status == 503):
        page.route("**/part-*.m4s", lambda one: one.fulfill(status=503, headers={"Retry-After": "1"}))
    page.unroute("**/part-*.m4s")
    wait_for_answer(page, "**/part-1*.m4s")
    plays(page)
    assert page.evaluate("made") == 1, "it is the same player still"
    page.evaluate("globalThis.full = 1")
    page.wait_for_function("() => !full")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.route("**/index.m3u8", lambda one: one.fulfill(body=with_old(one.fetch().body())))
    for address in ("index.m3u8", "part-1*.m4s", "index.m3u8", "part-1*.m4s"):
        wait_for_answer(page, f"**/{address}")
    page.unroute("**/index.m3u8")
    assert not any(one.endswith(("init-1.mp4", "part-1.m4s")) for one in asked)
    plays(page)


def with_old(text: bytes) -> bytes:
    """Return a list that still begins with a piece of an encoder before."""
    head, rest = text.split(b"#EXT-X-MAP", 1)
    return head + OLD + b"#EXT-X-MAP" + rest


def leaves_out_what_a_paused_viewer_misses(page: Page) -> None:
    """Nothing is fetched for a viewer who has paused; then the newest is shown."""
    page.evaluate("document.getElementById('video').pause()")
    wait_for_answer(page, "**/index.m3u8")
    wait_for_answer(page, "**/index.m3u8")
    asked: list[int] = []
    page.on("request", lambda one: asked.extend(int(n) for n in re.findall(r"part-(\d+)", one.url)))
    first = newest(page)
    while newest(page) < first + 5:
        pass
    assert asked == []
    latest = newest(page)
    page.evaluate("document.getElementById('video').play()")
    plays(page)
    assert asked[0] >= latest - 3


def newest(page: Page) -> int:
    """Return the number of the newest piece that the next list names."""
    with page.expect_response("**/index.m3u8") as answer:
        pass
    return max(map(int, re.findall(r"part-(\d+)", answer.value.text())))


def in_the_frame_it_fits_a_phone(desk: Desk) -> None:
    page = desk.open("/live/player", size=PHONE, dark=True)
    plays(page)
    keep(page, "player-phone-dark")
    assert overhang(page) == []
    assert violations(page) == []
    page.close()


def plays_by_itself_without_media_sources(desk: Desk) -> None:
    """As far as this Chromium knows HLS."""
    context = desk.sit_down()
    context.add_init_script("delete globalThis.MediaSource; delete globalThis.ManagedMediaSource")
    page = context.new_page()
    page.goto(f"/watch/{TOKEN}")
    if page.evaluate("document.createElement('video').canPlayType('application/vnd.apple.mpegurl')"):
        plays(page)
    else:
        expect(page.locator("#said")).to_have_text("This browser cannot play the stream")
    page.close()


def test_without_a_script_it_is_a_page_of_forms(desk: Desk, streaming: Rig) -> None:
    page = desk.open("/live", script=False)
    page.get_by_role("button", name="Blind").click()
    expect(page.get_by_text("Blinded.")).to_be_visible()
    page.get_by_role("button", name="Show again").click()
    expect(page.get_by_text("Blinded.")).to_have_count(0)
    page.get_by_role("link", name="Add destination").click()
    page.get_by_label("Any other server").check()
    page.get_by_label("Address", exact=True).fill("far.example.org")
    desk.expect("422")
    page.get_by_role("button", name="Add destination").click()
    expect(page.locator("#wrong-url")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Stop streaming").click()
    page.get_by_role("button", name="Stop streaming").click()
    expect(page.get_by_text("The stream is being stopped")).to_be_visible()
    assert not wanted(streaming)
