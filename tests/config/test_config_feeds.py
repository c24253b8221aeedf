"""Mistakes and risks of cameras of the camera server as inputs."""

import pytest

COMMAND = "ffmpeg {} -c copy {{{{dir}}}}/{{{{name}}}}.mkv"
FILES = "files = {{dir}}/{{name}}.mkv"


def command(words: str) -> str:
    return f"[capture]\ncommand = {COMMAND.format(words)}\n{FILES}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (command("{{camera:}}"), ":2: capture.command: found “{{camera:}}”, expected the name of a camera"),
        (command("{{camera:a/b}}"), "found “{{camera:a/b}}”, expected the name of a camera"),
        (command("{{camera:..}}"), "expected the name of a camera"),
        (command("-i {{camera:a}}x"), "has {{camera:…}} within a word"),
        (command("{{camera}}"), "found “{{camera}}”, expected one of"),
        ("[capture]\nfiles = {{camera:a}}", "capture.files: found “{{camera:a}}”"),
        ("[live]\ninput = camera:", ":2: live.input: found “camera:”, expected the name of a camera"),
        ("[live]\ninput = camera:a/b", ":2: live.input: found “camera:a/b”"),
    ],
)
def test_mistakes_are_told(refuse, text, problem):
    assert any(problem in one for one in refuse(text))


@pytest.mark.parametrize(
    "text",
    [
        command("{{camera:simulation}}"),
        command("'{{camera:two words?min_value=0&max_value=4095}}'"),
        "[live]\ninput = camera:simulation",
        "[live]\ninput = Camera:beam?max_value=100",
    ],
)
def test_what_is_well_formed_gives_no_warning(configure, text):
    assert configure(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (f"[camera]\nauthentication = on\n{command('{{camera:a}}')}", "camera.authentication is on"),
        (f"[camera]\nbind = 0.0.0.0\n{command('{{camera:a}}')}", "camera.bind is not localhost alone"),
        (
            "[camera]\nauthentication = on\n[live]\ninput = camera:a",
            "live.input: is a camera of the",
        ),
    ],
)
def test_cameras_that_nobody_may_read(configure, text, warning):
    assert any(warning in one for one in configure(text).warnings)
