"""The left side of the dialog: the preview with its zoom, and below it progress or a hint, or an error in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from client import raiha_texts as texts
from gtk_api import Gtk
from preview import Preview
from zoom_bar import ZoomBar


class PreviewPage(Gtk.Box):
    """The preview in its frame.

    Args:
        size: width and height at which the preview begins, GTK's pixels.
        on_view: called after the part that is seen has changed.

    Attributes:
        preview: the picture.
    """

    def __init__(self, size: tuple[int, int], on_view: Callable[[], None]) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._on_view = on_view
        self.preview = Preview(self._view_changed)
        self._zoom = ZoomBar(self.preview)
        self._message = Gtk.Label(
            label=texts.PREVIEW_WAITING, wrap=True, selectable=True, max_width_chars=48, margin=24
        )
        self._middle = Gtk.Stack()
        self._middle.add_named(self._message, "message")
        self._middle.add_named(self.preview, "preview")
        self._middle.set_size_request(*size)
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN)
        frame.add(self._middle)
        self.pack_start(frame, True, True, 0)
        self._fits = Gtk.Label(xalign=1, wrap=True)
        line = Gtk.Box(spacing=12)
        line.pack_start(self._zoom, False, False, 0)
        line.pack_end(self._fits, True, True, 0)
        self.pack_start(line, False, False, 0)
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

    def show_preview(self, change: float, notices: Sequence[str]) -> None:
        """Show the preview that was put into ``preview``.

        Args:
            change: how much of its result people see.
            notices: sentences about what went another way than usual.
        """
        self._middle.set_visible_child_name("preview")
        self._below.set_visible_child_name("hint")
        fits = [texts.LITTLE_CHANGED] if change < texts.LITTLE_CHANGE else []
        self._fits.set_text(" ".join([*fits, *notices]))
        self._zoom.set_sensitive(True)
        self._zoom.follow()

    def show_error(self, words: str) -> None:
        """Show an error in place of the preview."""
        self._message.set_text(words)
        self._middle.set_visible_child_name("message")
        self._below.set_visible_child_name("nothing")
        self._zoom.set_sensitive(False)

    def _view_changed(self) -> None:
        self._zoom.follow()
        self._on_view()
