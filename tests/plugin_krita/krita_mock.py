"""A typed stand-in for what the plug-in uses of Krita's API, with undo steps counted; no Qt, no pixels engine."""

# ruff: noqa: N802  (Krita's names)

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


class Extension:
    """Krita's base class of plug-ins."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent


class InfoObject:
    """Options of an export."""

    def setProperties(self, properties: dict[str, Any]) -> None:
        self.properties = properties


@dataclass(frozen=True)
class Rect:
    """What QRect is asked."""

    left: int
    top: int
    w: int
    h: int

    def x(self) -> int:
        return self.left

    def y(self) -> int:
        return self.top

    def width(self) -> int:
        return self.w

    def height(self) -> int:
        return self.h

    def isEmpty(self) -> bool:
        return self.w < 1 or self.h < 1


@dataclass(frozen=True)
class Uuid:
    """What QUuid is asked."""

    number: int

    def toString(self) -> str:
        return str(self.number)


class Node:
    """A layer, group or mask."""

    _last = 0

    def __init__(self, name: str, kind: str = "paintlayer", rect: Rect | None = None, pixels: bytes = b"") -> None:
        Node._last += 1
        self.id = Uuid(Node._last)
        self._name, self._kind = name, kind
        self.rect = rect or Rect(0, 0, 0, 0)
        self.pixels = pixels
        self.projection: bytes | None = None
        self.space = ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
        self.is_visible, self.is_locked, self.is_animated = True, False, False
        self.mode, self._opacity = "normal", 255
        self.children: list[Node] = []
        self.parent: Node | None = None
        self.document: Document | None = None

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def type(self) -> str:
        return self._kind

    def uniqueId(self) -> Uuid:
        return self.id

    def visible(self) -> bool:
        return self.is_visible

    def locked(self) -> bool:
        return self.is_locked

    def animated(self) -> bool:
        return self.is_animated

    def bounds(self) -> Rect:
        return self.rect

    def colorModel(self) -> str:
        return self.space[0]

    def colorDepth(self) -> str:
        return self.space[1]

    def colorProfile(self) -> str:
        return self.space[2]

    def blendingMode(self) -> str:
        return self.mode

    def setBlendingMode(self, mode: str) -> None:
        self.mode = mode

    def opacity(self) -> int:
        return self._opacity

    def setOpacity(self, opacity: int) -> None:
        self._opacity = opacity

    def childNodes(self) -> list[Node]:
        return list(self.children)

    def parentNode(self) -> Node | None:
        return self.parent

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:
        assert (x, width) == (self.rect.left, self.rect.w)
        row = 4 * width
        return self.pixels[(y - self.rect.top) * row : (y - self.rect.top + height) * row]

    def projectionPixelData(self, x: int, y: int, width: int, height: int) -> bytes:
        return self.pixels if self.projection is None else self.projection

    def setPixelData(self, pixels: bytes, x: int, y: int, width: int, height: int) -> bool:
        assert isinstance(pixels, (bytes, bytearray))
        self.rect, self.pixels = Rect(x, y, width, height), bytes(pixels)
        return True

    def clone(self) -> Node:
        twin = Node(self._name, self._kind, self.rect, self.pixels)
        twin.space, twin.mode, twin._opacity = self.space, self.mode, self._opacity
        for child in self.children:
            twin._adopt(child.clone(), None)
        return twin

    def _adopt(self, child: Node, above: Node | None) -> None:
        place = len(self.children) if above is None else self.children.index(above) + 1
        self.children.insert(place, child)
        child.parent = self

    def addChildNode(self, child: Node, above: Node | None) -> bool:
        self._adopt(child, above)
        self._root().count_step()
        return True

    def remove(self) -> bool:
        assert self.parent is not None
        self._root().count_step()
        self.parent.children.remove(self)
        return True

    def _root(self) -> Node:
        return self if self.parent is None else self.parent._root()

    def count_step(self) -> None:
        if self.document is not None:
            self.document.undo_steps += 1


class Document:
    """A document whose picture is the pixels of its lowest layer."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self.root = Node("root", "grouplayer")
        self.root.document = self
        self.active: Node | None = None
        self.chosen_selection: Selection | None = None
        self.space = ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
        self.undo_steps = 0
        self.is_modified, self.is_closed = False, False

    def add(self, node: Node, parent: Node | None = None) -> Node:
        (parent or self.root)._adopt(node, None)
        self.active = node
        return node

    def width(self) -> int:
        return self._width

    def height(self) -> int:
        return self._height

    def fileName(self) -> str:
        return "street.kra"

    def activeNode(self) -> Node | None:
        return self.active

    def setActiveNode(self, node: Node) -> None:
        self.active = node

    def selection(self) -> Selection | None:
        return self.chosen_selection

    def topLevelNodes(self) -> list[Node]:
        return self.root.childNodes()

    def createNode(self, name: str, kind: str) -> Node:
        node = Node(name, kind)
        node.space = self.space
        return node

    def clone(self) -> Document:
        twin = Document(self._width, self._height)
        twin.space = self.space
        for node in self.root.children:
            copy = node.clone()
            copy.id = node.id
            twin.add(copy)
        return twin

    def nodeByUniqueID(self, identifier: Uuid) -> Node:
        return next(node for node in self.root.children if node.id == identifier)

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:
        if not self.root.children:
            return bytes(width * height * 4)
        return self.root.children[0].pixels

    def colorModel(self) -> str:
        return self.space[0]

    def colorDepth(self) -> str:
        return self.space[1]

    def colorProfile(self) -> str:
        return self.space[2]

    def currentTime(self) -> int:
        return 0

    def setCurrentTime(self, time: int) -> None:
        pass

    def setBatchmode(self, on: bool) -> None:
        pass

    def refreshProjection(self) -> None:
        pass

    def tryBarrierLock(self) -> bool:
        return True

    def unlock(self) -> None:
        pass

    def setModified(self, modified: bool) -> None:
        self.is_modified = modified

    def close(self) -> bool:
        assert not self.is_modified, "Krita would ask whether to save"
        self.is_closed = True
        return True


@dataclass(frozen=True)
class Selection:
    """A rectangular selection."""

    rect: Rect

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:
        chosen = self.rect
        return bytes(
            255 * (chosen.left <= column < chosen.left + chosen.w and chosen.top <= row < chosen.top + chosen.h)
            for row in range(y, y + height)
            for column in range(x, x + width)
        )


@dataclass
class View:
    """What is chosen in the layers docker."""

    chosen: list[Node] = field(default_factory=list)

    def selectedNodes(self) -> list[Node]:
        return self.chosen


class ToggleVisibility:
    """Krita's own action: hides or shows the active layer as one undo step."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def trigger(self) -> None:
        assert self.document.active is not None
        self.document.active.is_visible = not self.document.active.is_visible
        self.document.undo_steps += 1


class Krita:
    """The application."""

    _instance: Krita | None = None

    def __init__(self) -> None:
        self.settings: dict[tuple[str, str], str] = {}
        self.document: Document | None = None
        self.extensions: list[Extension] = []

    @classmethod
    def instance(cls) -> Krita:
        if cls._instance is None:
            cls._instance = Krita()
        return cls._instance

    def version(self) -> str:
        return "5.2"

    def activeDocument(self) -> Document | None:
        return self.document

    def readSetting(self, group: str, key: str, default: str) -> str:
        return self.settings.get((group, key), default)

    def writeSetting(self, group: str, key: str, value: str) -> None:
        json.loads(value)
        self.settings[group, key] = value

    def action(self, name: str) -> ToggleVisibility:
        assert name == "toggle_layer_visibility"
        assert self.document is not None
        return ToggleVisibility(self.document)


def layer_names(document: Document) -> list[tuple[str, bool]]:
    """Name and visibility of the document's top-level layers, from the lowest up."""
    return [(node.name(), node.visible()) for node in document.topLevelNodes()]
