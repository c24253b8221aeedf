"""Where things are in a file: the three layouts that readers of such files know.

==========  ============================  ==================================  =============================================
layout      a channel's values            its times                           pulse ids and times of messages
==========  ============================  ==================================  =============================================
DEFAULT     ``/data1/<channel>/value``    ``/data1/<channel>/timestamp``      ``/header1/pulse_id``, ``global_timestamp``
FLAT        ``/data1/<channel>``          ``/data1/<channel>_timestamp``      ``/header1/pulse_id``, ``global_timestamp``
BSH5        ``/<channel>/data``           ``/<channel>/timestamp``            ``/pulse_id``, ``/global_timestamp``
==========  ============================  ==================================  =============================================

Where formats change, another part begins: ``data2`` and ``header2``; in BSH5 everything of it is in ``part2``.
"""  # noqa: E501

from dataclasses import dataclass
from enum import StrEnum

from pyca.core.errors import ImagingError

GENERAL = "general"
"""the group that tells of the file itself, in all layouts"""


class Layout(StrEnum):
    """The names of the layouts, as configurations have them."""

    DEFAULT = "DEFAULT"
    FLAT = "FLAT"
    BSH5 = "BSH5"


@dataclass(frozen=True)
class Spot:
    """Where one channel is.

    :param value: path of its values in the file
    :param stamp: path of its times
    """

    value: str
    stamp: str


def layout_of(name: str) -> Layout:
    """Return the layout of a name, in whatever letters.

    :raises ImagingError: where there is none
    """
    try:
        return Layout(name.upper())
    except ValueError:
        raise ImagingError(f"There is no layout {name!r}; expected is {', '.join(Layout)}.") from None


class Paths:
    """The paths of one part of a file.

    Channels keep their names. But “/”, which would make groups, becomes “_”, and a name that is taken already
    gets “_” behind it.

    :param part: 1, 2 …
    """

    def __init__(self, layout: Layout, part: int) -> None:
        self._layout = layout
        self._before = f"data{part}/"
        header = f"header{part}/"
        if layout == Layout.BSH5:
            self._before = header = "" if part == 1 else f"part{part}/"
        self.pulse_id = f"{header}pulse_id"
        self.time = f"{header}global_timestamp"
        self._taken = {self.pulse_id, self.time, GENERAL}
        self._is_first_of_many = layout == Layout.BSH5 and part == 1

    def spot(self, channel: str) -> Spot:
        """Return where a channel goes, which has not been asked for before."""
        name = _plain(channel)
        while self._is_taken(spot := self._spot(name), name):
            name += "_"
        self._taken |= {spot.value, spot.stamp, self._before + name}
        return spot

    def _spot(self, name: str) -> Spot:
        path = self._before + name
        match self._layout:
            case Layout.DEFAULT:
                return Spot(f"{path}/value", f"{path}/timestamp")
            case Layout.FLAT:
                return Spot(path, f"{path}_timestamp")
            case Layout.BSH5:
                return Spot(f"{path}/data", f"{path}/timestamp")

    def _is_taken(self, spot: Spot, name: str) -> bool:
        if self._is_first_of_many and name.startswith("part") and name[4:].isdecimal():
            return True
        return not self._taken.isdisjoint((spot.value, spot.stamp, self._before + name))


def _plain(channel: str) -> str:
    name = channel.replace("/", "_").replace("\0", "_").encode("utf-8", "replace").decode("utf-8")
    # HDF5 takes one dot for the group itself.
    return "_" * len(name) if name.strip(".") == "" and name else name or "_"
