"""What bare ZeroMQ does at best with images of a size, for clients in processes of their own."""

import multiprocessing
import time
from multiprocessing.synchronize import Event

import numpy as np
import zmq

_SECONDS = 2.0
_MARK = b"x"


def passed(size: tuple[int, int], address: str, clients: int) -> float:
    """Return how many images a second bare ZeroMQ delivers to each of some clients.

    :param address: with port 0, or of a socket
    """
    width, height = size
    image = np.ones((height, width), np.uint16)
    context = multiprocessing.get_context("spawn")
    counts: multiprocessing.queues.Queue[float] = context.Queue()
    done = context.Event()
    with zmq.Context() as sockets, sockets.socket(zmq.XPUB) as sender:
        sender.set(zmq.SNDHWM, 10)
        sender.set(zmq.LINGER, 0)
        sender.set(zmq.XPUB_NODROP, 1)
        sender.set(zmq.XPUB_VERBOSE, 1)
        sender.set(zmq.SNDTIMEO, 200)
        sender.bind(address)
        real = sender.get(zmq.LAST_ENDPOINT).decode().rstrip("\0")
        workers = [context.Process(target=_count, args=(real, counts, done)) for _ in range(clients)]
        for worker in workers:
            worker.start()
        for _ in workers:
            sender.recv()
        while counts.qsize() < clients:
            try:
                # As our own sender does: the header is copied, the image is not.
                sender.send(_MARK, zmq.SNDMORE)
                sender.send(memoryview(image), copy=False)
            except zmq.Again:
                continue
        done.set()
        found = [counts.get() for _ in workers]
        for worker in workers:
            worker.join()
    return sorted(found)[len(found) // 2]


def _count(address: str, counts: "multiprocessing.queues.Queue[float]", done: Event) -> None:
    with zmq.Context() as sockets, sockets.socket(zmq.SUB) as receiver:
        receiver.set(zmq.RCVHWM, 10)
        receiver.set(zmq.LINGER, 0)
        receiver.subscribe(b"")
        receiver.connect(address)
        receiver.recv_multipart(copy=False)
        time.sleep(0.5)
        rounds, begun = 0, time.perf_counter()
        while time.perf_counter() < begun + _SECONDS:
            receiver.recv_multipart(copy=False)
            rounds += 1
        counts.put(rounds / (time.perf_counter() - begun))
        # The others are still counting: nobody leaves before all are through.
        done.wait(60)
