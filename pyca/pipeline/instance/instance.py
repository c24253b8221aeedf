"""The process of one pipeline that runs: receives, processes, sends, and listens to the server between."""

import os
import time
from contextlib import suppress
from typing import Any

from pyca.core.errors import ImagingError, PycaError
from pyca.instances import faults, job
from pyca.instances.logs import logger_of
from pyca.instances.statistics import Statistics
from pyca.kernel import choice
from pyca.pipeline.files.configuration import Configuration, parse
from pyca.pipeline.instance import feeds, outlets
from pyca.pipeline.instance.delivery import Delivery, Outcome
from pyca.pipeline.instance.end import End
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.intake import Intake
from pyca.pipeline.instance.jobs import NOUN
from pyca.pipeline.instance.shown import Shown
from pyca.pipeline.instance.surroundings import Surroundings
from pyca.pipeline.instance.users import Users
from pyca.pipeline.instance.work import Work
from pyca.pipeline.instance.workers import Workers
from pyca.pipeline.processing.prepare import Prepared
from pyca.runtime.channel import Channel, ChannelClosedError, close_files

_ABANDONED = 1
"""exit code"""


def run(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    """Be the instance of a pipeline until the server, the want of clients or its configuration ends it.

    It tells ``started`` (address), ``online``, ``kernel``, and ``input`` where others send to it. Where it
    ends by itself it tells ``over`` (why) and ``exitcode`` before.

    :param argument: ``name``, ``configuration``, and all of
        :class:`pyca.pipeline.instance.surroundings.Surroundings`
    :param files: the memory of the statistics
    """
    return job.run(lambda statistics: Instance(channel, argument, statistics), channel, files)


Task = tuple[Item, Work, Prepared | PycaError | None, bool]
"""a message, what is to be done with it, what it is prepared as or why not, and whether that is known"""


class Instance:
    """One pipeline that runs.

    :param channel: to the server
    :param argument: see :func:`run`
    :param statistics: the writer's side
    """

    def __init__(self, channel: Channel, argument: dict[str, Any], statistics: Statistics) -> None:
        self._channel = channel
        self._statistics = statistics
        self._around = around = Surroundings.of(argument)
        self._configuration = configuration = parse(argument["name"], argument["configuration"])
        self._log = log = logger_of(NOUN, configuration.name)
        self._kernel = choice.load()
        self._end = End()
        threads = configuration.processing_threads or 0
        self._users = Users(around, threaded=threads > 0, abandon=self._abandon)
        self._work = self._made(configuration)
        self._feed = feeds.make(configuration, around)
        figures = statistics.figures
        self._intake = Intake(self._feed, configuration, channel, figures, log, self._end)
        self._shown = Shown(channel)
        outlet = outlets.make(configuration, around, self._waits_on)
        self._delivery = Delivery(outlet, configuration, self._shown, figures, log, self._end)
        self._attendance = job.Attendance(statistics)
        self._threads = threads
        self._workers: Workers[Task, Outcome] | None = None
        self._trouble = ""
        """what the server was told last to be wrong"""

    def open(self) -> None:
        """Begin to listen for clients and find the source.

        :raises PycaError: where either is impossible
        """
        address = self._delivery.open()
        try:
            self._intake.open(patient=self._around.patient)
            if self._threads and self._configuration.pipeline_type != "script":
                self._workers = Workers(self._threads, self._outcome_of, self._finish)
        except BaseException:
            self._end.note("", at_once=True)
            self.close()
            raise
        self._log.info("Streams at %s, computes with the %s kernel", address, self._kernel.name)
        self._caution(())
        facts = {"started": address, "geometry": None, "online": not self._intake.why}
        more = {"input": self._feed.address} if self._configuration.pipeline_type == "fanin" else {}
        self._channel.send({**facts, "kernel": self._kernel.name, **more})

    def work(self) -> int:
        """Work until it is over; returns the exit code.

        :raises ChannelClosedError: where the server is gone
        """
        if self._configuration.pipeline_type == "script":
            from pyca.pipeline.instance.script import Script

            Script(lambda: self._work, self._intake, self._delivery, self._end, self._attend).run()
        while not self._end.is_due:
            item = self._intake.take()
            if item is not None:
                self._process(item)
            self._attend()
        if self._workers is not None:
            self._workers.drain(self._attend)
        if self._end.reason:
            self._log.info("It ends: %s", self._end.reason)
            self._statistics.figures.closing = 1
            self._statistics.publish()
            self._channel.send({"over": self._end.reason, "exitcode": self._end.exitcode})
        return self._end.exitcode

    def close(self) -> None:
        """Let go of source and clients."""
        if self._workers is not None:
            self._workers.close()
        self._intake.close()
        self._delivery.close()
        self._statistics.publish()

    def _made(self, configuration: Configuration) -> Work:
        if configuration.reload:
            self._users.forget()
        return Work(configuration, self._around, self._kernel, self._users.load)

    def _process(self, item: Item) -> None:
        work = self._work
        self._intake.note_taken(item)
        if self._workers is None:
            self._delivery.finish(item, self._outcome_of((item, work, None, False)))
            return
        prepared: Prepared | PycaError | None = None
        if work.keeps_order:
            try:
                prepared = work.prepare(item)
            except PycaError as error:
                # It is told in its turn, and by a thread that may wait for it.
                prepared = error
        self._workers.put((item, work, prepared, work.keeps_order), self._attend)

    def _outcome_of(self, task: Task) -> Outcome:
        item, work, prepared, is_prepared = task
        try:
            if not is_prepared:
                prepared = work.prepare(item)
            if isinstance(prepared, PycaError):
                return Outcome(work, error=prepared)
            return Outcome(work, work.values(item, prepared))
        except PycaError as error:
            return Outcome(work, error=error)
        except Exception as mistake:
            # Of ours, or of a library: a thread that ended by it would hold up all that follows.
            self._log.exception("A message cannot be processed")
            return Outcome(work, error=ImagingError(f"{type(mistake).__name__}: {mistake}"))

    def _finish(self, task: Task, outcome: Outcome) -> None:
        """Send what a thread has found, in that thread."""
        try:
            self._delivery.finish(task[0], outcome)
        except ChannelClosedError:
            self._end.note("", at_once=True)

    def _attend(self) -> bool:
        """Do what is due beside the messages; tells whether what is on its way is still wanted."""
        try:
            while not self._end.at_once and (found := self._channel.receive()) is not None:
                close_files(found[1])
                self._obey(found[0])
            self._tell_trouble()
        except ChannelClosedError:
            # Threads that wait for somebody who takes their message shall see it, too.
            self._end.note("", at_once=True)
            raise
        now = time.monotonic()
        timeout = self._configuration.no_client_timeout
        if self._attendance.is_over(self._delivery.look(), timeout, now):
            self._end.note(f"Nobody has listened for {timeout:g} s", at_once=True)
        self._statistics.tick(now)
        return not self._end.at_once

    def _waits_on(self) -> bool:
        """Do what is due while a message waits for its way out; tells whether to wait on."""
        # With threads it is another one that waits, and the main thread does what is due.
        return not self._end.at_once if self._workers is not None else self._attend()

    def _obey(self, request: dict[str, Any]) -> None:
        what = request["what"]
        if what == "stop":
            self._end.note("", at_once=True)
        elif what == "message":
            self._shown.ask(request)
        elif what == "configure":
            try:
                self._configure(parse(self._configuration.name, request["configuration"]))
            except PycaError as error:
                self._channel.send({"answer": request["ask"], "failed": faults.described(error)})
            else:
                self._channel.send({"answer": request["ask"]})

    def _caution(self, told: tuple[str, ...]) -> None:
        """Log what is allowed and still deserves attention, such as a key without effect."""
        for warning in self._configuration.warnings:
            if warning not in told:
                self._log.warning("%s", warning)

    def _configure(self, wanted: Configuration) -> None:
        self._work = self._made(wanted)
        before, self._configuration = self._configuration, wanted
        self._caution(before.warnings)
        self._intake.configure(wanted)
        self._delivery.configure(wanted)
        self._shown.forget()
        self._statistics.publish()

    def _abandon(self, why: str) -> None:
        """End at once, as a function of users cannot be ended in any other way."""
        self._log.error("%s", why)
        if self._delivery.aborts:
            self._statistics.figures.closing = 1
            self._statistics.publish()
            with suppress(ChannelClosedError):
                self._channel.send({"over": why, "exitcode": _ABANDONED})
        os._exit(_ABANDONED)

    def _tell_trouble(self) -> None:
        if (trouble := self._delivery.trouble) != self._trouble:
            self._trouble = trouble
            self._channel.send({"trouble": trouble})
