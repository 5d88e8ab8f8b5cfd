"""Which Qt the plug-in loads: the one of Krita's own classes, whatever else is installed."""

from __future__ import annotations

import sys
import types
from importlib import import_module

import pytest

NAMES = {
    "QtCore": ("QObject", "QSize", "Qt", "QTimer", "pyqtSignal"),
    "QtGui": ("QIcon", "QImage", "QPainter", "QPen", "QPixmap"),
    "QtWidgets": (
        *("QComboBox", "QDialog", "QDialogButtonBox", "QFileDialog", "QFormLayout", "QGroupBox", "QHBoxLayout"),
        *("QLabel", "QListWidget", "QListWidgetItem", "QMessageBox", "QProgressBar", "QPushButton", "QSlider"),
        *("QSpinBox", "QVBoxLayout", "QWidget"),
    ),
}


@pytest.mark.parametrize("binding", ["PyQt5", "PyQt6"])
def test_plugin_takes_kritas_own_qt(monkeypatch: pytest.MonkeyPatch, binding: str) -> None:
    import krita

    for package in ("PyQt5", "PyQt6"):
        monkeypatch.setitem(sys.modules, package, types.ModuleType(package))
        for part, names in NAMES.items():
            module = types.ModuleType(f"{package}.{part}")
            for name in names:
                setattr(module, name, type(name, (), {"__module__": module.__name__}))
            monkeypatch.setitem(sys.modules, module.__name__, module)
    base = sys.modules[f"{binding}.QtCore"].QObject
    monkeypatch.setattr(krita, "Krita", type("Krita", (base,), {}))
    monkeypatch.delitem(sys.modules, "krita_raiha.qt", raising=False)
    qt = import_module("krita_raiha.qt")
    assert qt.QObject is base
    assert qt.QWidget.__module__ == f"{binding}.QtWidgets"
    monkeypatch.delitem(sys.modules, "krita_raiha.qt")
