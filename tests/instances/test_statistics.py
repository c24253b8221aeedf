import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.instances import statistics
from pyca.instances.statistics import Figures, Statistics, astuple_of, described, memory, rate


@pytest.fixture
def sides() -> Iterator[tuple[Statistics, Statistics]]:
    descriptor = memory()
    one, other = Statistics(descriptor), Statistics(descriptor)
    os.close(descriptor)
    yield one, other
    one.close()
    other.close()


def test_the_other_side_sees_what_is_published(sides: tuple[Statistics, Statistics]) -> None:
    writer, reader = sides
    assert reader.read() == Figures()
    writer.figures.clients, writer.figures.latency = 3, 0.25
    assert reader.read().clients == 0
    writer.publish()
    assert reader.read() == Figures(clients=3, latency=0.25)


_WRITES = """
import sys
from pyca.instances.statistics import Statistics
writer, number = Statistics(int(sys.argv[1])), 0
while True:
    number += 1
    writer.figures.total_bytes = writer.figures.received = writer.figures.header_changes = number
    writer.figures.noted = number
    writer.publish()
    if number == 1:
        print("begun", flush=True)
"""


def test_figures_are_never_seen_half() -> None:
    descriptor = memory()
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITES, str(descriptor)], pass_fds=(descriptor,), stdout=subprocess.PIPE
    )
    reader = Statistics(descriptor)
    os.close(descriptor)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"begun\n"
        seen = set()
        # Until much has been read beside the other's writing, however the machine shares its processors.
        while len(seen) < 2000:
            found = reader.read()
            assert found.total_bytes == found.received == found.header_changes == found.noted
            seen.add(found.received)
    finally:
        process.kill()
        process.communicate()
        reader.close()


def test_half_a_writing_is_not_seen(sides: tuple[Statistics, Statistics]) -> None:
    writer, reader = sides
    writer.figures.received = 1
    writer.publish()
    assert reader.read().received == 1
    # As one leaves it that is killed amid its writing.
    reader._map[statistics._BODY + 16] = 200
    assert reader.read() == writer.figures
    writer.publish()
    assert reader.read() == writer.figures


def test_rates_are_taken_over_a_second(sides: tuple[Statistics, Statistics]) -> None:
    writer, reader = sides
    began = writer._window[0]
    writer.figures.received, writer.figures.sent, writer.figures.total_bytes = 20, 10, 4000
    writer.tick(began + 0.5)
    assert reader.read().receive_rate == 0
    writer.tick(began + 2.0)
    found = reader.read()
    assert (found.receive_rate, found.send_rate, found.throughput) == (10, 5, 2000)
    writer.tick(began + 4.0)
    assert reader.read().receive_rate == 0


def test_touching(sides: tuple[Statistics, Statistics]) -> None:
    writer, reader = sides
    assert writer.touched() == 0
    reader.touch()
    first = writer.touched()
    assert first > 0
    reader.touch()
    assert writer.touched() >= first
    writer.publish()
    assert writer.touched() >= first


def test_names_and_forms_of_the_contract() -> None:
    figures = Figures(received=123, receive_rate=9.981, sent=5, width=8, height=4, pixel_bytes=2)
    shown = described(figures, psutil.Process())
    assert shown["rx"] == "9.98Hz - 123"
    assert shown["tx"] == "0.00Hz - 5"
    assert shown["pid"] == str(os.getpid())
    assert shown["frame_shape"] == "8x4x2"
    assert shown["memory"] > 0
    assert len(shown["time"].split(":")) == 3
    ended = described(Figures(), None)
    assert "frame_shape" not in ended
    assert (ended["pid"], ended["memory"]) == ("", 0)


@given(st.floats(0, 1e6), st.integers(0, 10**12))
def test_rates_can_be_read_back(per_second: float, number: int) -> None:
    told, _, counted = rate(per_second, number).partition("Hz - ")
    assert abs(float(told) - per_second) <= 0.0051
    assert int(counted) == number


def test_everything_is_copied() -> None:
    figures = Figures(*range(len(statistics.fields(Figures))))
    assert list(astuple_of(figures)) == list(range(len(statistics.fields(Figures))))
