import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.config.settings import Health
from pyca.core.alarm import SIGNAL_ALARMS, AlarmKind
from pyca.media.health import Fault, picture_filters, sound_filters
from pyca.media.judge import SILENT, SignalWatch

DEFAULTS = Health()
RMS, PEAK = "lavfi.astats.Overall.RMS_level", "lavfi.astats.Overall.Peak_level"


def header(time: float | str) -> str:
    return f"frame:7    pts:700     pts_time:{time}\n"


def picture(time: float | str, *lines: str) -> str:
    return header(time) + "".join(f"{line}\n" for line in lines) + "seen=1\n"


def sound(time: float | str, level: float | str = -30.0, peak: float | str = -20.0, *lines: str) -> str:
    return header(time) + "".join(f"{line}\n" for line in (*lines, f"{PEAK}={peak}", f"{RMS}={level}"))


def kinds(watch: SignalWatch) -> list[AlarmKind]:
    return [fault.kind for fault in watch.faults()]


def live(
    watch: SignalWatch, pictures: Iterable[float], sounds: Iterable[float]
) -> dict[float, list[AlarmKind]]:
    """Feed arrivals on time, and return the faults after each poll."""
    arrivals = sorted(
        [(time, picture(time)) for time in pictures] + [(time + 1, sound(time)) for time in sounds]
    )
    found = {}
    for now in range(int(arrivals[-1][0]) + 2):
        watch.feed("".join(text for time, text in arrivals if now - 1 < time <= now), 1000.0 + now)
        found[float(now)] = kinds(watch)
    return found


def test_names_of_the_kinds() -> None:
    assert [str(kind) for kind in SIGNAL_ALARMS] == ["silence", "clipping", "black", "frozen", "gap"]


def test_level_and_peak() -> None:
    watch = SignalWatch(DEFAULTS)
    assert (watch.level, watch.peak) == (None, None)
    watch.feed(sound(0, -23.5, -3.25), 1)
    assert (watch.level, watch.peak) == (-23.5, -3.25)
    watch.feed(sound(1, "-inf", "-inf"), 2)
    assert (watch.level, watch.peak) == (SILENT, SILENT)
    watch.feed(sound(2, "nan", "1e999"), 3)
    assert (watch.level, watch.peak) == (None, None)
    assert kinds(watch) == []


def test_silence_lasts_until_its_end() -> None:
    watch = SignalWatch(DEFAULTS)
    watch.feed(sound(17, "-inf", "-inf", "lavfi.silence_start=10.0079"), 18)
    assert watch.faults() == (Fault(AlarmKind.SILENCE, "no sound above -60 dB"),)
    watch.feed(sound(20, -30, -20, "lavfi.silence_end=20.01", "lavfi.silence_duration=10"), 21)
    assert watch.faults() == ()


def test_silence_that_is_told_and_ended_in_one_second() -> None:
    watch = SignalWatch(DEFAULTS)
    watch.feed(sound(17, -30, -20, "lavfi.silence_start=10.0079", "lavfi.silence_end=17.5"), 18)
    assert watch.faults() == ()


def test_black_counts_after_its_seconds() -> None:
    watch = SignalWatch(DEFAULTS)
    watch.feed(picture(10, "lavfi.black_start=10"), 10)
    found = []
    for time in range(11, 17):
        watch.feed(picture(time), time)
        found.append(kinds(watch))
    assert found == [[], [], [], [], [AlarmKind.BLACK], [AlarmKind.BLACK]]
    watch.feed(picture(17, "lavfi.black_end=17"), 17)
    assert kinds(watch) == []


def test_frozen_lasts_until_its_end() -> None:
    watch = SignalWatch(DEFAULTS)
    watch.feed(picture(16, "lavfi.freezedetect.freeze_start=10"), 16)
    assert kinds(watch) == [AlarmKind.FROZEN]
    watch.feed(picture(20, "lavfi.freezedetect.freeze_duration=10", "lavfi.freezedetect.freeze_end=20"), 20)
    assert kinds(watch) == []


def test_clipping_needs_several_seconds() -> None:
    watch = SignalWatch(DEFAULTS)
    found = []
    for time, peak in enumerate([0, -3, -0.05, -3, -3, -0.2, 0, -3, -3, -3, -3, -3]):
        watch.feed(sound(time, -10, peak), time)
        found.append(bool(watch.faults()))
    assert found == [False] * 6 + [True, True] + [False] * 4


@pytest.mark.parametrize("interval", [1, 2, 4])
def test_keyframes_far_apart_are_no_gap(interval: int) -> None:
    assert not any(live(SignalWatch(DEFAULTS), range(0, 60, interval), range(60)).values())


def test_one_long_pause_is_told_and_does_not_deafen() -> None:
    moments = [*range(20), *range(40, 60), *range(80, 90)]
    found = live(SignalWatch(DEFAULTS), moments, range(90))
    gaps = [now for now, faults in found.items() if faults]
    assert gaps == [*range(25, 40), *range(65, 80)]


@pytest.mark.parametrize("stops", ["picture", "sound"])
@pytest.mark.parametrize("after", [2, 20])
def test_stream_that_stops(stops: str, after: int) -> None:
    pictures, sounds = range(after if stops == "picture" else 60), range(after if stops == "sound" else 60)
    watch = SignalWatch(DEFAULTS)
    found = live(watch, pictures, sounds)
    first = min(now for now, faults in found.items() if faults)
    assert after + 4 < first <= after + 10
    assert watch.faults()[0].detail.startswith(f"the {stops} has stopped")


def test_both_stop() -> None:
    """Nothing comes at all: that is no gap between the two, and the recorder's own watch sees it."""
    watch = SignalWatch(DEFAULTS)
    live(watch, range(10), range(10))
    watch.feed("", 2000.0)
    assert kinds(watch) == []


def test_one_stream_alone_has_no_gap() -> None:
    assert not any(live(SignalWatch(DEFAULTS), range(30), []).values())
    assert not any(live(SignalWatch(DEFAULTS), [], range(30)).values())


def test_drift_says_who_is_ahead() -> None:
    for lead, words in ((8, "ahead of"), (-8, "behind")):
        watch = SignalWatch(DEFAULTS)
        for time in range(10, 20):
            watch.feed(picture(time) + sound(time + lead), time)
        assert words in watch.faults()[0].detail


def test_stream_without_timestamps() -> None:
    watch = SignalWatch(DEFAULTS)
    for time in range(20):
        watch.feed(picture("NOPTS") + sound("NOPTS"), time)
    assert kinds(watch) == []


def test_history_read_at_once() -> None:
    """After a crash of the service the old lines come in one piece, cut off at the front."""
    text = "".join(picture(time) + sound(time) for time in range(50))
    text += picture(50, "lavfi.black_start=50") + "".join(
        picture(time) + sound(time) for time in range(51, 60)
    )
    watch = SignalWatch(DEFAULTS)
    watch.feed(text[17:], 5.0)
    assert kinds(watch) == [AlarmKind.BLACK]


def test_endless_line_is_not_kept() -> None:
    watch = SignalWatch(DEFAULTS)
    for _ in range(100):
        watch.feed("x" * 1000, 0)
    assert len(watch._rest) < 5000
    watch.feed("\n" + sound(1, -12), 0)
    assert watch.level == -12


def test_filters_hold_the_thresholds_and_no_space() -> None:
    for chain in (picture_filters(DEFAULTS), sound_filters(DEFAULTS)):
        assert " " not in chain
        assert r"file=pipe\\:1:direct=1" in chain
    some = Health(silence_level=-47.5, silence_seconds=3, frozen_level=-55, frozen_seconds=2.5)
    assert "silencedetect=n=-47.5dB:d=3" in sound_filters(some)
    assert "freezedetect=n=-55dB:d=2.5" in picture_filters(some)
    off = Health(silence_seconds=0, black_seconds=0, frozen_seconds=0)
    assert "detect" not in picture_filters(off) + sound_filters(off)


KEYS = ["seen", RMS, PEAK, "lavfi.silence_start", "lavfi.silence_end", "lavfi.black_start", "lavfi.black_end"]
KEYS += ["lavfi.freezedetect.freeze_start", "lavfi.freezedetect.freeze_end", "lavfi.unknown", ""]
VALUES = st.one_of(
    st.floats(-200, 200).map(str),
    st.sampled_from(["-inf", "nan", "inf", "", "1e999", "=", "NOPTS"]),
    st.text(),
)
LINES = st.one_of(
    st.builds(lambda key, value: f"{key}={value}", st.sampled_from(KEYS), VALUES),
    VALUES.map(lambda time: f"frame:1    pts:1       pts_time:{time}"),
    st.text(),
    st.just("x" * 3000),
)
REPORTS = st.lists(LINES, max_size=40).map("\n".join)


@given(st.lists(st.text()), st.lists(st.floats(allow_nan=False), min_size=1))
def test_garbage_never_raises(texts: list[str], moments: list[float]) -> None:
    watch = SignalWatch(DEFAULTS)
    for text, now in zip(texts, moments, strict=False):
        watch.feed(text, now)
        watch.faults()


@given(REPORTS, st.lists(st.integers(0, 2000)))
def test_cuts_do_not_matter(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    whole, pieces = SignalWatch(DEFAULTS), SignalWatch(DEFAULTS)
    whole.feed(text, 1.0)
    for start, end in pairwise(edges):
        pieces.feed(text[start:end], 1.0)
    assert pieces.faults() == whole.faults()
    assert (pieces.level, pieces.peak) == (whole.level, whole.peak)
    whole.feed("\n", 2.0)
    pieces.feed("\n", 2.0)
    assert pieces.faults() == whole.faults()


def test_black_picture_is_not_called_frozen_too() -> None:
    watch = SignalWatch(DEFAULTS)
    watch.feed(picture(10, "lavfi.black_start=10"), 10)
    watch.feed(picture(16, "lavfi.freezedetect.freeze_start=10"), 16)
    assert kinds(watch) == [AlarmKind.BLACK]


@pytest.mark.parametrize("number", [0.000001, 1e-5, 3600.0, 1234567.0])
def test_numbers_reach_ffmpeg_without_an_exponent(number: float) -> None:
    health = Health(silence_seconds=number, black_level=number, frozen_seconds=number, frozen_level=-number)
    assert not re.search(r"[0-9]e[+-]?[0-9]", picture_filters(health) + sound_filters(health))
