"""Text that came from outside, made fit for one line of a page, a log or a column."""


def one_line(text: str, longest: int) -> str:
    """Return a text without control characters, cut where it is too long.

    :param longest: characters that are kept
    """
    # PostgreSQL refuses NUL, and a line break could pretend to be another line of the log.
    shown = "".join(sign if sign.isprintable() else " " for sign in text[: longest * 4])
    return " ".join(shown.split())[:longest]
