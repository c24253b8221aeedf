"""Links with small programs in the place of FFmpeg, and a clock that the test owns."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pyca.core.live import Destination, LinkState
from pyca.live.flow.flv import HEADER, Kind, Reader, Tag
from pyca.live.flow.hidden import PRESET, preset
from pyca.live.flow.watch import Watch
from pyca.live.plan import Surroundings
from pyca.live.send.link import HANG_UPS, REFUSALS, STEADY, Link
from pyca.live.send.outlets import Outlet
from pyca.live.send.relay import HOPELESS, OLD
from pyca.media.ffmpeg import Tools
from pyca.runtime.child import Child
from tests.live_tools import audio_setup, inter, key, video_setup
from tests.tools import FakeClock, wait_for

GROW = """
import os, sys
size = 0
while data := os.read(0, 65536):
    size += len(data)
    open(sys.argv[1], "ab").write(data)
    os.write(1, b"frame=%d\\ntotal_size=%d\\nprogress=continue\\n" % (size, size))
"""
"""takes everything, keeps it and tells so"""
DIE = "import sys; sys.stderr.write(sys.argv[1]); sys.exit(1)"
ONCE = """
import os
os.read(0, 1)
os.write(1, b"total_size=1\\nprogress=continue\\n")
while os.read(0, 65536):
    os.write(1, b"total_size=1\\nprogress=continue\\n")
"""
"""goes on telling the same"""
DEAF = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.read(0, 1)
os.write(1, b"total_size=1\\nprogress=continue\\n")
time.sleep(60)
"""
"""takes one byte and hears nothing"""


class Bench:
    """One link under test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.watch = Watch()
        self.notes: list[tuple[str, str]] = []
        self.begin = [video_setup(), audio_setup(), key(0)]
        tools = Tools(Path("/usr/bin/ffmpeg"))
        self.around = Surroundings(tools, folder, self.clock, os.environ)
        self.link: Link | None = None

    def outlet(self, program: str, *words: str, secret: str = "", renew: bool = False) -> Outlet:
        argv = (sys.executable, "-S", "-c", program, *words)
        content = preset({"rtmp_playpath": secret}) if secret else b""
        return Outlet(argv, f"to {words}", (secret,) if secret else (), content, renew=renew)

    def start(self, *routes: Callable[[], Outlet] | Outlet) -> Link:
        made = [route if callable(route) else (lambda route=route: route) for route in routes]
        self.link = Link(
            Destination("one", label="One"),
            self.around,
            self.watch,
            lambda: HEADER + b"".join(tag.encode() for tag in self.begin),
            lambda level, text: self.notes.append((level, text)),
            made,
        )
        self.link.tick(self.clock.monotonic())
        return self.link

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Serve the link until something is so; the clock stands still."""
        assert self.link

        def look() -> object:
            self.watch.wait(0.01)
            self.link.tick(self.clock.monotonic())
            return condition()

        wait_for(look, what)

    def until_state(self, state: LinkState) -> None:
        assert self.link
        self.until(lambda: self.link.report().state is state, state)

    def until_given_up(self, tries: int, pause: float) -> None:
        """Serve the link until it has failed that often, with pauses in which it may try again."""
        assert self.link
        for _ in range(tries - 1):
            self.until_state(LinkState.WAITING)
            self.clock.move(pause)
            self.link.tick(self.clock.monotonic())
        self.until_state(LinkState.REFUSED)

    def pass_time(self, seconds: float, tags: Sequence[Tag] = ()) -> None:
        """Let time pass in steps of a second, with something offered in each."""
        assert self.link
        for _ in range(int(seconds)):
            self.clock.move(1)
            self.link.offer(tags)
            self.link.tick(self.clock.monotonic())
            self.watch.wait(0)

    def end(self) -> None:
        if self.link and not self.link.ended:
            self.link.close()
            for _ in range(40):
                self.clock.move(1)
                self.link.tick(self.clock.monotonic())
                self.watch.wait(0.05)
                if self.link.ended:
                    break
            assert self.link.ended
        self.watch.close()


@pytest.fixture
def bench(tmp_path: Path):
    one = Bench(tmp_path)
    yield one
    one.end()


def test_from_the_first_byte_to_the_last(bench: Bench) -> None:
    file = bench.folder / "got"
    link = bench.start(bench.outlet(GROW, str(file)))
    assert link.report().state is LinkState.CONNECTING
    bench.until_state(LinkState.LIVE)
    sent = [inter(20 * number, b"p" * 5000) for number in range(1, 200)]
    link.offer(sent)
    link.close()
    assert link.report().state is LinkState.CLOSING
    bench.until(lambda: link.ended, "the end")
    assert Reader().feed(file.read_bytes()) == [*bench.begin, *sent]
    report = link.report()
    assert (report.state, report.sent, report.error) == (LinkState.OFF, file.stat().st_size, "")
    assert bench.notes[0][0] == "info"


def test_one_that_dies_is_replaced_and_the_backup_has_its_turn(bench: Bench) -> None:
    backup = bench.folder / "backup"
    link = bench.start(bench.outlet(DIE, "Connection refused"), bench.outlet(GROW, str(backup)))
    bench.until_state(LinkState.WAITING)
    report = link.report()
    assert "nothing answers" in report.error and report.next_try and report.next_try > bench.clock.now()
    bench.clock.move(2)
    bench.until_state(LinkState.LIVE)
    assert str(backup) in link.report().address
    assert link.report().reconnects == 0
    assert Reader().feed(backup.read_bytes()) == bench.begin
    bench.clock.move(2.0)
    assert link.report().error == ""
    bench.clock.move(STEADY)
    bench.until(lambda: not link.report().error, "the error to be forgotten")


def test_a_lost_one_comes_back_at_the_same_place(bench: Bench) -> None:
    first, other = bench.folder / "first", bench.folder / "other"
    link = bench.start(bench.outlet(GROW, str(first)), bench.outlet(GROW, str(other)))
    bench.until_state(LinkState.LIVE)
    bench.clock.move(STEADY)
    bench.until(lambda: True, "a look")
    link._relay.kill()
    bench.until_state(LinkState.WAITING)
    assert "SIGKILL" in link.report().error
    bench.clock.move(2)
    bench.until_state(LinkState.LIVE)
    assert link.report().reconnects == 1 and not other.exists()
    assert any("again after" in text for _, text in bench.notes)


def test_a_refusing_server_is_given_up_until_somebody_restarts(bench: Bench) -> None:
    link = bench.start(bench.outlet(DIE, "Server error: NetStream.Publish.BadName"))
    bench.until_given_up(REFUSALS, pause=5)
    assert bench.notes[-1][0] == "error" and link.report().next_try is None
    bench.clock.move(1000)
    assert link.tick(bench.clock.monotonic()) == float("inf")
    assert link.report().state is LinkState.REFUSED
    link.restart()
    bench.until_state(LinkState.CONNECTING)


def test_a_proxy_whose_server_is_restarted_is_given_more_time(bench: Bench) -> None:
    link = bench.start(bench.outlet(DIE, "Cannot read RTMP handshake response\nrtmp://h/a: End of file"))
    bench.until_given_up(HANG_UPS, pause=60)
    assert "hangs up" in link.report().error


def test_who_has_taken_the_stream_once_is_never_given_up(bench: Bench) -> None:
    got = str(bench.folder / "got")
    outlets = iter([bench.outlet(GROW, got), *[bench.outlet(DIE, "Server error: no")] * 9])
    link = bench.start(lambda: next(outlets))
    bench.until_state(LinkState.LIVE)
    bench.clock.move(STEADY)
    bench.until(lambda: True, "a look")
    link._relay.kill()
    for _ in range(REFUSALS + 2):
        bench.until_state(LinkState.WAITING)
        bench.clock.move(60)
        link.tick(bench.clock.monotonic())
    bench.until_state(LinkState.WAITING)


def test_one_that_stands_still_is_killed_and_replaced(bench: Bench) -> None:
    link = bench.start(bench.outlet(ONCE))
    bench.until_state(LinkState.LIVE)
    bench.pass_time(7, [inter(40)])
    assert link.report().state is LinkState.LIVE
    # What it said last may have been heard late, and counts from then on.
    for _ in range(9):
        if not any("killed and replaced" in text for _, text in bench.notes):
            bench.pass_time(1, [inter(40)])
    bench.until_state(LinkState.WAITING)
    assert "nothing has gone out for 8 s" in link.report().error
    assert any("killed and replaced" in text for _, text in bench.notes)


def test_a_bitrate_that_is_not_renewed_is_none(bench: Bench) -> None:
    link = bench.start(bench.outlet(GROW, str(bench.folder / "got")))
    bench.until_state(LinkState.LIVE)
    bench.clock.move(1)
    link.offer([inter(40, b"p" * 5000)])
    bench.until(lambda: link.report().bitrate > 0, "a bitrate")
    bench.clock.move(10)
    assert link.report().bitrate == 0


def test_times_never_get_too_large_for_one_connection(bench: Bench) -> None:
    files = [bench.folder / "a", bench.folder / "b"]
    outlets = iter([bench.outlet(GROW, str(file)) for file in files])
    link = bench.start(lambda: next(outlets))
    bench.until_state(LinkState.LIVE)
    bench.clock.move(OLD)
    link.offer([inter(40)])
    assert link.report().state is LinkState.LIVE
    bench.begin = [video_setup(), audio_setup(), key(80)]
    link.offer([key(80)])
    bench.until(lambda: files[1].exists(), "the second process")
    bench.until_state(LinkState.LIVE)
    assert Reader().feed(files[1].read_bytes()) == bench.begin
    assert key(80) not in Reader().feed(files[0].read_bytes())


def test_a_process_that_cannot_even_be_killed_keeps_no_session_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = bench.start(bench.outlet(DEAF))
    bench.until_state(LinkState.LIVE)
    child = link._relay._child
    monkeypatch.setattr(Child, "signal", lambda _child, _number: True)
    link.close()
    for _ in range(int(HOPELESS) - 1):
        bench.clock.move(1)
        link.tick(bench.clock.monotonic())
    assert not link.ended
    bench.clock.move(2)
    link.tick(bench.clock.monotonic())
    assert link.ended and any("left to it" in text for _, text in bench.notes)
    os.killpg(child.pid, signal.SIGKILL)
    wait_for(child.poll, "its end")


def test_nothing_offered_is_no_fault(bench: Bench) -> None:
    link = bench.start(bench.outlet(ONCE))
    bench.until_state(LinkState.LIVE)
    for _ in range(60):
        bench.clock.move(1)
        link.tick(bench.clock.monotonic())
    bench.pass_time(5, [inter(40)])
    assert link.report().state is LinkState.LIVE


def test_a_deaf_one_holds_up_nobody_and_is_killed_in_the_end(bench: Bench) -> None:
    link = bench.start(bench.outlet(DEAF))
    bench.until_state(LinkState.LIVE)
    for second in range(20):
        link.offer([key(second * 1000, b"k" * 50_000), inter(second * 1000 + 500, b"p" * 50_000)])
    assert link.report().dropped > 0
    link.close()
    for _ in range(8):
        bench.clock.move(1)
        link.tick(bench.clock.monotonic())
        bench.watch.wait(0)
        assert not link.ended
    bench.clock.move(1)
    bench.until(lambda: link.ended, "its end")


def test_secrets_come_by_a_file_and_are_hidden_in_what_is_said(bench: Bench) -> None:
    got = bench.folder / "got"
    program = (
        "import sys; data = open(sys.argv[2]).read(); open(sys.argv[1], 'w').write(data); sys.exit(data)"
    )
    link = bench.start(bench.outlet(program, str(got), PRESET, secret="geheim"))
    bench.until_state(LinkState.WAITING)
    assert got.read_text() == "rtmp_playpath=geheim\n"
    said = [link.report().error, *(text for _, text in bench.notes)]
    assert not [text for text in said if "geheim" in text] and "rtmp_playpath" in said[0]


def test_a_key_is_hidden_also_where_a_sentence_is_cut_within_it(bench: Bench) -> None:
    secret = "K" * 60
    program = "import sys; sys.exit('Server error: ' + 'x' * 170 + sys.argv[1])"
    long = "import sys; sys.stderr.write(sys.argv[1] * 500); sys.exit('Connection refused')"
    for one in (program, long):
        argv = (sys.executable, "-S", "-c", one, secret)
        link = bench.start(Outlet(argv, "to there", (secret,)))
        relay = link._relay
        bench.until_state(LinkState.WAITING)
        assert "KKKK" not in relay.said
        assert "KKKK" not in link.report().error + "".join(text for _, text in bench.notes)


def test_a_secret_that_cannot_be_kept_from_the_arguments_is_told_once(bench: Bench) -> None:
    exposed = Outlet((sys.executable, "-S", "-c", "", "geheim"), "to there", ("geheim",))
    bench.start(exposed)
    bench.until_state(LinkState.WAITING)
    bench.pass_time(5)
    told = [text for _, text in bench.notes if "arguments" in text]
    assert len(told) == 1
    assert "geheim" not in told[0]


def test_who_fetches_a_stream_and_leaves_refuses_nothing(bench: Bench) -> None:
    program = "import sys; sys.exit('srt://:9000?mode=listener: Input/output error')"
    outlet = Outlet((sys.executable, "-S", "-c", program), "to whoever comes", waits=True)
    link = bench.start(outlet)
    for _ in range(5):
        bench.until_state(LinkState.WAITING)
        assert link.report().error == "the server closed the connection"
        bench.clock.move(60)
        link.tick(bench.clock.monotonic())
    assert link.report().state is not LinkState.REFUSED


def test_an_address_that_cannot_be_is_given_up_at_once(bench: Bench) -> None:
    notes: list[str] = []
    wrong = Destination("one", "http://host/live", "key")
    link = Link(wrong, bench.around, bench.watch, bytes, lambda _, text: notes.append(text))
    assert link.report().state is LinkState.REFUSED and "http" in link.report().error
    link.restart()
    assert link.tick(bench.clock.monotonic()) == float("inf") and "key" not in notes[0]
    link.close()
    assert link.ended


def test_a_program_that_is_not_there_is_tried_again(bench: Bench) -> None:
    link = bench.start(Outlet(("/no/such/program",), "nowhere"))
    report = link.report()
    assert report.state is LinkState.WAITING and "not found" in report.error
    assert len(os.listdir("/proc/self/fd")) < 60


def test_another_kind_of_sound_needs_another_process(bench: Bench) -> None:
    files = [bench.folder / "a", bench.folder / "b"]
    outlets = iter([bench.outlet(GROW, str(file), renew=True) for file in files])
    link = bench.start(lambda: next(outlets))
    bench.until_state(LinkState.LIVE)
    other = Tag(Kind.AUDIO, 0, b"\xaf\x00\x12\x08")
    bench.begin = [video_setup(), other, key(0)]
    link.offer([other, inter(40)])
    bench.until(lambda: files[1].exists(), "the second process")
    bench.until_state(LinkState.LIVE)
    assert link.report().error == ""


def test_without_a_picture_nothing_is_started(bench: Bench) -> None:
    got = bench.folder / "got"
    bench.begin = []
    link = bench.start(bench.outlet(GROW, str(got)))
    bench.pass_time(5, [inter(40)])
    assert link.report().state is LinkState.CONNECTING and link._relay is None
    bench.begin = [video_setup(), key(80)]
    link.offer([key(80)])
    bench.until_state(LinkState.LIVE)
    link.offer([inter(120)])
    link.close()
    bench.until(lambda: link.ended, "the end")
    assert Reader().feed(got.read_bytes()) == [*bench.begin, inter(120)]
