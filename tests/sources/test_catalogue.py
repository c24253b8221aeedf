"""All kinds of cameras together."""

import pytest

from pyca.sources.catalogue import kinds
from tests.sources.contract import check_options


@pytest.mark.parametrize("name", sorted(kinds()))
def test_options_fit_their_own_limits(name: str) -> None:
    check_options(name)


def test_a_kind_is_known_by_its_name() -> None:
    assert set(kinds()) == {
        "simulation",
        "bsread_simulation",
        "bsread",
        "stream",
        "epics",
        "area_detector",
        "ffmpeg",
        "hdf5",
        "picamera",
    }
