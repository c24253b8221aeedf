"""A script that drives itself, and takes messages and makes others as it likes."""

from collections.abc import Callable, Iterator

from pyca.core.errors import ImagingError
from pyca.pipeline.instance.delivery import Delivery, Outcome
from pyca.pipeline.instance.end import End
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.intake import Intake
from pyca.pipeline.instance.work import Work
from pyca.pipeline.user.outputs import Outputs, Taken


class Script:
    """Runs the script of a pipeline, again where it fails and that is no reason to end.

    :param work: returns what the configuration says now
    :param attend: does what is due beside the messages
    """

    def __init__(
        self,
        work: Callable[[], Work],
        intake: Intake,
        delivery: Delivery,
        end: End,
        attend: Callable[[], bool],
    ) -> None:
        self._work = work
        self._intake = intake
        self._delivery = delivery
        self._end = end
        self._attend = attend
        self._last: Item | None = None
        """message that the script took last"""

    def run(self) -> None:
        """Run it until the instance ends.

        :raises ChannelClosedError: where the server is gone
        """
        while not self._end.is_due:
            work = self._work()
            try:
                self._follow(work)
            except ImagingError as error:
                self._delivery.fail(self._last, work, error)
                # One that fails at once is not run again and again without a message.
                next(self._messages(work), None)
            else:
                if self._work().function is work.function:
                    self._end.note("The script has ended")

    def _follow(self, work: Work) -> None:
        """Send what the script yields, until it ends or there is another one."""
        assert work.function is not None
        outputs = Outputs(work.function, self._messages(work), work.parameters)
        try:
            for output in outputs:
                values = work.selected(work.own(output.values))
                item = Item(output.pulse_id, output.nanoseconds, values)
                self._delivery.finish(item, Outcome(work, values))
                self._attend()
                if self._is_over(work):
                    return
        finally:
            outputs.close()

    def _messages(self, work: Work) -> Iterator[Taken]:
        while not self._is_over(work):
            item = self._intake.take()
            self._attend()
            if item is not None:
                self._last = item
                self._intake.note_taken(item)
                yield Taken(item.pulse_id, item.nanoseconds, {**item.values, **(item.merged or {})})

    def _is_over(self, work: Work) -> bool:
        """Tell whether the script gets no more messages; changed parameters are in the mapping it has."""
        now = self._work()
        if now.configuration is not work.configuration and now.function is work.function:
            work.follow(now)
        return self._end.is_due or now.function is not work.function
