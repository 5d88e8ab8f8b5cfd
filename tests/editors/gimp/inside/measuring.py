"""How long the plug-in's steps take inside GIMP, one after the other, with the plug-in's own functions."""

import os
import sys
import time

sys.path.insert(0, os.environ["RAIHA_TEST_PLUGIN"])
import formats
import reading
from gi.repository import Gimp
from raiha_client import Client
from writing import write


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
    background = reading._background(copy)
    copy.delete()
    found["background"] = lap()
    with Client.connect(name="benchmark") as client:
        result = client.harmonize(layer=frame, background=background).wait()
    found["round_trip"], found["daemon"] = lap(), result.seconds
    read = reading.Reading(frame, background, None, None, (0, 0), formats.sent_format(layer))
    image.undo_group_start()
    write(layer, read, result.layer, in_place=False)
    image.undo_group_end()
    Gimp.displays_flush()
    found["write"] = lap()
    return found
