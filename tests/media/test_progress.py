from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.media.progress import Progress, ProgressReader, read_progress

BLOCK = """frame=50
fps=25.10
stream_0_0_q=-1.0
bitrate= 310.4kbits/s
total_size=77824
out_time_us=2005333
out_time_ms=2005333
out_time=00:00:02.005333
dup_frames=1
drop_frames=2
speed=1.01x
progress=continue
"""


def test_block() -> None:
    assert ProgressReader().feed(BLOCK) == [
        Progress(50, 25.1, 310_400.0, 77824, 2.005333, dropped=2, duplicated=1, speed=1.01)
    ]


def test_milliseconds_are_microseconds() -> None:
    assert read_progress("out_time_ms=1500000\nprogress=end\n") == Progress(time=1.5, ended=True)


@pytest.mark.parametrize("value", ["N/A", "", "nan", "inf", "-inf", "1e999", "x"])
def test_unknown_figures_are_none(value: str) -> None:
    text = "".join(f"{key}={value}\n" for key in ("frame", "fps", "bitrate", "total_size", "out_time_us"))
    assert read_progress(f"{text}progress=continue\n") == Progress()


def test_unfinished_block_waits() -> None:
    reader = ProgressReader()
    assert reader.feed("frame=1\nprogress=con") == []
    assert reader.feed("tinue\n") == [Progress(frame=1)]


def test_no_block() -> None:
    assert read_progress("nothing at all") == Progress()


@given(st.lists(st.integers(0, 2 * len(BLOCK))))
def test_cuts_of_the_pipe_do_not_matter(cuts: list[int]) -> None:
    text = BLOCK + BLOCK.replace("continue", "end")
    edges = [0, *sorted(cuts), len(text)]
    reader = ProgressReader()
    pieces = [block for a, b in pairwise(edges) for block in reader.feed(text[a:b])]
    assert pieces == ProgressReader().feed(text)
    assert [block.ended for block in pieces] == [False, True]


@given(st.lists(st.text()))
def test_garbage_never_raises(texts: list[str]) -> None:
    reader = ProgressReader()
    for text in texts:
        reader.feed(text)


def test_endless_line_is_not_kept() -> None:
    reader = ProgressReader()
    for _ in range(100):
        reader.feed("x" * 1000)
    assert reader.feed("\n" + BLOCK)[0].frame == 50
    assert len(reader._rest) <= 4096
