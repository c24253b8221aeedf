import os

import pytest

FILES = "files = '{{dir}}/{{name}}.mkv'\n"


def capture(command: str, more: str = FILES) -> str:
    return f"[capture]\ncommand = '''{command}'''\n{more}"


@pytest.mark.parametrize(
    ("command", "warning"),
    [
        ("no-such-recorder {{dir}}", "capture.command: the program “no-such-recorder” is not found on PATH"),
        ("/no/such/script {{dir}}", "capture.command: the program “/no/such/script” does not exist"),
        ("/etc/passwd {{dir}}", "capture.command: the program “/etc/passwd” is not executable"),
        ("/etc {{dir}}", "capture.command: the program “/etc” does not exist"),
        *(
            (f"ffmpeg -i x {word} -y {{{{dir}}}}/{{{{name}}}}.mkv", f"capture.command: “{word}” reaches")
            for word in ("|", ">", "2>&1", "<", "&&", ";", "$CAMERA", "${CAMERA}", "`date`", "$(date)")
        ),
        ("ffmpeg -i x {{dir}}/{{name}}.mp4", "capture.files: “{{dir}}/{{name}}.mkv” does not appear"),
        (
            "/usr/bin/ffmpeg -i x {{dir}}/{{name}}.mp4",
            "capture.files: “{{dir}}/{{name}}.mkv” does not appear",
        ),
    ],
)
def test_a_command_that_cannot_work_is_warned_of(configure, command, warning):
    (found,) = [one for one in configure(capture(command)).warnings if ": capture." in one]
    assert warning in found


def test_a_preview_that_nobody_writes_is_warned_of(configure):
    text = capture("ffmpeg -i x {{dir}}/{{name}}.mkv", FILES + "preview = '{{previewdir}}/preview.jpg'")
    (warning,) = configure(text).warnings
    assert "capture.preview: “{{previewdir}}/preview.jpg” does not appear" in warning


@pytest.mark.parametrize(
    "command",
    [
        "ffmpeg -i x -f tee '[f=matroska]{{dir}}/{{name}}.mkv|[f=flv]rtmp://host/live'",
        "ffmpeg -filter_complex '[0:v]scale=2:2[a]; [a]null' {{dir}}/{{name}}.mkv",
        "sh -c 'cat < $CAMERA > {{dir}}/{{name}}.mkv'",
        "env '{{dir}}' '{{name}}' {{time}}",
        "ffmpeg -i x \\\n -y {{dir}}/{{name}}.mkv",
    ],
)
def test_a_command_that_works_gives_no_warning(configure, command):
    assert configure(capture(command)).warnings == ()


def test_programs_are_sought_on_the_path_of_the_environment(configure, tmp_path):
    program = tmp_path / "recorder"
    program.write_text("#!/bin/sh\n")
    os.chmod(program, 0o700)
    assert configure(capture("recorder {{dir}} {{name}}"), {"PATH": str(tmp_path)}).warnings == ()


def test_without_a_system_ffmpeg_there_may_be_a_bundled_one(configure, tmp_path):
    assert configure("", {"PATH": str(tmp_path)}).warnings == ()


def test_named_inputs_are_looked_at_instead_of_capture(configure):
    text = capture("no-such-recorder") + "[inputs]\n[[cam]]\ncommand = other-recorder\nfiles = a.mkv\n"
    (warning,) = configure(text).warnings
    assert "inputs.cam.command: the program “other-recorder” is not found" in warning
