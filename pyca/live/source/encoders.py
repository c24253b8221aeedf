"""Which H.264 encoder is used: a chip where one surely works, else the processor."""

from functools import cache
from pathlib import Path

from pyca.core.control import ParameterError
from pyca.core.errors import MediaError
from pyca.core.live import Profile
from pyca.live.source.binary import Binary, encoders_of
from pyca.media.h264 import SOFTWARE, VAAPI_DEVICE, picture_filters, picture_options
from pyca.media.run import run

AUTO, COPY = "auto", "copy"
HARDWARE = {
    "h264_nvenc": "dev/nvidia0",
    "h264_vaapi": VAAPI_DEVICE.lstrip("/"),
    "h264_qsv": VAAPI_DEVICE.lstrip("/"),
    "h264_v4l2m2m": "dev/video11",
}
"""encoders by chip, best first, and the device that shows that the chip may be there"""
_SOFTWARE = (SOFTWARE, "libopenh264")
_LIMIT = 15.0
"""seconds for a trial; a chip takes one"""


def choose_encoder(wanted: str, binary: Binary, profile: Profile, root: Path = Path("/")) -> str:
    """Return the name of FFmpeg's encoder for a profile.

    :param wanted: “auto”, or a name
    :param root: where the machine's ``dev`` is
    :raises ParameterError: where a name is no H.264 encoder
    :raises MediaError: where this FFmpeg has no such encoder
    """
    if wanted != AUTO:
        return named(wanted, binary)
    # A device is looked for before FFmpeg is asked anything: most machines have none, and asking takes time.
    for name, device in HARDWARE.items():
        if (root / device).exists() and name in encoders_of(binary) and works(name, binary, profile):
            return name
    return software(binary)


def software(binary: Binary) -> str:
    """Return the encoder that needs no chip.

    :raises MediaError: where this FFmpeg has none
    """
    for name in _SOFTWARE:
        if name in encoders_of(binary):
            return name
    raise _lacking(binary, SOFTWARE)


def works(name: str, binary: Binary, profile: Profile) -> bool:
    """Tell whether an encoder makes a few pictures on this machine."""
    return not trouble_of(name, binary, profile)


def require_working(name: str, binary: Binary, profile: Profile) -> None:
    """Check that an encoder that needs a chip makes pictures: FFmpeg knows many chips, a machine has one.

    :raises MediaError: where it does not
    """
    if name not in _SOFTWARE and (trouble := trouble_of(name, binary, profile)):
        raise MediaError(
            f"the encoder “{name}” does not work on this machine: {trouble}", "set “encoder” to auto"
        )


def trouble_of(name: str, binary: Binary, profile: Profile) -> str:
    """Return why an encoder makes no pictures here; empty where it does."""
    try:
        _prove(name, binary, profile)
    except MediaError as error:
        return error.message
    return ""


@cache
def _prove(name: str, binary: Binary, profile: Profile) -> None:
    # A success is kept. A failure may pass: a machine is busy while it starts, a chip has no more sessions.
    size = profile.size
    picture = f"color=s={size.width}x{size.height}:r={profile.fps}"
    argv = [str(binary.path), "-nostdin", "-v", "error", *device_options(name), "-f", "lavfi", "-i", picture]
    argv += ["-vf", filters(name, profile), *picture_options(profile, name), "-frames:v", "5"]
    done = run([*argv, "-f", "null", "-"], _LIMIT)
    if done.code == 0:
        return
    # What FFmpeg says last follows from what it says first.
    lines = [line.partition("] ")[2] or line for line in done.errors.splitlines() if line.strip()]
    raise MediaError(lines[0][:200] if lines else "it ended without a word")


def device_options(name: str) -> list[str]:
    """Return what stands before all inputs where an encoder needs a device."""
    if name == "h264_vaapi":
        return ["-vaapi_device", VAAPI_DEVICE]
    return []


def filters(name: str, profile: Profile, *extra: str) -> str:
    """Return the filters that give pictures the form that an encoder wants.

    :param extra: as in :func:`picture_filters`
    """
    common = picture_filters(profile.size, profile.fps, *extra)
    return common + {"h264_vaapi": ",format=nv12,hwupload", "h264_qsv": ",format=nv12"}.get(name, "")


def named(wanted: str, binary: Binary) -> str:
    """Return the name of an encoder that somebody chose.

    :raises ParameterError: where it is that of no H.264 encoder
    :raises MediaError: where this FFmpeg has no such encoder
    """
    if not _is_h264(wanted):
        raise ParameterError(
            "encoder", f"“{wanted[:40]}” is no H.264 encoder", f"use auto, copy, {_listed(binary)}"
        )
    if wanted not in encoders_of(binary):
        raise _lacking(binary, wanted)
    return wanted


def _is_h264(name: str) -> bool:
    return name in _SOFTWARE or (name.startswith("h264_") and name.isidentifier())


def _lacking(binary: Binary, name: str) -> MediaError:
    has = _listed(binary)
    remedy = f"set “encoder” to auto or one of these: {has}" if has else "install a fuller FFmpeg"
    return MediaError(f"{binary.path} has no encoder “{name}”", remedy)


def _listed(binary: Binary) -> str:
    return ", ".join(sorted(filter(_is_h264, encoders_of(binary))))
