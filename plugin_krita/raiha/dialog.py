"""The dialog: preview, strength, what to change, gallery, references, and where the result goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .client import raiha_texts as texts
from .client.raiha_plugin import Options, Steps
from .messages import show_error
from .preview import Preview
from .progress import Progress
from .qt import Qt, QtCore, QtWidgets
from .references import References
from .runner import Runner
from .session import Cancelled, Session


class HarmonizeDialog(QtWidgets.QDialog):
    """Asks for the options, shows a preview and harmonizes.

    Signals:
        done_with: the options, and the session's ``Done``.
    """

    done_with = QtCore.pyqtSignal(object, object)

    def __init__(self, session: Session, options: Options, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("raiha_dialog")
        self.setWindowTitle(texts.TITLE)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.session = session
        self._runner: Runner | None = None
        self._next: Callable[[], None] | None = None
        self._is_writing = False
        self._make_fields(options)
        self._lay_out()
        self._mix()
        self.run_preview()

    def _make_fields(self, options: Options) -> None:
        self.preview = Preview()
        self.strength = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self.strength.setObjectName("raiha_strength")
        self.percent = QtWidgets.QSpinBox()
        self.percent.setSuffix(" %")
        for field in (self.strength, self.percent):
            field.setRange(0, 100)
            field.setValue(round(100 * options.strength))
            field.setAccessibleName(texts.STRENGTH)
        self.strength.valueChanged.connect(self.percent.setValue)
        self.percent.valueChanged.connect(self.strength.setValue)
        self.strength.valueChanged.connect(self._mix)
        self.what = _choices(texts.what_choices(), options.only)
        self.what.currentIndexChanged.connect(self._mix)
        self.gallery = _choices([(None, texts.GALLERY_NONE)], None)
        self._wanted_gallery = options.gallery
        self.gallery.activated.connect(lambda _: self.run_preview())
        self.placement = _choices(texts.placement_choices(), options.placement)
        self.references = References()
        self.references.run_again.connect(self.run_preview)

    def _lay_out(self) -> None:
        strength = QtWidgets.QHBoxLayout()
        strength.addWidget(self.strength, 1)
        strength.addWidget(self.percent)
        form = QtWidgets.QFormLayout()
        self._add_row(form, texts.STRENGTH, strength)
        self._add_row(form, texts.WHAT, self.what)
        self._add_row(form, texts.GALLERY, self.gallery)
        side = QtWidgets.QVBoxLayout()
        side.addLayout(form)
        side.addWidget(self.references, 1)
        result = QtWidgets.QFormLayout()
        self._add_row(result, texts.PLACEMENT, self.placement)
        side.addLayout(result)
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.preview, 1)
        top.addLayout(side)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addLayout(top, 1)
        layout.addLayout(self._bottom())

    def _add_row(self, form: QtWidgets.QFormLayout, words: str, field: Any) -> None:
        label = QtWidgets.QLabel(words)
        label.setMinimumWidth(self.fontMetrics().boundingRect(texts.STRENGTH).width() + 6)
        form.addRow(label, field)
        if isinstance(field, QtWidgets.QWidget):
            label.setBuddy(field)

    def _bottom(self) -> QtWidgets.QHBoxLayout:
        self.notes = QtWidgets.QLabel()
        self.notes.setWordWrap(True)
        self.notes.hide()
        self.progress = Progress()
        self.buttons = QtWidgets.QDialogButtonBox()
        self.apply = self.buttons.addButton(texts.APPLY, QtWidgets.QDialogButtonBox.ButtonRole.AcceptRole)
        self.apply.setDefault(True)
        self.buttons.addButton(texts.CANCEL, QtWidgets.QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self.run_harmonize)
        self.buttons.rejected.connect(self.reject)
        left = QtWidgets.QVBoxLayout()
        left.addWidget(self.notes)
        left.addWidget(self.progress)
        bottom = QtWidgets.QHBoxLayout()
        bottom.addLayout(left, 1)
        bottom.addWidget(self.buttons, 0, Qt.AlignmentFlag.AlignBottom)
        return bottom

    def options(self) -> Options:
        """Return the options that the fields show."""
        return Options(
            strength=self.strength.value() / 100.0,
            only=self.what.currentData(),
            gallery=self._wanted_gallery if self.session.client is None else self.gallery.currentData(),
            placement=self.placement.currentData(),
            references=tuple(self.references.chosen.pinned),
            excluded=tuple(self.references.chosen.excluded),
        )

    def _mix(self, *_: Any) -> None:
        self.preview.set_mix(self.strength.value() / 100.0, self.what.currentData())

    def run_preview(self) -> None:
        """Request a preview with the current options, and cancel the one that is running."""
        self._run(self._preview_steps, self._preview_is_there)

    def run_harmonize(self) -> None:
        """Harmonize with the current options and close."""
        for field in (self.apply, self.references, self.what, self.gallery, self.placement, self.strength):
            field.setEnabled(False)
        self.percent.setEnabled(False)
        self._run(lambda: self.session.harmonize(self.options()), self._harmonized)

    def _preview_steps(self) -> Steps:
        yield from self.session.connect()
        self._show_galleries()
        return (yield from self.session.preview(self.options(), texts.PREVIEW_SIDE))

    def _show_galleries(self) -> None:
        if self.gallery.count() > 1 or self.session.client is None:
            return
        for gallery in self.session.client.hello.get("galleries", []):
            words = texts.gallery_label(gallery["name"], gallery["photos"])
            self.gallery.addItem(words, gallery["name"])
        self.gallery.setCurrentIndex(max(self.gallery.findData(self._wanted_gallery), 0))

    def _run(self, make_steps: Callable[[], Steps], use: Callable[[Any], None]) -> None:
        if self._runner is not None:
            self._next = lambda: self._run(make_steps, use)
            self._runner.cancel()
            return
        self._runner = Runner(make_steps(), self)
        self._runner.progressed.connect(self._show_stage)
        self._runner.finished.connect(lambda value, error: self._ended(value, error, use))

    def _show_stage(self, stage: str, fraction: float) -> None:
        self._is_writing = stage == "writing" and fraction >= 1.0
        self.progress.show_stage(stage, fraction)

    def _ended(self, value: Any, error: BaseException | None, use: Callable[[Any], None]) -> None:
        self._runner = None
        self.progress.clear(texts.PREVIEW_HINT)
        following, self._next = self._next, None
        if following is not None:
            following()
        elif error is None:
            use(value)
        else:
            self._leave()
            if not isinstance(error, Cancelled):
                show_error(error, self.parentWidget())

    def _preview_is_there(self, result: Any) -> None:
        notes = [note for copy in self.session.copies for note in copy.notes]
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))
        self.preview.set_pictures(result.preview)
        self.references.set_references(result.references)

    def _harmonized(self, done: Any) -> None:
        options = self.options()
        self._leave()
        self.done_with.emit(options, done)

    def reject(self) -> None:
        """Cancel what is running and close, unless the document is being written. Qt calls this."""
        if self._is_writing:
            return
        if self._runner is None:
            self._leave()
        else:
            self._next = self._leave
            self._runner.cancel()

    def _leave(self) -> None:
        self.session.close()
        super().reject()


def _choices(choices: Any, current: str | None) -> QtWidgets.QComboBox:
    box = QtWidgets.QComboBox()
    for value, words in choices:
        box.addItem(words, value)
    box.setCurrentIndex(max(box.findData(current), 0))
    return box
