"""The dialog of Filters > Harmonize: a preview beside the options, in GIMP's procedure dialog."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from adjust_panel import AdjustPanel
from client import raiha_texts as texts
from client.adjustments import Adjustments
from client.raiha_client import Client, ClientError, Job, Result
from client.raiha_plugin import ChosenReferences, Composite, Connection, send
from detail import DetailRequests
from galleries import GalleryChoice
from gimp_api import Gimp, GLib
from gtk_api import Gdk, GimpUi, Gtk
from help_menu import HelpMenu
from large_photo import show_photo
from mnemonics import with_mnemonic
from options import argument_of, options_of
from options_side import options_side
from pictures import Look, Picture
from preview import Sight
from preview_page import PreviewPage
from references import ReferencePanel

_POLL_MILLISECONDS = 20
_MIXED, _ASKED = ("strength", "change"), ("gallery", "references", "excluded")
"""Settings that change how the preview is mixed, and settings that need a new preview from the daemon."""
_MEASURED = tuple(argument_of(name) for name in texts.FINISH_LABELS)
"""What is done after the colours; the daemon measures it."""
_AROUND = (520, 300)
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
        self._picture: Picture | None = None
        self._detail: Picture | None = None
        self._requests = DetailRequests(composite)
        self._is_mixing = False
        options = options_of(config)
        self._adjustments = Adjustments()
        self._adjust = AdjustPanel(self._adjustments, self._mix)
        self._references = ChosenReferences(options.references, options.excluded)
        self._panel = ReferencePanel(self._references, self._run_again, self._open_photo)
        self._panel.set_expanded(bool(options.gallery or options.references))
        self._gallery = GalleryChoice(options.gallery, self._choose_gallery)
        self._page = PreviewPage(_room(), self._view_changed)
        self._dialog = GimpUi.ProcedureDialog.new(procedure, config, texts.TITLE)
        self._dialog.set_ok_label(with_mnemonic(texts.APPLY))
        content = Gtk.Box(spacing=12, border_width=12)
        content.pack_start(self._page, True, True, 0)
        content.pack_start(
            options_side(config, self._adjust, self._gallery, self._panel, HelpMenu(connection)), False, False, 0
        )
        content.show_all()
        self._dialog.get_content_area().pack_start(content, True, True, 0)

    @property
    def adjustment(self) -> Mapping[str, Any] | None:
        """The adjustment with what the user has changed of it; None if that is nothing."""
        return self._adjustments.as_sent() if self._adjustments.changed else None

    def run(self) -> bool:
        """Show the dialog until the user closes it; return whether to harmonize."""
        handlers = [
            *(self._config.connect(f"notify::{name}", lambda *_: self._mix()) for name in _MIXED),
            *(self._config.connect(f"notify::{name}", lambda *_: self._follow_settings()) for name in _ASKED),
            *(self._config.connect(f"notify::{name}", lambda *_: self._run_again()) for name in _MEASURED),
        ]
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

    def _mix(self) -> None:
        """Show the change as it is set now, once for all moves of a slider that are waiting."""
        if self._picture is not None and not self._is_mixing:
            self._is_mixing = True
            GLib.idle_add(self._mix_now)

    def _mix_now(self) -> bool:
        self._is_mixing = False
        if self._picture is not None:
            options = options_of(self._config)
            look = Look(self._adjustments.numbers(), options.strength, options.only)
            detail = None
            if self._detail is not None:
                part = self._detail.part_of(self._picture)
                detail = Sight(part, self._detail.before, self._detail.after(look))
            whole = Sight(self._picture.whole, self._picture.before, self._picture.after(look))
            self._page.preview.show_sights(whole, detail)
        return bool(GLib.SOURCE_REMOVE)

    def _open_photo(self, path: str) -> None:
        show_photo(self._dialog, path)

    def _view_changed(self) -> None:
        if self._picture is None:
            return
        view = self._page.preview.view
        self._requests.look_at(view, self._picture)
        if self._detail is not None and not view.needs_detail:
            self._detail = None
            self._mix()

    def _follow_settings(self) -> None:
        """Show the settings that GIMP's Reset or Load Saved Settings has set."""
        options = options_of(self._config)
        shown = [*self._pinned_and_excluded(), self._gallery.chosen]
        if self._is_keeping or shown == [options.references, options.excluded, options.gallery]:
            return
        self._references.pinned[:], self._references.excluded[:] = options.references, options.excluded
        self._gallery.choose(options.gallery)
        self._panel.show_rows()
        self._run_again()

    def _pinned_and_excluded(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self._references.pinned), tuple(self._references.excluded)

    def _choose_gallery(self) -> None:
        self._config.set_property("gallery", self._gallery.chosen or "")
        self._panel.set_expanded(self._gallery.chosen is not None)
        self._run_again()

    def _run_again(self) -> None:
        self._stop()
        self._keep_references()
        self._is_wanted = True
        self._page.show_stage("sending", 0.0)

    def _stop(self) -> None:
        self._requests.stop()
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
            elif self._picture is not None:
                self._look_closely(self._picture)
        except ClientError as error:
            self._fail(texts.error_text(error.sentence, error.remedy, error.log_path))
        except Exception:
            # GLib would never call this again, and the dialog would wait forever.
            traceback.print_exc()
            self._fail(" ".join(texts.UNEXPECTED))
        return bool(GLib.SOURCE_CONTINUE)

    def _begin(self, client: Client | None) -> None:
        """Request a preview once the daemon is connected."""
        if client is None:
            self._page.show_stage("starting", None)
            return
        self._is_wanted = False
        self._gallery.show_all_of(client.hello.get("galleries", []))
        self._job = send(client, self._composite, options_of(self._config), texts.PREVIEW_SIDE)

    def _follow(self, running: Job) -> None:
        for event in running.poll():
            self._page.show_stage(event.stage, event.fraction)
        if running.error is not None:
            raise running.error
        if running.result is not None:
            self._job = None
            self._show(running.result)

    def _show(self, result: Result) -> None:
        self._adjustments.show(result.adjustments)
        self._adjust.show_numbers()
        self._picture, self._detail = Picture(result, result), None
        self._page.preview.begin(self._picture.size, self._picture.detail)
        self._page.show_preview(result.change, result.notices)
        self._mix_now()
        self._view_changed()
        self._panel.show_references(result.references)

    def _look_closely(self, whole: Picture) -> None:
        """Show the layer's own pixels when they have come."""
        client = self._connection.poll()
        detail = None if client is None else self._requests.poll(client, whole)
        if detail is not None:
            self._detail = detail
            self._mix_now()

    def _fail(self, words: str) -> None:
        self._job, self._is_wanted = None, False
        self._requests.stop()
        self._connection.reset()
        self._page.show_error(words)


def _room() -> tuple[int, int]:
    """Return width and height of a preview that fits this screen, GTK's pixels."""
    display = Gdk.Display.get_default()
    area = (display.get_primary_monitor() or display.get_monitor(0)).get_workarea()
    side = min(area.width - _AROUND[0], (area.height - _AROUND[1]) * 4 // 3)
    side = min(max(side, 320), texts.PREVIEW_SIDE)
    return side, side * 3 // 4
