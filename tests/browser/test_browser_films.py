"""Schedule and recordings in a browser: films really play, and events are planned in the dialog."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pyca.core.clock import SystemClock
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState
from pyca.store import events, recordings, uploads
from pyca.store.upgrade import ensure
from tests.browser_desk import Desk
from tests.system_rig import Rig
from tests.ui_shown import recorded
from tests.ui_tools import put

pytestmark = pytest.mark.system

FILMS = {
    "a.mp4": (("libx264", "aac"), ("video h264 64x48 10 fps", "audio aac 44100 Hz mono")),
    "b.mkv": (("libx264", "aac"), ("video h264 64x48 10 fps", "audio aac 44100 Hz mono")),
    "c.webm": (("libvpx", "libopus"), ("video vp8 64x48 10 fps", "audio opus 48000 Hz mono")),
    "d.mkv": (("libvpx", "libvorbis"), ("video vp8 64x48 10 fps", "audio vorbis 44100 Hz mono")),
}
PLAY = """async (video) => {
    video.muted = true;
    const played = new Promise((good, bad) => {
        video.addEventListener("timeupdate", () => { if (video.currentTime > 0) good(); });
        video.addEventListener("error", () => bad(new Error(video.error.message)));
    });
    await video.play();
    await played;
    return [video.readyState >= 2, video.videoWidth, video.duration > 0];
}"""
SEEK = """(video) => new Promise((good) => {
    video.pause();
    video.addEventListener("seeked", () => good([video.currentTime, video.duration]), { once: true });
    video.currentTime = 6;
})"""


@pytest.fixture
def page_only(rig: Rig) -> Rig:
    """The page of an agent whose other services do not run."""
    rig.configure(ui={"port": rig.port, "password": "geheim", "refresh_rate": 1})
    ensure(rig.database)
    rig.start("ui").says("The page is at")
    return rig


def made(folder: Path) -> dict[str, tuple[str, ...]]:
    """Make short films of all kinds; returns path → streams."""
    found = {}
    for name, ((video, audio), streams) in FILMS.items():
        source = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10", "-f", "lavfi", "-i", "sine", "-t", "8"]
        codecs = ["-c:v", video, "-pix_fmt", "yuv420p", "-g", "10", "-c:a", audio]
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", *source, *codecs, str(folder / name)],
            check=True,
            timeout=60,
        )
        found[str(folder / name)] = streams
    return found


def test_films_play_and_can_be_searched(page_only: Rig, desk: Desk) -> None:
    folder = page_only.recordings / "films"
    folder.mkdir(parents=True)
    recorded(page_only.database, folder, "r", made(folder), SystemClock().now())
    page = desk.open("/recordings/r")
    films = page.locator("video")
    expect(films).to_have_count(len(FILMS))
    for number in range(len(FILMS)):
        assert films.nth(number).evaluate(PLAY) == [True, 64, True], list(FILMS)[number]
    for number in (0, 2):
        position, duration = films.nth(number).evaluate(SEEK)
        assert position == pytest.approx(6, abs=0.2) and duration == pytest.approx(8, abs=0.3)


def test_progress_is_shown_without_a_reload(page_only: Rig, desk: Desk) -> None:
    put(page_only.database, "u", EventState.UPLOADING, SystemClock().now(), title="Physics")
    under_way = Upload("u", "opencast", UploadStep.TRACKS, bytes_total=1000, bytes_sent=100)
    with page_only.database.write() as session:
        uploads.save(session, under_way)
    page = desk.open("/recordings/u")
    expect(page.locator("progress")).to_have_attribute("value", "100")
    with page_only.database.write() as session:
        uploads.progress(session, "u", 700, 50.0)
    expect(page.locator("progress")).to_have_attribute("value", "700")
    with page_only.database.write() as session:
        recordings.set_state(session, "u", EventState.FINISHED_UPLOADING, SystemClock().now())
    expect(page.locator("#recording .state-done")).to_be_visible()


def fill_in(page: Page, title: str, day: str) -> None:
    page.get_by_role("link", name="Add event").click()
    form = page.locator("dialog[open] form")
    form.locator("[name=title]").fill(title)
    form.locator("[name=date]").fill(day)
    form.locator("[name=time]").fill("14:00")
    form.get_by_role("button", name="Add event").click()


def test_events_are_planned_in_the_dialog_and_refused_in_words(page_only: Rig, desk: Desk) -> None:
    desk.expect("422")
    page = desk.open("/schedule?week=2030-W10")
    for title in ("Physics", "Optics"):
        fill_in(page, title, "2030-03-06")
        expect(page.get_by_text("The event is planned.")).to_be_visible()
        expect(page.get_by_role("link", name=title)).to_be_visible()
        # Its script makes dialogs of its links.
        page.wait_for_load_state()
    fill_in(page, "Chemistry", "2030-03-06")
    expect(page.get_by_text("This time is taken")).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value("Chemistry")
    with page_only.database.read() as session:
        assert {event.title for event in events.upcoming(session)} == {"Physics", "Optics"}
