"""``/log``: what the operator's command shows as the log."""

from flask import Blueprint, render_template
from werkzeug.exceptions import NotFound

from pyca.core.errors import CommandError
from pyca.runtime.command import build_argv
from pyca.runtime.output import Output, last_output
from pyca.ui.context import context

blueprint = Blueprint("log", __name__)

LIMIT = 10.0
"""Seconds that the command may take; a worker of the page waits for it."""
KEEP = 200_000
"""Bytes of its output that are shown."""


@blueprint.get("/log")
def show() -> str:
    """Run the command and show the end of its output."""
    here = context()
    command = here.settings.ui.log_command
    if not command:
        raise NotFound
    try:
        output = last_output(build_argv(command, {}), here.clock, limit=LIMIT, keep=KEEP)
    except CommandError as error:
        return render_template("log.html", command=command, output=None, trouble=f"{error}.")
    return render_template("log.html", command=command, output=output, trouble=_trouble(output))


def _trouble(output: Output) -> str:
    """Return in words what went wrong with the command, nothing where all is well."""
    if output.code is None:
        return f"The command did not end within {LIMIT:.0f} seconds. Below is what it said so far."
    if output.code:
        return f"The command ended with exit code {output.code}. Try it as the user that pyCA runs as."
    return ""
