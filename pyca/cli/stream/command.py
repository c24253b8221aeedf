"""The options of ``pyca stream``."""

from pathlib import Path
from typing import Any

import click

from pyca.cli.stream.parameters import offer_inputs, offering, read_by
from pyca.core import control
from pyca.core.live import KEY_VARIABLE, RESOLUTIONS, SILENCE, TONE
from pyca.live.send.presets import PRESETS, find

_FILE = click.Path(path_type=Path, dir_okay=False)


def _list_presets(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    from pyca.cli.output import print_table

    rows = [(one.name, one.title, one.url, one.note) for one in PRESETS.values()]
    print_table(("preset", "platform", "address", "note"), rows)
    context.exit()


@click.command()
@click.argument("addresses", metavar="[URL]...", nargs=-1)
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Tell more, the commands that are run among it.",
)
@click.option(
    "--resolution",
    metavar="NAME",
    default="360p",
    show_default=True,
    callback=read_by(control.parse_resolution),
    shell_complete=offering(*RESOLUTIONS),
    help=", ".join(RESOLUTIONS),
)
@click.option(
    "--audio",
    metavar="SOUND",
    default=TONE,
    show_default=True,
    callback=read_by(control.parse_audio),
    shell_complete=offering(SILENCE, TONE, "input", "alsa:", "pulse:"),
    help="silence, 1kHz, input (the sound that comes with the pictures), alsa:DEVICE or pulse:SOURCE",
)
@click.option(
    "--fps",
    metavar="NUMBER",
    default="25",
    show_default=True,
    callback=read_by(control.parse_fps),
    shell_complete=offering("15", "25", "30"),
    help="Frames per second.",
)
@click.option(
    "--bitrate",
    metavar="RATE",
    callback=read_by(control.parse_bitrate),
    shell_complete=offering("800kbps", "1M", "100000"),
    help="Such as 800kbps, 1M or 100000; by default what suits the resolution.",
)
@click.option(
    "--quality",
    metavar="NUMBER",
    callback=read_by(control.parse_quality),
    shell_complete=offering("10", "20", "30", "40"),
    help="10 (best) to 40 (worst); without it the bitrate alone decides.",
)
@click.option(
    "--input",
    "source",
    metavar="INPUT",
    default="auto",
    show_default=True,
    shell_complete=offer_inputs,
    help="auto, test, picamera, screen, a device such as /dev/video0, camera:NAME of the camera server, "
    "an address (rtsp, http, udp) or a file, which is repeated.",
)
@click.option(
    "--encoder",
    metavar="NAME",
    default="auto",
    show_default=True,
    shell_complete=offering("auto", "copy", "libx264", "h264_v4l2m2m", "h264_vaapi", "h264_nvenc"),
    help="An H.264 encoder of FFmpeg, such as h264_v4l2m2m; copy to send what a camera has encoded already.",
)
@click.option("--hflip", is_flag=True, help="Mirror the picture.")
@click.option("--vflip", is_flag=True, help="Turn it upside down.")
@click.option(
    "--backup",
    "backups",
    multiple=True,
    metavar="URL",
    help="Second address of a URL, tried in turn with the first. With several URLs give one for each, "
    "“none” where there is none.",
)
@click.option(
    "--preset",
    metavar="NAME",
    callback=read_by(find),
    shell_complete=offering(*PRESETS),
    help=f"{', '.join(PRESETS)}; see --list-presets.",
)
@click.option(
    "--list-presets",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_presets,
    help="Show what is known of the platforms, and end.",
)
@click.option(
    "--key-file",
    type=_FILE,
    help="Holds the stream key of the first address; - is the standard input. "
    f"{KEY_VARIABLE} may hold it too.",
)
@click.option(
    "--record", type=_FILE, help="Keep what is sent in this file as well (.mkv, .mp4, .flv or .ts)."
)
@click.option("--ca-file", type=_FILE, help="Certificates that are trusted besides those of the system.")
@click.option("--insecure", is_flag=True, help="Accept any certificate.")
@click.option("--dry-run", is_flag=True, help="Print the commands that would be run, keys masked, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON each second, for programs.")
def stream(**given: Any) -> None:
    """Send a camera to one or several servers, until Ctrl-C.

    URL is where to: rtmp://, rtmps:// or srt://, with its stream key, or the preset's address where --preset
    names a platform. Each has a connection of its own; one that fails touches no other.

    \b
    pyca stream --resolution 720p rtmp://a.rtmp.youtube.com/live2/KEY
    pyca stream --preset youtube --key-file key.txt --input /dev/video0 --audio alsa:default
    pyca stream --input test srt://192.0.2.1:9000
    """  # noqa: D301 (click wants the control character)
    from pyca.cli.stream.masked import hide_arguments

    # First of all: what comes next takes longer than reading a process list.
    if not hide_arguments():
        click.echo("pyca: everybody on this machine can see the addresses in its process list", err=True)
    from pyca.cli.stream.wanted import Given, wanted

    asked = Given(**given)
    order = wanted(asked)
    from pyca.cli.stream.run import dry_run, run

    if asked.dry_run:
        dry_run(order)
    else:
        run(order, verbose=asked.verbose, as_json=asked.as_json)
