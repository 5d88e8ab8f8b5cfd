"""Qt as this Krita brings it: PyQt6 in Krita 6, PyQt5 before."""

from importlib import import_module

from krita import Krita


def _binding() -> str:
    """Return the package that made Krita's own classes: the other one may be installed, too, and must not be loaded."""
    made_by = [base.__module__ for base in Krita.__mro__ if base.__name__ == "QObject"]
    return made_by[0].split(".")[0] if made_by else "PyQt6"


_core, _gui, _widgets = (import_module(f"{_binding()}.{part}") for part in ("QtCore", "QtGui", "QtWidgets"))

QObject = _core.QObject
QSize = _core.QSize
Qt = _core.Qt
QTimer = _core.QTimer
pyqtSignal = _core.pyqtSignal  # noqa: N816  (Qt's name)

QIcon = _gui.QIcon
QImage = _gui.QImage
QPainter = _gui.QPainter
QPen = _gui.QPen
QPixmap = _gui.QPixmap

QComboBox = _widgets.QComboBox
QDialog = _widgets.QDialog
QDialogButtonBox = _widgets.QDialogButtonBox
QFileDialog = _widgets.QFileDialog
QFormLayout = _widgets.QFormLayout
QGroupBox = _widgets.QGroupBox
QHBoxLayout = _widgets.QHBoxLayout
QLabel = _widgets.QLabel
QListWidget = _widgets.QListWidget
QListWidgetItem = _widgets.QListWidgetItem
QMessageBox = _widgets.QMessageBox
QProgressBar = _widgets.QProgressBar
QPushButton = _widgets.QPushButton
QSlider = _widgets.QSlider
QSpinBox = _widgets.QSpinBox
QVBoxLayout = _widgets.QVBoxLayout
QWidget = _widgets.QWidget
