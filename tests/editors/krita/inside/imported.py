"""Tools > Scripts > Import Python Plugin from File, with the zip that RAIHA_TEST_ZIP names."""

import os

from krita import Krita
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QFileDialog, QMessageBox
from raiha_testdriver import driver
from raiha_testdriver.driver import results


def scenario():
    """Import the zip and enable the plug-in, as Krita asks."""
    QTimer.singleShot(0, Krita.instance().action("plugin_importer_file").trigger)
    yield lambda: isinstance(QApplication.activeModalWidget(), QFileDialog)
    yield from driver.type_file_name(os.environ["RAIHA_TEST_ZIP"])
    yield lambda: isinstance(QApplication.activeModalWidget(), QMessageBox)
    box = QApplication.activeModalWidget()
    results["asked"] = box.text()
    QTest.mouseClick(box.button(QMessageBox.Yes), Qt.LeftButton)
    yield lambda: QApplication.activeModalWidget() is None
    results["enabled"] = Krita.instance().readSetting("python", "enable_raiha", "")
