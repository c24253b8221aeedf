"""Several threads that process messages, whose results leave in the order in which these came."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_LOOK_SECONDS = 0.1


class _Task(Generic[T, R]):
    __slots__ = ("given", "is_done", "result")

    def __init__(self, given: T) -> None:
        self.given = given
        self.is_done = False
        self.result: R | None = None


class Workers(Generic[T, R]):
    """Threads that process.

    :param number: of threads
    :param process: called in several threads at the same time; raises nothing
    :param finish: called with what was given and its result, in order, in one thread at a time
    """

    def __init__(self, number: int, process: Callable[[T], R], finish: Callable[[T, R], None]) -> None:
        self._process = process
        self._finish = finish
        self._changed = threading.Condition()
        """for what follows"""
        self._begun: deque[_Task[T, R]] = deque()
        """not taken by a thread yet"""
        self._order: deque[_Task[T, R]] = deque()
        """all that have not left, in order"""
        self._most = number + 1
        self._leaving = False
        """whether a thread is about to let results leave"""
        self._over = False
        self._threads = [
            threading.Thread(target=self._work, name=f"worker {place}", daemon=True)
            for place in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, given: T, go_on: Callable[[], bool]) -> bool:
        """Have something processed, as soon as there is room for it.

        :param go_on: called while there is none; tells whether to wait on
        :return: False where it was given up
        """
        task: _Task[T, R] = _Task(given)
        while True:
            with self._changed:
                if self._changed.wait_for(self._has_room, _LOOK_SECONDS):
                    self._begun.append(task)
                    self._order.append(task)
                    self._changed.notify_all()
                    return True
            if not go_on():
                return False

    def drain(self, go_on: Callable[[], bool]) -> None:
        """Wait until everything has left.

        :param go_on: called meanwhile; tells whether to wait on
        """
        while True:
            with self._changed:
                if self._changed.wait_for(self._is_idle, _LOOK_SECONDS):
                    return
            if not go_on():
                return

    def close(self) -> None:
        """Stop, with whatever is being processed; nothing leaves any more."""
        with self._changed:
            self._over = True
            self._begun.clear()
            self._order.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _has_room(self) -> bool:
        return len(self._order) < self._most

    def _is_idle(self) -> bool:
        return not self._order and not self._leaving

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._begun or self._over)
                if self._over:
                    return
                task = self._begun.popleft()
            task.result = self._process(task.given)
            with self._changed:
                task.is_done = True
                if self._leaving:
                    # Whoever is at it sees this one too.
                    continue
                self._leaving = True
            self._leave()

    def _leave(self) -> None:
        """Let results leave as far as they are known without a gap."""
        while True:
            with self._changed:
                if not self._order or not self._order[0].is_done or self._over:
                    self._leaving = False
                    self._changed.notify_all()
                    return
                task = self._order.popleft()
                self._changed.notify_all()
            assert task.result is not None
            self._finish(task.given, task.result)
