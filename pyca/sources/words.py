"""Which words for FFmpeg a camera's configuration may hold.

Whoever may change it by the interface shall neither write files with it nor read any file as an image.
"""

import re
from itertools import pairwise
from typing import Any

_WITH_VALUE = re.compile(
    r"allowed_media_types|analyzeduration|auth_type|buffer_size|c:v|channel|codec:v|cookies|err_detect|f|"
    r"fflags|fifo_size|flags|framerate|headers|hwaccel|hwaccel_device|input_format|itsoffset|localaddr|"
    r"max_delay|multiple_requests|pixel_format|pkt_size|probesize|referer|reorder_queue_size|rtsp_flags|"
    r"rtsp_transport|rw_timeout|seekable|skip_frame|skip_loop_filter|ss|standard|t|thread_queue_size|threads|"
    r"timeout|timestamps|tls_verify|ts|use_wallclock_as_timestamps|user_agent|vcodec|video_size"
)
"""options of FFmpeg for what it reads, each of which takes one value"""
_ALONE = re.compile(r"re|autorotate|noautorotate|accurate_seek")
_FORMATS = re.compile(
    r"apng|avi|fbdev|flv|gif|h264|hevc|hls|image2|image2pipe|jpeg_pipe|kmsgrab|libndi_newtek|matroska|mjpeg|"
    r"mov|mp4|mpeg|mpegts|mpjpeg|nut|ogg|png_pipe|rtp|rtsp|sdp|v4l2|video4linux2|webm|x11grab|yuv4mpegpipe"
)
"""values of ``-f``: none that makes an image of whatever it is given"""
_FILTERS = re.compile(
    r"allrgb|allyuv|color|colorchart|colorspectrum|gradients|haldclutsrc|mandelbrot|nullsrc|pal100bars|"
    r"pal75bars|rgbtestsrc|smptebars|smptehdbars|testsrc|testsrc2|yuvtestsrc|"
    r"boxblur|crop|drawbox|drawgrid|eq|fade|format|fps|gblur|geq|hflip|hue|negate|noise|null|pad|rotate|"
    r"scale|setsar|transpose|vflip"
)
"""those that make images or change them, and do nothing else"""
_QUOTES = re.compile(r"[\\'\[\];]")


def input_words(value: Any) -> str:
    """Check words that stand before FFmpeg's ``-i``: options for reading, each with its value."""
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        return "a list of words"
    words = iter(value)
    for word in words:
        name = word.removeprefix("-")
        valued = _WITH_VALUE.fullmatch(name)
        if word == name or not (valued or _ALONE.fullmatch(name)):
            return f"only options of FFmpeg for what it reads, and “{word[:40]}” is none that is allowed"
        if valued and next(words, None) is None:
            return f"a value behind “{word}”"
    forms = [form for word, form in pairwise(value) if word == "-f"]
    unfit = next((form for form in forms if not _FORMATS.fullmatch(form)), "")
    return f"a format of cameras or films behind “-f”, not “{unfit[:40]}”" if unfit else ""


def unknown_filter(graph: str) -> str:
    """Return what in a chain of filters is not allowed, empty where all is.

    :param graph: such as ``testsrc2=size=640x480:rate=25,noise=alls=20``
    """
    if found := _QUOTES.search(graph):
        return found[0]
    names = [part.partition("=")[0].strip() for part in graph.split(",")]
    return next((name or "," for name in names if not _FILTERS.fullmatch(name)), "")
