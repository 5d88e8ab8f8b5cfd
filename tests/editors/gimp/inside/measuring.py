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
from client.raiha_plugin import Connection  # noqa: E402
from dialog import HarmonizeDialog  # noqa: E402
from gi.repository import Gimp, GLib, Gtk  # noqa: E402
from writing import write  # noqa: E402

MOVES = 60
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
    write(layer, source, result.layer, in_place=False)
    image.undo_group_end()
    Gimp.displays_flush()
    found["write"] = lap()
    return found


class _Watch:
    """Moves the strength in an open dialog again and again, each time when the picture of the last move is drawn."""

    def __init__(self, dialog):
        self._dialog = dialog
        self._preview = dialog._page.preview
        self._slider = _child(dialog._dialog, Gtk.Scale)
        self._moved, self._used = None, 0.0
        self._last_tick = time.perf_counter()
        self.milliseconds, self.own, self.gap = [], [], 0.0

    def tick(self):
        """Take note of how long the event loop was held up; begin once there is a preview."""
        now = time.perf_counter()
        self.gap, self._last_tick = max(self.gap, now - self._last_tick), now
        if not self._preview._pictures:
            return GLib.SOURCE_CONTINUE
        self._preview.get_window().get_frame_clock().connect("after-paint", self._painted)
        GLib.idle_add(self._move)
        return GLib.SOURCE_REMOVE

    def _move(self):
        if len(self.milliseconds) == MOVES:
            self._dialog._dialog.response(Gtk.ResponseType.CANCEL)
            return GLib.SOURCE_REMOVE
        wanted = 25 + len(self.milliseconds) % 50
        self._moved, self._used = time.perf_counter(), time.process_time()
        self._slider.set_value(wanted if self._slider.get_adjustment().get_upper() > 1 else wanted / 100)
        return GLib.SOURCE_REMOVE

    def _painted(self, _clock):
        if self._moved is None:
            return
        # What was drawn has reached the screen when the X server has answered.
        self._preview.get_display().sync()
        self.milliseconds.append(1000 * (time.perf_counter() - self._moved))
        self.own.append(1000 * (time.process_time() - self._used))
        self._moved = None
        GLib.idle_add(self._move)


def dialog_of(layer):
    """Return what the real dialog takes: milliseconds from a move of the strength to its picture on the screen.

    ``strength_own_cpu_ms`` is what the plug-in's own process computes meanwhile, whatever else the machine does.
    ``largest_gap_s`` is the longest time that the dialog's event loop was held up until the first preview.
    """
    procedure = Gimp.get_pdb().lookup_procedure("python-fu-harmonize")
    connection = Connection("benchmark")
    dialog = HarmonizeDialog(procedure, procedure.create_config(), reading.read(layer)[0], connection)
    watch = _Watch(dialog)
    GLib.timeout_add(_TICK_MILLISECONDS, watch.tick)
    dialog.run()
    connection.close()
    picture = watch._preview._pictures["before"]
    return {
        "strength_ms": _spread(watch.milliseconds),
        "strength_own_cpu_ms": _spread(watch.own),
        "preview": [picture.get_width(), picture.get_height()],
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
