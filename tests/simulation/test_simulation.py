"""Thousands of events among faults: nothing is lost, nothing is sent twice, everything gets its final word.

Each scenario follows from its seed. ``SIMULATION_SEEDS=5000`` plays that many, ``SIMULATION_SEEDS=37-38``
plays these.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pyca.capture.finish import Result, finish
from pyca.core.recording import Part
from pyca.core.states import TRANSITIONS, EventState
from tests.measured import Measured
from tests.simulation.conftest import Stage, Tally

# They compute, and for as long as the machine needs for it.
pytestmark = pytest.mark.timeout(900)

SEEDS = 60
CHUNK = 20
TRIES = 150
"""Scenarios in which a fault in the product must have shown itself."""


def _seeds() -> range:
    first, _, last = os.environ.get("SIMULATION_SEEDS", str(SEEDS)).partition("-")
    return range(int(first), int(last) + 1) if last else range(int(first))


@pytest.mark.parametrize("first", _seeds()[::CHUNK])
def test_whatever_happens(stage: Stage, first: int, measured: Measured) -> None:
    wrong, tally = [], Tally()
    last = min(first + CHUNK, _seeds().stop) - 1
    for seed in range(first, last + 1):
        outcome = stage.play(seed)
        tally.add(outcome)
        if outcome.problems:
            wrong.append(outcome)
    measured(f"random faults, seeds {first:03}–{last:03}", str(tally))
    assert not wrong, "\n\n".join(str(outcome) for outcome in wrong)


def test_a_scenario_follows_from_its_seed(stage: Stage) -> None:
    assert str(stage.play(4711)) == str(stage.play(4711))


Patch = pytest.MonkeyPatch


def lose_parts(patch: Patch) -> None:
    def forgetful(jobs: Any, parts: Sequence[Part], **more: Any) -> Result:
        return finish(jobs, parts[:1], **more)

    patch.setattr("pyca.capture.finisher.finish", forgetful)


def mix_events_up(patch: Patch) -> None:
    seen: list[Part] = []

    def muddled(jobs: Any, parts: Sequence[Part], **more: Any) -> Result:
        made = finish(jobs, [*parts, *seen[-1:]], **more)
        seen.extend(parts)
        return made

    patch.setattr("pyca.capture.finisher.finish", muddled)


def call_twice(patch: Patch) -> None:
    patch.setattr("pyca.ingest.ledger.Ledger._may_repeat", lambda ledger, upload: True)


def adopt_nothing(patch: Patch) -> None:
    patch.setattr("pyca.capture.recorder.adopt_latest", lambda *_: None)


def never_restart(patch: Patch) -> None:
    patch.setattr("pyca.capture.lane.Lane._failed", lambda lane, reason, at_once=False: None)


def ignore_the_schedule(patch: Patch) -> None:
    patch.setattr("pyca.capture.recorder.Recorder.follow", lambda recorder, event, end: None)


def follow_the_wall_clock(patch: Patch) -> None:
    patch.setattr("pyca.core.clock.SteadyClock.now", lambda clock: clock._clock.now())


def forbid_a_late_start(patch: Patch) -> None:
    legal = TRANSITIONS[EventState.FAILED_RECORDING] - {EventState.RECORDING}
    patch.setitem(TRANSITIONS, EventState.FAILED_RECORDING, legal)


def say_nothing_of_missed_events(patch: Patch) -> None:
    patch.setattr("pyca.capture.service.CaptureService._note_missed", lambda service: None)


def give_no_reason(patch: Patch) -> None:
    from pyca.store import recordings

    miss = recordings.miss

    def mute(session: Any, event: Any, directory: Any, now: float, reason: str) -> None:
        miss(session, event, directory, now, "")

    patch.setattr(recordings, "miss", mute)


def leave_uploads_behind(patch: Patch) -> None:
    patch.setattr("pyca.ingest.ledger.Ledger.recover", lambda ledger: None)


def resume_at_the_wrong_track(patch: Patch) -> None:
    from pyca.store import uploads

    save = uploads.save

    def careless(session: Any, upload: Any) -> None:
        save(session, replace(upload, tracks_done=0))

    patch.setattr(uploads, "save", careless)


def tell_in_the_wrong_order(patch: Patch) -> None:
    from pyca.store import outbox

    pending = outbox.pending

    def reversed_(session: Any, limit: int = 50) -> Any:
        return pending(session, limit)[::-1]

    patch.setattr(outbox, "pending", reversed_)


def write_no_salvage(patch: Patch) -> None:
    patch.setattr("pyca.capture.finisher.found_parts", lambda *_: [])


BROKEN: dict[Callable[[Patch], None], str] = {
    lose_parts: "never sent",
    mix_events_up: "delivered under",
    call_twice: "was delivered 2 times",
    adopt_nothing: "two commands at once",
    never_restart: "coverage",
    ignore_the_schedule: "coverage",
    follow_the_wall_clock: "was to last",
    forbid_a_late_start: "a change was not stored",
    say_nothing_of_missed_events: "no final word",
    give_no_reason: "failed without a word",
    leave_uploads_behind: "stays “uploading”",
    resume_at_the_wrong_track: "times under",
    tell_in_the_wrong_order: "the server was told",
    write_no_salvage: "never sent",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_agent_is_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Patch], None]
) -> None:
    broken(monkeypatch)
    for seed in range(10_000, 10_000 + TRIES):
        if any(BROKEN[broken] in problem for problem in stage.play(seed).problems):
            return
    pytest.fail(f"{TRIES} scenarios went well with an agent that is broken: {broken.__name__}")
