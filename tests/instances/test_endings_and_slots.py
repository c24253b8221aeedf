"""What is remembered of instances that are over, and the table of those that are not."""

import threading

from pyca.core.errors import BusyError, MachineError, OfflineError, UnknownNameError, WireError
from pyca.instances import faults
from pyca.instances.endings import Ending, Endings
from pyca.instances.slots import Slots


def test_only_the_newest_endings_are_remembered() -> None:
    endings = Endings(most=2)
    for name in ("a", "b", "a", "c"):
        endings.note(name, Ending(len(endings.everything()), f"reason of {name}"))
    assert list(endings.everything()) == ["a", "c"]
    assert endings.of("b") is None
    found = endings.of("c")
    assert found is not None and found.reason == "reason of c"
    endings.forget("c")
    endings.forget("unknown")
    assert list(endings.everything()) == ["a"]


def test_an_ending_in_words() -> None:
    told = Ending(3, "Somebody said so", moment=1_774_600_000.0).told
    assert told == "it ended at 2026-03-27 08:26:40 UTC with exit code 3: Somebody said so"


def test_a_slot_is_the_same_for_all_who_use_it_and_is_gone_afterwards() -> None:
    slots: Slots[object] = Slots()  # type: ignore[type-var]
    with slots.hold("one") as first:
        with slots.hold("one") as second:
            assert second is first
        waiting = slots.enter("one")
        assert waiting is first
    assert slots.get("one") is first
    slots.leave(waiting)
    assert slots.get("one") is None
    assert not slots.everything()


def test_a_slot_is_for_one_thread_at_a_time() -> None:
    slots: Slots[object] = Slots()  # type: ignore[type-var]
    done = threading.Event()

    def other() -> None:
        with slots.hold("one"):
            done.set()

    with slots.hold("one"):
        thread = threading.Thread(target=other)
        thread.start()
        with slots.hold("two"):
            assert not done.is_set()
    thread.join(60)
    assert done.is_set()


def test_errors_keep_their_kind_between_processes() -> None:
    for kind in (OfflineError, BusyError, MachineError, UnknownNameError):
        found = faults.restored(faults.described(kind("What it is", "what to do")))
        assert type(found) is kind
        assert (found.message, found.remedy) == ("What it is", "what to do")
    assert faults.described(WireError("What it is"))["kind"] == "ImagingError"
