"""What PVs say, without a network."""

import gc
import os
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pyca.core.errors import SourceError
from pyca.sources import area_detector, epics
from pyca.sources.channel_access import caproto_client, choice, watch
from pyca.sources.channel_access.client import EPICS_EPOCH, Update, unix_time
from pyca.sources.channel_access.images import image, pixels, whole, words
from tests.sources.contract import Camera, check_options, made

WIRE = st.sampled_from(["u1", "i1", "<i2", ">i2", "<i4", ">i4", "<f4", ">f4", "<f8", ">f8"])


def update(*values: Any, dtype: str = "i2") -> Update:
    return Update(np.array(values, dtype), 0)


@given(WIRE.flatmap(lambda dtype: arrays.arrays(dtype, st.tuples(st.integers(1, 9), st.integers(1, 9)))))
def test_an_image_is_what_was_sent(sent: Any) -> None:
    height, width = sent.shape
    taken = image("P", Update(sent.reshape(-1), 0), (width, height))
    assert taken.shape == sent.shape
    assert taken.dtype.isnative
    unsigned = {"i1": "u1", "i2": "u2"}.get(sent.dtype.str[1:], sent.dtype.str[1:])
    assert taken.dtype == np.dtype(unsigned)
    assert taken.tobytes() == sent.astype(sent.dtype.newbyteorder("=")).tobytes()


def test_what_has_the_right_form_is_not_copied() -> None:
    sent = np.arange(6, dtype="i2")
    assert np.shares_memory(image("P", Update(sent, 0), (3, 2)), sent)
    assert np.shares_memory(image("P", Update(sent, 0), (3, 2), "u2"), sent)


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=20))
def test_a_wider_type_can_carry_a_narrow_one(values: list[int]) -> None:
    taken = image("P", Update(np.array(values, ">i4"), 0), (len(values), 1), "uint16")
    assert taken.dtype == np.uint16
    assert taken[0].tolist() == values


@pytest.mark.parametrize(
    ("found", "words_of_error"),
    [
        (update(1, 2, 3), "P has 3 elements, 2 × 2 = 4 are expected"),
        (update(1, 2, 3, 4, 5), "P has 5 elements"),
        (Update(["a", "b"], 0), "P holds texts"),
        (Update([], 0, "too large"), "P cannot be read: too large .*EPICS_CA_MAX_ARRAY_BYTES"),
    ],
)
def test_no_image(found: Update, words_of_error: str) -> None:
    with pytest.raises(SourceError, match=words_of_error):
        image("P", found, (2, 2))


@pytest.mark.parametrize(
    ("found", "part"),
    [
        (Update(["many"], 0), "P says “many”, a whole number is expected"),
        (Update([], 0), "P says nothing"),
        (Update([], 0, "no read access"), "P says no read access"),
        (update(1.5, dtype="f8"), "P says “1.5”"),
        (update(float("nan"), dtype="f8"), "P says “nan”"),
        (update(float("inf"), dtype="f4"), "P says “inf”"),
    ],
)
def test_no_number(found: Update, part: str) -> None:
    with pytest.raises(SourceError, match=part):
        whole("P", found)


@given(st.integers(-100, 100_000))
def test_pixels(number: int) -> None:
    found = update(number, dtype=">i4")
    assert whole("P", found) == number
    if 0 < number < 65_536:
        assert pixels("P", found) == number
    else:
        with pytest.raises(SourceError, match=f"P says {number}, a number of pixels from 1 to 65535"):
            pixels("P", found)


def test_words() -> None:
    assert words(Update([" INIT "], 0)) == "INIT"
    assert words(Update([], 0)) == ""
    assert words(None) == ""
    assert words(update(1)) == "1"


@given(st.integers(1, 2**32 - 1), st.integers(0, 999_999_999))
def test_times_count_from_1990(seconds: int, nanoseconds: int) -> None:
    assert unix_time(seconds, nanoseconds) == (seconds + 631_152_000) * 10**9 + nanoseconds


def test_a_record_that_was_never_processed_is_of_now() -> None:
    assert unix_time(0, 0) > (EPICS_EPOCH + 1) * 10**9


@pytest.mark.parametrize("kind", ["epics", "area_detector"])
def test_options_of_channel_access(kind: str) -> None:
    check_options(kind)


@pytest.mark.parametrize("kind", ["epics", "area_detector"])
@pytest.mark.parametrize("source", ["", " ", ":", "tcp://somewhere:1 2", "KÄMERA", "A\nB", "X" * 100])
def test_what_is_no_prefix(kind: str, source: str) -> None:
    with pytest.raises(SourceError, match="is no prefix of PVs"):
        made(kind, Camera(source))


@pytest.mark.parametrize("value", ["uint17", "", 16, True, [], "int64"])
def test_no_type(value: Any) -> None:
    (option,) = (option for option in epics.OPTIONS if option.name == "dtype")
    assert "uint16" in option.check(value)


@pytest.mark.parametrize("library", choice.LIBRARIES)
def test_without_a_library_its_extra_is_named(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    for name in ("epics", "caproto", "caproto.threading", "caproto.threading.client"):
        monkeypatch.setitem(sys.modules, name, None)
    for module, source in ((epics, "X:CAM"), (area_detector, "X:image1")):
        options = {"library": library, "dtype": None}
        camera = module.make(source, options)
        with pytest.raises(SourceError, match=r"is not installed.*pip install 'pyca\[epics\]'"):
            camera.open()
        camera.close()


def test_where_nothing_can_be_followed_the_client_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class Broken:
        def subscribe(self, *_arguments: Any, **_more: Any) -> None:
            raise SourceError("no room for another PV")

        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr(watch, "connect", lambda library: Broken())
    for kind in ("epics", "area_detector"):
        with pytest.raises(SourceError, match="no room"):
            made(kind, Camera("A:B")).open()
    assert len(closed) == 2


def test_a_closed_client_leaves_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("caproto")
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "127.0.0.1")
    monkeypatch.setenv("EPICS_CA_AUTO_ADDR_LIST", "NO")
    monkeypatch.setattr(caproto_client, "_LAST_LOOK", 60.0)
    gc.collect()
    gc.disable()
    try:
        before = os.listdir("/proc/self/fd")
        for _ in range(3):
            client = choice.connect("caproto")
            client.subscribe("NOBODY:HAS:THIS", lambda _: None, lambda _: None)
            client.close()
        assert len(os.listdir("/proc/self/fd")) <= len(before)
    finally:
        gc.enable()


def test_caproto_takes_the_place_of_a_libca_that_does_not_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("epics")
    pytest.importorskip("caproto")
    broken = tmp_path / "libca.so"
    broken.write_bytes(b"no library")
    monkeypatch.setenv("PYEPICS_LIBCA", str(broken))
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "127.0.0.1")
    monkeypatch.setenv("EPICS_CA_AUTO_ADDR_LIST", "NO")
    with caplog.at_level("INFO"):
        client = choice.connect("auto")
    client.close()
    assert client.name == "caproto"
    assert "Channel Access by caproto" in caplog.text
    with pytest.raises(SourceError, match="libca of pyepics cannot be loaded"):
        choice.connect("pyepics")
