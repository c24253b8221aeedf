"""From one message of the source to one of the stream."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pyca.bsread.message import Value
from pyca.core.errors import SourceError
from pyca.images.backgrounds import Backgrounds
from pyca.kernel.kernel import Kernel
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.surroundings import Surroundings
from pyca.pipeline.processing import default
from pyca.pipeline.processing.prepare import Preparation, Prepared

if TYPE_CHECKING:
    from pyca.pipeline.user.functions import Function

Values = dict[str, Value]
Load = Callable[[str, str], "Function"]
"""returns a function of users, by the name of its script and its entry"""
PARAMETERS = "processing_parameters"
FAULT = "processing_error"
"""the parameter in which a fault is told"""
ENTRIES = {"processing": "process_image", "stream": "process", "custom": "process", "script": "run"}
"""by type of pipeline; the others have no functions"""
_CAMERA = frozenset(("image", "x_axis", "y_axis", "width", "height", "timestamp"))
"""channels that every camera has"""
_SECOND = 1e9


class Work:
    """What a configuration says that is done with each message.

    :param load: loads functions of users
    :raises ImagingError: where its background or its function cannot be used
    """

    def __init__(
        self, configuration: Configuration, around: Surroundings, kernel: Kernel, load: Load
    ) -> None:
        self.configuration = replace(configuration, reload=False)
        self.parameters: dict[str, Any] = self.configuration.as_json()
        """as functions get them"""
        self.text = default.parameters_text(self.parameters)
        """the same, as it is sent"""
        self._kernel = kernel
        background = None
        if configuration.image_background and configuration.image_background_enable:
            background = Backgrounds(around.backgrounds).read(configuration.image_background)
        self._preparation = Preparation(configuration, background, kernel)
        name, entry = configuration.function, ENTRIES.get(configuration.pipeline_type)
        self.function = load(name, entry) if entry and name and name != "transparent" else None
        """of users, None where there is none"""
        self.keeps_order = bool(configuration.averaging or configuration.image_averaging)
        """whether messages have to be prepared in order"""

    def prepare(self, item: Item) -> Prepared | None:
        """Return the image of a message as functions get it; None where there is to be none.

        :raises PycaError: where it is no image, or the background does not fit to it
        """
        if self.configuration.pipeline_type != "processing":
            return None
        image, x_axis, y_axis = image_of(item)
        return self._preparation.apply(image, x_axis, y_axis)

    def values(self, item: Item, prepared: Prepared | None) -> Values | None:
        """Return what is sent for a message, None where it is left out. By several threads.

        :param prepared: what :meth:`prepare` has returned
        :raises PycaError: where it cannot be computed
        """
        kind = self.configuration.pipeline_type
        if kind == "processing":
            found = self._processed(item, prepared) if prepared is not None else None
        elif kind == "store":
            camera = self.configuration.camera_name or self.configuration.name
            found = default.store(image_of(item)[0], camera)
        elif self.function is not None:
            data = {**item.values, **(item.merged or {})}
            found = self._own(self.function(data, item.pulse_id, item.nanoseconds / _SECOND, self.parameters))
        else:
            found = {**item.values, **(item.merged or {})}
        return self.selected(found) if found is not None else None

    def selected(self, values: Values) -> Values:
        """Return the channels that are wanted; one that is wanted and not there is None."""
        include, exclude = self.configuration.include, self.configuration.exclude
        if include is not None:
            values = {name: values.get(name) for name in include}
        if exclude is not None:
            values = {name: value for name, value in values.items() if name not in exclude}
        return values

    def own(self, values: Values) -> Values:
        """Return values of users with the parameters, unless these are there."""
        return values if PARAMETERS in values else {**values, PARAMETERS: self.text}

    def told(self, item: Item, fault: str) -> Values:
        """Return what is sent instead of a message that could not be processed: no light, and why.

        :param fault: in words
        """
        text = default.parameters_text(self.parameters | {FAULT: fault})
        try:
            image, x_axis, y_axis = image_of(item)
            dark, time = np.zeros_like(image), item.nanoseconds / _SECOND
            values = default.transparent(
                dark, item.pulse_id, time, x_axis, y_axis, self.parameters, text=text
            )
        except SourceError:
            values = {PARAMETERS: text}
        return self.selected(values)

    def follow(self, other: "Work") -> None:
        """Give functions that keep the parameters those of another configuration, in the same mapping."""
        self.parameters.clear()
        self.parameters.update(other.parameters)
        self.text = other.text
        self.configuration = other.configuration

    def _own(self, values: Values | None) -> Values | None:
        return self.own(values) if values is not None else None

    def _processed(self, item: Item, prepared: Prepared) -> Values | None:
        parameters: Mapping[str, Any] = self.parameters
        if prepared.background_data is not None:
            parameters = {**parameters, default.BACKGROUND: prepared.background_data}
        arguments = (
            prepared.image,
            item.pulse_id,
            item.nanoseconds / _SECOND,
            prepared.x_axis,
            prepared.y_axis,
            parameters,
            _beside(item),
        )
        if self.function is not None:
            return self._own(self.function(*arguments))
        if self.configuration.function == "transparent":
            return default.transparent(*arguments, text=self.text)
        return default.process_image(
            *arguments, kernel=self._kernel, measured=prepared.measured, text=self.text
        )


def image_of(item: Item) -> tuple[Any, Any, Any]:
    """Return the image of a message and its axes, these None where it has none.

    :raises SourceError: where it has no image
    """
    image = item.values.get("image")
    if image is None:
        raise SourceError("A message has no image.", "Is this the stream of a camera?")
    axes = [item.values.get(name) for name in ("x_axis", "y_axis")]
    # One value alone is a number in this protocol.
    x_axis, y_axis = (None if axis is None else np.asarray(axis).reshape(-1) for axis in axes)
    found = np.asarray(image)
    if found.ndim == 0:
        found = found.reshape(1, 1)
    return found, x_axis, y_axis


def _beside(item: Item) -> dict[str, Value] | None:
    """Return the channels that came with an image, None where there are none."""
    found = {name: value for name, value in item.values.items() if name not in _CAMERA}
    return {**found, **(item.merged or {})} or None
