"""A run: sends every selected layer to the daemon and writes the results, with progress in GIMP's status bar."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import chain

import layers
from client import raiha_texts as texts
from client.raiha_client import Client, Frame
from client.raiha_plugin import Composite, Connection, Options, send
from gimp_api import Gimp
from reading import Source, read
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


def harmonize(image: Gimp.Image, chosen: list[Gimp.Layer], options: Options, connection: Connection) -> list[str]:
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
    answers = [_answer(client, *layer, options, status) for layer in chain([first], composites)]
    status.stage = ""
    status.show("writing", 0.0)
    image.undo_group_start()
    try:
        written = [
            write(layer, source, result, options.in_place)
            for layer, (source, result) in zip(chosen, answers, strict=True)
        ]
        image.set_selected_layers(written)
    finally:
        image.undo_group_end()
        Gimp.progress_end()
        Gimp.displays_flush()
    return [_note(layer) for layer in chosen if not layers.is_plain(layer)]


def _connected(connection: Connection, status: StatusBar) -> Client:
    while (client := connection.poll()) is None:
        status.show("starting", None)
        time.sleep(_PAUSE)
    return client


def _answer(
    client: Client, composite: Composite, source: Source, options: Options, status: StatusBar
) -> tuple[Source, Frame]:
    job = send(client, composite, options)
    # Merging the copied image has overwritten the status bar.
    status.stage = ""
    result = job.wait(lambda event: status.show(event.stage, event.fraction))
    assert result is not None and result.layer is not None  # nobody cancels this job
    status.done += 1
    return source, result.layer


def _note(layer: Gimp.Layer) -> str:
    return texts.NOTE_FLATTENED.format(layer=layer.get_name())
