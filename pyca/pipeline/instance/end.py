"""Whether an instance ends, and why."""


class End:
    """Is noted by whoever has a reason, and followed by the main thread. The first reason counts."""

    def __init__(self) -> None:
        self.reason = ""
        """in words; empty where nobody has to be told"""
        self.exitcode = 0
        self.is_due = False
        self.at_once = False
        """whether nobody wants what is on its way any more"""

    def note(self, reason: str, exitcode: int = 0, *, at_once: bool = False) -> None:
        """Have it end.

        :param at_once: whether nobody wants what is on its way
        """
        if not self.is_due:
            self.reason, self.exitcode = reason, exitcode
        self.at_once = self.at_once or at_once
        self.is_due = True
