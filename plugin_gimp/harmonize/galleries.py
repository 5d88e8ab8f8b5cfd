"""The list of galleries in the dialog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from client import raiha_texts as texts
from gtk_api import Gtk


class GalleryChoice(Gtk.ComboBoxText):
    """The galleries that the daemon has, and none.

    Args:
        wanted: the gallery of the settings.
        on_choice: called after the user has chosen another.
    """

    def __init__(self, wanted: str | None, on_choice: Callable[[], None]) -> None:
        super().__init__()
        self.append("", texts.GALLERY_NONE)
        if wanted is not None:
            self.append(wanted, wanted)
        self.set_active_id(wanted or "")
        self._changed = self.connect("changed", lambda _combo: on_choice())

    @property
    def chosen(self) -> str | None:
        """The name of the chosen gallery; None for none."""
        return self.get_active_id() or None

    def choose(self, wanted: str | None) -> None:
        """Choose a gallery, even if the daemon does not have it: it may come back."""
        with self.handler_block(self._changed):
            if not self.set_active_id(wanted or ""):
                self.append(wanted, texts.GALLERY_MISSING.format(gallery=wanted))
                self.set_active_id(wanted)

    def show_all_of(self, galleries: Sequence[Mapping[str, Any]]) -> None:
        """List the daemon's galleries; what is chosen stays chosen."""
        wanted = self.chosen
        with self.handler_block(self._changed):
            self.remove_all()
            self.append("", texts.GALLERY_NONE)
            for gallery in galleries:
                self.append(gallery["name"], texts.gallery_label(gallery["name"], gallery["photos"]))
        self.choose(wanted)
