"""``pyca doctor``: all checks, one after the other."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from pyca.cli.options import Command, Options, pass_options
from pyca.cli.output import print_json
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import ConfigError

if TYPE_CHECKING:
    from pyca.cli.doctor.finding import Theme
    from pyca.config.settings import Settings


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_options
def doctor(options: Options, as_json: bool) -> None:
    """Tell whether this box will record, and what to do where not.

    Looks at configuration, disks, FFmpeg, devices, server, clock, database, permissions and services,
    and changes nothing. Give it as the user that the services run as.

    Ends with 0 where nothing failed, warnings or not, with 69 where something did, and with 78 where the
    configuration is wrong.
    """
    from pyca.cli.doctor.finding import Finding, Verdict, as_dicts, carry_out
    from pyca.cli.doctor.report import print_theme, print_verdict

    code = os.EX_OK
    clock = SystemClock()
    try:
        themes = _themes(options.settings(), clock)
    except ConfigError as error:
        themes = _themes_without_settings(error, clock)
        code = os.EX_CONFIG
    everything: list[Finding] = []
    data: list[dict[str, str]] = []
    for theme in themes:
        found = carry_out(theme)
        everything += found
        data += as_dicts(theme, found)
        if not as_json:
            print_theme(theme.name, found)
    if as_json:
        print_json(data)
    else:
        print_verdict(everything)
    if code == os.EX_OK and any(finding.state is Verdict.FAILED for finding in everything):
        code = os.EX_UNAVAILABLE
    sys.exit(code)


def _themes(settings: "Settings", clock: Clock) -> list["Theme"]:
    """Return all checks; those that others follow from come first."""
    from pyca.cli.doctor import (
        calendars,
        configuration,
        database,
        devices,
        disks,
        imaging,
        live,
        permissions,
        programs,
        server,
        services,
        timekeeping,
    )
    from pyca.cli.doctor.finding import Theme

    calendar = (
        [Theme("calendar", partial(calendars.check, settings, clock))] if settings.agent.calendar else []
    )
    streaming = (
        [Theme("live", partial(live.check, settings, clock, os.environ))] if live.is_wanted(settings) else []
    )
    serving = []
    if settings.camera.enabled:
        serving.append(Theme("camera", partial(imaging.check_cameras, settings, clock)))
    if settings.pipeline.enabled:
        serving.append(Theme("pipeline", partial(imaging.check_pipelines, settings, clock)))
    return [
        Theme("configuration", partial(configuration.check, settings)),
        Theme("disk", partial(disks.check, settings)),
        Theme("FFmpeg", partial(programs.check, settings, os.environ)),
        Theme("devices", partial(devices.check, settings)),
        Theme("server", partial(server.check, settings, clock)),
        *calendar,
        Theme("clock", partial(timekeeping.check, settings, clock, os.environ)),
        Theme("database", partial(database.check, settings, clock)),
        Theme("permissions", partial(permissions.check, settings)),
        *streaming,
        *serving,
        Theme("services", partial(services.check, settings, clock)),
    ]


def _themes_without_settings(error: ConfigError, clock: Clock) -> list["Theme"]:
    """Return the checks that say something although nobody knows what is configured."""
    from pyca.cli.doctor import configuration, programs, timekeeping
    from pyca.cli.doctor.finding import Theme

    return [
        Theme("configuration", partial(configuration.mistakes, error)),
        Theme("FFmpeg", partial(programs.check_ffmpeg, os.environ)),
        Theme("clock", partial(timekeeping.check_synchronised, clock, os.environ)),
    ]
