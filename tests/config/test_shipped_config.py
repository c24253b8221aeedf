import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import imageio_ffmpeg
import pytest

from pyca.config import load
from pyca.config.keys import SECTIONS, kinds
from pyca.config.settings import Health, Input, Settings
from pyca.config.source import read_source
from pyca.media.health import picture_filters, sound_filters
from pyca.media.judge import SignalWatch

SHIPPED = Path(__file__).parents[2] / "etc" / "pyca.conf"
TEXT = SHIPPED.read_text("utf-8")
KEYS = [(section, key) for section, cls in SECTIONS.items() for key in kinds(cls)]


def test_the_shipped_file_is_without_warnings_and_contacts_nobody():
    settings = load(SHIPPED, {})
    assert settings.standalone
    assert settings.warnings == ()
    assert not settings.services
    assert not settings.agent.calendar
    assert settings.capture.files == ("{{dir}}/{{name}}.mkv",)
    assert settings.capture.preview == ("{{previewdir}}/preview.jpg",)
    assert settings.capture.container == "mp4"
    assert "{{time}}" not in settings.capture.command


def comment_before(section: str, key: str) -> str:
    """Return the comment above a key of the shipped file."""
    body = re.split(r"(?m)^#?\[\w+\]$", TEXT.split(f"\n[{section}]\n")[1])[0]
    before = re.split(rf"(?m)^#?{key} = ", body)
    assert len(before) == 2, f"{section}.{key} has to stand once"
    return before[0].rpartition("\n\n")[2]


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_each_key_is_documented_with_its_default(section, key):
    kind = kinds(SECTIONS[section])[key]
    default = getattr(getattr(Settings(), section), key)
    stated = re.search(r"# Default: (\S.*)", comment_before(section, key))
    assert stated
    assert stated[1].startswith(kind.show(default).replace("'********'", f"'{default}'"))


@pytest.mark.parametrize("key", list(kinds(Input)))
def test_each_key_of_an_input_is_named(key):
    assert key in TEXT.split("# Named inputs")[1].split("[inputs]")[0]


def test_the_file_with_everything_in_it_switched_on_loads(tmp_path):
    switched_on = re.sub(r"(?m)^#(?=\w+ = |\[|    -)", "", TEXT)
    file = tmp_path / "pyca.conf"
    file.write_text(switched_on)
    tree, report = read_source(file)
    assert report.problems == []
    assert {(section, key) for section in SECTIONS for key in tree[section]} == set(KEYS)
    settings = load(file, {})
    assert list(settings.inputs) == ["camera", "screen"]
    assert list(settings.services) == ["org.opencastproject.ingest"]
    assert settings.warnings == ()


@pytest.mark.system
@pytest.mark.parametrize("ffmpeg", ["ffmpeg", imageio_ffmpeg.get_ffmpeg_exe()])
def test_the_shipped_command_records_and_ends_on_sigint(tmp_path, ffmpeg):
    words = shlex.split(load(SHIPPED, {}).capture.command)
    filters = {"picture_health": picture_filters(Health()), "sound_health": sound_filters(Health())}
    for name, value in {"dir": tmp_path, "name": "test", "previewdir": tmp_path, **filters}.items():
        words = [word.replace(f"{{{{{name}}}}}", str(value)) for word in words]
    arguments = [ffmpeg, *words[1:]]
    report = tmp_path / "report"
    with report.open("ab") as output:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, start_new_session=True)
    try:
        track, preview = tmp_path / "test.mkv", tmp_path / "preview.jpg"
        deadline = time.monotonic() + 30
        while not (preview.exists() and track.exists() and track.stat().st_size > 100_000):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert preview.read_bytes()[-2:] == b"\xff\xd9"
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=10) == 255
    finally:
        process.kill()
        process.wait()
    probed = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", str(track)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert probed.stdout.split() == ["h264", "aac"]
    watch = SignalWatch(Health())
    watch.feed(report.read_text(), 0)
    assert watch.faults() == ()
    assert -60 < (watch.level or 0) < -15  # the last second is not whole
