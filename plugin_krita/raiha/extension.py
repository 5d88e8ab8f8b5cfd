"""The two actions of the Filter menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from krita import Extension, Krita

from . import settings
from .client import raiha_texts as texts
from .client.errors import LayerError
from .client.raiha_plugin import Options
from .dialog import HarmonizeDialog
from .document import WrongLayerError, chosen_layers
from .languages import use_language_of_krita
from .messages import offer_layer_above, show_error, show_message
from .progress import ProgressWindow
from .runner import Runner
from .session import Cancelled, Done, Session

if TYPE_CHECKING:
    from krita import Node, View, Window

ACTION, ACTION_AGAIN = "raiha_harmonize", "raiha_harmonize_again"


class HarmonizeExtension(Extension):
    """Filter > Harmonize... and Filter > Harmonize Again."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        use_language_of_krita()
        # A Qt parent keeps only the C++ half of a widget alive; this set keeps the Python half.
        self._open: set[Any] = set()

    def setup(self) -> None:
        """Do nothing: Krita calls this before there is a window."""

    def createActions(self, window: Window) -> None:  # noqa: N802  (Krita's name)
        """Add the actions to a new window's Filter menu; Krita calls this."""
        for name, words, tooltip, slot in (
            (ACTION, texts.MENU_ENTRY, texts.TOOLTIP, self.harmonize),
            (ACTION_AGAIN, texts.MENU_ENTRY_AGAIN, texts.TOOLTIP_AGAIN, self.harmonize_again),
        ):
            action = window.createAction(name, words, "filter")
            action.setText(words)  # Krita takes the words of raiha.action, which are English
            action.setToolTip(tooltip)
            action.triggered.connect(slot)

    def harmonize(self) -> None:
        """Open the dialog for the selected layers."""
        session = self._session()
        if session is None:
            return
        fresh = settings.load("")
        dialog = HarmonizeDialog(session, fresh, _main_window())
        view = Krita.instance().activeWindow().activeView()
        dialog.done_with.connect(lambda options, done: _finish(view, session, options, done))
        self._open.add(dialog)
        dialog.finished.connect(lambda _: self._open.discard(dialog))
        dialog.show()

    def harmonize_again(self) -> None:
        """Harmonize the selected layers with the last options, without a dialog."""
        session = self._session()
        if session is not None:
            self._run_again(session)

    def _run_again(self, session: Session) -> None:
        options = settings.load(session.document.fileName())
        view = Krita.instance().activeWindow().activeView()
        window = ProgressWindow(_main_window())
        runner = Runner(session.harmonize(options), window)
        self._open.update((window, runner))
        window.cancelled.connect(runner.cancel)
        runner.progressed.connect(window.progress.show_stage)

        def ended(done: Done | None, error: BaseException | None) -> None:
            session.close()
            window.leave()
            self._open.difference_update((window, runner))
            if done is not None:
                _finish(view, session, options, done)
            elif isinstance(error, Cancelled):
                show_message(view, texts.CANCELLED)
            elif isinstance(error, WrongLayerError):
                offer_layer_above(error, _main_window(), lambda: self._run_again_with(session, error.above), _nothing)
            elif error is not None:
                show_error(error, _main_window())

        runner.finished.connect(ended)
        window.show()

    def _run_again_with(self, session: Session, node: Node) -> None:
        self._run_again(Session(session.document, [node], _client_name()))

    def _session(self) -> Session | None:
        """Return a session for the selected layers, or None after showing why there is none."""
        document = Krita.instance().activeDocument()
        if document is None:
            return None
        try:
            nodes = chosen_layers(document, Krita.instance().activeWindow().activeView())
        except LayerError as error:
            show_error(error, _main_window())
            return None
        return Session(document, nodes, _client_name())


def _client_name() -> str:
    return f"krita {Krita.instance().version()}"


def _nothing() -> None:
    """Do nothing: the user declined."""


def _main_window() -> Any:
    return Krita.instance().activeWindow().qwindow()


def _finish(view: View, session: Session, options: Options, done: Done) -> None:
    settings.save(options, session.document.fileName())
    show_message(view, texts.done_text(done.layers, done.undo_steps, done.notes))
