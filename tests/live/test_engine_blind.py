"""What waited for a slow destination is not seen after the blind is down."""

from pyca.live.flow.flv import HEADER, Reader
from pyca.live.send.backlog import Backlog
from tests.live_tools import audio_setup, inter, key, sound, video_setup


def test_what_waits_is_forgotten_up_to_the_next_key_frame() -> None:
    backlog = Backlog(HEADER)
    backlog.offer([video_setup(), audio_setup(), key(0, b"seen"), sound(10), inter(40)])
    backlog.forget()
    backlog.offer([inter(80), sound(90), key(2000, b"slate"), inter(2040)])
    found = bytearray()
    while part := b"".join(backlog.next()):
        found += part
        backlog.took(len(part))
    assert Reader().feed(bytes(found)) == [video_setup(), audio_setup(), key(2000, b"slate"), inter(2040)]
    assert backlog.dropped == 3
