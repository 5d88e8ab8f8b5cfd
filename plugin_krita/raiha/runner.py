"""Runs the steps of a session from a timer, so that Krita's window stays alive."""

from __future__ import annotations

from typing import Any

from .kinds import Steps
from .qt import QObject, QTimer, pyqtSignal
from .session import Cancelled

TICK_MS = 15


class Runner(QObject):
    """Runs steps one after the other.

    Signals:
        progressed: stage and fraction of the whole.
        finished: what the steps returned, or None; the exception that ended them, or None.
    """

    progressed = pyqtSignal(str, float)
    finished = pyqtSignal(object, object)

    def __init__(self, steps: Steps, parent: QObject) -> None:
        super().__init__(parent)
        self._steps = steps
        self._cancelling = False
        self._in_step = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        self._timer.start(TICK_MS)

    def cancel(self) -> None:
        """Let the steps end with ``Cancelled`` as soon as they can."""
        self._cancelling = True

    def _step(self) -> None:
        # Krita may run the event loop inside a step: a timer that fires then must not enter the generator again.
        if self._in_step:
            return
        self._in_step = True
        try:
            self._report(self._advance())
        except StopIteration as end:
            self._end(end.value, None)
        except BaseException as error:
            self._end(None, error)
        finally:
            self._in_step = False

    def _advance(self) -> Any:
        if self._cancelling:
            self._cancelling = False
            return self._steps.throw(Cancelled())
        return next(self._steps)

    def _report(self, progress: Any) -> None:
        if progress is not None:
            self.progressed.emit(*progress)

    def _end(self, value: Any, error: BaseException | None) -> None:
        self._timer.stop()
        self.finished.emit(value, error)
        self.deleteLater()
