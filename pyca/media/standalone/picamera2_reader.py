"""Write what a Raspberry Pi's camera sees to standard output: a program for the system's own Python.

picamera2 belongs to the operating system and cannot be installed beside pyCA, so this is run as a script by
another Python than pyCA's, and uses nothing of pyCA.
"""

import argparse
import importlib
import os
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
    camera = picamera2.Picamera2(options.camera)
    if options.codec == "yuv420":
        return _write_images(camera, options)
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


def _write_images(camera: Any, options: argparse.Namespace) -> int:
    """Write images of YUV 4:2:0, one plane behind the other."""
    controls = {"FrameRate": options.framerate}
    controls |= {"ExposureTime": options.shutter} if options.shutter else {}
    controls |= {"AnalogueGain": options.gain} if options.gain else {}
    size = (options.width, options.height)
    camera.configure(
        camera.create_video_configuration(main={"size": size, "format": "YUV420"}, controls=controls)
    )
    main = camera.camera_configuration()["main"]
    if tuple(main["size"]) != size or main.get("stride", options.width) != options.width:
        sys.exit(f"the camera gives {main['size']} with rows of {main.get('stride')} bytes, not {size}")
    stop = _Stop()
    camera.start()
    try:
        while not stop.asked:
            sys.stdout.buffer.write(camera.capture_buffer("main"))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        camera.stop()
        camera.close()
    return 0


class _Stop:
    """Waits for a signal or for the reader to go away."""

    def __init__(self) -> None:
        self.asked = False
        """True when somebody wants the end"""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def wait(self) -> None:
        reader = select.poll()
        reader.register(sys.stdout.fileno(), 0)
        while not self.asked and not reader.poll(_LOOK):
            pass

    def _take(self, _number: int, _frame: object) -> None:
        self.asked = True


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
    for name in ("width", "height", "bitrate", "intra", "quality", "shutter"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--framerate", type=_number)
    parser.add_argument("--gain", type=float)
    parser.add_argument("--camera", type=int, default=0)
    parser.add_argument("--codec", choices=("h264", "yuv420"), default="h264")
    for name in ("profile", "level"):
        parser.add_argument(f"--{name}")
    for name in ("hflip", "vflip", "list-cameras"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args(words)


def _number(text: str) -> float:
    """Return a number, a whole one where it can be."""
    return int(text) if text.isdigit() else float(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
