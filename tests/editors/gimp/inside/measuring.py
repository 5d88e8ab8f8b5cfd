"""How long the plug-in's steps take inside GIMP, with the plug-in's own functions and its own dialog."""

import os
import sys
import time
from statistics import median, quantiles

import gi

gi.require_version("Gtk", "3.0")
sys.path.insert(0, os.environ["RAIHA_TEST_PLUGIN"])
import formats  # noqa: E402
import reading  # noqa: E402
from client.raiha_client import Client  # noqa: E402
from client.raiha_plugin import Connection, Options  # noqa: E402
from dialog import HarmonizeDialog  # noqa: E402
from gi.repository import Gimp, GLib, Gtk  # noqa: E402
from writing import write  # noqa: E402

MOVES = 12
ZOOMS = 5
SCREEN = (1280, 860)
"""Size of the dialog: the whole screen."""
_TICK_MILLISECONDS = 5


def seconds_of(layer):
    """Return the seconds of each step for a layer: read, background, round_trip (the daemon's work too), write."""
    image = layer.get_image()
    laps = [time.perf_counter()]

    def lap():
        laps.append(time.perf_counter())
        return round(laps[-1] - laps[-2], 3)

    found = {}
    copy = image.duplicate()
    twin = reading._flattened(reading._twin(layer, copy))
    frame = reading._frame(twin, formats.whole(twin))
    found["read"] = lap()
    copy.remove_layer(twin)
    background = reading._merged(copy)
    copy.delete()
    found["background"] = lap()
    with Client.connect(name="benchmark") as client:
        result = client.harmonize(layer=frame, background=background).wait()
    found["round_trip"], found["daemon"] = lap(), result.seconds
    source = reading.Source((frame.width, frame.height), (0, 0), formats.sent_format(layer), None)
    laps.append(time.perf_counter())
    image.undo_group_start()
    write(layer, source, result, Options())
    image.undo_group_end()
    Gimp.displays_flush()
    found["write"] = lap()
    return found


class _Watch:
    """Moves every slider in an open dialog, each time when the picture of the last move is drawn, then zooms."""

    def __init__(self, dialog):
        self._dialog = dialog
        self._preview = dialog._page.preview
        self._moves = self._all_moves()
        self._name = self._moved = None
        self._used = 0.0
        self._last_tick = time.perf_counter()
        self._zoomed = None
        self.milliseconds, self.own, self.zooms, self.gap = {}, {}, [], 0.0

    def tick(self):
        """Take note of how long the event loop was held up; begin once there is a preview."""
        now = time.perf_counter()
        self.gap, self._last_tick = max(self.gap, now - self._last_tick), now
        if self._dialog._picture is None or self._zoomed is not None or self._moved is not None:
            return GLib.SOURCE_CONTINUE
        if not self.milliseconds:
            self._dialog._dialog.resize(*SCREEN)
            self._preview.get_window().get_frame_clock().connect("after-paint", self._painted)
        self._move()
        return GLib.SOURCE_CONTINUE

    def _all_moves(self):
        """Yield names of sliders with what moves them; a place of its own for each move."""
        strength = _child(self._dialog._dialog, Gtk.Scale)
        for number in range(MOVES):
            yield "strength", lambda number=number: strength.set_value(25 + number)
        for name, adjustment in self._dialog._adjust._adjustments.items():
            low, high = adjustment.get_lower(), adjustment.get_upper()
            for number in range(MOVES):
                value = low + (high - low) * (0.3 + 0.4 * number / MOVES)
                yield name, lambda adjustment=adjustment, value=value: adjustment.set_value(value)

    def _move(self):
        self._name, move = next(self._moves, (None, None))
        if move is None:
            self._zoom()
            return
        self._moved, self._used = time.perf_counter(), time.process_time()
        move()

    def _zoom(self):
        """Look at the layer's own pixels, each time in another place; in the end, close the dialog."""
        if len(self.zooms) == ZOOMS:
            self.shown = self._preview.view.shown()
            self._dialog._dialog.response(Gtk.ResponseType.CANCEL)
            return
        self._preview.fit()
        self._dialog._detail = None
        self._zoomed = time.perf_counter()
        self._preview.view.show_true()
        self._preview.view.pan(120 * len(self.zooms), 60)
        self._preview._view_changed()

    def _painted(self, _clock):
        now = time.perf_counter
        # What was drawn has reached the screen when the X server has answered.
        self._preview.get_display().sync()
        if self._moved is not None and not self._dialog._is_mixing:
            self.milliseconds.setdefault(self._name, []).append(1000 * (now() - self._moved))
            self.own.setdefault(self._name, []).append(1000 * (time.process_time() - self._used))
            self._moved = None
        if self._zoomed is not None and self._dialog._detail is not None:
            self.zooms.append(now() - self._zoomed)
            self._zoomed = None


def dialog_of(layer):
    """Return what the real dialog takes: milliseconds from a move of each slider to its picture on the screen.

    ``own_cpu_ms`` is what the plug-in's own process computes meanwhile, whatever else the machine does; ``zoom_s`` is
    how long it takes from 1:1 to the layer's own pixels on the screen; ``largest_gap_s`` is the longest time that the
    dialog's event loop was held up.
    """
    procedure = Gimp.get_pdb().lookup_procedure("python-fu-harmonize")
    connection = Connection("benchmark")
    dialog = HarmonizeDialog(procedure, procedure.create_config(), reading.read(layer)[0], connection)
    watch = _Watch(dialog)
    GLib.timeout_add(_TICK_MILLISECONDS, watch.tick)
    dialog.run()
    connection.close()
    picture = dialog._picture
    return {
        "slider_ms": {name: _spread(values) for name, values in watch.milliseconds.items()},
        "own_cpu_ms": {name: _spread(values) for name, values in watch.own.items()},
        "zoom_s": [round(seconds, 3) for seconds in watch.zooms],
        "preview": picture.size,
        "shown": watch.shown,
        "largest_gap_s": round(watch.gap, 3),
    }


def _spread(milliseconds):
    """Return how many there are, their median, the 95th percentile, and the longest."""
    return {
        "moves": len(milliseconds),
        "median": round(median(milliseconds), 1),
        "p95": round(quantiles(milliseconds, n=20)[-1], 1),
        "max": round(max(milliseconds), 1),
    }


def _child(widget, kind):
    """Return the first widget of a kind inside of another, or None."""
    for child in widget.get_children():
        found = child if isinstance(child, kind) else _child(child, kind) if isinstance(child, Gtk.Container) else None
        if found is not None:
            return found
    return None
