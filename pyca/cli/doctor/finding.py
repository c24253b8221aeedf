"""What a check found, and how checks are run: one after the other, none of them for ever."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from pyca.core.errors import ConfigError, PycaError

_LIMIT = 60.0
"""seconds for one theme; only a disk or device that hangs takes so long"""


class Verdict(StrEnum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"
    """cannot be told"""


@dataclass(frozen=True)
class Finding:
    """What was found of one thing, and what to do where it is not as it should be."""

    name: str
    state: Verdict
    text: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Theme:
    """A few checks that belong together."""

    name: str
    check: Check


def ok(name: str, text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(name, Verdict.OK, text)


def warning(name: str, text: str, remedy: str) -> Finding:
    """Return a finding of something that works, and may not for long or not well."""
    return Finding(name, Verdict.WARNING, text, remedy)


def failed(name: str, text: str, remedy: str) -> Finding:
    """Return a finding of something that keeps pyCA from its work."""
    return Finding(name, Verdict.FAILED, text, remedy)


def skipped(name: str, text: str, remedy: str = "") -> Finding:
    """Return a finding of something that cannot be told here."""
    return Finding(name, Verdict.SKIPPED, text, remedy)


def failure(name: str, error: PycaError) -> Finding:
    """Return what an error says as a finding."""
    return failed(name, error.message, error.remedy or "look again in a minute; it may pass")


def carry_out(theme: Theme, limit: float = _LIMIT) -> list[Finding]:
    """Return all that a theme's checks find; what breaks one is a finding too, and so is taking too long.

    :param limit: seconds
    """
    found: list[Finding] = []

    def work() -> None:
        found.extend(_guarded(theme))

    # A disk that hangs cannot be interrupted, only left behind.
    worker = threading.Thread(target=work, name=theme.name, daemon=True)
    worker.start()
    worker.join(limit)
    seen = list(found)
    if worker.is_alive():
        text = f"not finished within {limit:.0f} s"
        seen.append(failed(theme.name, text, "does a disk or a device hang? see “dmesg”"))
    return seen


def _guarded(theme: Theme) -> Iterator[Finding]:
    try:
        yield from theme.check()
    except ConfigError as error:
        for problem in error.problems:
            yield failed(theme.name, problem, error.remedy)
    except PycaError as error:
        yield failure(theme.name, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        yield failed(theme.name, f"{where}{error.strerror or error}", "mend that, then look again")
    except Exception as error:
        # One check that breaks must not keep the others from telling what they know.
        text = f"this check is broken: {type(error).__name__}: {error}"
        yield failed(theme.name, text, "please report this as a bug of pyCA")


def as_dicts(theme: Theme, findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Return findings as plain data."""
    return [{"group": theme.name, **asdict(finding)} for finding in findings]
