"""All instances of pipelines and what each of them shall be."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from pyca.core.errors import BusyError, ImagingError, PycaError, UnknownNameError
from pyca.instances.instances import Instances
from pyca.instances.launcher import Launcher
from pyca.instances.places import Places
from pyca.instances.running import Running
from pyca.pipeline.control.chains import Chains
from pyca.pipeline.control.chores import Chores, Key
from pyca.pipeline.control.permanent import Permanent
from pyca.pipeline.control.saved import Saved
from pyca.pipeline.control.table import Entry, Table, has_function
from pyca.pipeline.files.configuration import Configuration, merged
from pyca.pipeline.instance.jobs import NOUN
from pyca.runtime.nursery import Nursery

logger = logging.getLogger(__name__)

_SETTLES = 1.0
"""seconds that somebody who asks waits for an instance that is just being ended"""
_LOOKS = 0.02


class Roster:
    """Makes instances, changes them, and starts again those that shall run. May be used by any thread.

    :param saved: the saved pipelines
    :param permanent: which instances shall always run
    :param places: gives out the streams' addresses
    """

    def __init__(
        self,
        saved: Saved,
        permanent: Permanent,
        launcher: Launcher[Configuration],
        nursery: Nursery,
        places: Places,
    ) -> None:
        self._saved = saved
        self._permanent = permanent
        self._table = Table()
        self.instances = Instances(
            self._read, launcher, nursery, places, noun=NOUN, gone=self._table.drop, gives_up=gives_up
        )
        self._chains = Chains(self._known, self.instances.stream, self.instances.find)
        self._chores = Chores()

    def create(self, configuration: Configuration, origin: str = "") -> tuple[str, Configuration]:
        """Start a private instance; its id is the configuration's name.

        :param origin: name of the saved pipeline that it is made from
        :return: the address of its stream, and its configuration
        :raises BusyError: where one of this id runs
        :raises PycaError: where it cannot be started
        """
        made: list[Entry] = []
        address = self.instances.create(configuration.name, partial(self._make, configuration, origin, made))
        return address.shown, made[0].configuration

    def share(self, configuration: Configuration) -> tuple[str, str, Configuration]:
        """Return id, address and configuration of a read-only instance that does as a configuration says."""
        for name in self._table.equal(configuration):
            running, entry = self.instances.find(name), self._table.get(name)
            if running is not None and entry is not None and running.usable():
                return name, running.address.shown, entry.configuration
        shown = configuration.as_json() | {"name": "", "read_only": True}
        # Who wants the same at the same time gets the same.
        name = str(uuid5(NAMESPACE_OID, json.dumps(shown, sort_keys=True)))
        wanted = configuration.renamed(name)
        made: list[Entry] = []
        address = self.instances.stream(name, partial(self._make, wanted, "", made, shared=True))
        entry = made[0] if made else self._table.get(name)
        return name, address.shown, entry.configuration if entry else wanted

    def stream(self, name: str) -> str:
        """Return the address of an instance's stream; a saved pipeline of its name is started.

        :raises UnknownNameError: where there is neither
        :raises PycaError: where it cannot be started
        """
        return self.instances.stream(name).shown

    def entry(self, name: str) -> Entry | None:
        """Return what an instance shall be, None where there is none."""
        return self._table.get(name)

    def running(self) -> dict[str, tuple[Running[Configuration], Entry]]:
        """Return all that run, sorted by id, each with what it shall be."""
        entries = self._table.everything()
        found = sorted(self.instances.running().items())
        return {name: (one, entries[name]) for name, one in found if name in entries}

    def find(self, name: str) -> tuple[Running[Configuration], Entry]:
        """Return an instance that runs and what it shall be.

        :raises UnknownNameError: where there is none; how it ended is the remedy
        :raises BusyError: where it is just being started, also after a crash
        """
        until = time.monotonic() + _SETTLES
        while True:
            running, entry = self.instances.find(name), self._table.get(name)
            if entry is None:
                raise self.unknown(name)
            if running is not None:
                return running, entry
            # Whoever waits for its end asks again and again, and has no use for an error in between.
            if time.monotonic() >= until:
                raise BusyError(f"Instance '{name}' is just being started or ended.", "Try again.")
            time.sleep(_LOOKS)

    def unknown(self, name: str) -> UnknownNameError:
        """Return what is said where no instance has a name."""
        ending = self.instances.endings.of(name)
        return UnknownNameError(f"Instance '{name}' does not exist.", ending.told if ending else "")

    def change(self, name: str, update: Mapping[str, Any]) -> Configuration:
        """Change an instance that runs; returns its whole configuration once it does so.

        :raises UnknownNameError: where there is none
        :raises ImagingError: where nobody may change it
        :raises ConfigError: with all that is wrong
        """
        with self.instances.hold(name):
            entry = self._table.get(name)
            if entry is None:
                raise self.unknown(name)
            if entry.read_only:
                raise ImagingError("Cannot set config on a read only instance.")
            wanted = merged(entry.configuration, update)
            self._saved.check_background(wanted)
            changed = replace(entry, configuration=wanted, asked=merged(entry.asked, update))
            self._table.put(name, changed)
            try:
                self._apply(name, changed)
            except PycaError:
                if self._table.get(name) is not None:
                    self._table.put(name, entry)
                raise
            if changed.permanent and changed.origin:
                # So that it is the same after the next start.
                self._saved.save(changed.origin, dict(changed.asked.given))
            return replace(wanted, reload=False)

    def stop_all(self) -> None:
        """Stop all instances."""
        with self._chores.paused():
            self.instances.stop_all()
            # What was being started for one of them meanwhile.
            self.instances.stop_all()

    def look_after(self) -> None:
        """Have done what is due. Returns at once; for one thread."""
        self.instances.look_after()
        running, entries = self.instances.running(), self._table.everything()
        due: dict[Key, tuple[str, Callable[[], object]]] = {}
        wanted = self._permanent.wanted()
        for name in wanted:
            if name not in running and self.instances.is_over(name):
                due["start", name] = f"Permanent instance {name}", partial(self.instances.stream, name)
        for name, entry in entries.items():
            if name not in running:
                continue
            if entry.permanent != (name in wanted):
                due["mark", name] = f"Instance {name}", partial(self._mark, name, name in wanted)
            if self._is_useless(entry, running):
                due["end", name] = f"Instance {name}", partial(self._end, name)
            elif self._can_be_linked(entry, running):
                due["link", name] = f"Instance {name}", partial(self._link, name)
        self._chores.keep(entries.keys() | wanted.keys())
        for key, (what, work) in due.items():
            self._chores.do(key, what, work)

    def close(self) -> None:
        """Stop all instances, and look after none any more."""
        self._chores.end()
        self.instances.close()
        self._chores.close()

    def _read(self, name: str) -> Configuration:
        """Return the configuration of an instance that is started. While its slot is held."""
        entry = self._table.get(name)
        if entry is not None:
            return entry.wanted
        origin, configuration = self._startable(name)
        return self._make(configuration, origin, [], shared=origin == name)

    def _startable(self, name: str) -> tuple[str, Configuration]:
        """Return the saved pipeline of an instance that can be started by its id, and its configuration."""
        origin = self._permanent.wanted().get(name, name)
        configuration = self._saved.as_shared(name) if origin == name else self._saved.named(origin)
        return origin, configuration.renamed(name)

    def _make(
        self, configuration: Configuration, origin: str, made: list[Entry], *, shared: bool = False
    ) -> Configuration:
        """Note a new instance and return what its process shall do. While its slot is held.

        :param made: gets what was noted
        """
        self._saved.check_background(configuration)
        self._check_file(configuration)
        read_only = shared or configuration.read_only
        permanent = configuration.name in self._permanent.wanted()
        # Its process is a new one, which loads everything anyway.
        linked = replace(self._chains.linked(configuration), reload=False)
        entry = Entry(linked, configuration, read_only, origin, permanent)
        self._table.put(configuration.name, entry)
        made.append(entry)
        return entry.wanted

    def _check_file(self, configuration: Configuration) -> None:
        """Refuse a file that another instance is writing."""
        for name, (_, entry) in self.running().items():
            other = entry.configuration
            if configuration.mode == other.mode == "FILE" and configuration.file == other.file:
                raise BusyError(
                    f"Instance '{name}' is writing the file '{other.file}'.", "Stop it, or name another file."
                )

    def _known(self, name: str) -> Configuration:
        """Return the configuration that an instance has or would have."""
        entry = self._table.get(name)
        return entry.configuration if entry is not None else self._startable(name)[1]

    def _apply(self, name: str, entry: Entry) -> None:
        """Have an instance that runs do as it shall. While its slot is held."""
        self.instances.apply(name, entry.wanted)
        if entry.configuration.reload and (running := self.instances.find(name)) is not None:
            # It holds once: the next change to it is another one.
            running.configuration = replace(running.configuration, reload=False)

    def _mark(self, name: str, permanent: bool) -> None:
        with self.instances.hold(name):
            if (entry := self._table.get(name)) is not None:
                changed = replace(entry, permanent=permanent)
                self._table.put(name, changed)
                self._apply(name, changed)

    def _is_useless(self, entry: Entry, running: Mapping[str, Running[Configuration]]) -> bool:
        """Tell whether what it sends to has ended of its own accord, as nobody wants any more of it."""
        name = entry.configuration.output_pipeline
        if not name or entry.permanent or name in running or not self.instances.is_over(name):
            return False
        ending = self.instances.endings.of(name)
        return ending is not None and ending.by_itself

    def _end(self, name: str) -> None:
        """Stop an instance that is of no use: what it sends to would end and be begun again for ever."""
        with self.instances.hold(name):
            entry = self._table.get(name)
            if entry is None or not self._is_useless(entry, self.instances.running()):
                return
            reason = f"pipeline '{entry.configuration.output_pipeline}', which it sends to, has ended"
            logger.info("Instance %s ends: %s", name, reason)
            self.instances.stop(name, reason)

    def _can_be_linked(self, entry: Entry, running: Mapping[str, Running[Configuration]]) -> bool:
        """Tell whether something that it names is gone or elsewhere, and not just being started again."""
        if self._chains.is_whole(entry.configuration, running):
            return False
        names = (entry.configuration.input_pipeline, entry.configuration.output_pipeline)
        return all(not name or name in running or self.instances.is_over(name) for name in names)

    def _link(self, name: str) -> None:
        """Start what an instance reads from or writes to, and tell it where that is now."""
        with self.instances.hold(name):
            entry = self._table.get(name)
            if entry is None or self.instances.find(name) is None:
                return
            changed = replace(entry, configuration=self._chains.linked(entry.configuration))
            logger.info("Instance %s: what it needs is there again", name)
            self._table.put(name, changed)
            self._apply(name, changed)


def gives_up(configuration: Configuration) -> bool:
    """Tell whether an instance whose process ended unexpectedly is over: its function may have ended it."""
    return has_function(configuration) and configuration.abort_on_error
