"""Qt as this Krita brings it: PyQt6 in Krita 6, PyQt5 before."""

try:
    from PyQt6.QtCore import QObject, QSize, Qt, QTimer, pyqtSignal
    from PyQt6.QtGui import QIcon, QImage, QPainter, QPen, QPixmap
    from PyQt6.QtWidgets import (
        QComboBox,
        QDialog,
        QDialogButtonBox,
        QFileDialog,
        QFormLayout,
        QGroupBox,
        QHBoxLayout,
        QLabel,
        QListWidget,
        QListWidgetItem,
        QMessageBox,
        QProgressBar,
        QPushButton,
        QSlider,
        QSpinBox,
        QVBoxLayout,
        QWidget,
    )
except ImportError:
    from PyQt5.QtCore import QObject, QSize, Qt, QTimer, pyqtSignal
    from PyQt5.QtGui import QIcon, QImage, QPainter, QPen, QPixmap
    from PyQt5.QtWidgets import (
        QComboBox,
        QDialog,
        QDialogButtonBox,
        QFileDialog,
        QFormLayout,
        QGroupBox,
        QHBoxLayout,
        QLabel,
        QListWidget,
        QListWidgetItem,
        QMessageBox,
        QProgressBar,
        QPushButton,
        QSlider,
        QSpinBox,
        QVBoxLayout,
        QWidget,
    )

__all__ = [
    "QComboBox",
    "QDialog",
    "QDialogButtonBox",
    "QFileDialog",
    "QFormLayout",
    "QGroupBox",
    "QHBoxLayout",
    "QIcon",
    "QImage",
    "QLabel",
    "QListWidget",
    "QListWidgetItem",
    "QMessageBox",
    "QObject",
    "QPainter",
    "QPen",
    "QPixmap",
    "QProgressBar",
    "QPushButton",
    "QSize",
    "QSlider",
    "QSpinBox",
    "QTimer",
    "QVBoxLayout",
    "QWidget",
    "Qt",
    "pyqtSignal",
]
