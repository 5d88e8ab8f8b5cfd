"""The dialog of Filters > Harmonize: a preview beside the options, in GIMP's procedure dialog."""

from __future__ import annotations

import traceback

from client import raiha_texts as texts
from client.raiha_client import Client, ClientError, Job
from client.raiha_plugin import ChosenReferences, Composite, Connection, send
from gimp_api import Gimp, GLib
from gtk_api import Gdk, GimpUi, Gtk
from mnemonics import with_mnemonic
from options import options_of
from preview_page import PreviewPage
from references import ReferencePanel

_POLL_MILLISECONDS = 20
_MIXED, _ASKED = ("strength", "change"), ("gallery", "references", "excluded")
"""Settings that change how the preview is mixed, and settings that need a new preview from the daemon."""
_AROUND = (480, 240)
"""Width and height of what surrounds the preview on the screen, pixels."""


class HarmonizeDialog:
    """Asks for the options, which are in ``config`` when ``run`` returns True.

    Args:
        procedure: the plug-in's.
        config: its arguments.
        composite: what the preview shows.
        connection: to the daemon, which is started when the dialog is there.
    """

    def __init__(
        self,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        composite: Composite,
        connection: Connection,
    ) -> None:
        GimpUi.init(procedure.get_name())
        self._config, self._composite, self._connection = config, composite, connection
        self._job: Job | None = None
        self._is_wanted, self._is_keeping = True, False
        options = options_of(config)
        self._references = ChosenReferences(options.references, options.excluded)
        self._panel = ReferencePanel(self._references, self._run_again)
        self._gallery = Gtk.ComboBoxText()
        self._gallery.append("", texts.GALLERY_NONE)
        if options.gallery is not None:
            self._gallery.append(options.gallery, options.gallery)
        self._gallery.set_active_id(options.gallery or "")
        self._gallery_changed = self._gallery.connect("changed", self._choose_gallery)
        self._page = PreviewPage(_room())
        self._dialog = GimpUi.ProcedureDialog.new(procedure, config, texts.TITLE)
        self._dialog.set_ok_label(with_mnemonic(texts.APPLY))
        self._dialog.get_content_area().pack_start(self._content(), True, True, 0)

    def run(self) -> bool:
        """Show the dialog until the user closes it; return whether to harmonize."""
        handlers = [
            *(self._config.connect(f"notify::{name}", lambda *_: self._mix()) for name in _MIXED),
            *(self._config.connect(f"notify::{name}", lambda *_: self._follow_settings()) for name in _ASKED),
        ]
        self._mix()
        timer = GLib.timeout_add(_POLL_MILLISECONDS, self._poll)
        try:
            return self._dialog.run()
        finally:
            GLib.source_remove(timer)
            for handler in handlers:
                self._config.disconnect(handler)
            self._stop()
            self._keep_references()
            self._dialog.destroy()

    def _content(self) -> Gtk.Widget:
        grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        words = with_mnemonic(texts.STRENGTH)
        strength = GimpUi.prop_scale_entry_new(self._config, "strength", words, 100.0, False, 0.0, 0.0)
        strength.set_digits(0)
        grid.attach(strength, 0, 0, 2, 1)
        _attach(grid, 1, texts.WHAT, GimpUi.prop_choice_combo_box_new(self._config, "change"))
        _attach(grid, 2, texts.GALLERY, self._gallery)
        grid.attach(_label(texts.REFERENCES, self._panel.list), 0, 3, 2, 1)
        self._panel.set_vexpand(True)
        grid.attach(self._panel, 0, 4, 2, 1)
        _attach(grid, 5, texts.PLACEMENT, GimpUi.prop_choice_combo_box_new(self._config, "result"))
        content = Gtk.Box(spacing=12, border_width=12)
        content.pack_start(self._page, True, True, 0)
        content.pack_start(grid, False, False, 0)
        content.show_all()
        return content

    def _mix(self) -> None:
        options = options_of(self._config)
        self._page.preview.mix(options.only, options.strength)

    def _follow_settings(self) -> None:
        """Show the settings that GIMP's Reset or Load Saved Settings has set."""
        options = options_of(self._config)
        shown = [*self._pinned_and_excluded(), self._gallery.get_active_id() or None]
        if self._is_keeping or shown == [options.references, options.excluded, options.gallery]:
            return
        self._references.pinned[:], self._references.excluded[:] = options.references, options.excluded
        with self._gallery.handler_block(self._gallery_changed):
            self._show_gallery()
        self._panel.show_rows()
        self._run_again()

    def _pinned_and_excluded(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self._references.pinned), tuple(self._references.excluded)

    def _choose_gallery(self, _combo: Gtk.ComboBoxText) -> None:
        self._config.set_property("gallery", self._gallery.get_active_id())
        self._run_again()

    def _run_again(self) -> None:
        self._stop()
        self._keep_references()
        self._is_wanted = True
        self._page.show_stage("sending", 0.0)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _keep_references(self) -> None:
        self._is_keeping = True
        self._config.set_property("references", self._references.pinned)
        self._config.set_property("excluded", self._references.excluded)
        self._is_keeping = False

    def _poll(self) -> bool:
        try:
            if self._job is not None:
                self._follow(self._job)
            elif self._is_wanted:
                self._begin(self._connection.poll())
        except ClientError as error:
            self._fail(texts.error_text(error.sentence, error.remedy, error.log_path))
        except Exception:
            # GLib would never call this again, and the dialog would wait forever.
            traceback.print_exc()
            self._fail(" ".join(texts.UNEXPECTED))
        return GLib.SOURCE_CONTINUE

    def _begin(self, client: Client | None) -> None:
        """Request a preview once the daemon is connected."""
        if client is None:
            self._page.show_stage("starting", None)
            return
        self._is_wanted = False
        self._list_galleries(client)
        self._job = send(client, self._composite, options_of(self._config), texts.PREVIEW_SIDE)

    def _follow(self, running: Job) -> None:
        for event in running.poll():
            self._page.show_stage(event.stage, event.fraction)
        if running.error is not None:
            raise running.error
        if running.result is not None:
            self._job = None
            self._page.show_pictures(running.result.preview)
            self._panel.show_references(running.result.references)

    def _list_galleries(self, client: Client) -> None:
        """List the daemon's galleries."""
        with self._gallery.handler_block(self._gallery_changed):
            self._gallery.remove_all()
            self._gallery.append("", texts.GALLERY_NONE)
            for gallery in client.hello.get("galleries", []):
                self._gallery.append(gallery["name"], texts.gallery_label(gallery["name"], gallery["photos"]))
            self._show_gallery()

    def _show_gallery(self) -> None:
        """Select the gallery of the settings, even if the daemon does not have it: it may come back."""
        wanted = options_of(self._config).gallery
        if not self._gallery.set_active_id(wanted or ""):
            self._gallery.append(wanted, texts.GALLERY_MISSING.format(gallery=wanted))
            self._gallery.set_active_id(wanted)

    def _fail(self, words: str) -> None:
        self._job, self._is_wanted = None, False
        self._connection.reset()
        self._page.show_error(words)


def _attach(grid: Gtk.Grid, row: int, words: str, widget: Gtk.Widget) -> None:
    widget.set_hexpand(True)
    grid.attach(_label(words, widget), 0, row, 1, 1)
    grid.attach(widget, 1, row, 1, 1)


def _label(words: str, widget: Gtk.Widget) -> Gtk.Label:
    label = Gtk.Label(label=with_mnemonic(words), use_underline=True, xalign=0)
    label.set_mnemonic_widget(widget)
    return label


def _room() -> int:
    """Return the longest side of a preview that fits this screen, pixels."""
    display = Gdk.Display.get_default()
    area = (display.get_primary_monitor() or display.get_monitor(0)).get_workarea()
    room = min(area.width - _AROUND[0], (area.height - _AROUND[1]) * 4 // 3)
    return min(max(room, 320), texts.PREVIEW_SIDE)
