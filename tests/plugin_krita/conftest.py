"""The plug-in as `raiha install-plugin` puts it in place, on a Krita that is a mock."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import krita_mock
import pytest

from raiha.backend.plugin_installer.shared import copy_plugin, plugin_source

PACKAGE = "raiha"
NAME = "krita_raiha"
"""Of the plug-in's package in tests: inside Krita it is `raiha`, which is this project's own name outside."""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pykrita")
    copy_plugin(plugin_source("plugin_krita") / PACKAGE, folder / PACKAGE)
    return folder


@pytest.fixture(scope="session", autouse=True)
def plugin(installed: Path) -> Iterator[None]:
    """Make ``import krita_raiha.layers`` find the plug-in, without its ``__init__``, which needs a window."""
    package = types.ModuleType(NAME)
    package.__path__ = [str(installed / PACKAGE)]
    sys.modules["krita"] = krita_mock  # type: ignore[assignment]
    sys.modules[NAME] = package
    yield
    for name in [name for name in sys.modules if name == "krita" or name.split(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture
def document() -> krita_mock.Document:
    """Return a picture of 4 x 3 pixels with an object of 2 x 2 in it."""
    document = krita_mock.Document(4, 3)
    document.add(krita_mock.Node("picture", rect=krita_mock.Rect(0, 0, 4, 3), pixels=b"\x10\x20\x30\xff" * 12))
    pixels = b"\x01\x02\x03\xff" * 3 + b"\x01\x02\x03\x00"
    document.add(krita_mock.Node("object", rect=krita_mock.Rect(-1, 1, 2, 2), pixels=pixels))
    krita_mock.Krita._instance = krita_mock.Krita()
    krita_mock.Krita.instance().document = document
    return document
