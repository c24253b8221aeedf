import pytest

from pyca.config.machine import is_zone, system_zone


def test_the_zone_of_the_machine(tmp_path):
    assert system_zone({}, tmp_path) == "UTC"
    (tmp_path / "timezone").write_text("Europe/Paris\n")
    assert system_zone({}, tmp_path) == "Europe/Paris"
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    assert system_zone({}, tmp_path) == "Asia/Tokyo"
    assert system_zone({"TZ": ":Europe/Berlin"}, tmp_path) == "Europe/Berlin"
    assert system_zone({"TZ": "CET-1CEST,M3.5.0"}, tmp_path) == "Asia/Tokyo"


@pytest.mark.parametrize("name", ["Europe", "../etc/passwd", "Nowhere/Town", "\ud800"])
def test_what_is_no_zone(name):
    assert not is_zone(name)
