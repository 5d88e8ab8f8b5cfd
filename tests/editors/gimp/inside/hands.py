"""Sees and works the widgets of GIMP's windows by what they tell screen readers: their roles, names and states.

This is AT-SPI as it goes over the message bus. Its library (libatspi) is not used: it keeps what it saw, and waits for
itself for ever when a window changes while it is asked.
"""

from contextlib import suppress

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

_MILLISECONDS = 60000
"""How long a program may take to answer."""
_ROLES = {
    "combo box": 11,
    "label": 29,
    "list item": 32,
    "menu": 33,
    "menu bar": 34,
    "menu item": 35,
    "panel": 39,
    "progress bar": 42,
    "button": 43,
    "spin button": 52,
    "toggle button": 62,
    "list box": 98,
}
_NAMES = {number: name for name, number in _ROLES.items()}
# Canvas, menu bar, table, tree table: what is in them is many.
_CLOSED = (6, 34, 55, 66)
_SHOWING, _SENSITIVE = 1 << 25, 1 << 24
_LABELLED_BY = 2
_ON_SCREEN = 0
_ROOT = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
_NOWHERE = "/org/a11y/atspi/null"


def windows():
    """Return the titles of the windows that are open."""
    return [title for title, _ in _windows()]


def see(window):
    """Return every widget of a window that shows: role, name, label, whether it can be used."""
    return [_described(widget) for widget in _walk(_window(window))]


def find(window, role, name=None):
    """Return the widgets of a role, and perhaps a name, that show in a window, described as by ``see``."""
    return [_described(widget) for widget in _walk(_window(window)) if _is(widget, role, name)]


def press(window, role, name):
    """Press a button."""
    _call(_only(window, role, name), "Action", "DoAction", GLib.Variant("(i)", (0,)))


def press_until_closed(window, role, name):
    """Press a button that closes its window; return whether the window had gone already."""
    if window not in windows():
        return True
    # The window may be closing because of the press before.
    with suppress(LookupError, GLib.Error):
        press(window, role, name)
    return False


def shows_entry(window, menu, name):
    """Return whether a menu of the menu bar is open and has an entry."""
    return _entry(window, menu, name) is not None


def choose_entry(window, menu, name):
    """Choose an entry of a menu of the menu bar."""
    _call(_entry(window, menu, name), "Action", "DoAction", GLib.Variant("(i)", (0,)))


def focus(window, role, name):
    """Give the keyboard to a widget."""
    _call(_only(window, role, name), "Component", "GrabFocus")


def area(window, role, name):
    """Return where a widget is on the screen: left, top, width and height, pixels."""
    return _call(_only(window, role, name), "Component", "GetExtents", GLib.Variant("(u)", (_ON_SCREEN,)))[0]


def chosen(window, name):
    """Return what is chosen in the list that drops down beside a label."""
    entry = _call(_only(window, "combo box", name), "Selection", "GetSelectedChild", GLib.Variant("(i)", (0,)))[0]
    return _property(entry, "Accessible", "Name")


def choose(window, name, entry):
    """Choose an entry of the list that drops down beside a label."""
    box = _only(window, "combo box", name)
    (menu,) = _children(box)
    entries = [_property(found, "Accessible", "Name") for found in _children(menu)]
    _call(box, "Selection", "SelectChild", GLib.Variant("(i)", (entries.index(entry),)))


def select(window, role, number):
    """Select a line of the only list of that role."""
    _call(_only(window, role, None), "Selection", "SelectChild", GLib.Variant("(i)", (number,)))


def number(window, name):
    """Return the number in the field beside a label."""
    return _property(_only(window, "spin button", name), "Value", "CurrentValue")


def set_number(window, name, value):
    """Put a number into the field beside a label."""
    new = GLib.Variant("(ssv)", ("org.a11y.atspi.Value", "CurrentValue", GLib.Variant("d", float(value))))
    _call(_only(window, "spin button", name), "org.freedesktop.DBus.Properties", "Set", new)


def progress(window):
    """Return how far the progress bar in a window is, 0 to 1, or None when there is none; its words are not told."""
    bars = [widget for widget in _walk(_window(window)) if _is(widget, "progress bar", None)]
    return _property(bars[0], "Value", "CurrentValue") if bars else None


def _accessibility_bus():
    session = Gio.bus_get_sync(Gio.BusType.SESSION)
    answer = session.call_sync(
        "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, _MILLISECONDS
    )
    flags = Gio.DBusConnectionFlags
    return Gio.DBusConnection.new_for_address_sync(
        answer.unpack()[0], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION
    )


_bus = _accessibility_bus()


def _call(widget, interface, method, arguments=None):
    if "." not in interface:
        interface = f"org.a11y.atspi.{interface}"
    return _bus.call_sync(*widget, interface, method, arguments, None, 0, _MILLISECONDS).unpack()


def _property(widget, interface, name):
    asked = GLib.Variant("(ss)", (f"org.a11y.atspi.{interface}", name))
    return _call(widget, "org.freedesktop.DBus.Properties", "Get", asked)[0]


def _children(widget):
    return [child for child in _call(widget, "Accessible", "GetChildren")[0] if child[1] != _NOWHERE]


def _role(widget):
    return _call(widget, "Accessible", "GetRole")[0]


def _states(widget):
    low, high = _call(widget, "Accessible", "GetState")[0]
    return low | high << 32


def _windows():
    """Return titles and windows of all programs; what ends meanwhile is left out."""
    found = []
    for program in _children(_ROOT):
        for window in _tried(_children, program) or []:
            title = _tried(_property, window, "Accessible", "Name")
            if title is not None:
                found.append((title, window))
    return found


def _tried(ask, *about):
    """Ask, and return None if what is asked has gone."""
    try:
        return ask(*about)
    except GLib.Error:
        return None


def _window(title):
    # The main window's title begins with the document's.
    found = _windows()
    matching = [window for name, window in found if name.endswith(title)]
    if not matching:
        raise LookupError(f"no window {title!r}, but {[name for name, _ in found]}")
    return matching[-1]


def _walk(widget):
    """Yield what shows inside of a widget; what is gone by the time it is asked is left out."""
    try:
        children = _children(widget)
    except GLib.Error:
        return
    for child in children:
        try:
            shows, role = _states(child) & _SHOWING, _role(child)
        except GLib.Error:
            continue
        if shows:
            yield child
            if role not in _CLOSED:
                yield from _walk(child)


def _is(widget, role, name):
    try:
        if _role(widget) != _ROLES[role]:
            return False
        return name is None or name in (_property(widget, "Accessible", "Name"), _label(widget))
    except GLib.Error:
        return False


def _only(window, role, name):
    found = [widget for widget in _walk(_window(window)) if _is(widget, role, name)]
    if len(found) != 1:
        raise LookupError(f"{len(found)} times {role} {name!r} in {window!r}: {see(window)}")
    return found[0]


def _entry(window, menu, name):
    bars = [widget for widget in _walk(_window(window)) if _is(widget, "menu bar", None)]
    menus = [child for bar in bars for child in _children(bar) if _is(child, "menu", menu)]
    entries = [child for opened in menus for child in _children(opened) if _is(child, "menu item", name)]
    return next((entry for entry in entries if _states(entry) & _SHOWING), None)


def _label(widget):
    for kind, targets in _call(widget, "Accessible", "GetRelationSet")[0]:
        if kind == _LABELLED_BY:
            return _property(targets[0], "Accessible", "Name")
    return None


def _described(widget):
    try:
        role = _role(widget)
        return {
            "role": _NAMES.get(role, role),
            "name": _property(widget, "Accessible", "Name"),
            "label": _label(widget),
            "enabled": bool(_states(widget) & _SENSITIVE),
        }
    except GLib.Error:
        return {"role": None, "name": "", "label": None, "enabled": False}
