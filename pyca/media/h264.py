"""How pictures and sound are encoded for a stream: the same for camera, recorder and slate.

All of them give the same parameter sets where the same encoder makes them, so that a player goes on without
a hitch when one takes the place of another.
"""

from pyca.core.live import AUDIO_BITRATE, AUDIO_RATE, Profile, Size

SOFTWARE = "libx264"
VAAPI_DEVICE = "/dev/dri/renderD128"

_SMALL = 360
"""height up to which the main profile is as good, and old players know it"""
_COLOURS = "range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"


def picture_filters(size: Size, fps: int, *extra: str, background: str = "black") -> str:
    """Return the filters that give any picture this size and rate, its shape kept, and the same colours.

    :param extra: further filters, which see the picture in its final size
    """
    area = f"{size.width}:{size.height}"
    words = [
        f"fps={fps}",
        f"scale={area}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        ":out_color_matrix=bt709:out_range=tv",
        f"pad={area}:-1:-1:{background}",
        "setsar=1",
        *extra,
        "format=yuv420p",
        f"setparams={_COLOURS}",
    ]
    return ",".join(words)


def picture_options(profile: Profile, encoder: str = SOFTWARE) -> list[str]:
    """Return FFmpeg's options for an H.264 encoder.

    The rate is constant, and stays below its limit in every second: that is what the big platforms ask for.
    """
    group = str(profile.key_frame_distance)
    limit = str(profile.bitrate)
    words = ["-c:v", encoder, "-g", group, "-maxrate", limit, "-bufsize", limit]
    if encoder != "libopenh264":
        words += ["-profile:v", _profile(profile.size.height, encoder), "-bf", "0"]
    return words + _OWN.get(encoder, _plain)(profile)


def sound_options(*, filtered: bool = True) -> list[str]:
    """Return FFmpeg's options for the sound of every stream: AAC-LC, two channels.

    :param filtered: False for sound that comes out of a filter already: FFmpeg refuses a second one
    """
    # A device whose clock runs differently, or that has gaps, must not push the sound away from the picture.
    even = ["-af", "aresample=async=100:first_pts=0"] if filtered else []
    return [*even, "-c:a", "aac", "-b:a", str(AUDIO_BITRATE), "-ar", str(AUDIO_RATE), "-ac", "2"]


def _profile(height: int, encoder: str) -> str:
    name, number = ("main", "77") if height <= _SMALL else ("high", "100")
    return number if encoder == "h264_v4l2m2m" else name


def _x264(profile: Profile) -> list[str]:
    distance = str(profile.key_frame_distance)
    words = ["-preset", "veryfast", "-tune", "zerolatency", "-keyint_min", distance, "-sc_threshold", "0"]
    words += ["-forced-idr", "1"]
    if profile.quality is not None:
        return [*words, "-crf", str(profile.quality)]
    return [*words, "-b:v", str(profile.bitrate), "-x264-params", "nal-hrd=cbr:force-cfr=1"]


def _nvenc(profile: Profile) -> list[str]:
    words = ["-preset", "p4", "-tune", "ll", "-no-scenecut", "1", "-forced-idr", "1", "-zerolatency", "1"]
    if profile.quality is not None:
        return [*words, "-rc", "vbr", "-cq", str(profile.quality)]
    return [*words, "-rc", "cbr", "-b:v", str(profile.bitrate)]


def _vaapi(profile: Profile) -> list[str]:
    words = ["-async_depth", "1", "-b:v", str(profile.bitrate)]
    if profile.quality is not None:
        return [*words, "-rc_mode", "QVBR", "-global_quality", str(profile.quality)]
    return [*words, "-rc_mode", "CBR"]


def _qsv(profile: Profile) -> list[str]:
    words = ["-async_depth", "1", "-b:v", str(profile.bitrate)]
    return words if profile.quality is None else [*words, "-global_quality", str(profile.quality)]


def _plain(profile: Profile) -> list[str]:
    """Return what every other encoder understands; a worse quality is a floor for how coarse it gets."""
    words = ["-b:v", str(profile.bitrate)]
    return words if profile.quality is None else [*words, "-qmin", str(profile.quality)]


_OWN = {SOFTWARE: _x264, "h264_nvenc": _nvenc, "h264_vaapi": _vaapi, "h264_qsv": _qsv}
