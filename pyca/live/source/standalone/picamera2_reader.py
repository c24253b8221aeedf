"""Write the H.264 of a Raspberry Pi's camera to standard output: a program for the system's own Python.

picamera2 belongs to the operating system and cannot be installed beside pyCA, so this is run as a script by
another Python than pyCA's, and uses nothing of pyCA.
"""

import argparse
import importlib
import select
import signal
import sys
from collections.abc import Sequence
from typing import Any

_LOOK = 500
"""milliseconds between two looks whether somebody still reads"""


def main(words: Sequence[str]) -> int:
    """Run until a signal asks for the end, or nobody reads any more; return the exit code."""
    options = _options(words)
    picamera2 = importlib.import_module("picamera2")
    if options.list_cameras:
        for number, camera in enumerate(picamera2.Picamera2.global_camera_info()):
            sys.stdout.write(f"{number} : {camera.get('Model', 'camera')}\n")
        return 0
    camera = picamera2.Picamera2()
    camera.configure(_configuration(camera, options))
    stop = _Stop()
    output = importlib.import_module("picamera2.outputs").FileOutput(sys.stdout.buffer)
    camera.start_recording(_encoder(options), output)
    try:
        stop.wait()
    finally:
        camera.stop_recording()
        camera.close()
    return 0


class _Stop:
    """Waits for a signal or for the reader to go away."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def wait(self) -> None:
        reader = select.poll()
        reader.register(sys.stdout.fileno(), 0)
        while not self._asked and not reader.poll(_LOOK):
            pass

    def _take(self, _number: int, _frame: object) -> None:
        self._asked = True


def _configuration(camera: Any, options: argparse.Namespace) -> Any:
    turned = importlib.import_module("libcamera").Transform(hflip=options.hflip, vflip=options.vflip)
    return camera.create_video_configuration(
        main={"size": (options.width, options.height)},
        transform=turned,
        controls={"FrameRate": options.framerate},
    )


def _encoder(options: argparse.Namespace) -> Any:
    return importlib.import_module("picamera2.encoders").H264Encoder(
        bitrate=options.bitrate,
        repeat=True,
        iperiod=options.intra,
        framerate=options.framerate,
        qp=options.quality,
    )


def _options(words: Sequence[str]) -> argparse.Namespace:
    """Read the options, whose names are those of rpicam-vid."""
    parser = argparse.ArgumentParser()
    for name in ("width", "height", "framerate", "bitrate", "intra", "quality"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("profile", "level"):
        parser.add_argument(f"--{name}")
    for name in ("hflip", "vflip", "list-cameras"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
