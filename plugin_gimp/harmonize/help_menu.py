"""The dialog's Help: how to use it, the log, a report of a problem, and the version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from client import raiha_texts as texts
from client.raiha_client import ClientError, start_log
from client.raiha_plugin import Connection, daemon_record
from gimp_api import Gimp, Gio
from gtk_api import Gtk
from mnemonics import with_mnemonic

MANUAL = Path(__file__).with_name("Manual.html")


class HelpMenu(Gtk.MenuButton):
    """A button with a menu.

    Args:
        connection: to the daemon, which has the log.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(label=with_mnemonic(texts.HELP), use_underline=True)
        self._connection = connection
        menu = Gtk.Menu()
        for words, action in (
            (texts.HELP_MANUAL, lambda: _open(MANUAL)),
            (texts.LOG_OPEN, self._open_log),
            (texts.ABOUT, self._show_about),
        ):
            menu.append(_item(words, action))
        menu.show_all()
        self.set_popup(menu)

    def _open_log(self) -> None:
        log = _log_of(self._connection) or start_log(daemon_record().get("runtime_folder"))
        if not Path(log).exists():
            self._say(" ".join(texts.LOG_MISSING))
            return
        _open(Path(log))

    def _show_about(self) -> None:
        version = daemon_record().get("version", "")
        self._say(texts.ABOUT_TEXT.format(version=version, editor=f"GIMP {Gimp.version()}"))

    def _say(self, words: str) -> None:
        dialog = Gtk.MessageDialog(
            transient_for=self.get_toplevel(),
            modal=True,
            buttons=Gtk.ButtonsType.CLOSE,
            text=words,
            title=texts.TITLE,
        )
        dialog.connect("response", lambda *_: dialog.destroy())
        dialog.show_all()


def _item(words: str, action: Callable[[], None]) -> Gtk.MenuItem:
    item = Gtk.MenuItem(label=words)
    item.connect("activate", lambda _item: action())
    return item


def _log_of(connection: Connection) -> str | None:
    """Return the daemon's log, if there is a connection."""
    try:
        client = connection.poll()
    except ClientError:
        return None
    return None if client is None else client.daemon.log


def _open(path: Path) -> None:
    """Open a file with the program that the system has for it."""
    Gio.AppInfo.launch_default_for_uri(path.as_uri(), None)
