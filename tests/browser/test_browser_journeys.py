"""What people come for, from the first click to the end, with real daemons and real recordings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from opencast_server import FakeOpencast, faults
from playwright.sync_api import Page, expect

from pyca.core.clock import SystemClock
from pyca.core.event import Event, Origin
from pyca.core.recording import Track
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.upgrade import ensure
from tests.browser_desk import Desk, keep
from tests.system_rig import Rig, soon
from tests.tools import wait_for

pytestmark = pytest.mark.system

COMMAND = (
    "ffmpeg -nostats -hide_banner -loglevel warning"
    " -f lavfi -i testsrc2=s=160x120:r=25,realtime -f lavfi -i sine=f=440:r=48000,arealtime"
    " -map 0:v -map 1:a -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -c:a aac"
    " -cluster_time_limit 1000 -flush_packets 1 -y {{dir}}/{{name}}.mkv"
    " -map 0:v -r 2 -update 1 -atomic_writing 1 -y {{previewdir}}/preview.jpg"
    " -map 0:v -vf {{picture_health}} -f null - -map 1:a -af {{sound_health}} -f null -"
)
PLAYED = """(video) => new Promise((played, failed) => {
    video.addEventListener("timeupdate", () => { if (video.currentTime > 0) played(video.videoWidth); });
    video.addEventListener("error", () => failed(video.error.message));
    video.muted = true;
    video.play();
})"""
LOADED = "(image) => image.decode().then(() => image.naturalWidth)"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "opencast") as server:
        yield server


def go_to(page: Page, name: str) -> None:
    """Follow a link of the navigation."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_record_now_watch_stop_find_and_play(rig: Rig, desk: Desk) -> None:
    rig.configure(
        capture={"command": COMMAND, "preview": "{{previewdir}}/preview.jpg"}, ui={"refresh_rate": 1}
    )
    rig.start("all").says("The page is at")
    page = desk.open("/")
    page.get_by_role("link", name="Record now").click()
    page.get_by_label("Title").fill("Talk <i>🎓</i>")
    page.get_by_role("button", name="Start recording").click()

    expect(page.locator("#now h2")).to_have_text("Talk <i>🎓</i>", timeout=30_000)
    expect(page.locator("#now")).to_contain_text("On air")
    picture = page.locator("#previews img")
    expect(picture).to_be_visible(timeout=30_000)
    assert picture.evaluate(LOADED) == 160
    expect(page.locator("#previews .level .words")).to_have_text(re.compile(r"−\d+ dB"), timeout=30_000)
    first = picture.get_attribute("src") or ""
    expect(picture).not_to_have_attribute("src", first)
    keep(page, "live")

    page.locator("#stop-1").click()
    page.get_by_role("button", name="Stop recording").click()
    expect(page.locator("#now")).to_contain_text("Nothing is being recorded", timeout=30_000)
    go_to(page, "Recordings")
    row = page.locator("#recordings li").filter(has_text="Talk <i>🎓</i>")
    expect(row).to_contain_text("archived", timeout=30_000)
    row.get_by_role("link").first.click()
    assert page.locator("video").evaluate(PLAYED) == 160
    keep(page, "played")
    (file,) = rig.archive.rglob("*.mkv")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == file.read_bytes()


def test_a_failed_upload_succeeds_when_it_is_tried_again(rig: Rig, desk: Desk, server: FakeOpencast) -> None:
    rig.connect(server.url, ui={"refresh_rate": 1})
    server.faults.add("/ingest/addTrack", faults.status(403), times=None)
    # Long enough that something is left of it where the agent takes its time to begin.
    start = soon(3)
    server.schedule("uid-1", "Refused", start, start + 8)
    rig.start("all").says("The page is at")
    rig.wait_for_state("uid-1", EventState.FAILED_UPLOADING)

    page = desk.open("/recordings")
    row = page.locator("#recordings li").filter(has_text="Refused")
    expect(row).to_contain_text("upload failed")
    expect(row).to_contain_text("403")
    keep(page, "refused")
    server.faults.planned.clear()
    row.get_by_role("link", name="Retry now").click()
    page.locator("dialog[open]").get_by_role("button", name="Upload again").click()
    expect(page.locator("#recordings li").filter(has_text="Refused")).to_contain_text(
        "uploaded", timeout=30_000
    )
    assert [one.package for one in server.workflows] == ["uid-1"]


def test_add_change_and_cancel_an_event(rig: Rig, desk: Desk) -> None:
    ensure(rig.database)
    rig.start("ui").says("The page is at")
    page = desk.open("/schedule?week=2035-W05")
    page.get_by_role("link", name="Add event").click()
    page.get_by_label("Title").fill("Würfel & <b>Brett</b>")
    page.get_by_label("Day", exact=True).fill("2035-02-02")
    page.get_by_label("Start", exact=True).fill("10:15")
    page.get_by_label("Length in minutes").fill("90")
    page.get_by_role("button", name="Add event").click()
    expect(page.get_by_role("status").first).to_be_visible()
    entry = page.locator("#calendar").get_by_role("link", name="Würfel & <b>Brett</b>")
    expect(entry).to_be_visible()
    page.wait_for_load_state()
    with rig.database.read() as session:
        (event,) = events.upcoming(session)
    assert (event.title, event.duration) == ("Würfel & <b>Brett</b>", 5400)
    keep(page, "planned")

    entry.click()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("Title").fill("Chess")
    page.get_by_role("button", name="Save").click()
    page.locator("#calendar").get_by_role("link", name="Chess").click()
    page.get_by_role("link", name="Cancel event").click()
    expect(page.get_by_role("link", name="Keep it")).to_be_focused()
    page.get_by_role("button", name="Cancel the event").click()
    expect(page.locator("#calendar")).not_to_contain_text("Chess")
    with rig.database.read() as session:
        assert events.upcoming(session) == []


def test_delete_a_recording_with_its_files(rig: Rig, desk: Desk) -> None:
    ensure(rig.database)
    folder = rig.recordings / "lost"
    folder.mkdir(parents=True)
    (folder / "camera.mkv").write_bytes(b"x" * 1000)
    now = SystemClock().now()
    event = Event("lost", "Nobody needs this", now - 3600, now - 1800, Origin.LOCAL)
    with rig.database.write() as session:
        recordings.begin(session, event, folder, event.start)
        track = Track(folder / "camera.mkv", "presenter/source", "camera", size=1000, duration=1800.0)
        recordings.set_state(session, "lost", EventState.FINISHED_RECORDING, event.end)
        recordings.close(session, "lost", event.end, [track])
    rig.start("ui").says("The page is at")
    page = desk.open("/recordings")
    page.get_by_role("link", name="Nobody needs this").click()
    page.wait_for_url("**/recordings/lost")
    page.get_by_role("link", name="Delete").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("NOT delivered")
    expect(dialog.get_by_role("link", name="Keep it")).to_be_focused()
    dialog.get_by_role("button", name="Delete").click()
    # Without the box ticked the browser sends nothing.
    expect(dialog).to_be_visible()
    dialog.get_by_label("This recording may be lost").check()
    keep(page, "delete")
    dialog.get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile("/recordings"))
    expect(page.locator("#recordings")).not_to_contain_text("Nobody needs this")
    wait_for(lambda: not folder.exists(), "the files to be gone")
