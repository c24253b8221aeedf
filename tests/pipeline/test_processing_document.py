"""docs/processing.md names every channel, and none that there is not."""

import re
from pathlib import Path

from tests.pipeline.contract import ORDER, REGION, SLICES

TEXT = (Path(__file__).parents[2] / "docs" / "processing.md").read_text("utf-8")
TABLE = TEXT.split("## Channels\n")[1].split("\nThese are")[0]
SHORT = re.compile(r"^(y_fit_|gr_[xy]_fit_|slice_[12]_)")
"""channels that the table tells of by those of the same kind"""


def test_every_channel_is_in_the_table() -> None:
    named = set(re.findall(r"`(\w+)`", TABLE))
    assert [name for name in ORDER + REGION + SLICES if not SHORT.match(name) and name not in named] == []


def test_the_table_has_no_other_channels() -> None:
    keys = {"y", "image_good_region", "image_slices", "fw_threshold", "x_fw", "y_fw"}
    named = set(re.findall(r"`(\w+)`", TABLE))
    assert named - keys <= set(ORDER + REGION + SLICES)


def test_the_numbers_of_channels_are_right() -> None:
    numbers = re.search(r"These are (\d+) channels, (\d+) with a good region, (\d+) with three slices", TEXT)
    assert numbers
    assert [int(number) for number in numbers.groups()] == [
        len(ORDER),
        len(ORDER + REGION),
        len(ORDER + REGION + SLICES),
    ]
