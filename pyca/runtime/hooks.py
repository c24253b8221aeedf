"""Hooks: commands of the operator that are run when something happens. Nothing ever waits for them."""

import logging
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from enum import StrEnum

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import CommandError
from pyca.core.event import Event
from pyca.runtime.command import build_argv
from pyca.runtime.output import last_output

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""How many hooks run side by side; the others wait for a place."""
WAITING = 100
"""How many may wait: a hook that hangs must not fill the memory in the months until somebody looks."""
KEPT = 4096
"""Bytes of a hook's output that are kept for the log."""
PATIENCE = 3.0
"""Seconds that hooks have to end when their service does: its next run is kept waiting meanwhile."""
_DYING = 3.0
"""seconds to wait for those that were killed"""


class Hook(StrEnum):
    """What hooks are run for: the keys of ``[hooks]``."""

    RECORDING_START = "recording_start"
    RECORDING_STOP = "recording_stop"
    RECORDING_FAILED = "recording_failed"
    ALARM = "alarm"
    UPLOAD_DONE = "upload_done"


class Hooks:
    """Runs the configured hooks in the background, each with a time limit."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._commands = {hook: getattr(settings.hooks, hook) for hook in Hook}
        self._time_limit = settings.hooks.time_limit
        self._agent = settings.agent.name
        self._clock = clock
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="hook")
        self._cancelled = threading.Event()
        # Hooks are run from several threads: the recorder's, the finisher's.
        self._lock = threading.Lock()
        self._work: set[Future[None]] = set()
        self._closed = False

    def run(self, hook: Hook, facts: Mapping[str, str], event: Event | None = None) -> None:
        """Run a hook soon, where one is configured; returns at once.

        :param facts: what happened, as variable → text, without the common ``HOOK_``
        :param event: the event that it is about
        """
        command = self._commands[hook]
        if not command.strip():
            return
        told = {"NAME": str(hook), "AGENT": self._agent, **_about(event), **facts}
        with self._lock:
            if self._closed:
                logger.warning("hook %s is left out: the service ends", hook)
                return
            if len(self._work) >= WAITING:
                logger.warning("hook %s is left out: %d others have not ended yet", hook, len(self._work))
                return
            future = self._pool.submit(self._run, hook, command, told)
            self._work.add(future)
        # Outside the lock: where it is done already this calls at once.
        future.add_done_callback(self._ended)

    def close(self, patience: float = PATIENCE) -> None:
        """Let hooks end that run or wait, for a short while; what is left then is killed or left out.

        :param patience: seconds for all of them together
        """
        with self._lock:
            self._closed = True
            open_ = set(self._work)
        self._pool.shutdown(wait=False)
        _, late = wait(open_, patience)
        left_out = {future for future in late if future.cancel()}
        if left_out:
            logger.warning("%d hooks are left out: the service ends", len(left_out))
        self._cancelled.set()
        wait(late - left_out, _DYING)

    def _ended(self, future: Future[None]) -> None:
        with self._lock:
            self._work.discard(future)

    def _run(self, hook: Hook, command: str, facts: Mapping[str, str]) -> None:
        try:
            said = last_output(
                build_argv(command, {}),
                self._clock,
                limit=self._time_limit,
                keep=KEPT,
                env={**os.environ, **_variables(facts)},
                cancelled=self._cancelled,
            )
        except CommandError as error:
            logger.error("hook %s: %s", hook, error)
        except Exception:
            # A hook is the operator's: whatever it does, the next one must still be run.
            logger.exception("hook %s", hook)
        else:
            self._tell(hook, said.code, said.text.strip())

    def _tell(self, hook: Hook, code: int | None, text: str) -> None:
        words = f": {text.splitlines()[-1]}" if text else ""
        if code is None and self._cancelled.is_set():
            logger.error("hook %s was cut short: the service ends%s", hook, words)
        elif code is None:
            logger.error("hook %s was killed after %.0f s%s", hook, self._time_limit, words)
        elif code:
            logger.error("hook %s ended with exit code %d%s", hook, code, words)
        else:
            logger.info("hook %s was run", hook)


def _about(event: Event | None) -> dict[str, str]:
    if event is None:
        return {}
    return {
        "EVENT_ID": event.uid,
        "EVENT_TITLE": event.title,
        "EVENT_START": f"{event.start:.0f}",
        "EVENT_END": f"{event.end:.0f}",
        "EVENT_CREATOR": event.creator,
        "EVENT_LOCATION": event.location,
        "EVENT_SERIES": event.series,
    }


def _variables(facts: Mapping[str, str]) -> dict[str, str]:
    # A calendar may hold anything; the environment takes no NUL and no half of a surrogate pair.
    return {
        f"HOOK_{name}": text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        for name, text in facts.items()
    }
