"""The words of both dialogs and both menus: the same words in the same order in Krita and in GIMP.

Standard library only: the editors' plug-ins carry a copy of this file beside ``raiha_client.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

TITLE = "Harmonize"
MENU_ENTRY = "Harmonize..."
MENU_ENTRY_AGAIN = "Harmonize Again"
TOOLTIP = "Give a pasted object the light and colour of its picture"
TOOLTIP_AGAIN = "Harmonize the chosen layer with the last settings, without a dialog"

PREVIEW_SIDE = 768
PREVIEW = "Preview"
PREVIEW_BEFORE = "Before"
PREVIEW_AFTER = "After"
PREVIEW_WAITING = "Preparing the preview"
PREVIEW_HINT = "Drag the line, or press Left and Right. Space shows the whole picture before or after."

STRENGTH = "Strength"

WHAT = "Change"
WHAT_CHOICES: tuple[tuple[str | None, str], ...] = (
    (None, "Colour and luminance"),
    ("colour", "Colour only"),
    ("luminance", "Luminance only"),
)
"""The protocol's ``only`` and the words for it, in the order of the dialogs."""

GALLERY = "Gallery"
GALLERY_NONE = "None"
GALLERY_MISSING = "{gallery} (not found)"

REFERENCES = "References"
REFERENCES_EMPTY = "No references: the picture alone says how the object should look."
REFERENCE_EXCLUDE = "Exclude"
REFERENCE_INCLUDE = "Include"
REFERENCE_PIN = "Pin"
REFERENCE_UNPIN = "Unpin"
REFERENCE_PINNED = "Pinned"
REFERENCE_EXCLUDED = "Excluded"
REFERENCE_CHOOSE = "Choose a Photo..."
REFERENCE_CHOOSE_TITLE = "Choose a photo as a reference"
REFERENCE_PHOTOS = "Photos (*.jpg *.jpeg *.png *.tif *.tiff *.webp *.heic *.avif)"
RUN_AGAIN = "Run Again"

PLACEMENT = "Result"
PLACEMENT_CHOICES: tuple[tuple[str, str], ...] = (
    ("new-layer", "New layer above, original hidden"),
    ("in-place", "In place of the layer"),
)
"""Where the result goes, in the order of the dialogs; the first is the default."""

APPLY = "Harmonize"
CANCEL = "Cancel"

HELP_LINK = "How to install Raiha"

RESULT_NAME = "{layer} (harmonized)"

STAGES: Mapping[str, str] = {
    "starting": "Starting Raiha",
    "copying": "Copying the layer",
    "sending": "Sending the layer",
    "queued": "Waiting for another picture",
    "reading": "Reading the picture",
    "references": "Looking for references",
    "network": "Harmonizing",
    "applying": "Applying to every pixel",
    "receiving": "Receiving the layer",
    "writing": "Writing the layer",
}
"""The protocol's stages, and the plug-ins' own before and after them, in words."""

CANCELLING = "Cancelling"
CANCELLED = "Harmonize was cancelled. Nothing was changed."
LOG_LINE = "The log is at {log}."

UNEXPECTED = (
    "Something went wrong inside the plug-in.",
    "Your picture is unchanged, or undo brings it back. Please report this with the log.",
)

# What is wrong with a layer, and what to do about it.
NO_LAYER = ("No layer is chosen.", "Choose the layer with the pasted object and harmonize again.")
LAYER_HIDDEN = ("The layer “{layer}” is hidden.", "Show it and harmonize again.")
LAYER_LOCKED = ("The layer “{layer}” is locked.", "Unlock it and harmonize again.")
LAYER_EMPTY = ("The layer “{layer}” is empty.", "Choose a layer that shows an object.")
LAYER_ALONE = (
    "There is no picture around the layer “{layer}”.",
    "Show or add the layer with the picture it belongs in, and harmonize again.",
)
SELECTION_ELSEWHERE = (
    "The selection does not touch the layer “{layer}”.",
    "Select a part of the object, or select nothing to harmonize all of it.",
)
COLOUR_SPACE_UNKNOWN = (
    "Pixels in the colour space {space} cannot be harmonized.",
    "Convert the layer to RGB and harmonize again.",
)
NOTE_ONE_FRAME = "“{layer}” is animated: only the current frame was harmonized, as a new layer."
NOTE_FLATTENED = "“{layer}” became a paint layer."


def gallery_label(name: str, photos: int) -> str:
    """Return a gallery's line in the list, with its number of photos."""
    return f"{name} ({photos} {'photo' if photos == 1 else 'photos'})"


def reference_reason(content: float | None, appearance: float | None) -> str:
    """Return why a reference was chosen.

    Args:
        content: share of the foreground that finds its content in the photo, 0 to 1; None: the user chose it.
        appearance: mean cosine of the appearance of background patches of like content, -1 to 1; None as
            above.
    """
    if content is None or appearance is None:
        return "Chosen by you"
    return f"Content {content:.0%}, light {appearance:.0%} alike"


def reference_state(reason: str, pinned: bool, excluded: bool) -> str:
    """Return the second line of a reference in the list: what the user made of it, and why it was chosen."""
    state = REFERENCE_PINNED if pinned else REFERENCE_EXCLUDED if excluded else ""
    return " · ".join(part for part in (state, reason) if part)


def reference_explanation(path: str, content: float | None, appearance: float | None) -> str:
    """Return why a reference was chosen in a sentence, with the photo's whole path; arguments as above."""
    if content is None or appearance is None:
        return f"{path}\nYou chose this photo."
    return (
        f"{path}\n{content:.0%} of the object finds its like in this photo, and where the photo shows what is "
        f"around the object, light and colour are {appearance:.0%} alike."
    )


def reference_name(path: str) -> str:
    """Return what a reference is called in the list: its file name."""
    return PurePath(path).name


def error_text(sentence: str, remedy: str, log: str | None) -> str:
    """Return what an error says: what is wrong, what to do, and where the log is."""
    lines = [f"{sentence} {remedy}".strip()]
    if log:
        lines.append(LOG_LINE.format(log=log))
    return "\n\n".join(lines)


def done_text(layers: Sequence[str], undo_steps: int, notes: Sequence[str] = ()) -> str:
    """Return what is said when the result is in the document.

    Args:
        layers: names of the layers that were harmonized.
        undo_steps: how often undo has to be pressed to be back.
        notes: sentences about what was left out or done otherwise.
    """
    what = f"“{layers[0]}”" if len(layers) == 1 else f"{len(layers)} layers"
    times = {1: "once", 2: "twice"}.get(undo_steps, f"{undo_steps} times")
    return " ".join([f"Harmonized {what}. Undo {times} to go back.", *notes])
