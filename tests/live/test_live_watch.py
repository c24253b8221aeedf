"""The engine's waiting knows when there is more to do than one round can."""

import os

from pyca.live.flow.watch import READ, WRITE, Watch
from pyca.runtime.listen import pipe_of_frames, room_of


def test_it_is_pressed_while_somebody_waits_to_write() -> None:
    watch = Watch()
    reader, writer = os.pipe()
    watch.add(reader, lambda _events: None)
    assert not watch.is_pressed()
    watch.add(writer, lambda _events: None, WRITE)
    assert watch.is_pressed() and watch.is_pressed()
    watch.remove(writer)
    assert not watch.is_pressed()
    watch.add(writer, lambda _events: None, WRITE)
    watch.add(writer, lambda _events: None, READ)
    assert not watch.is_pressed()
    watch.close()
    os.close(reader)
    os.close(writer)


def test_it_is_pressed_once_by_whoever_has_more_to_read() -> None:
    watch = Watch()
    watch.press()
    assert watch.is_pressed()
    assert not watch.is_pressed()
    watch.close()


def test_a_number_that_another_has_now_is_not_taken_for_the_one_before() -> None:
    watch, called = Watch(), []
    pipes = [os.pipe(), os.pipe()]
    for _reader, writer in pipes:
        os.write(writer, b"x")

    def swap(me: int) -> None:
        """Whoever is first closes the other, whose number goes to a new pipe with nothing in it."""
        other = pipes[1 - me][0]
        called.append(me)
        watch.remove(other)
        os.dup2(empty[0], other)
        watch.add(other, lambda _events: called.append("stale"))

    empty = os.pipe()
    for number, (reader, _writer) in enumerate(pipes):
        watch.add(reader, lambda _events, number=number: swap(number))
    watch.wait(0)
    assert len(called) == 1
    watch.close()
    for pipe in (*pipes, empty):
        for end in pipe:
            os.close(end)


def test_a_pipe_tells_how_much_it_holds() -> None:
    reader, writer = pipe_of_frames()
    os.set_blocking(writer, False)
    assert room_of(reader) >= 64 * 1024
    assert os.write(writer, bytes(room_of(reader) * 2)) == room_of(reader)
    os.close(reader)
    os.close(writer)
