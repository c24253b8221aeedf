"""What all cameras of Channel Access have in common."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from pyca.core.errors import OfflineError, SourceError
from pyca.images.image import Size
from pyca.sources.channel_access.client import Update
from pyca.sources.channel_access.watch import Arrived, Watch
from pyca.sources.frame import Frame


class ChannelAccessCamera(ABC):
    """The part of :class:`pyca.sources.source.Source` that does not depend on the names of the PVs.

    :param prefix: of its PVs, without the colon
    :param library: see :func:`pyca.sources.channel_access.choice.connect`
    :param image: the PV with the images
    :param numbers: further PVs
    :param texts: further PVs that are wanted in words
    """

    def __init__(
        self, prefix: str, library: str, image: str, numbers: Sequence[str], texts: Sequence[str]
    ) -> None:
        self._prefix = prefix
        self._library = library
        self._image = image
        self._numbers, self._texts = numbers, texts
        self._watch: Watch | None = None

    def open(self) -> None:
        """See :class:`pyca.sources.source.Source`. Loading the library comes on top the first time."""
        if self._watch is not None:
            return
        watch = Watch(self._library, self._image, self._numbers, self._texts)
        try:
            self._find(watch)
        except BaseException:
            watch.close()
            raise
        self._watch = watch

    def size(self) -> Size:
        """See :class:`pyca.sources.source.Source`."""
        return self._size(self._opened().facts())

    def receive(self, timeout: float) -> Frame | None:
        """See :class:`pyca.sources.source.Source`."""
        watch = self._opened()
        deadline = time.monotonic() + timeout
        while arrived := watch.take(max(deadline - time.monotonic(), 0.0)):
            if len(arrived.update.values) or arrived.update.problem:
                return self._frame(watch, arrived)
            # A record that never had an image.
        if watch.is_missed():
            raise self._offline()
        return None

    def close(self) -> None:
        """See :class:`pyca.sources.source.Source`."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    @abstractmethod
    def _find(self, watch: Watch) -> None:
        """Return once all that is needed is there.

        :raises OfflineError: where the camera does not answer
        :raises SourceError: where it is there and a part of it is missing
        """

    @abstractmethod
    def _size(self, facts: Mapping[str, Update]) -> Size:
        """Return width and height by what the PVs say.

        :raises SourceError: where they do not say it
        """

    @abstractmethod
    def _frame(self, watch: Watch, arrived: Arrived) -> Frame:
        """Return the frame of an image.

        :raises SourceError: where it is none
        """

    def _opened(self) -> Watch:
        if self._watch is None:
            raise SourceError(f"Camera with prefix {self._prefix} is not open")
        return self._watch

    def _offline(self) -> OfflineError:
        return OfflineError(f"Camera with prefix {self._prefix} is offline")
