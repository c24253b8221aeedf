import shlex
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import CommandError
from pyca.runtime.command import build_argv, fill, needs

VALUES = {"time": "90", "dir": '/data/Hörsaal 1/it\'s "here"', "name": "recording-1-ä b", "previewdir": "/p"}


def test_values_stay_one_word_however_they_are_quoted():
    argv = build_argv("ffmpeg -t {{time}} {{dir}}/{{name}}.webm '{{dir}}/x' \"a {{name}}\"", VALUES)
    assert argv == [
        "ffmpeg",
        "-t",
        "90",
        VALUES["dir"] + "/" + VALUES["name"] + ".webm",
        VALUES["dir"] + "/x",
        "a " + VALUES["name"],
    ]


def test_line_ends_are_blanks():
    assert build_argv("ffmpeg\n  -i a \\\n  -y\t'b\\c'", {}) == ["ffmpeg", "-i", "a", "-y", "b\\c"]


@pytest.mark.parametrize("template", ["", "  \n", "''"])
def test_an_empty_command_is_refused(template):
    with pytest.raises(CommandError, match="empty"):
        build_argv(template, VALUES)


@pytest.mark.parametrize("template", ["ffmpeg 'x", 'ffmpeg "x', "ffmpeg x\\"])
def test_open_quotes_are_refused(template):
    with pytest.raises(CommandError, match="close every quote"):
        build_argv(template, VALUES)


def test_an_unknown_placeholder_is_named_with_the_known_ones():
    with pytest.raises(CommandError, match=r"\{\{tiem\}\}.*known are \{\{dir\}\}.*\{\{time\}\}"):
        build_argv("ffmpeg -t {{tiem}}", VALUES)


def test_placeholders_inside_values_stay():
    assert fill("{{name}}", {"name": "{{dir}}", "dir": "x"}) == "{{dir}}"


def test_needs():
    assert needs("x -t {{time}} {{dir}}", "time")
    assert not needs("x -t time {{timer}}", "time")


@given(st.lists(st.text(printable, min_size=1), min_size=1), st.text())
def test_quoted_words_come_back(words, name):
    words = [word.replace("{", "(").replace("\\\n", "").replace("\\\r\n", "") for word in words]
    words = [word for word in words if word] or ["x"]
    argv = build_argv(shlex.join([*words, "{{name}}"]), {"name": name})
    assert argv == [*words, name]
