"""Alarms: what needs somebody's attention now, whoever noticed it."""

from dataclasses import dataclass
from enum import StrEnum


class AlarmKind(StrEnum):
    """What is wrong. The values stand in the configuration, in hooks, in metrics and in the database."""

    COMMAND = "command"
    """a capture command ended before its time, or could not be started"""
    NO_DATA = "no data"
    """a capture command runs and writes nothing"""
    SILENCE = "silence"
    CLIPPING = "clipping"
    BLACK = "black"
    FROZEN = "frozen"
    GAP = "gap"
    """sound and picture drift apart, or one of them stays away"""
    NOT_RECORDED = "not recorded"
    """an event that is not recorded though it should be"""
    DISK = "disk"
    DATABASE = "database"
    UPLOAD = "upload"
    CALENDAR = "calendar"
    LIVE = "live"
    """a stream does not reach a destination, or has no picture"""


SIGNAL_ALARMS = (AlarmKind.SILENCE, AlarmKind.CLIPPING, AlarmKind.BLACK, AlarmKind.FROZEN, AlarmKind.GAP)
"""Those that tell about what cameras and microphones deliver; each input chooses among them."""


SHOWN = 86_400.0
"""Seconds for which an alarm stands that nothing but time ends: something was missed, or was lost."""


@dataclass(frozen=True)
class Alarm:
    """One thing that is or was wrong.

    :param subject: the id of the event that it concerns, empty where it concerns none
    """

    kind: AlarmKind
    text: str
    since: float
    subject: str = ""
    input: str = ""
    service: str = ""
    ended: float | None = None
    """when it was over, possibly in the future; None while that is not known"""
