"""The dialog: preview, strength, what to change, adjustments, gallery, references, and where the result goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .adjust_panel import AdjustPanel
from .client import raiha_texts as texts
from .client.raiha_plugin import MOST_STRENGTH, Options, Steps
from .column import Column
from .document import WrongLayerError
from .gallery_box import GalleryBox
from .help_menu import HelpButton
from .layers import UNDO_STEPS
from .messages import offer_layer_above, show_error
from .pictures import Look
from .preview import Preview
from .progress import Progress
from .qt import Qt, QtCore, QtWidgets
from .references import References
from .runner import Runner
from .section import Section, let_one_fold_the_other
from .session import Cancelled, Session
from .zoom_bar import ZoomBar


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
        self._view_runner: Runner | None = None
        self._view_wish: Any = None
        self._next: Callable[[], None] | None = None
        self._is_writing = False
        self._make_fields(options)
        self._lay_out()
        self._mix()
        self.run_preview()

    def _make_fields(self, options: Options) -> None:
        self.preview = Preview()
        self.preview.view_wanted.connect(self._request_view)
        self.zoom = ZoomBar(self.preview)
        self.strength = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self.strength.setObjectName("raiha_strength")
        self.percent = QtWidgets.QSpinBox()
        self.percent.setSuffix(" %")
        for field in (self.strength, self.percent):
            field.setRange(0, round(100 * MOST_STRENGTH))
            field.setValue(round(100 * options.strength))
            field.setAccessibleName(texts.STRENGTH)
            field.setToolTip(texts.STRENGTH_TOOLTIP)
        self.strength.valueChanged.connect(self.percent.setValue)
        self.percent.valueChanged.connect(self.strength.setValue)
        self.strength.valueChanged.connect(self._mix)
        self.what = _choices(texts.what_choices(), options.only, texts.WHAT_TOOLTIP)
        self.what.currentIndexChanged.connect(self._mix)
        self.adjust = AdjustPanel()
        self.adjust.changed.connect(self._mix)
        self.finishing = {name: self._check_box(name, chosen) for name, chosen in options.finishing.items()}
        self.gallery = GalleryBox(self.session, options.gallery)
        self.gallery.chosen.connect(self._gallery_chosen)
        self.placement = _choices(texts.placement_choices(), options.placement, texts.PLACEMENT_TOOLTIP)
        self.references = References()
        self.references.run_again.connect(self.run_preview)
        has_gallery = options.gallery is not None
        self.adjust_section = Section(texts.ADJUST, texts.ADJUST_TOOLTIP, self.adjust, is_open=not has_gallery)
        self.references_section = Section(
            texts.REFERENCES, texts.REFERENCES_TOOLTIP, self.references, is_open=has_gallery
        )
        let_one_fold_the_other(self.adjust_section, self.references_section)

    def _lay_out(self) -> None:
        pictures = QtWidgets.QVBoxLayout()
        pictures.addWidget(self.preview, 1)
        pictures.addWidget(self.zoom)
        result = QtWidgets.QFormLayout()
        self._add_row(result, texts.PLACEMENT, self.placement)
        steps = texts.undo_times(UNDO_STEPS * len(self.session.nodes))
        result.addRow("", QtWidgets.QLabel(texts.NOTE_UNDO_STEPS.format(times=steps)))
        side = QtWidgets.QVBoxLayout()
        side.addWidget(self._side(), 1)
        side.addLayout(result)
        top = QtWidgets.QHBoxLayout()
        top.addLayout(pictures, 1)
        top.addLayout(side)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addLayout(top, 1)
        layout.addLayout(self._bottom())

    def _side(self) -> Column:
        """Return the column of fields."""
        strength = QtWidgets.QHBoxLayout()
        strength.addWidget(self.strength, 1)
        strength.addWidget(self.percent)
        form = QtWidgets.QFormLayout()
        self._add_row(form, texts.STRENGTH, strength)
        self._add_row(form, texts.WHAT, self.what)
        below = QtWidgets.QFormLayout()
        self._add_row(below, texts.GALLERY, self.gallery)
        column = QtWidgets.QWidget()
        side = QtWidgets.QVBoxLayout(column)
        side.setContentsMargins(0, 0, 4, 0)
        side.addLayout(form)
        side.addWidget(self.adjust_section)
        for box in self.finishing.values():
            side.addWidget(box)
        side.addLayout(below)
        side.addWidget(self.references_section, 1)
        side.addStretch(0)
        return Column(column, self.references.minimumWidth() + side.contentsMargins().right())

    def _add_row(self, form: QtWidgets.QFormLayout, words: str, field: Any) -> None:
        label = QtWidgets.QLabel(words)
        widest = max(self.fontMetrics().boundingRect(text).width() for text in self._labels())
        label.setMinimumWidth(widest + 6)
        form.addRow(label, field)
        if isinstance(field, QtWidgets.QWidget):
            label.setToolTip(field.toolTip())
            label.setBuddy(field)

    def _labels(self) -> list[str]:
        return [texts.STRENGTH, texts.WHAT, texts.GALLERY, texts.PLACEMENT]

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
        self.help = HelpButton()
        bottom = QtWidgets.QHBoxLayout()
        bottom.addLayout(left, 1)
        bottom.addWidget(self.help, 0, Qt.AlignmentFlag.AlignBottom)
        bottom.addWidget(self.buttons, 0, Qt.AlignmentFlag.AlignBottom)
        return bottom

    def options(self) -> Options:
        """Return the options that the fields show."""
        return Options(
            strength=self.strength.value() / 100.0,
            only=self.what.currentData(),
            gallery=self.gallery.name(),
            placement=self.placement.currentData(),
            references=tuple(self.references.chosen.pinned),
            excluded=tuple(self.references.chosen.excluded),
            **{name: box.isChecked() for name, box in self.finishing.items()},
        )

    def _check_box(self, name: str, chosen: bool) -> QtWidgets.QCheckBox:
        """Return the box of what is done after the colours; the daemon measures it for a new preview."""
        box = QtWidgets.QCheckBox(texts.FINISH_LABELS[name])
        box.setObjectName(f"raiha_{name}")
        box.setToolTip(texts.FINISH_TOOLTIPS[name])
        box.setChecked(chosen)
        box.toggled.connect(self.run_preview)
        return box

    def _mix(self, *_: Any) -> None:
        numbers = self.adjust.adjustments.numbers()
        self.preview.set_look(Look(numbers, self.strength.value() / 100.0, self.what.currentData()))

    def _gallery_chosen(self) -> None:
        self.references_section.heading.setChecked(self.gallery.name() is not None)
        self.run_preview()

    def run_preview(self) -> None:
        """Request a preview with the current options, and cancel the one that is running."""
        self._run(self._preview_steps, self._preview_is_there)

    def run_harmonize(self) -> None:
        """Harmonize with the current options and close."""
        fields = self.apply, self.references, self.what, self.gallery, self.placement, self.strength, self.percent
        for field in (*fields, self.adjust, *self.finishing.values()):
            field.setEnabled(False)
        self._run(lambda: self.session.harmonize(self.options(), self.adjust.adjustments), self._harmonized)

    def _preview_steps(self) -> Steps:
        yield from self.session.copy(1)
        yield from self.session.connect()
        self._show_galleries()
        return (yield from self.session.preview(self.options(), texts.PREVIEW_SIDE))

    def _show_galleries(self) -> None:
        assert self.session.client is not None
        self.help.log = self.session.client.daemon.log
        self.gallery.show_galleries()

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
            self._next_view()
        elif isinstance(error, WrongLayerError):
            offer_layer_above(error, self, lambda: self._choose_instead(error.above), self._leave)
        else:
            self._leave()
            if not isinstance(error, Cancelled):
                show_error(error, self.parentWidget())

    def _choose_instead(self, node: Any) -> None:
        self.session.choose_instead(node)
        self.run_preview()

    def _preview_is_there(self, result: Any) -> None:
        notes = [texts.LITTLE_CHANGED] if result.change < texts.LITTLE_CHANGE else []
        notes += result.notices
        notes += [note for copy in self.session.copies for note in copy.notes]
        self.notes.setText(" ".join(notes))
        self.notes.setVisible(bool(notes))
        self.adjust.show_found(result.adjustments)
        self._mix()
        self.preview.set_result(result)
        self.references.set_references(result.references)

    def _request_view(self, area: Any, side: int) -> None:
        """Request a part with its own pixels; while one is on its way, only the last wish counts."""
        self._view_wish = (area, side)
        if self._view_runner is None and self._runner is None:
            self._next_view()

    def _next_view(self) -> None:
        wish, self._view_wish = self._view_wish, None
        if wish is None or self.session.client is None:
            return
        area, side = wish
        finish = self.adjust.adjustments.finish
        self._view_runner = Runner(self.session.view(area, side, finish), self)
        self._view_runner.finished.connect(lambda result, error: self._view_ended(result, error, area))

    def _view_ended(self, result: Any, error: BaseException | None, area: Any) -> None:
        self._view_runner = None
        if error is None and self.session.client is not None:
            self.preview.set_view(result, area)
        self._next_view()

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


def _choices(choices: Any, current: str | None, tooltip: str) -> QtWidgets.QComboBox:
    box = QtWidgets.QComboBox()
    box.setToolTip(tooltip)
    for value, words in choices:
        box.addItem(words, value)
    box.setCurrentIndex(max(box.findData(current), 0))
    return box
