"""What this machine can do at best with images: memory, codec, ZeroMQ. Shown beside figures of cameras."""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import zmq

from pyca.bsread.decoder import Decoder
from pyca.bsread.encoder import Compression, Encoder

_NOW = 1_774_600_000_000_000_000


@dataclass(frozen=True)
class CodecCost:
    """What one message costs, medians.

    :param compression: empty for none
    :param encode: milliseconds
    :param decode: milliseconds
    :param size: bytes of the message
    """

    compression: str
    width: int
    height: int
    encode: float
    decode: float
    size: int


def image(width: int, height: int, *, seed: int = 1) -> "np.ndarray[tuple[int, int], np.dtype[np.uint16]]":
    """Return a beam with noise, (height, width), as cameras deliver them."""
    x = np.exp(-(((np.arange(width) - width / 2) / (width / 12)) ** 2))
    y = np.exp(-(((np.arange(height) - height / 2) / (height / 12)) ** 2))
    noise = np.random.default_rng(seed).normal(100, 10, (height, width))
    return (3000 * np.outer(y, x) + noise).clip(0).astype("uint16")


def codec(width: int, height: int, compression: str = "", *, rounds: int = 50) -> CodecCost:
    """Return what a camera's message costs, with its six channels.

    :param compression: of the image: empty, bitshuffle_lz4 or lz4
    """
    encoder = Encoder(Compression(channels={"image": compression}), scalar_shape=False)
    decoder = Decoder()
    values = {
        "width": width,
        "height": height,
        "timestamp": 1.5,
        "image": image(width, height),
        "x_axis": np.arange(width, dtype="float32"),
        "y_axis": np.arange(height, dtype="float32"),
    }
    parts = encoder.encode(0, _NOW, values)
    return CodecCost(
        compression,
        width,
        height,
        encode=_median(lambda: encoder.encode(0, _NOW, values), rounds),
        decode=_median(lambda: decoder.decode(parts), rounds),
        size=sum(map(len, parts)),
    )


def memory(width: int, height: int, *, rounds: int = 100) -> float:
    """Return the milliseconds to read an image once and do nothing with it: nothing is faster than that."""
    pixels = image(width, height).reshape(-1).view("uint64")
    return _median(lambda: np.bitwise_or.reduce(pixels), rounds)


def memory_copy(width: int, height: int, *, rounds: int = 100) -> float:
    """Return the milliseconds to copy an image into memory that is there already."""
    pixels = image(width, height)
    other = np.empty_like(pixels)
    return _median(lambda: np.copyto(other, pixels), rounds)


def zeromq(
    transport: str = "tcp", size: int = 1280 * 960 * 2, *, copies: bool = False, seconds: float = 2.0
) -> float:
    """Return how many messages of this size a second go from PUSH to PULL, both in this process.

    :param transport: tcp or ipc
    :param size: bytes
    :param copies: whether each message is copied on its way in and out of ZeroMQ
    """
    payload = bytes(size)
    with tempfile.TemporaryDirectory() as folder, zmq.Context() as context:
        push, pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        push.setsockopt(zmq.SNDHWM, 4)
        push.setsockopt(zmq.SNDTIMEO, 100)
        pull.setsockopt(zmq.RCVHWM, 4)
        push.bind("tcp://127.0.0.1:*" if transport == "tcp" else f"ipc://{os.path.join(folder, 'limit')}")
        pull.connect(push.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode())
        over = threading.Event()

        def send() -> None:
            while not over.is_set():
                try:
                    push.send(payload, copy=copies)
                except zmq.Again:
                    continue

        sender = threading.Thread(target=send)
        sender.start()
        try:
            for _ in range(5):
                pull.recv(copy=copies)
            count, begin = 0, time.perf_counter()
            while (passed := time.perf_counter() - begin) < seconds:
                pull.recv(copy=copies)
                count += 1
        finally:
            over.set()
            sender.join()
            push.close(0)
            pull.close(0)
    return count / passed


def _median(work: Callable[[], object], rounds: int) -> float:
    """Return the median time in milliseconds."""
    taken = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begin) * 1000)
    # The first one makes headers and loads libraries.
    return statistics.median(taken[1:])
