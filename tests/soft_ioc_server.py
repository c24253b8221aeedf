"""A camera of EPICS as a process: ``python -m tests.soft_ioc_server PREFIX``; see :mod:`tests.soft_ioc`."""

import argparse
import asyncio
import logging
import sys
import time
from typing import Any

import numpy as np
from caproto import (
    ChannelByte,
    ChannelDouble,
    ChannelEnum,
    ChannelFloat,
    ChannelInteger,
    ChannelShort,
    ChannelString,
)
from caproto.server import run

from tests.soft_ioc import DETECTOR, MOST, made

TYPES = {
    "char": (ChannelByte, "u1"),
    "short": (ChannelShort, "i2"),
    "long": (ChannelInteger, "i4"),
    "float": (ChannelFloat, "f4"),
    "double": (ChannelDouble, "f8"),
}
_DIFFERENT = 16


class Camera:
    """Makes images as its PVs say.

    ``RATE`` is in Hz, and 0 pauses; ``ELEMENTS`` is how many are sent, 0 for as many as there should be;
    ``COUNT`` the images until now.
    """

    def __init__(
        self, prefix: str, kind: str, size: tuple[int, int], rate: float, leave_out: list[str], letters: bool
    ) -> None:
        self.made: dict[tuple[int, int, int], Any] = {}
        self.rate = ChannelDouble(value=rate)
        self.elements = ChannelInteger(value=0)
        self.count = ChannelInteger(value=0)
        self.width = ChannelInteger(value=size[0])
        self.height = ChannelInteger(value=size[1])
        self.unique = ChannelInteger(value=0)
        self.kind = kind
        camera = {
            "INIT": ChannelEnum(value="INIT", enum_strings=["STOP", "INIT"]),
            "WIDTH": self.width,
            "HEIGHT": self.height,
            "FPICTURE": self.waveform(size),
            "BSREADCONFIG": ChannelString(value="tcp://127.0.0.1:9999"),
            "RATE": self.rate,
            "ELEMENTS": self.elements,
            "COUNT": self.count,
        }
        detector = {
            "ArrayData": self.waveform(size),
            "ArraySize0_RBV": ChannelInteger(value=size[0]),
            "ArraySize1_RBV": ChannelInteger(value=size[1]),
            "ArraySize2_RBV": ChannelInteger(value=0),
            "NDimensions_RBV": ChannelInteger(value=2),
            "ColorMode_RBV": ChannelEnum(value="Mono", enum_strings=["Mono", "Bayer", "RGB1"]),
            "DataType_RBV": ChannelEnum(
                value="UInt16", enum_strings=["Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32"]
            ),
            "UniqueId_RBV": self.unique,
        }
        if letters:
            # An old version, and no more than it needs.
            sizes = {
                "ArraySizeX_RBV": detector["ArraySize0_RBV"],
                "ArraySizeY_RBV": detector["ArraySize1_RBV"],
            }
            detector = {"ArrayData": detector["ArrayData"], **sizes}
        self.images = [camera["FPICTURE"], detector["ArrayData"]]
        self.first = {channel: channel.value for channel in (*camera.values(), *detector.values())}
        camera["RESET"] = Reset(self)
        pvs = {f"{prefix}:{name}": pv for name, pv in camera.items()}
        pvs |= {f"{prefix}{DETECTOR}:{name}": pv for name, pv in detector.items()}
        self.pvs = {name: pv for name, pv in pvs.items() if name.removeprefix(prefix) not in leave_out}

    def waveform(self, size: tuple[int, int]) -> Any:
        if self.kind == "string":
            return ChannelString(value="no image")
        channel, dtype = TYPES[self.kind]
        # As a record that never had an image.
        return channel(value=np.zeros(0, dtype), max_length=MOST)

    async def go(self, _: Any) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        due = time.monotonic()
        number = 0
        while True:
            rate = number_of(self.rate)
            if not rate or self.kind == "string":
                await asyncio.sleep(0.02)
                due = time.monotonic()
                continue
            due = max(due + 1 / rate, time.monotonic() - 0.1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if number_of(self.rate) and number_of(self.width) > 0 and number_of(self.height) > 0:
                number += 1
                await self.show(number)

    async def show(self, number: int) -> None:
        image = self.image(number)
        now = time.time()
        await self.unique.write(number, timestamp=now)
        for channel in self.images:
            if channel in self.pvs.values():
                await channel.write(image, timestamp=now)
        await self.count.write(number)

    async def reset(self) -> None:
        """Be as at first, with no image."""
        for channel, value in self.first.items():
            if channel not in (self.count, self.unique):
                await channel.write(value)

    def image(self, number: int) -> Any:
        size = int(number_of(self.width)), int(number_of(self.height))
        key = (number % _DIFFERENT, *size)
        if key not in self.made:
            self.made[key] = made(number % _DIFFERENT, *size)
        image = self.made[key].reshape(-1)
        elements = int(number_of(self.elements))
        if elements:
            image = np.resize(image, elements)
        dtype = np.dtype(TYPES[self.kind][1])
        return image.view(dtype) if dtype.itemsize == image.itemsize else image.astype(dtype)


class Reset(ChannelInteger):
    """Resets a camera when it is written to."""

    def __init__(self, camera: Camera) -> None:
        super().__init__(value=0)
        self.camera = camera

    async def verify_value(self, value: Any) -> Any:
        await self.camera.reset()
        return value


def number_of(channel: Any) -> float:
    return float(np.atleast_1d(channel.value)[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("prefix")
    parser.add_argument("--kind", default="short", choices=[*TYPES, "string"])
    parser.add_argument("--size", default="64x48")
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument("--letters", action="store_true", help="sizes of the detector by X and Y")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    # Nobody listens to its beacons, and it complains about that again and again.
    logging.getLogger("caproto").setLevel(logging.CRITICAL)
    size = width, height
    camera = Camera(options.prefix, options.kind, size, options.rate, options.leave_out, options.letters)
    run(
        camera.pvs,
        module_name="caproto.asyncio.server",
        interfaces=["127.0.0.1"],
        log_pv_names=False,
        startup_hook=camera.go,
    )


if __name__ == "__main__":
    main()
