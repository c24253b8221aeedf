"""One family of errors. Each knows its exit code, so the CLI maps them in one place."""

import errno
import os


class PycaError(Exception):
    """Base of all errors that pyCA raises on purpose.

    :param message: what is wrong and where, in words for an operator
    :param remedy: what the operator can do about it, empty where nothing helps
    """

    exit_code = os.EX_SOFTWARE

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class UsageError(PycaError):
    """The user asked for something that cannot be: an unknown event, an end before the start."""

    exit_code = os.EX_USAGE


class ConfigError(PycaError):
    """The configuration is wrong; ``problems`` holds every mistake, not only the first.

    :param problems: one sentence each, with file and line where known
    """

    exit_code = os.EX_CONFIG

    def __init__(self, problems: list[str], remedy: str = "") -> None:
        super().__init__("\n".join(problems), remedy)
        self.problems = problems


class StoreError(PycaError):
    """The database cannot be used: unreachable, damaged, or written by a newer pyCA.

    :param mended: True where it has been put in order by now, or a new one has taken its place
    """

    exit_code = os.EX_UNAVAILABLE

    def __init__(self, message: str, remedy: str = "", *, mended: bool = False) -> None:
        super().__init__(message, remedy)
        self.mended = mended


class MissingError(PycaError):
    """A library is not installed that this needs and others do without."""

    exit_code = os.EX_UNAVAILABLE


class RunningError(PycaError):
    """The same service runs already for this database."""

    exit_code = os.EX_TEMPFAIL


class CommandError(PycaError):
    """A capture command cannot be built or started."""

    exit_code = os.EX_UNAVAILABLE


class StreamError(PycaError):
    """Nothing can be streamed any more, or nowhere."""

    exit_code = os.EX_UNAVAILABLE


class MediaError(PycaError):
    """A media file cannot be read, joined or remuxed, or no FFmpeg is there to do it."""

    exit_code = os.EX_DATAERR


class CalendarError(PycaError):
    """A calendar is not usable; the stored schedule must stay as it is."""

    exit_code = os.EX_DATAERR


class DeliveryError(PycaError):
    """A recording could not be handed over, or a server not be asked.

    :param permanent: True where trying again cannot help (bad request, missing file)
    :param unanswered: True where the request was sent whole and the server may have carried it out
    :param status: the HTTP status of the refusal, 0 where it is none
    """

    exit_code = os.EX_UNAVAILABLE

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        permanent: bool = False,
        unanswered: bool = False,
        status: int = 0,
    ) -> None:
        super().__init__(message, remedy)
        self.permanent = permanent
        self.unanswered = unanswered
        self.status = status


class WireError(PycaError):
    """What came over the network is no message of the protocol, or a value cannot be put into one."""

    exit_code = os.EX_DATAERR


class SourceError(PycaError):
    """A camera delivers nothing usable: garbage, another size, or an error of its own."""

    exit_code = os.EX_UNAVAILABLE


class OfflineError(SourceError):
    """A camera does not answer."""


class ImagingError(PycaError):
    """Something asked of the camera server cannot be done."""

    exit_code = os.EX_USAGE


class UnknownNameError(ImagingError):
    """No camera, pipeline, instance, background or script has this name."""


class BusyError(ImagingError):
    """It cannot be done now: no port is free, or another change is under way."""

    exit_code = os.EX_TEMPFAIL


class MachineError(ImagingError):
    """The machine does not let it be done now: a folder is gone, a disk full, or too many files are open."""

    @property
    def is_full(self) -> bool:
        """True where there is no room left, by the error of the system that was its cause."""
        return isinstance(self.__cause__, OSError) and self.__cause__.errno in (errno.ENOSPC, errno.EDQUOT)


class TransitionError(PycaError):
    """A recording was asked to enter a state that does not follow from its present one."""
