"""One run: every chosen layer to the daemon and back, with GIMP's status bar saying how far it is."""

from __future__ import annotations

from dataclasses import dataclass

import gi

gi.require_version("Gimp", "3.0")
import layers  # noqa: E402
import raiha_texts as texts  # noqa: E402
from connection import Connection  # noqa: E402
from gi.repository import Gimp  # noqa: E402
from options import MOST_REFERENCES, Options  # noqa: E402
from raiha_client import Client, Frame, Job  # noqa: E402
from reading import Reading, read  # noqa: E402
from writing import write  # noqa: E402


def send(client: Client, reading: Reading, options: Options, preview_side: int | None = None) -> Job:
    """Send what was read of a layer; a preview is asked for at full strength, to be mixed here."""
    return client.harmonize(
        layer=reading.layer,
        background=reading.background,
        mask=reading.mask,
        profile=reading.profile,
        offset=reading.offset,
        strength=options.strength if preview_side is None else 1.0,
        only=options.only if preview_side is None else None,
        gallery=options.gallery,
        references=options.references,
        excluded=options.excluded,
        max_references=MOST_REFERENCES,
        preview_side=preview_side,
    )


@dataclass
class StatusBar:
    """GIMP's progress bar for a number of layers, one after the other."""

    count: int
    done: int = 0
    stage: str = ""

    def show(self, stage: str, fraction: float | None) -> None:
        """Say a stage in words, and how far the layer that is being worked on is, 0 to 1; None: nobody knows."""
        if stage != self.stage:
            self.stage = stage
            Gimp.progress_init(texts.STAGES.get(stage, texts.TITLE))
        if fraction is None:
            Gimp.progress_pulse()
        else:
            Gimp.progress_update((self.done + fraction) / self.count)


def harmonize(image: Gimp.Image, chosen: list[Gimp.Layer], options: Options, connection: Connection) -> list[str]:
    """Harmonize the layers, each with the rest of the picture, and return notes for the user.

    GIMP ends this process when the user presses Cancel, so nothing is changed before all answers are there.

    Raises:
        ClientError: the picture is as it was.
    """
    for layer in chosen:
        layers.check(layer, options.in_place)
    status = StatusBar(len(chosen))
    client = connection.wait(lambda: status.show("starting", None))
    answers = [_answer(client, layer, options, status) for layer in chosen]
    status.stage = ""
    status.show("writing", 0.0)
    image.undo_group_start()
    try:
        written = [
            write(layer, reading, result, options.in_place)
            for layer, (reading, result) in zip(chosen, answers, strict=True)
        ]
        image.set_selected_layers(written)
    finally:
        image.undo_group_end()
        Gimp.progress_end()
        Gimp.displays_flush()
    return [_note(layer) for layer in chosen if not layers.is_plain(layer)]


def _answer(client: Client, layer: Gimp.Layer, options: Options, status: StatusBar) -> tuple[Reading, Frame]:
    status.show("copying", 0.0)
    reading = read(layer)
    job = send(client, reading, options)
    # The copy of the image that was read has put its own words into the status bar.
    status.stage = ""
    result = job.wait(lambda event: status.show(event.stage, event.fraction))
    status.done += 1
    # Only what writing needs is kept while other layers are on their way.
    return reading._replace(background=None), result.layer


def _note(layer: Gimp.Layer) -> str:
    return texts.NOTE_FLATTENED.format(layer=layer.get_name())
