"""What commands ask for, read from their words."""

import shlex

import pytest

from pyca.media.demands import Demands, Source, SourceKind, demands


def read(command: str) -> Demands:
    return demands(shlex.split(command))


def test_codecs_and_formats_belong_to_an_input_or_an_output() -> None:
    found = read(
        "ffmpeg -f v4l2 -c:v mjpeg -i /dev/video0 -f alsa -i hw:1"
        " -c:v libx264 -acodec aac -c:s copy -f matroska x"
    )
    assert (found.decoders, found.demuxers) == ({"mjpeg"}, {"v4l2", "alsa"})
    assert (found.encoders, found.muxers) == ({"libx264", "aac"}, {"matroska"})


@pytest.mark.parametrize("word", ["-c", "-c:v", "-c:v:0", "-codec:a", "-vcodec", "-acodec", "-scodec"])
def test_all_ways_to_name_a_codec(word: str) -> None:
    assert read(f"ffmpeg -i x {word} some out.mkv").encoders == {"some"}


def test_what_only_looks_like_a_codec() -> None:
    found = read("ffmpeg -i x -crf 20 -c:v {{name}} -cluster_time_limit 1000 -ac 2 out.mkv")
    assert found.encoders == set()


def test_an_input_that_is_not_known_yet_takes_its_options_along() -> None:
    found = read("ffmpeg -f rawvideo -c:v mjpeg -i {{dir}}/pipe -c:v libx264 x")
    assert (found.decoders, found.encoders, found.sources) == ({"mjpeg"}, {"libx264"}, [])


def test_ffmpeg_behind_another_program() -> None:
    found = read("nice -n 5 /opt/ffmpeg -i x -c:v libx264 y")
    assert (found.program, found.ffmpeg, found.encoders) == ("nice", "/opt/ffmpeg", {"libx264"})


def test_another_program_is_not_read_as_ffmpeg() -> None:
    found = read("arecord -D hw:1 -f S16_LE -c 2 {{dir}}/{{name}}.wav")
    assert (found.ffmpeg, found.encoders, found.muxers) == ("", set(), set())
    assert found.sources == [Source(SourceKind.ALSA, "hw:1")]


@pytest.mark.parametrize(
    ("command", "kind", "name"),
    [
        ("ffmpeg -f v4l2 -i /dev/video0 x", SourceKind.DEVICE, "/dev/video0"),
        ("ffmpeg -vaapi_device /dev/dri/renderD128 x", SourceKind.DEVICE, "/dev/dri/renderD128"),
        ("gst-launch-1.0 v4l2src device=/dev/video1 ! fakesink", SourceKind.DEVICE, "/dev/video1"),
        ("ffmpeg -f alsa -i default x", SourceKind.ALSA, "default"),
        ("arecord --device=plughw:1,0 x", SourceKind.ALSA, "plughw:1,0"),
        ("ffmpeg -f x11grab -i :0.0+10,20 x", SourceKind.DISPLAY, ":0.0+10,20"),
        ("ffmpeg -i rtsp://u:p@camera/x?a=b x", SourceKind.ADDRESS, "rtsp://u:p@camera/x?a=b"),
        ("gst-launch-1.0 rtspsrc location=rtsp://camera/x", SourceKind.ADDRESS, "rtsp://camera/x"),
        ("record-it rtsp://camera/x?a=/dev/video0", SourceKind.ADDRESS, "rtsp://camera/x?a=/dev/video0"),
        ("ffmpeg -re -i /srv/loop.mp4 x", SourceKind.FILE, "/srv/loop.mp4"),
    ],
)
def test_sources(command: str, kind: SourceKind, name: str) -> None:
    assert read(command).sources == [Source(kind, name)]


@pytest.mark.parametrize(
    "command",
    [
        "ffmpeg -f lavfi -i testsrc2=s=640x360:r=25,realtime -f null /dev/null",
        "ffmpeg -i x -c copy -f flv rtmp://live.example/key",
        "/usr/local/bin/record {{dir}} {{name}}",
    ],
)
def test_no_sources(command: str) -> None:
    assert read(command).sources == []
