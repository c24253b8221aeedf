"""The simulated camera."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import SourceError
from pyca.sources import simulation
from pyca.sources.beams import Beams, Look
from pyca.sources.catalogue import kinds
from pyca.sources.pace import Even, Pace, Recorded
from tests.sources.contract import Camera, SourceContract, expanded, made, next_frame
from tests.tools import FakeClock

LOOK = Look(
    width=64,
    height=48,
    dtype="uint16",
    beams=1,
    beam_size=5,
    intensity=1000,
    speed=2,
    noise=5,
    saturation=65_535,
    seed=1,
)


class TestSimulation(SourceContract):
    kind = "simulation"

    @pytest.fixture
    def camera(self) -> Camera:
        return Camera("anything", (64, 48), {"width": 64, "height": 48, "frame_rate": 500})

    @pytest.fixture
    def quiet(self) -> Camera:
        return Camera("", (1280, 960), {"frame_rate": 0.001})


class TestPulsedSimulation(TestSimulation):
    kind = "bsread_simulation"

    def test_frames_have_pulse_ids(self, camera: Camera) -> None:
        source = made(self.kind, camera)
        source.open()
        assert next_frame(source).pulse_id is not None


def simulated(clock: FakeClock, **options: Any) -> simulation.Simulation:
    """A small one that waits by moving the clock."""
    kind = kinds()["simulation"]
    given = expanded(kind, {"width": 32, "height": 24} | options)
    looks = simulation.make("x", given)._look
    source = simulation.Simulation(looks, given["frame_rate"], pulses=True, clock=clock, wait=clock.move)
    source.open()
    return source


@given(rate=st.floats(0.1, 10_000), frames=st.integers(1, 50))
def test_the_frame_rate_is_exact(rate: float, frames: int) -> None:
    clock = FakeClock()
    source = simulated(clock, frame_rate=rate)
    began = clock.monotonic()
    for number in range(frames):
        frame = source.receive(100)
        assert frame is not None
        assert frame.pulse_id == number
        # Each is due by the schedule from the first one on, not by the one before.
        assert clock.monotonic() == pytest.approx(began + number / rate, abs=1e-5)
        assert frame.nanoseconds == pytest.approx((began + number / rate) * 1e9, abs=10_000)
    assert source.lost == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_whoever_comes_late_gets_the_newest_and_the_others_are_lost(pauses: list[float]) -> None:
    clock = FakeClock()
    source = simulated(clock, frame_rate=16)
    began = clock.monotonic()
    newest = -1
    for got, pause in enumerate(pauses, 1):
        clock.move(pause)
        frame = source.receive(1)
        assert frame is not None and frame.pulse_id is not None
        assert frame.pulse_id > newest
        newest = frame.pulse_id
        slot = (clock.monotonic() - began) * 16
        # The newest one, or one that is not older than 50 ms.
        assert slot - max(1, 0.05 * 16) - 0.001 < newest < slot + 0.001
        assert got + source.lost == newest + 1


def test_whoever_is_late_for_a_moment_loses_nothing_and_keeps_the_rate(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=100)
    began = clock.monotonic()
    for number in range(50):
        frame = source.receive(1)
        assert frame and frame.pulse_id == number
        clock.move(0.045 if number % 10 == 0 else 0)
    assert source.lost == 0
    assert clock.monotonic() == pytest.approx(began + 0.49)
    clock.move(0.2)
    frame = source.receive(1)
    assert frame and frame.pulse_id == 69
    assert source.lost == 19


def test_without_a_frame_in_time_the_wait_is_as_long_as_wanted(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=0.5)
    assert source.receive(0) is not None
    began = clock.monotonic()
    assert source.receive(0.25) is None
    assert clock.monotonic() == pytest.approx(began + 0.25)
    assert source.receive(0) is None
    assert clock.monotonic() == pytest.approx(began + 0.25)
    assert source.receive(10) is not None
    assert clock.monotonic() == pytest.approx(began + 2)


def test_without_a_rate_frames_come_as_fast_as_asked_for(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=0)
    frames = [source.receive(0) for _ in range(100)]
    assert [frame.pulse_id for frame in frames if frame] == list(range(100))
    times = [frame.nanoseconds for frame in frames if frame]
    assert times == sorted(set(times))
    assert source.lost == 0


def test_a_clock_that_is_set_is_followed(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=10)
    source.receive(1)
    clock.set_by(3600)
    for _ in range(3):
        frame = source.receive(1)
        assert frame and frame.nanoseconds == pytest.approx(clock.now() * 1e9, abs=10_000)


def test_a_clock_that_is_set_back_does_not_turn_the_frames_times(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=10)
    times = [frame.nanoseconds for _ in range(3) if (frame := source.receive(1))]
    clock.set_by(-3600)
    times += [frame.nanoseconds for _ in range(3) if (frame := source.receive(1))]
    assert len(times) == 6
    assert times == sorted(set(times))
    clock.move(7200)
    frame = source.receive(1)
    assert frame and frame.nanoseconds == pytest.approx(clock.now() * 1e9, abs=10_000_000)


def test_a_clock_that_is_corrected_by_little_does_not_move_the_frames_times(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=10)
    first = source.receive(1)
    clock.set_by(0.5)
    second = source.receive(1)
    assert first and second
    assert second.nanoseconds - first.nanoseconds == pytest.approx(1e8, abs=10_000)


def test_opened_again_it_begins_again(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=10)
    first = source.receive(1)
    clock.move(5)
    source.receive(1)
    assert source.lost > 0
    source.close()
    source.open()
    again = source.receive(1)
    assert first and again
    assert (again.pulse_id, source.lost) == (0, 0)
    assert np.array_equal(first.image, again.image)
    assert again.nanoseconds > first.nanoseconds


def test_a_second_open_changes_nothing(clock: FakeClock) -> None:
    source = simulated(clock, frame_rate=10)
    source.receive(1)
    source.open()
    frame = source.receive(1)
    assert frame and frame.pulse_id == 1


looks = st.builds(
    Look,
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    dtype=st.sampled_from(("uint8", "uint16")),
    beams=st.integers(0, 4),
    beam_size=st.floats(0.1, 200),
    intensity=st.floats(0, 100_000),
    speed=st.sampled_from((0, 0.5, 700.25)),
    noise=st.floats(0, 500),
    saturation=st.integers(1, 255),
    seed=st.integers(0, 2**63 - 1),
)


@given(looks, st.integers(0, 2**40))
def test_any_look_gives_images_that_fit_it(look: Look, number: int) -> None:
    image = Beams(look).image(number)
    assert image.shape == (look.height, look.width)
    assert image.dtype == look.dtype
    assert image.max() <= look.saturation
    assert not image.flags.writeable
    assert np.array_equal(image, Beams(look).image(number))


def test_another_seed_gives_other_images() -> None:
    assert not np.array_equal(Beams(LOOK).image(0), Beams(replace(LOOK, seed=2)).image(0))


def moments(profile: np.ndarray) -> tuple[float, float]:
    places = np.arange(len(profile))
    mean = (profile * places).sum() / profile.sum()
    return mean, float(np.sqrt((profile * (places - mean) ** 2).sum() / profile.sum()))


def test_the_beam_is_a_gaussian_where_it_should_be() -> None:
    look = replace(LOOK, width=400, height=300, beam_size=12, noise=0, intensity=60_000)
    for number in (0, 17):
        image = Beams(look).image(number).astype(float)
        x, wide = moments(image.sum(0))
        y, high = moments(image.sum(1))
        assert np.hypot(x - 200, y - 150) == pytest.approx(50, abs=0.1)
        assert (wide, high) == pytest.approx((12, 8), rel=0.01)
        assert image.max() == pytest.approx(60_000, rel=0.01)


def test_a_beam_goes_as_fast_as_wanted() -> None:
    beams = Beams(replace(LOOK, width=400, height=300, beam_size=12, noise=0, intensity=60_000, speed=3))
    images = [beams.image(number).astype(float) for number in range(4)]
    places = [complex(moments(image.sum(0))[0], moments(image.sum(1))[0]) for image in images]
    steps = [abs(after - before) for before, after in pairwise(places)]
    assert steps == pytest.approx([3, 3, 3], abs=0.01)


def test_a_beam_without_speed_stays_and_the_noise_does_not() -> None:
    beams = Beams(replace(LOOK, speed=0))
    first, second = (beams.image(number).astype(int) for number in range(2))
    difference = second - first
    assert difference.any()
    assert difference.std() == pytest.approx(5 * 2**0.5, rel=0.1)
    quiet = Beams(replace(LOOK, speed=0, noise=0))
    assert np.array_equal(quiet.image(0), quiet.image(1))


def test_a_beam_that_is_too_bright_is_cut_off() -> None:
    look = replace(LOOK, dtype="uint8", saturation=200, intensity=1e6, noise=1)
    image = Beams(look).image(0)
    assert image.max() == 200
    assert (image == 200).sum() > 100


def test_the_noise_is_as_much_as_wanted() -> None:
    image = Beams(replace(LOOK, beams=0, noise=20, width=640, height=480)).image(3)
    assert image.std() == pytest.approx(20, rel=0.02)
    assert image.mean() == pytest.approx(80, rel=0.01)
    # No row is another one again.
    assert len({row.tobytes() for row in image}) == 480


def test_saturation_must_fit_into_the_pixels() -> None:
    kind = kinds()["simulation"]
    with pytest.raises(SourceError, match="saturation is 256, its pixels are uint8"):
        kind.make("x", expanded(kind, {"dtype": "uint8", "saturation": 256}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 0),
        ("width", 1280.0),
        ("height", "960"),
        ("dtype", "float32"),
        ("dtype", 16),
        ("frame_rate", -1),
        ("frame_rate", float("nan")),
        ("frame_rate", float("inf")),
        ("frame_rate", True),
        ("beams", -1),
        ("beam_size", 0),
        ("speed", -0.1),
        ("noise", "much"),
        ("saturation", 0),
        ("seed", 1.5),
    ],
)
def test_options_out_of_their_limits_are_told(name: str, value: object) -> None:
    option = {option.name: option for option in simulation.OPTIONS}[name]
    assert option.check(value)


def test_recorded_moments_come_again_in_each_round() -> None:
    schedule = Recorded([0.0, 0.1, 0.4], 0.5)
    assert [schedule.due(number) for number in range(5)] == pytest.approx([0, 0.1, 0.4, 0.5, 0.6])
    assert [schedule.newest(moment) for moment in (0, 0.05, 0.11, 0.45, 0.55, 1.45)] == [0, 0, 1, 2, 3, 8]


@given(
    st.lists(st.floats(0.001, 2), min_size=1, max_size=10),
    st.lists(st.floats(0, 3), min_size=1, max_size=20),
)
def test_recorded_frames_are_given_out_or_lost(gaps: list[float], pauses: list[float]) -> None:
    clock = FakeClock()
    moments = [0.0, *np.cumsum(gaps)[:-1]]
    schedule = Recorded(moments, float(np.sum(gaps)))
    pace = Pace(schedule, clock, clock.move)
    pace.begin()
    for got, pause in enumerate(pauses, 1):
        clock.move(pause)
        number = pace.next(10)
        assert number is not None
        assert got + pace.lost == number + 1


def test_an_even_schedule_agrees_with_itself() -> None:
    schedule = Even(30)
    assert [schedule.newest(schedule.due(number) + 1e-9) for number in range(1000)] == list(range(1000))
