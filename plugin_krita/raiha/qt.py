"""Qt as this Krita brings it: PyQt6 in Krita 6, PyQt5 before."""

from krita import Krita


def _is_qt6() -> bool:
    """Return whether Krita's own classes are PyQt6's: another PyQt may be installed, and must not be loaded."""
    made_by = [base.__module__ for base in Krita.__mro__ if base.__name__ == "QObject"]
    return not made_by or made_by[0].startswith("PyQt6.")


if _is_qt6():
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets

Qt = QtCore.Qt

__all__ = ["Qt", "QtCore", "QtGui", "QtWidgets"]
