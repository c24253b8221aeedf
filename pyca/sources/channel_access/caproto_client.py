"""Channel Access by caproto: Python alone, wherever there is no libca."""

import logging
from typing import Any

from pyca.sources.channel_access.client import OnConnection, OnUpdate, Update, unix_time

_LAST_IMAGE = 0.4
"""seconds for an image that is being received when the camera is closed; without one it takes a tenth"""

_LAST_LOOK = 0.2
"""seconds in which a thread notices the end, for which it looks ten times a second"""


class CaprotoClient:
    """A context of caproto's threading client, which starts no repeater.

    :raises ImportError: where caproto is not installed
    """

    name = "caproto"

    def __init__(self) -> None:
        from caproto.threading.client import Context, SharedBroadcaster

        chatty = logging.getLogger("caproto")
        if chatty.level == logging.NOTSET:
            # It tells of each connection of each PV; what matters of that we say ourselves.
            chatty.setLevel(logging.WARNING)
        self._broadcaster = SharedBroadcaster()
        self._context = Context(self._broadcaster)
        # As long as there is another listener, the end of the context does not wait for the broadcaster's
        # threads; one of them would need up to five seconds.
        self._keeper = _Keeper()
        self._broadcaster.add_listener(self._keeper)
        self._followed: list[_Followed] = []
        self._closed = False

    def subscribe(self, pv: str, update: OnUpdate, connection: OnConnection, *, text: bool = False) -> None:
        """See :class:`pyca.sources.channel_access.client.Client`."""
        followed = _Followed(update, connection)
        # caproto itself refers to callbacks only weakly.
        self._followed.append(followed)
        (found,) = self._context.get_pvs(pv, connection_state_callback=followed.connection, timeout=None)
        # Nothing is sent before the PV is connected.
        subscription = found.subscribe(data_type=_text_type() if text else "time", data_count=0)
        subscription.add_callback(followed.update)

    def search_again(self) -> None:
        """See :class:`pyca.sources.channel_access.client.Client`."""
        self._broadcaster.search_now()

    def close(self) -> None:
        """See :class:`pyca.sources.channel_access.client.Client`."""
        if self._closed:
            return
        self._closed = True
        for followed in self._followed:
            followed.closed = True
        # Or images that are still on their way would be reported as mistakes of the IOC.
        self._context.selector.stop()
        self._context.selector.thread.join(_LAST_IMAGE)
        self._context.disconnect(wait=False)
        self._broadcaster.disconnect(wait=False)
        self._broadcaster.search_now()
        for selector in (self._context.selector, self._broadcaster.selector):
            # Or their descriptors stay until all garbage is collected: contexts and PVs refer to each other.
            selector.thread.join(_LAST_LOOK)
            if not selector.thread.is_alive():
                selector.selector.close()


class _Keeper:
    """Somebody who listens to a broadcaster, and has no connections that it would have to look after."""

    def __init__(self) -> None:
        self.circuit_managers: dict[Any, Any] = {}


class _Followed:
    """The callbacks of one PV."""

    def __init__(self, update: OnUpdate, connection: OnConnection) -> None:
        self._update = update
        self._connection = connection
        self.closed = False

    def connection(self, _: Any, state: str) -> None:
        if not self.closed:
            self._connection(state == "connected")

    def update(self, _: Any, response: Any) -> None:
        if not self.closed:
            self._update(_update(response))


def _update(response: Any) -> Update:
    if not response.status.success:
        return Update([], unix_time(0, 0), response.status.description)
    stamp = response.metadata.stamp
    moment = unix_time(stamp.secondsSinceEpoch, stamp.nanoSeconds)
    values = response.data
    if hasattr(values, "dtype"):
        return Update(values, moment)
    return Update([text.decode("utf-8", "replace") for text in values], moment)


def _text_type() -> Any:
    from caproto import ChannelType

    return ChannelType.TIME_STRING
