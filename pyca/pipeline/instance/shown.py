"""The newest message of a pipeline, for whoever asks for it."""

import os
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from pyca.bsread.encoder import Encoder
from pyca.bsread.message import Value
from pyca.core.errors import PycaError
from pyca.instances import faults, parts
from pyca.runtime.channel import Channel

MOST = 1000
"""requests that wait; who has asked long ago does not wait any more"""


class Shown:
    """Keeps the newest message, and answers requests with it. By several threads.

    :param channel: to the server
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._encoder = Encoder()
        self._turn = threading.Lock()
        """for all that follows"""
        self._newest: tuple[int, int, Mapping[str, Value]] | None = None
        self._asked: deque[int] = deque(maxlen=MOST)
        """requests that wait for a message"""

    def note(self, pulse_id: int, nanoseconds: int, values: Mapping[str, Value]) -> None:
        """Keep a message, whose arrays nobody changes any more, and answer those who wait for it."""
        with self._turn:
            self._newest = pulse_id, nanoseconds, values
            if self._asked:
                self._answer(self._asked, pulse_id, nanoseconds, values)
                self._asked.clear()

    def ask(self, request: Mapping[str, Any]) -> None:
        """Answer a request with the newest message, or with the next one where there is none."""
        with self._turn:
            if self._newest is None:
                self._asked.append(int(request["ask"]))
            else:
                self._answer((int(request["ask"]),), *self._newest)

    def forget(self) -> None:
        """Show nothing that is older than this moment."""
        with self._turn:
            self._newest = None

    def _answer(
        self, asked: Iterable[int], pulse_id: int, nanoseconds: int, values: Mapping[str, Value]
    ) -> None:
        """Answer requests, all with the same memory: whoever gets it only reads there."""
        try:
            descriptor = parts.packed(self._encoder.encode(pulse_id, nanoseconds, values))
        except PycaError as error:
            for number in asked:
                self._channel.send({"answer": number, "failed": faults.described(error)})
            return
        try:
            for number in asked:
                self._channel.send({"answer": number}, (descriptor,))
        finally:
            os.close(descriptor)
