"""The saved pipelines."""

from typing import Any

from pyca.core.errors import ImagingError, PycaError, UnknownNameError
from pyca.folders.folder import Folder
from pyca.images.backgrounds import Backgrounds, missing
from pyca.pipeline.files.configuration import Configuration


class Saved:
    """The saved pipelines of a folder. Changing one does not touch instances that run.

    :param folder: of pipelines
    :param backgrounds: that they may name
    """

    def __init__(self, folder: Folder[Configuration], backgrounds: Backgrounds) -> None:
        self._folder = folder
        self._backgrounds = backgrounds

    def names(self) -> list[str]:
        """Return the names of all saved pipelines, sorted."""
        return self._folder.names()

    def groups(self) -> dict[str, list[str]]:
        """Return the names of each group's pipelines."""
        return self._folder.groups()

    def config(self, name: str) -> dict[str, Any]:
        """Return a saved pipeline's complete configuration.

        :raises UnknownNameError: where there is none of this name
        """
        return self._folder.read(name).as_json()

    def everything(self) -> dict[str, dict[str, Any] | PycaError]:
        """Return the complete configuration of each saved pipeline, or what is wrong with it."""
        return {
            name: found if isinstance(found, PycaError) else found.as_json()
            for name, found in self._folder.everything().items()
        }

    def save(self, name: str, raw: object) -> dict[str, Any]:
        """Save a pipeline; returns it with its defaults. Instances that run go on as they are.

        :raises ConfigError: with all that is wrong
        """
        return self._folder.save(name, raw).as_json()

    def delete(self, name: str) -> None:
        """Delete a saved pipeline. Instances that run go on as they are.

        :raises UnknownNameError: where there is none of this name
        """
        self._folder.delete(name)

    def rename(self, old: str, new: str) -> None:
        """Give a saved pipeline another name. Instances that run go on as they are.

        :raises UnknownNameError: where there is none of the old name
        :raises ConfigError: where the new name cannot be used
        """
        self._folder.rename(old, new)

    def named(self, name: str) -> Configuration:
        """Return a saved pipeline's configuration.

        :raises UnknownNameError: where there is none of this name
        """
        return self._folder.read(name)

    def as_shared(self, name: str) -> Configuration:
        """Return the configuration of the instance that has the name of a saved pipeline.

        :raises UnknownNameError: where there is none of this name
        """
        try:
            return self._folder.read(name)
        except UnknownNameError as error:
            raise UnknownNameError(
                f"Instance '{name}' is not present on server and it is not a saved pipeline name."
            ) from error

    def check_background(self, configuration: Configuration) -> None:
        """Refuse a configuration that names a background which is not there.

        :raises ImagingError: where it does
        """
        wanted = configuration.image_background
        if wanted and not self._backgrounds.has(wanted):
            raise ImagingError(missing(wanted), "Collect one, or name another.")
