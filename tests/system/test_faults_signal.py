"""What cameras and microphones do: fall silent, go black, stand still, are unplugged. Alarms say so."""

import base64
import os
import shlex
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from pyca.core.alarm import AlarmKind
from pyca.core.event import Event
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.store import alarms, events
from tests.measured import Measured
from tests.system_faults import parts, until
from tests.system_rig import AGENT, Rig, soon

pytestmark = pytest.mark.system

BEGIN = 4.0
"""Seconds of media after which the faults begin."""
ENCODE = (
    "-map 0:v -map 1:a -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -c:a aac"
    " -cluster_time_limit 1000 -flush_packets 1 -y"
)
HEALTH = "-map 0:v -vf {{picture_health}} -f null - -map 1:a -af {{sound_health}} -f null -"
PICTURE = "testsrc2=s=160x120:r=25"
SOUND = "sine=f=440:r=48000"
AFTER = f"enable=gt(t\\,{BEGIN:g})"
FROZEN = f"{PICTURE},loop=loop=-1:size=1:start={BEGIN * 25:.0f},setpts=N/25/TB"


def camera(picture: str, sound: str, health: str = HEALTH, still: str = "") -> dict[str, object]:
    """Return an input whose source changes while it runs."""
    sources = [f"-re -f lavfi -i {shlex.quote(one)}" for one in (picture, sound)]
    preview = f"-map 0:v -r 1 -update 1 -atomic_writing 1 -y {still}" if still else ""
    command = (
        f"ffmpeg -nostats -hide_banner -loglevel warning {' '.join(sources)}"
        f" {ENCODE} {{{{dir}}}}/{{{{name}}}}.mkv {health} {preview}"
    )
    return {"command": command, "files": "{{dir}}/{{name}}.mkv", "preview": still}


INPUTS = {
    "well": camera(PICTURE, SOUND),
    "black": camera(f"{PICTURE},drawbox=t=fill:c=black:{AFTER}", SOUND),
    "silent": camera(PICTURE, f"{SOUND},volume=0:{AFTER}"),
    "frozen": camera(FROZEN, f"{SOUND},volume=40dB:{AFTER}"),
    "short": camera(PICTURE, f"{SOUND}:d={BEGIN:g}"),
    "dark": camera(
        f"{PICTURE},drawbox=t=fill:c=black:{AFTER}", SOUND, health="", still="{{previewdir}}/dark.jpg"
    ),
}
EXPECTED = {
    ("black", AlarmKind.BLACK),
    ("silent", AlarmKind.SILENCE),
    ("frozen", AlarmKind.FROZEN),
    ("frozen", AlarmKind.CLIPPING),
    ("short", AlarmKind.GAP),
    ("dark", AlarmKind.BLACK),
}


def hook(folder: Path) -> tuple[str, Path]:
    """Return a hook that writes down each alarm and the moment at which it was told."""
    script, told = folder / "hook.sh", folder / "told"
    line = 'echo "$(date +%s.%N)|$HOOK_INPUT|$HOOK_ALARM|$HOOK_ALARM_STATE|$HOOK_EVENT_TITLE"'
    script.write_text(f"#!/bin/sh\n{line} >> '{told}'\n")
    script.chmod(0o755)
    return f'"{script}"', told


def heard(told: Path) -> dict[tuple[str, AlarmKind], float]:
    """Return when each alarm was told first."""
    found: dict[tuple[str, AlarmKind], float] = {}
    for line in told.read_text().splitlines() if told.exists() else []:
        moment, source, kind, state, title = line.split("|")
        assert title
        if state == "raised":
            found.setdefault((source, AlarmKind(kind)), float(moment))
    return found


def plan(rig: Rig, start: float, seconds: float, *inputs: str) -> None:
    with rig.database.write() as session:
        events.add(session, Event("uid-1", "Lecture", start, start + seconds, inputs=inputs))
    ring(rig.database.scope, ServiceName.CAPTURE)


def fetch(rig: Rig, path: str) -> str:
    """Return what the page or the metrics say."""
    login = base64.b64encode(b"admin:geheim").decode()
    request = urllib.request.Request(f"http://127.0.0.1:{rig.port}{path}")
    request.add_header("Authorization", f"Basic {login}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def test_alarms_about_sound_and_picture(rig: Rig, measured: Measured) -> None:
    command, told = hook(rig.folder)
    rig.configure(INPUTS, hooks={"alarm": command})
    agent = rig.start("all")
    rig.wait_until_up((*AGENT, ServiceName.UI))
    start = soon(3)
    plan(rig, start, 24)
    rig.wait(lambda: heard(told).keys() >= EXPECTED, f"{EXPECTED} to be told")
    first = heard(told)
    page, metrics = fetch(rig, "/"), fetch(rig, "/metrics")
    for words in ("The picture is black", "No sound", "The picture stands still", "The sound is too loud"):
        assert words in page
    for kind, number in (("black", 2), ("silence", 1), ("frozen", 1), ("clipping", 1)):
        assert f'pyca_alarms{{kind="{kind}"}} {number}.0' in metrics
        assert f"alarm ({kind}): “Lecture”" in agent.output()
    with rig.database.read() as session:
        raised = {(one.input, one.kind) for one in alarms.history(session)}
    assert raised >= EXPECTED
    assert not [one for one in raised if one[0] == "well"], raised
    rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    with rig.database.read() as session:
        assert alarms.active(session, time.time()) == []
    for source, kind in sorted(EXPECTED):
        measured(
            f"{kind} ({'by its preview' if source == 'dark' else 'by the command'})",
            f"alarm by hook {first[source, kind] - start - BEGIN:.1f} s after it began;"
            " on the page, in metrics, in the log",
        )


def test_a_command_that_stops_writing(rig: Rig, measured: Measured) -> None:
    command, told = hook(rig.folder)
    rig.configure({"well": INPUTS["well"]}, hooks={"alarm": command})
    rig.start("run")
    rig.wait_until_up()
    start = soon(3)
    plan(rig, start, 24)
    until(start + 7)
    (ffmpeg,) = rig.commands()
    stopped = time.time()
    ffmpeg.send_signal(signal.SIGSTOP)
    rig.wait(lambda: ("well", AlarmKind.NO_DATA) in heard(told), "the alarm")
    after = heard(told)["well", AlarmKind.NO_DATA] - stopped
    rig.wait(lambda: len(parts(rig, "uid-1")) > 1, "the next part")
    replaced = parts(rig, "uid-1")[1].started - stopped
    rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    measured(
        "file does not grow (FFmpeg stopped)", f"alarm after {after:.1f} s, replaced after {replaced:.1f} s"
    )


def test_a_device_that_is_unplugged(rig: Rig, measured: Measured) -> None:
    """A named pipe is the device: its writer goes away, and comes back."""
    command, told = hook(rig.folder)
    device = rig.folder / "device.ts"
    source = (
        f"ffmpeg -v error -re -f lavfi -i {PICTURE} -c:v libx264 -preset ultrafast -tune zerolatency -g 25"
        f" -pix_fmt yuv420p -f mpegts -y '{device}'"
    )
    reader = "ffmpeg -nostats -hide_banner -loglevel warning -f mpegts -i {{previewdir}}/../device.ts -c copy"
    one = {
        "command": f"{reader} -cluster_time_limit 1000 -flush_packets 1 -y {{{{dir}}}}/{{{{name}}}}.mkv",
        "files": "{{dir}}/{{name}}.mkv",
    }
    rig.configure({"hdmi": one}, hooks={"alarm": command})
    (rig.folder / "previews").mkdir()
    os.mkfifo(device)
    plugged = rig.accompany(shlex.split(source))
    rig.start("run")
    rig.wait_until_up()
    start = soon(3)
    plan(rig, start, 24)
    until(start + 6)
    pulled = time.time()
    plugged.kill()
    plugged.wait()
    rig.wait(lambda: heard(told), "the alarm")
    after = min(heard(told).values()) - pulled
    until(pulled + 6)
    rig.accompany(shlex.split(source))
    again = time.time()
    rig.wait(lambda: growing(rig), "the next part")
    measured(
        "device unplugged for 6 s",
        f"alarm after {after:.1f} s, recording again {time.time() - again:.1f} s after it was back",
    )
    rig.wait_for_state("uid-1", EventState.FINISHED_UPLOADING)
    assert any("over" in line for line in told.read_text().splitlines())


def growing(rig: Rig) -> bool:
    """Tell whether a part after the first one has content."""
    files = [Path(file) for part in parts(rig, "uid-1")[1:] for file in part.files]
    return any(file.exists() and file.stat().st_size > 10_000 for file in files)
