"""The list of references in the dialog, whose photos can be pinned, excluded, or chosen from disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from client import raiha_texts as texts
from client.raiha_client import Reference
from client.raiha_plugin import ChosenReferences, Row
from gimp_api import GLib
from gtk_api import Gdk, GdkPixbuf, Gtk, Pango
from mnemonics import with_mnemonic

_THUMBNAIL = (144, 108)
_HEIGHT = 240
# GIMP's themes paint boxes in the colour of a window even in a list, and barely highlight the selected line.
_STYLE = b"""
#raiha-references box, #raiha-references label, #raiha-references image { background-color: transparent; }
#raiha-references row:selected { background-color: @theme_selected_bg_color; }
#raiha-references row:selected label { color: @theme_selected_fg_color; opacity: 1; }
"""
_PHOTO_PATTERNS = texts.REFERENCE_PHOTOS.partition("(")[2].rstrip(")").split()


class ReferencePanel(Gtk.Expander):
    """The list with its buttons, which act on the selected line; folded away until there are references.

    Args:
        chosen: what is pinned and excluded; the buttons change it.
        on_run_again: called when the user wants another preview.
        on_open: called with the path of a photo that is to be seen large.
    """

    def __init__(
        self, chosen: ChosenReferences, on_run_again: Callable[[], None], on_open: Callable[[str], None]
    ) -> None:
        super().__init__(label=with_mnemonic(texts.REFERENCES), use_underline=True)
        self.get_label_widget().set_tooltip_text(texts.REFERENCES_TOOLTIP)
        _add_style(self.get_screen())
        contents = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_top=6)
        self.add(contents)
        self._chosen = chosen
        self._rows: list[Row] = []
        self._list = Gtk.ListBox(selection_mode=Gtk.SelectionMode.BROWSE)
        self._list.set_name("raiha-references")
        self._list.set_placeholder(_placeholder())
        self._list.connect("row-selected", lambda *_: self._label_buttons())
        # A single click selects; a double-click or Return opens.
        self._list.set_activate_on_single_click(False)
        self._list.connect("row-activated", lambda _list, row: on_open(self._rows[row.get_index()].path))
        scrolled = Gtk.ScrolledWindow(
            hscrollbar_policy=Gtk.PolicyType.NEVER, min_content_height=_HEIGHT, shadow_type=Gtk.ShadowType.IN
        )
        scrolled.add(self._list)
        contents.pack_start(scrolled, True, True, 0)
        self._exclude = _button(texts.REFERENCE_EXCLUDE, self._toggle_excluded, texts.REFERENCE_EXCLUDE_TOOLTIP)
        self._pin = _button(texts.REFERENCE_PIN, self._toggle_pinned, texts.REFERENCE_PIN_TOOLTIP)
        choose = _button(texts.REFERENCE_CHOOSE, self._choose, texts.REFERENCE_CHOOSE_TOOLTIP)
        self._again = _button(texts.RUN_AGAIN, on_run_again, texts.RUN_AGAIN_TOOLTIP)
        for pair in ((self._exclude, self._pin), (choose, self._again)):
            line = Gtk.Box(spacing=6, homogeneous=True)
            for button in pair:
                line.pack_start(button, True, True, 0)
            contents.pack_start(line, False, False, 0)
        self._fill(None)

    def show_references(self, references: Sequence[Reference]) -> None:
        """Show the references that a preview was made with."""
        current = self._current()
        self._chosen.show(references)
        self._fill(None if current is None else current.path)
        self._again.get_style_context().remove_class("suggested-action")

    def show_rows(self) -> None:
        """Show what is pinned and excluded after a change outside the list."""
        self._fill(None)

    def _fill(self, current: str | None) -> None:
        for child in self._list.get_children():
            self._list.remove(child)
        self._rows = self._chosen.rows()
        for row in self._rows:
            self._list.add(_list_row(row))
        self._list.show_all()
        paths = [row.path for row in self._rows]
        if paths:
            position = paths.index(current) if current in paths else 0
            self._list.select_row(self._list.get_row_at_index(position))
        self._label_buttons()

    def _current(self) -> Row | None:
        selected = self._list.get_selected_row()
        return None if selected is None else self._rows[selected.get_index()]

    def _label_buttons(self) -> None:
        row = self._current()
        excluded, pinned = row is not None and row.excluded, row is not None and row.pinned
        self._exclude.set_label(with_mnemonic(texts.REFERENCE_INCLUDE if excluded else texts.REFERENCE_EXCLUDE))
        self._pin.set_label(with_mnemonic(texts.REFERENCE_UNPIN if pinned else texts.REFERENCE_PIN))
        for button in (self._exclude, self._pin):
            button.set_sensitive(row is not None)

    def _toggle_excluded(self) -> None:
        row = self._current()
        if row is not None:
            self._chosen.exclude(row.path, not row.excluded)
            self._changed(row.path)

    def _toggle_pinned(self) -> None:
        row = self._current()
        if row is not None:
            self._chosen.pin(row.path, not row.pinned)
            self._changed(row.path)

    def _changed(self, path: str) -> None:
        self._fill(path)
        self._again.get_style_context().add_class("suggested-action")

    def _choose(self) -> None:
        chooser = Gtk.FileChooserDialog(
            title=texts.REFERENCE_CHOOSE_TITLE,
            transient_for=self.get_toplevel(),
            modal=True,
            action=Gtk.FileChooserAction.OPEN,
        )
        chooser.add_buttons("_Cancel", Gtk.ResponseType.CANCEL, "_Open", Gtk.ResponseType.OK)
        chooser.set_default_response(Gtk.ResponseType.OK)
        photos = Gtk.FileFilter()
        photos.set_name(texts.REFERENCE_PHOTOS)
        for pattern in _PHOTO_PATTERNS:
            photos.add_pattern(pattern)
            photos.add_pattern(pattern.upper())
        chooser.add_filter(photos)
        chooser.connect("response", self._chosen_from_disk)
        chooser.show()

    def _chosen_from_disk(self, chooser: Gtk.FileChooserDialog, response: int) -> None:
        path = chooser.get_filename() if response == Gtk.ResponseType.OK else None
        chooser.destroy()
        if path is not None:
            self._chosen.pin(path, True)
            self._changed(path)


def _add_style(screen: Gdk.Screen) -> None:
    provider = Gtk.CssProvider()
    provider.load_from_data(_STYLE)
    Gtk.StyleContext.add_provider_for_screen(screen, provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)


def _button(words: str, action: Callable[[], None], tooltip: str) -> Gtk.Button:
    button = Gtk.Button(label=with_mnemonic(words), use_underline=True, tooltip_text=tooltip)
    button.connect("clicked", lambda _button: action())
    return button


def _placeholder() -> Gtk.Label:
    label = Gtk.Label(label=texts.REFERENCES_EMPTY, wrap=True, max_width_chars=32, margin=12)
    label.get_style_context().add_class("dim-label")
    label.show()
    return label


def _list_row(row: Row) -> Gtk.ListBoxRow:
    found = Gtk.ListBoxRow()
    found.add(_line(row))
    # Screen readers read a row's name, not its contents.
    found.get_accessible().set_name(", ".join(part for part in (texts.reference_name(row.path), _notes(row)) if part))
    return found


def _line(row: Row) -> Gtk.Widget:
    line = Gtk.Box(spacing=8, margin=4)
    image = Gtk.Image(pixbuf=_thumbnail(row))
    image.set_size_request(*_THUMBNAIL)
    words = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, valign=Gtk.Align.CENTER)
    name = texts.reference_name(row.path)
    words.pack_start(
        Gtk.Label(label=name, xalign=0, ellipsize=Pango.EllipsizeMode.MIDDLE, max_width_chars=20), False, False, 0
    )
    reason = Gtk.Label(label=_notes(row), xalign=0, wrap=True, max_width_chars=20)
    reason.get_style_context().add_class("dim-label")
    words.pack_start(reason, False, False, 0)
    for widget in (image, words):
        widget.set_sensitive(not row.excluded)
    line.pack_start(image, False, False, 0)
    line.pack_start(words, True, True, 0)
    line.set_tooltip_text(row.explanation)
    return line


def _notes(row: Row) -> str:
    return " · ".join(row.notes)


def _thumbnail(row: Row) -> GdkPixbuf.Pixbuf | None:
    """Return the daemon's thumbnail, or the photo itself scaled down; None if it cannot be read."""
    try:
        if row.thumbnail is None:
            return GdkPixbuf.Pixbuf.new_from_file_at_size(str(Path(row.path)), *_THUMBNAIL)
        loader = GdkPixbuf.PixbufLoader()
        loader.write(row.thumbnail)
        loader.close()
        pixbuf = loader.get_pixbuf()
    except GLib.Error:
        return None
    scale = min(_THUMBNAIL[0] / pixbuf.get_width(), _THUMBNAIL[1] / pixbuf.get_height())
    size = [max(1, round(side * scale)) for side in (pixbuf.get_width(), pixbuf.get_height())]
    return pixbuf.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)
