"""FLV tags survive whatever cuts the stream, and what is no FLV is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import MediaError
from pyca.live.flow import flv
from pyca.live.flow.flv import HEADER, Kind, Reader, Tag
from tests.live_tools import FACTS, audio_setup, inter, key, sound, video_setup

kinds = st.sampled_from([int(Kind.AUDIO), int(Kind.VIDEO)])
tags = st.builds(Tag, kinds, st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=300))


def stream(items: list[Tag]) -> bytes:
    return HEADER + b"".join(item.encode() for item in items)


@given(st.lists(tags, max_size=12), st.lists(st.integers(1, 200), max_size=40))
def test_any_cutting_gives_the_same_tags(items: list[Tag], sizes: list[int]) -> None:
    data, reader, found = stream(items), Reader(), []
    for size in [*sizes, len(data)]:
        found += reader.feed(data[:size])
        data = data[size:]
    assert found == items


@given(st.binary(min_size=14, max_size=400).filter(lambda data: data[:3] != b"FLV"))
def test_what_does_not_begin_as_flv_is_none(data: bytes) -> None:
    with pytest.raises(MediaError, match="no FLV"):
        Reader().feed(data)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x07" + bytes(20),
        b"\x09\xff\xff\xff" + bytes(20),
        inter(5).encode()[:-4] + b"\x00\x00\x00\x01",
    ],
    ids=["kind", "size", "size behind"],
)
def test_rubbish_between_tags_is_told(rubbish: bytes) -> None:
    reader = Reader()
    assert reader.feed(stream([key(0)])) == [key(0)]
    with pytest.raises(MediaError, match="no FLV"):
        reader.feed(rubbish)


def test_a_header_of_another_size_is_none_of_ours() -> None:
    with pytest.raises(MediaError):
        Reader().feed(b"FLV\x01\x05\xff\xff\xff\xff" + bytes(20))


def test_a_tag_knows_what_it_is() -> None:
    end = Tag(Kind.VIDEO, 0, b"\x17\x02\x00\x00\x00")
    setups = [video_setup(), audio_setup(), flv.metadata(FACTS)]
    frames = [key(0), inter(40), sound(21), end]
    assert [tag.is_setup for tag in (*setups, *frames)] == [True] * 3 + [False] * 4
    assert [tag.is_key for tag in (*setups, *frames)] == [False] * 3 + [True, False, False, False]
    assert [tag.is_end for tag in (*setups, *frames)] == [False] * 6 + [True]


def test_metadata_can_be_read_again() -> None:
    tag = flv.metadata(FACTS)
    assert Reader().feed(HEADER + tag.encode(4711)) == [tag]
    assert {name: flv.number(tag, name) for name in FACTS} == FACTS
    assert flv.number(tag, "duration") is None
    assert flv.number(Tag(Kind.SCRIPT, 0, tag.body[:20]), "width") is None
