"""Tell whether a file still grows."""


class Growth:
    """Remembers when a size changed last. Sizes and times come from outside, so it is pure logic.

    Any change counts as growth: a smaller size is a new file under the same name.

    :param limit: seconds without change after which the file counts as standing still
    """

    def __init__(self, limit: float = 5.0) -> None:
        self.limit = limit
        self._size: int | None = None
        self._since: float | None = None

    def feed(self, now: float, size: int) -> float | None:
        """Take a size and return since when the file stands still, None while it grows.

        :param now: monotonic seconds
        :param size: bytes, 0 where the file is not there yet
        """
        if self._since is None or size != self._size:
            self._size, self._since = size, now
        return self._since if now - self._since >= self.limit else None
