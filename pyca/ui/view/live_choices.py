"""What can be chosen for a stream without knowing it by heart: devices that are there, usual values."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyca.core.camera import ENDING, WORD, camera_of
from pyca.live.source.devices import cameras

FRAME_RATES = (15, 24, 25, 30, 50, 60)
BITRATES = ("400k", "750k", "1M", "1.5M", "2.5M", "4.5M", "6M")
"""What is offered besides that of the resolution."""
QUALITIES: Mapping[str, str] = {
    "": "Left to the bitrate",
    "10": "10, best picture",
    "20": "20, good",
    "30": "30, medium",
    "40": "40, least data",
}
ENCODERS: Mapping[str, str] = {
    "auto": "Choose by itself",
    "copy": "None: the camera's own H.264",
    "libx264": "Software (libx264)",
    "h264_v4l2m2m": "Raspberry Pi and similar (h264_v4l2m2m)",
    "h264_vaapi": "Intel and AMD (h264_vaapi)",
    "h264_nvenc": "NVIDIA (h264_nvenc)",
}
OTHER = "other"
"""stands for what is written beside a list"""

_INPUTS: Mapping[str, str] = {
    "auto": "Choose by itself",
    "picamera": "Raspberry Pi camera",
    "screen": "Screen of this machine",
    "recorder": "Only what is being recorded",
    "test": "Test picture",
}
_SOUNDS: Mapping[str, str] = {
    "input": "Sound of the input",
    "silence": "Silence",
    "1kHz": "Test tone (1 kHz)",
}
_CARDS = Path("/proc/asound/pcm")
_CAPTURE = re.compile(r"(\d+)-(\d+): ([^:]*):.*capture", re.IGNORECASE)


def inputs(chosen: str, root: Path = Path("/"), served: Path | None = None) -> dict[str, str]:
    """Return what pictures can come from: value and words.

    :param chosen: what counts now; it is offered whatever it is
    :param root: where the machine's devices are
    :param served: the folder of the camera server's cameras, None where there is no such server
    """
    found = {one.path: f"{one.name} ({one.path})" for one in cameras(root)}
    files = served.glob(f"*{ENDING}") if served else ()
    names = sorted(name for file in files if (name := camera_of(file.name)))
    ours = {f"{WORD}:{name}": f"{name} of the camera server" for name in names}
    return _with(chosen, dict(_INPUTS) | found | ours)


def sounds(chosen: str, cards: Path = _CARDS) -> dict[str, str]:
    """Return what the sound can be: value and words.

    :param chosen: what counts now
    """
    return _with(chosen, dict(_SOUNDS) | dict(_cards(cards)))


def _with(chosen: str, offered: dict[str, str]) -> dict[str, str]:
    return offered if chosen in ("", OTHER) or chosen in offered else {**offered, chosen: chosen}


def _cards(file: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        if found := _CAPTURE.match(line):
            device = f"hw:{int(found[1])},{int(found[2])}"
            yield f"alsa:{device}", f"{found[3].strip()} (alsa:{device})"
