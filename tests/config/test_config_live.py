"""Mistakes and risks of ``[live]``, and of commands that pass on what they record."""

import pytest

COMMAND = "ffmpeg -i a -c copy {{dir}}/{{name}}.mkv"
FILES = "files = {{name}}.mkv"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[live]\nresolution = 700p", ":2: live.resolution: found “700p”"),
        ("[live]\nbitrate = 8x", ":2: live.bitrate: found “8x”, expected such as 800kbps"),
        ("[live]\naudio = loud", ":2: live.audio: found “loud”"),
        ("[live]\nquality = 5", ":2: live.quality: found “5”, expected a number from 10 to 40"),
        ("[live]\nevents = some", ":2: live.events: found “some”"),
        ("[live]\nurl = ftp://host/app", ":2: live.url: found “ftp://host/app”, expected rtmp://"),
        ("[live]\nencoder = zzz", ":2: live.encoder: found “zzz”, expected auto, copy"),
        ("[live]\ninput = gopher://host/a", ":2: live.input: found “gopher://host/a”, expected auto, test"),
        ("[live]\ninput = v4l2:video0", ":2: live.input: found “v4l2:video0”"),
        ("[live]\ninput = screen:what", ":2: live.input: found “screen:what”"),
        ("[live]\nurl = rtmp:///app", ":2: live.url: found"),
        ("[live]\nurl = rtmp://[::1/app", ":2: live.url: found"),
        ("[live]\nbackup = http://host/app", ":2: live.backup: found"),
        ("[live]\ndocroot = /nowhere", ":2: live.docroot: found “/nowhere”, expected a folder"),
        ("[live]\nslate = /nowhere.png", ":2: live.slate: found “/nowhere.png”, expected a file"),
        ("[live]\nca_file = /nowhere.pem", ":2: live.ca_file: found"),
        (f"[live]\nenabled = yes\ndirectory = /{'x' * 120}", ":3: live.directory: found a path of 131 bytes"),
        (f"[capture]\ncommand = {COMMAND} {{{{liv}}}}", "did you mean “live”?"),
        (f"[capture]\ncommand = {COMMAND} x{{{{live}}}}", ":2: capture.command: has {{live}} within a word"),
        (
            f"[capture]\ncommand = {COMMAND} {{{{live}}}} {{{{live_copy}}}}",
            ":2: capture.command: passes on its recording 2 times",
        ),
        ("[capture]\nfiles = {{live}}", ":2: capture.files: found “{{live}}”"),
    ],
)
def test_mistakes_are_told(refuse, text, problem):
    assert any(one.startswith(problem) or problem in one for one in refuse(text))


@pytest.mark.parametrize(
    "text",
    [
        "[live]\nurl = rtmps://example.org:443/live2",
        "[live]\nurl = srt://:9000?mode=listener",
        "[live]\nurl = youtube",
        "[live]\nbitrate = 800kpbs\nquality = 20\naudio = alsa:hw:1",
        f"[live]\ndirectory = /{'x' * 120}",
        f"[live]\nevents = marked\n[capture]\ncommand = {COMMAND} {{{{live_copy}}}}\n{FILES}",
        "[live]\nbind = 0.0.0.0\nenabled = yes\n[ui]\npassword = own",
    ],
)
def test_what_is_well_formed_gives_no_warning(configure, text):
    assert configure(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[live]\ninsecure = yes", ":2: live.insecure: is on"),
        ("[live]\nbind = 0.0.0.0\nenabled = yes", ":2: live.bind: lets the network in"),
        ("[live]\nbind = 0.0.0.0\n[ui]\npassword = opencast", ":2: live.bind: is 0.0.0.0 and ui.password"),
        ("[live]\nenabled = yes\nmdns = yes", ":3: live.mdns: is on, and nothing is announced"),
        ("[live]\ninput = tset", ":2: live.input: “tset” is not there now"),
        ("[live]\ninput = /dev/nothing", ":2: live.input: “/dev/nothing” is not there now"),
        (
            "[inputs]\n[[a]]\ncommand = ffmpeg -i a a.mkv {{live}}\nfiles = a.mkv\n"
            "[[b]]\ncommand = ffmpeg -i b b.mkv {{live}}\nfiles = b.mkv",
            "inputs.b.command: passes on its recording, and so does inputs.a.command",
        ),
    ],
)
def test_risks_are_warned_of(configure, text, warning):
    assert [one for one in configure(text).warnings if warning in one]


def test_secrets_of_a_stream_are_not_shown(refuse):
    secret = "rtmp:///user:hunter2@x?passphrase=hunter2"
    assert "hunter2" not in "".join(refuse(f"[live]\nurl = {secret}\nbackup = ftp://a:hunter2@b/c"))
