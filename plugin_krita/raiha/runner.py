"""Runs the steps of a session from a timer, so that Krita's window stays responsive."""

from __future__ import annotations

from typing import Any

from .client.raiha_plugin import Steps
from .qt import QtCore
from .session import Cancelled

TICK_MS = 15


class Runner(QtCore.QObject):
    """Runs the steps of a generator, one per tick of a timer.

    Signals:
        progressed: the stage, and the fraction of the whole that is done.
        finished: the result of the steps or None, and the exception that ended them or None.
    """

    progressed = QtCore.pyqtSignal(str, float)
    finished = QtCore.pyqtSignal(object, object)

    def __init__(self, steps: Steps, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._steps = steps
        self._cancelling = False
        self._in_step = False
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._step)
        self._timer.start(TICK_MS)

    def cancel(self) -> None:
        """End the steps with ``Cancelled`` at their next opportunity."""
        self._cancelling = True

    def _step(self) -> None:
        # Krita may run the event loop inside a step; the timer must not enter the generator a second time.
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
