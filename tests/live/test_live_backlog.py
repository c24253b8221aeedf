"""A destination that is too slow misses whole groups of pictures, and nothing else happens."""

import random

from hypothesis import given
from hypothesis import strategies as st

from pyca.live.flow.flv import HEADER, Kind, Reader, Tag
from pyca.live.send.backlog import Backlog
from tests.live_tools import audio_setup, inter, key, sound, video_setup


def taken(backlog: Backlog) -> list[Tag]:
    """Take all that waits, in odd pieces."""
    data = bytearray(HEADER)
    while part := b"".join(backlog.next()):
        count = random.Random(len(part)).randint(1, len(part))
        data += part[:count]
        backlog.took(count)
    return Reader().feed(bytes(data))


def group(start: int, pictures: int = 25) -> list[Tag]:
    """Return a second of stream that begins with a key frame."""
    more = [tag for i in range(1, pictures) for tag in (inter(start + 40 * i), sound(start + 40 * i))]
    return [key(start), sound(start), *more]


def test_what_comes_goes_in_order() -> None:
    backlog = Backlog(video_setup().encode())
    backlog.offer([audio_setup(), *group(0)])
    assert backlog
    assert taken(backlog) == [video_setup(), audio_setup(), *group(0)]
    assert not backlog and backlog.dropped == 0


def test_whole_groups_are_left_out() -> None:
    backlog = Backlog(longest=3.0)
    for second in range(6):
        backlog.offer(group(second * 1000))
    # The limit was passed once, in the fourth second: all before its key frame went.
    tags = taken(backlog)
    assert tags[0] == key(3000)
    assert backlog.dropped == 75


def test_a_group_that_is_too_large_is_left_out_to_the_next_key_frame() -> None:
    backlog = Backlog(largest=1000)
    backlog.offer([key(0, b"k" * 600), inter(40, b"p" * 600), inter(80), sound(80)])
    assert not backlog
    backlog.offer([inter(120), sound(120)])
    assert not backlog and backlog.dropped == 4
    backlog.offer(group(160))
    assert taken(backlog) == group(160)


def test_what_decoders_must_know_is_kept() -> None:
    backlog = Backlog(longest=1.0)
    backlog.offer([*group(0), video_setup(b"\x01new"), *group(2000)])
    assert taken(backlog)[:2] == [video_setup(b"\x01new"), key(2000)]


def test_a_piece_that_was_begun_is_finished() -> None:
    backlog = Backlog(longest=1.0)
    backlog.offer(group(0))
    begun = bytes(backlog.next()[0])
    backlog.took(7)
    for second in range(1, 5):
        backlog.offer(group(second * 1000))
    assert bytes(backlog.next()[0]) == begun[7:]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400), st.booleans()), max_size=300))
def test_it_stays_small_and_decodable(steps: list[tuple[bool, int, bool]]) -> None:
    backlog = Backlog(longest=1.0, largest=4000)
    given_pictures, got = 0, []
    for index, (is_key, size, take) in enumerate(steps):
        payload = index.to_bytes(4, "big") + bytes(size)
        backlog.offer([key(index * 40, payload) if is_key or not index else inter(index * 40, payload)])
        given_pictures += 1
        assert backlog.size <= 4000 + 65536
        if take:
            got += taken(backlog)
    got += taken(backlog)
    pictures = [tag for tag in got if tag.kind == Kind.VIDEO]
    assert len(pictures) + backlog.dropped == given_pictures
    # After a gap the next picture is a key frame.
    numbers = [int.from_bytes(tag.body[5:9], "big") for tag in pictures]
    for position, number in enumerate(numbers):
        if number != (numbers[position - 1] + 1 if position else 0):
            assert pictures[position].is_key
