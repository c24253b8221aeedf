"""The newest message of a pipeline, for whoever asks for it."""

from collections.abc import Iterator

import pytest

from pyca.bsread.decoder import Decoder
from pyca.instances import parts
from pyca.pipeline.instance import shown
from pyca.pipeline.instance.shown import Shown
from pyca.runtime.channel import Channel, close_files


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = Channel.pair()
    yield ours, theirs
    ours.close()
    theirs.close()


def answers(channel: Channel) -> dict[int, int]:
    """Return the pulse id of each answer by the number of its request."""
    found = {}
    while (one := channel.receive()) is not None:
        message, files = one
        found[message["answer"]] = Decoder().decode(parts.unpacked(files[0])).pulse_id
        close_files(files)
    return found


def test_all_who_wait_get_the_next_message(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ends
    packed = []
    real = parts.packed
    monkeypatch.setattr(parts, "packed", lambda message: packed.append(1) or real(message))
    made = Shown(theirs)
    for number in range(5):
        made.ask({"ask": number})
    made.note(7, 0, {"a": 1})
    assert answers(ours) == dict.fromkeys(range(5), 7)
    # However many they are, it is written once.
    assert len(packed) == 1
    made.note(8, 0, {"a": 1})
    assert answers(ours) == {}
    made.ask({"ask": 9})
    assert answers(ours) == {9: 8}


def test_requests_do_not_pile_up_where_no_message_comes(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ends
    monkeypatch.setattr(shown, "MOST", 3)
    made = Shown(theirs)
    for number in range(10):
        made.ask({"ask": number})
    made.note(1, 0, {"a": 1})
    assert answers(ours) == {7: 1, 8: 1, 9: 1}


def test_a_value_that_cannot_be_shown_is_the_answer(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    made = Shown(theirs)
    made.note(1, 0, {"a": object()})  # type: ignore[dict-item]
    made.ask({"ask": 1})
    found = ours.receive()
    assert found is not None
    assert found[0]["failed"]["kind"] == "ImagingError"
