"""The left side of the dialog: the preview, and below it its progress, or an error in its place."""

from __future__ import annotations

from client import raiha_texts as texts
from client.raiha_client import Frame
from gtk_api import Gtk
from preview import Preview


class PreviewPage(Gtk.Box):
    """The preview in its frame.

    Args:
        side: the longest side of the preview on the screen, pixels.
    """

    def __init__(self, side: int) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.preview = Preview(side)
        self._message = Gtk.Label(
            label=texts.PREVIEW_WAITING, wrap=True, selectable=True, max_width_chars=48, margin=24
        )
        self._middle = Gtk.Stack()
        self._middle.add_named(self._message, "message")
        self._middle.add_named(self.preview, "preview")
        self._middle.set_size_request(side, side * 3 // 4)
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN)
        frame.add(self._middle)
        self.pack_start(frame, True, True, 0)
        self._progress = Gtk.ProgressBar(show_text=True, valign=Gtk.Align.CENTER)
        hint = Gtk.Label(label=texts.PREVIEW_HINT, xalign=0, wrap=True, max_width_chars=60)
        hint.get_style_context().add_class("dim-label")
        self._below = Gtk.Stack()
        self._below.add_named(self._progress, "progress")
        self._below.add_named(hint, "hint")
        self._below.add_named(Gtk.Label(), "nothing")
        self.pack_start(self._below, False, False, 0)

    def show_stage(self, stage: str, fraction: float | None) -> None:
        """Show a stage and the progress of the preview, 0 to 1; None: unknown."""
        self._message.set_text(texts.PREVIEW_WAITING)
        self._below.set_visible_child_name("progress")
        self._progress.set_text(texts.STAGES.get(stage, texts.PREVIEW_WAITING))
        if fraction is None:
            self._progress.pulse()
        else:
            self._progress.set_fraction(fraction)

    def show_pictures(self, pictures: dict[str, Frame]) -> None:
        """Show a preview."""
        self.preview.show_pictures(pictures)
        self._middle.set_visible_child_name("preview")
        self._below.set_visible_child_name("hint")

    def show_error(self, words: str) -> None:
        """Show an error in place of the preview."""
        self._message.set_text(words)
        self._middle.set_visible_child_name("message")
        self._below.set_visible_child_name("nothing")
