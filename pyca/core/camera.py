"""A camera of the camera server as an input of recorder and streamer: how it is written, where it is read."""

import re
from dataclasses import dataclass
from urllib.parse import quote

WORD = "camera"
"""what stands before the name, as in ``camera:NAME``"""
ENDING = ".json"
"""of the file in the camera server's folder that configures a camera; before it stands the camera's name"""
_OTHERS = ("servers", "permanent_instances")
_OTHERS_END = ("_parameters", "_background")
_LONGEST = 200
_RANGE = re.compile(r"(.*?)\?((?:(?:min|max)_value=-?\d+(?:\.\d+)?(?:&|$)){1,2})", re.DOTALL)
_NOT_IN_NAMES = re.compile(r"[/\\\x00-\x1f\x7f{}]|\.\.|^\.|^\s|\s$")


@dataclass(frozen=True)
class CameraFeed:
    """One camera whose images are read.

    :param name: or one of its aliases
    :param values: what becomes black and white, as ``min_value=0&max_value=4095``; empty for whatever the
        images can hold
    """

    name: str
    values: str = ""

    def address(self, server: str) -> str:
        """Return where its images are.

        :param server: address of the camera server
        """
        query = f"?{self.values}" if self.values else ""
        return f"{server}/api/v1/cam/{quote(self.name, safe='')}/y4m{query}"

    def words(self, server: str) -> list[str]:
        """Return FFmpeg's words up to and with the ``-i`` by which it reads the images.

        :param server: address of the camera server
        """
        # The images come when they are taken, and their stream knows no times.
        clock = ["-thread_queue_size", "64", "-use_wallclock_as_timestamps", "1"]
        return [*clock, "-rw_timeout", str(_PATIENCE), "-f", "yuv4mpegpipe", "-i", self.address(server)]


_PATIENCE = 20_000_000
"""microseconds: a camera that is started for us takes its time for the first image"""


def camera_of(file: str) -> str:
    """Return the name of the camera that a file of the folder configures; empty where it is none.

    :param file: its name, without the folder
    """
    name = file.removesuffix(ENDING)
    hidden = name == file or file.startswith(".")
    return "" if hidden or name in _OTHERS or name.endswith(_OTHERS_END) else name


def parse_feed(text: str) -> CameraFeed:
    """Return the camera that a text names: its name, perhaps with a range of values behind a question mark.

    :raises ValueError: with what is expected instead
    """
    found = _RANGE.fullmatch(text)
    name, values = (found[1], found[2]) if found else (text, "")
    names = [part.partition("=")[0] for part in values.split("&")]
    if values.endswith("&") or len(set(names)) < len(names):
        raise ValueError("one min_value and one max_value, joined by “&”")
    if not name or len(name) > _LONGEST or _NOT_IN_NAMES.search(name):
        raise ValueError("the name of a camera, without slashes, “..” and braces")
    return CameraFeed(name, values)
