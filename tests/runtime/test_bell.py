import os
import select

import pytest

from pyca.core.errors import RunningError
from pyca.runtime.bell import Bell, ring


@pytest.fixture
def bell(tmp_path):
    bell = Bell(str(tmp_path), "capture")
    yield bell
    bell.close()


def rung(bell: Bell) -> bool:
    return bool(select.select([bell], [], [], 0)[0])


def test_a_ring_wakes_its_own_bell_only(bell, tmp_path):
    ring(str(tmp_path), "ingest")
    ring("another database", "capture")
    assert not rung(bell)
    ring(str(tmp_path), "capture")
    assert rung(bell)
    bell.drain()
    assert not rung(bell)


def test_ringing_never_waits_however_often(bell, tmp_path):
    for _ in range(2000):
        ring(str(tmp_path), "capture")
    assert rung(bell)
    bell.drain()
    assert not rung(bell)


def test_a_second_service_is_refused(bell, tmp_path):
    with pytest.raises(RunningError, match="capture is already running") as error:
        Bell(str(tmp_path), "capture")
    assert error.value.exit_code == os.EX_TEMPFAIL


def test_the_next_service_may_start_after_the_end(bell, tmp_path):
    bell.close()
    Bell(str(tmp_path), "capture").close()


def test_children_do_not_inherit_the_bell(bell):
    assert not os.get_inheritable(bell.fileno())


def test_without_abstract_addresses_the_bell_stays_silent(monkeypatch):
    monkeypatch.setattr("pyca.runtime.bell._HAS_ABSTRACT", False)
    bell = Bell("x", "capture")
    ring("x", "capture")
    assert not rung(bell)
    bell.drain()
    bell.close()
