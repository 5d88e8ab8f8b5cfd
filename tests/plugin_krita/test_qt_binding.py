"""Which Qt the plug-in loads: the one of Krita's own classes, whatever else is installed."""

from __future__ import annotations

import sys
import types
from importlib import import_module

import pytest

MODULES = ("QtCore", "QtGui", "QtWidgets")


@pytest.mark.parametrize("binding", ["PyQt5", "PyQt6"])
def test_plugin_takes_kritas_own_qt(monkeypatch: pytest.MonkeyPatch, binding: str) -> None:
    import krita

    for package in ("PyQt5", "PyQt6"):
        monkeypatch.setitem(sys.modules, package, types.ModuleType(package))
        for name in MODULES:
            monkeypatch.setitem(sys.modules, f"{package}.{name}", types.ModuleType(f"{package}.{name}"))
        core = sys.modules[f"{package}.QtCore"]
        for name in ("QObject", "Qt"):
            setattr(core, name, type(name, (), {"__module__": core.__name__}))
    base = sys.modules[f"{binding}.QtCore"].QObject
    monkeypatch.setattr(krita, "Krita", type("Krita", (base,), {}))
    monkeypatch.delitem(sys.modules, "krita_raiha.qt", raising=False)
    qt = import_module("krita_raiha.qt")
    assert [getattr(qt, name).__name__ for name in MODULES] == [f"{binding}.{name}" for name in MODULES]
    monkeypatch.delitem(sys.modules, "krita_raiha.qt")
