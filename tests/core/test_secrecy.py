"""Addresses are shown without their secrets, wherever those stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.config.addresses import StreamAddress
from pyca.config.types import CommandLine
from pyca.core.control import HIDDEN
from pyca.core.secrecy import mask, mask_words

PLACES = (
    "rtsp://a:{}@cam/x",
    "rtsp://a:p@{}@cam/x",
    "rtsp://a:{}@x@cam/x",
    "rtsp://a:p/{}@cam/x",
    "rtsp://a:p?{}@cam/x",
    "rtsp://a:p#{}@cam/x",
    "http://cam/v?token={}",
    "http://cam/v?usr=a&pwd={}&channel=1",
    "rtsp://cam/user=admin&password={}&channel=1",
    "http://cam/v?{}",
    "http://cam/v?channel=1&{}",
    "http://cam/v#{}",
    "http://cam/v?mode={};x",
    "rtmp://h/mystream?user=u&pass={}",
    "rtmp://u:p@{}@h/app",
    "rtmp://u:p%40{}@h/app",
    "rtmp://h/live?secret={}",
    "rtmp://h/live/{}?secret=x",
    "rtmp://h/live/key?secret={}",
    "RTMPS://h:443/live/{}",
    "rtmp://h/live2?backup=1/{}",
    "rtmp://h/live2?backup=1/{}/",
    "srt://h:9000?streamid=#!::r=x,u={}",
    "srt://h:9000?streamid=a&passphrase={}",
    "srt://h:9000?mode=caller&latency=20&streamid={}",
)
SECRETS = st.text("abcXYZ019-_.~%+=/:@!$*,;()'", min_size=6, max_size=20)


@pytest.mark.parametrize("place", PLACES)
@given(SECRETS)
def test_a_secret_never_comes_out(place: str, middle: str) -> None:
    # Where a parameter may stand, an = would make the one half its name, which can be seen.
    if any(mark in place for mark in ("?{}", "&{}")):
        middle = middle.replace("=", "")
    if "@{}" in place:
        middle = middle.replace("/", "")
    whole = place.format(f"SECR{middle}ETS")
    line = f"cannot open {whole}"
    shown = [
        mask(whole),
        mask(mask(whole)),
        mask_words(line),
        StreamAddress().redact(whole),
        CommandLine().redact(f"ffmpeg -i {whole} out.mkv"),
    ]
    assert not [text for text in shown if "SECR" in text or "ETS" in text]
    assert mask(mask(whole)) == mask(whole)


@pytest.mark.parametrize(
    "text",
    [
        "auto",
        "/media/a=b.mkv",
        "alsa:hw:1",
        "rtmp://a.rtmp.youtube.com/live2?backup=1",
        "rtsp://[::1]:554/stream1?channel=1&subtype=0",
        "srt://host:9000?mode=caller&latency=200",
        "udp://@239.0.0.1:1234",
        "http://cam:8080/video?fps=25",
        "postgresql://host/db?sslmode=require",
        f"rtmp://u:{HIDDEN}@h/app/{HIDDEN}",
    ],
)
def test_what_is_no_secret_can_be_read(text: str) -> None:
    assert mask(text) == text
