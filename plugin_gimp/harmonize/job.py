"""A run: sends every selected layer to the daemon and writes the results, with progress in GIMP's status bar."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import layers
from client import raiha_texts as texts
from client.raiha_client import Client, Job, Result
from client.raiha_plugin import Connection, Options, send
from gimp_api import Gimp
from reading import read
from writing import write

_PAUSE = 0.02


@dataclass
class StatusBar:
    """GIMP's progress bar for a number of layers, one after the other."""

    count: int
    done: int = 0
    stage: str = ""

    def show(self, stage: str, fraction: float | None) -> None:
        """Show a stage and the progress of the current layer, 0 to 1; None: unknown."""
        if stage != self.stage:
            self.stage = stage
            Gimp.progress_init(texts.STAGES.get(stage, texts.TITLE))
        if fraction is None:
            Gimp.progress_pulse()
        else:
            Gimp.progress_update((self.done + fraction) / self.count)


@dataclass(frozen=True)
class Adjusting:
    """What the user or a script adjusts.

    Attributes:
        first: the whole adjustment of the first layer, as the dialog showed it; None: the network's.
        every: numbers that replace the network's for every layer, by name.
    """

    first: Mapping[str, Any] | None
    every: Mapping[str, float]


def harmonize(
    image: Gimp.Image, chosen: list[Gimp.Layer], options: Options, adjusting: Adjusting, connection: Connection
) -> list[str]:
    """Harmonize the layers, each with the rest of the picture, and return notes for the user.

    GIMP ends this process when the user presses Cancel, so nothing is changed before all answers have arrived.

    Raises:
        ClientError: nothing was changed.
    """
    for layer in chosen:
        layers.check(layer, options.in_place)
    status = StatusBar(len(chosen))
    status.show("copying", 0.0)
    composites = map(read, chosen)
    # What is wrong with the layer is found before a daemon is started.
    first = next(composites)
    client = _connected(connection, status)
    answers = []
    for number, (composite, source) in enumerate(chain([first], composites)):
        adjustment = adjusting.first if number == 0 else None
        job = send(client, composite, options, adjustment=adjustment, adjust=adjusting.every)
        answers.append((source, _result(job, status)))
    status.stage = ""
    status.show("writing", 0.0)
    image.undo_group_start()
    try:
        written = [
            write(layer, source, result, options) for layer, (source, result) in zip(chosen, answers, strict=True)
        ]
        image.set_selected_layers(written)
    finally:
        image.undo_group_end()
        Gimp.progress_end()
        Gimp.displays_flush()
    notices = dict.fromkeys(notice for _, result in answers for notice in result.notices)
    return [*(_note(layer) for layer in chosen if not layers.is_plain(layer)), *notices]


def _connected(connection: Connection, status: StatusBar) -> Client:
    while (client := connection.poll()) is None:
        status.show("starting", None)
        time.sleep(_PAUSE)
    return client


def _result(job: Job, status: StatusBar) -> Result:
    # Merging the copied image has overwritten the status bar.
    status.stage = ""
    result = job.wait(lambda event: status.show(event.stage, event.fraction))
    assert result is not None  # nobody cancels this job
    status.done += 1
    return result


def _note(layer: Gimp.Layer) -> str:
    return texts.NOTE_FLATTENED.format(layer=layer.get_name())
