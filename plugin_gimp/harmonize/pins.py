"""Photos that were pinned for an object are used again in the same picture only, until GIMP ends."""

from __future__ import annotations

from gimp_api import Gimp

_NAME = "raiha-pinned-for"
_OF_THIS_SESSION = 0


def keep(image: Gimp.Image) -> None:
    """Note that what is pinned now was pinned for this picture."""
    Gimp.attach_parasite(Gimp.Parasite.new(_NAME, _OF_THIS_SESSION, str(image.get_id()).encode()))


def drop_those_of_another(image: Gimp.Image, config: Gimp.ProcedureConfig) -> None:
    """Take photos out of the last-used values that were pinned for another picture."""
    parasite = Gimp.get_parasite(_NAME)
    if parasite is None or bytes(parasite.get_data()) != str(image.get_id()).encode():
        config.set_property("references", [])
