from pyca.media.growth import Growth


def test_growing_file() -> None:
    growth = Growth(limit=5)
    assert [growth.feed(now, now * 10) for now in range(0, 60, 4)] == [None] * 15


def test_standing_since_the_last_change() -> None:
    growth = Growth(limit=5)
    assert growth.feed(100.0, 1) is None
    assert growth.feed(102.0, 2) is None
    assert growth.feed(106.9, 2) is None
    assert growth.feed(107.0, 2) == 102.0
    assert growth.feed(200.0, 2) == 102.0


def test_recovers() -> None:
    growth = Growth(limit=5)
    growth.feed(0.0, 7)
    assert growth.feed(9.0, 7) == 0.0
    assert growth.feed(10.0, 8) is None
    assert growth.feed(14.0, 8) is None


def test_file_that_never_appears() -> None:
    growth = Growth(limit=5)
    growth.feed(0.0, 0)
    assert growth.feed(5.0, 0) == 0.0


def test_smaller_is_a_new_file() -> None:
    growth = Growth(limit=5)
    growth.feed(0.0, 500)
    assert growth.feed(6.0, 10) is None
