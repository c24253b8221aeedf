import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.media.streams import Stream, read_json, read_text

TEXT = """Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'x, from y.mp4':
  Metadata:
    title           : Stream #0:9: Video: forged
  Duration: 01:02:03.50, start: 0.000000, bitrate: 157 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuvj420p(pc, bt470bg/unknown), 1920x1080 \
[SAR 1:1 DAR 16:9], 4000 kb/s, 29.97 fps, 29.97 tbr, 30k tbn (default)
  Stream #0:1[0x2](eng): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, 5.1(side), fltp, 128 kb/s (default)
  Stream #0:2: Audio: pcm_s16le ([1][0][0][0] / 0x0001), 48000 Hz, 2 channels, s16, 1536 kb/s
  Stream #0:3: Video: av1 (libdav1d) (Main), yuv420p10le, 640x360, 25 tbr, 12800 tbn
  Stream #0:4(deu): Subtitle: subrip
  Stream #0:5: Data: none (tmcd / 0x64636D74)
At least one output file must be specified
"""


def test_text() -> None:
    header = read_text(TEXT)
    assert header.container == "mov,mp4,m4a,3gp,3g2,mj2"
    assert header.duration == 3723.5
    assert header.streams == (
        Stream("video", "h264", "High", 1920, 1080, "yuvj420p", 29.97, 30000.0),
        Stream("audio", "aac", "LC", sample_rate=44100, layout="5.1(side)"),
        Stream("audio", "pcm_s16le", sample_rate=48000, layout="stereo"),
        Stream("video", "av1", "Main", 640, 360, "yuv420p10le", 0.0, 12800.0),
        Stream("subtitle", "subrip"),
        Stream("data", "none"),
    )
    assert [str(stream) for stream in header.streams][:2] == [
        "video h264 1920x1080 29.97 fps",
        "audio aac 44100 Hz 5.1(side)",
    ]


def test_text_without_length() -> None:
    assert read_text("Input #0, h264, from 'x':\n  Duration: N/A, bitrate: N/A\n").duration is None


def test_text_of_a_failure() -> None:
    with pytest.raises(ValueError, match="no input"):
        read_text("x: Invalid data found when processing input")


def test_json() -> None:
    video = {
        "codec_type": "video",
        "codec_name": "h264",
        "profile": "High",
        "width": 640,
        "height": 360,
        "pix_fmt": "yuv420p",
        "avg_frame_rate": "30000/1001",
        "time_base": "1/90000",
    }
    sound = {"codec_type": "audio", "codec_name": "pcm_s16le", "sample_rate": "48000", "channels": 3}
    text = json.dumps({"streams": [video, sound, {}], "format": {"format_name": "avi", "duration": "N/A"}})
    header = read_json(text)
    assert header.duration is None
    assert header.streams[0] == Stream("video", "h264", "High", 640, 360, "yuv420p", 29.97, 90000.0)
    assert header.streams[1] == Stream("audio", "pcm_s16le", sample_rate=48000, layout="3 channels")
    assert header.streams[2] == Stream("data", "unknown")


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"streams": []}'])
def test_no_report(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)


@given(st.text())
def test_any_description_is_read(details: str) -> None:
    lines = [f"  Stream #0:0: {kind}: {details}" for kind in ("Video", "Audio")]
    for line in lines:
        read_text(f"Input #0, x, from 'y':\n{line}\n")
