"""What decoders must know comes again with each key frame where the container can tell it only once."""

from pyca.live.flow.flv import HEADER, Kind, Reader, Tag
from pyca.live.flow.form import Form, parameter_sets
from tests.live_tools import AVCC, audio_setup, inter, key, sound, video_setup

OTHER = b"\x01\x64\x00\x1f\xff\xe1\x00\x04\x67\x64\x00\x1f\x01\x00\x03\x68\xee\x3c"


def test_parameter_sets_are_put_before_key_frames() -> None:
    form = Form(in_band=True)
    form.begin(HEADER + video_setup().encode())
    (first,) = form.shaped([key(0)])
    assert first.body == b"\x17\x01\x00\x00\x00\x00\x00\x00\x03\x67\x42\xc0\x00\x00\x00\x02\x68\xcekey"
    assert form.shaped([inter(40), sound(40)]) == [inter(40), sound(40)]
    (second,) = form.shaped([video_setup(OTHER), key(80)])
    assert second.body[5:13] == b"\x00\x00\x00\x04\x67\x64\x00\x1f"


def test_configurations_are_told_once_where_they_can_be_told_only_once() -> None:
    setups = [video_setup(), audio_setup(), Tag(Kind.AUDIO, 9, audio_setup().body), video_setup(OTHER)]
    assert Form(in_band=True).shaped(setups) == setups[:2]
    assert Form().shaped(setups) == setups


def test_the_beginning_is_shaped_too() -> None:
    begin = HEADER + b"".join(tag.encode() for tag in (video_setup(), audio_setup(), key(0), inter(40)))
    tags = Reader().feed(Form(in_band=True).begin(begin))
    assert [len(tag.body) for tag in tags] == [21, 4, 21, 6]
    assert Form().begin(begin) == begin


def test_damaged_configurations_change_nothing() -> None:
    for cut in range(len(AVCC)):
        assert parameter_sets(AVCC[:cut]) == b""
    assert parameter_sets(b"\x01\x42\xc0\x1e\xff\xe1\x00\x00\x01\x00\x02\x68\xce") == b""


def test_only_what_can_be_told_at_a_beginning_alone_is_a_change() -> None:
    form = Form()
    form.begin(HEADER + video_setup().encode() + audio_setup().encode())
    form.shaped([video_setup(OTHER), Tag(Kind.AUDIO, 0, b"\xaf\x00\x11\x90\x56\xe5\x00")])
    assert not form.changed
    form.shaped([Tag(Kind.AUDIO, 0, b"\xaf\x00\x12\x08")])
    assert form.changed
