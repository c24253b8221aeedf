"""``/live/parameters``: pictures, sound, input and encoder of the stream."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.control import ParameterError
from pyca.core.live import RESOLUTIONS
from pyca.live.service import operator
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.pages.live_back import back_to_live
from pyca.ui.view.live_choices import BITRATES, ENCODERS, FRAME_RATES, QUALITIES, inputs, sounds
from pyca.ui.view.live_forms import Parameters, control_of, parameters_of_form, parameters_of_setup, source_of
from pyca.ui.view.live_words import bit_rate

blueprint = Blueprint("live_parameters", __name__, url_prefix="/live/parameters")


@blueprint.get("")
@needs(Scope.OPERATE)
def ask() -> str:
    """Show the form with what counts now."""
    here = context()
    with here.database.read() as session:
        wanted = operator.setup(session, here.settings)
    return _form(parameters_of_setup(wanted))


@blueprint.post("")
def change() -> tuple[str, int] | Response:
    """Change all of it, or nothing."""
    here = context()
    given = parameters_of_form(request.form)
    with here.database.read() as session:
        before = operator.setup(session, here.settings)
    try:
        now = here.clock.now()
        operator.perform(
            here.database,
            lambda session: (
                operator.change_control_within(session, here.settings, control_of(given), now),
                operator.change_source_within(session, here.settings, source_of(given, before.source), now),
            ),
        )
    except ParameterError as error:
        return _form(given, error), 422
    return back_to_live("parameters")


def _form(given: Parameters, error: ParameterError | None = None) -> str:
    here = context()
    with here.database.read() as session:
        state = operator.status(session, here.settings, here.clock).state
    camera = here.settings.camera
    return render_template(
        "live_parameters.html",
        given=given,
        wrong={error.name: str(error)} if error else {},
        on=state != "idle",
        resolutions=RESOLUTIONS,
        frame_rates=FRAME_RATES,
        bitrates=BITRATES,
        qualities=QUALITIES,
        encoders=ENCODERS,
        inputs=inputs(given.input, served=camera.directory if camera.enabled else None),
        sounds=sounds(given.audio),
        rate=bit_rate,
        back=url_for("live.show"),
    )
