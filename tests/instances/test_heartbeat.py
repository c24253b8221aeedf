"""Whether a process still does anything, as its figures tell."""

from pyca.instances.heartbeat import Heartbeat


def test_silence_is_measured_from_the_last_word() -> None:
    heartbeat = Heartbeat()
    assert heartbeat.look(5.0, 100.0) == 0
    assert [heartbeat.look(5.0, 100 + later) for later in (0.5, 1.0, 2.0)] == [0.5, 1.0, 2.0]
    # A clock that was set back is a word like any other.
    assert heartbeat.look(4.0, 102.5) == 0
    assert heartbeat.look(4.0, 103.0) == 0.5


def test_one_that_has_never_said_a_word_is_silent() -> None:
    heartbeat = Heartbeat()
    assert [heartbeat.look(0.0, float(now)) for now in (7, 8, 9)] == [0, 1, 2]


def test_who_looks_late_does_not_take_its_own_absence_for_silence() -> None:
    heartbeat = Heartbeat()
    heartbeat.look(5.0, 100.0)
    assert heartbeat.look(5.0, 1000.0) == 1.0
