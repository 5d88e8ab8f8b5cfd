"""The words of both plug-ins' menus, dialogs and messages, so that Krita and GIMP show the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

TITLE = "Harmonize"
MENU_ENTRY = "Harmonize..."
MENU_ENTRY_AGAIN = "Harmonize Again"
TOOLTIP = "Match a pasted object to the light and colour of its picture"
TOOLTIP_AGAIN = "Harmonize the selected layers with the last settings, without the dialog"

PREVIEW_SIDE = 768
PREVIEW = "Preview"
PREVIEW_BEFORE = "Before"
PREVIEW_AFTER = "After"
PREVIEW_WAITING = "Preparing the preview"
PREVIEW_HINT = "Drag the line, or move it with the Left and Right keys. Space switches between before and after."

STRENGTH = "Strength"

WHAT = "Change"
WHAT_CHOICES: tuple[tuple[str | None, str], ...] = (
    (None, "Colour and luminance"),
    ("colour", "Colour only"),
    ("luminance", "Luminance only"),
)
"""The protocol's values of ``only`` with their labels, in the order of the dialogs."""

GALLERY = "Gallery"
GALLERY_NONE = "None"
GALLERY_MISSING = "{gallery} (not found)"

REFERENCES = "References"
REFERENCES_EMPTY = "No references: the object is matched to its own picture only."
REFERENCE_EXCLUDE = "Exclude"
REFERENCE_INCLUDE = "Include"
REFERENCE_PIN = "Pin"
REFERENCE_UNPIN = "Unpin"
REFERENCE_PINNED = "Pinned"
REFERENCE_EXCLUDED = "Excluded"
REFERENCE_CHOOSE = "Choose a Photo..."
REFERENCE_CHOOSE_TITLE = "Choose a Reference Photo"
REFERENCE_PHOTOS = "Photos (*.jpg *.jpeg *.png *.tif *.tiff *.webp *.heic *.avif)"
RUN_AGAIN = "Run Again"

PLACEMENT = "Result"
NEW_LAYER, IN_PLACE = "new-layer", "in-place"
PLACEMENT_CHOICES: tuple[tuple[str, str], ...] = (
    (NEW_LAYER, "New layer, hide the original"),
    (IN_PLACE, "Replace the layer"),
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
    "queued": "Waiting for another layer",
    "reading": "Reading the picture",
    "references": "Searching for references",
    "network": "Harmonizing",
    "applying": "Applying the result at full size",
    "receiving": "Receiving the layer",
    "writing": "Writing the layer",
}
"""Labels of the protocol's stages and of the plug-ins' own stages before and after them."""

CANCELLING = "Cancelling"
CANCELLED = "Harmonize was cancelled. Nothing was changed."
LOG_LINE = "Log file: {log}"

GIMP_ARGUMENTS: Mapping[str, str] = {
    "strength": "0 (the layer stays as it is) to 1",
    "change": "What changes: colour and luminance, or only one of them",
    "gallery": "The gallery that is searched for references; empty: no search",
    "references": "Photos that are always used as references",
    "excluded": "Photos of the gallery that are never used",
    "result": "Where the result goes",
}
"""Explanations of the arguments of GIMP's procedure, for its procedure browser."""
GIMP_EXCLUDED = "Excluded"
GIMP_HELP = (
    "Sends the selected layers and the picture around them to the Raiha daemon on this computer, which searches a "
    "gallery for photos with similar content in similar light, and adds the harmonized layers to the picture."
)

UNEXPECTED = (
    "Something went wrong in the plug-in.",
    "Your picture is unchanged, or Undo restores it. Please report this error and attach the log.",
)

# What is wrong with a layer, and what to do about it.
NO_LAYER = ("No layer is selected.", "Select the layer with the pasted object and try again.")
LAYER_HIDDEN = ("The layer “{layer}” is hidden.", "Show it and try again.")
LAYER_LOCKED = ("The layer “{layer}” is locked.", "Unlock it and try again.")
LAYER_EMPTY = ("The layer “{layer}” is empty.", "Select a layer with an object on it and try again.")
LAYER_ALONE = (
    "Nothing is visible apart from the layer “{layer}”.",
    "Show or add the layer with the picture that it belongs in, and try again.",
)
SELECTION_ELSEWHERE = (
    "The selection does not overlap the layer “{layer}”.",
    "Select a part of the object, or clear the selection to harmonize all of it.",
)
COLOUR_SPACE_UNKNOWN = (
    "Layers in the colour space {space} cannot be harmonized.",
    "Convert the layer to RGB and try again.",
)
INDEXED_COLOURS = ("This picture has indexed colours.", "Choose Image > Mode > RGB and try again.")
FLOATING_SELECTION = ("The pasted object is a floating selection.", "Choose Layer > To New Layer and try again.")
NOTE_ONE_FRAME = "“{layer}” is animated: only its current frame was harmonized, as a new layer."
NOTE_FLATTENED = "The result of “{layer}” is a plain paint layer."


def gallery_label(name: str, photos: int) -> str:
    """Return a gallery's label: its name and its number of photos."""
    return f"{name} ({photos} {'photo' if photos == 1 else 'photos'})"


def reference_reason(content: float | None, appearance: float | None) -> str:
    """Return why a reference was chosen.

    Args:
        content: share of the foreground's patches whose content has a match in the photo, 0 to 1; None: the user
            chose the photo.
        appearance: mean cosine between the appearance of background patches and that of the photo's patches with
            the same content, -1 to 1; None as above.
    """
    if content is None or appearance is None:
        return "Chosen by you"
    return f"Match: content {content:.0%}, light {appearance:.0%}"


def reference_notes(reason: str, pinned: bool, excluded: bool) -> list[str]:
    """Return the lines below a reference's name: whether it is pinned or excluded, and why it was chosen."""
    state = REFERENCE_PINNED if pinned else REFERENCE_EXCLUDED if excluded else ""
    return [note for note in (state, reason) if note]


def reference_explanation(path: str, content: float | None, appearance: float | None) -> str:
    """Return a reference's whole path and, in a sentence, why it was chosen; arguments as above."""
    if content is None or appearance is None:
        return f"{path}\nYou chose this photo."
    return (
        f"{path}\n{content:.0%} of the object has a match in this photo. Where the photo matches the surroundings, "
        f"light and colour are {appearance:.0%} alike."
    )


def reference_name(path: str) -> str:
    """Return a reference's name in the list: its file name."""
    return PurePath(path).name


def error_text(sentence: str, remedy: str, log: str | None) -> str:
    """Return an error in full: what is wrong, what to do, and where the log is."""
    lines = [f"{sentence} {remedy}".strip()]
    if log:
        lines.append(LOG_LINE.format(log=log))
    return "\n\n".join(lines)


def done_text(layers: Sequence[str], undo_steps: int, notes: Sequence[str] = ()) -> str:
    """Return the message about a result that is in the document.

    Args:
        layers: names of the harmonized layers.
        undo_steps: how many undo steps restore the document.
        notes: sentences about what differs from the usual result.
    """
    what = f"“{layers[0]}”" if len(layers) == 1 else f"{len(layers)} layers"
    times = {1: "once", 2: "twice"}.get(undo_steps, f"{undo_steps} times")
    return " ".join([f"Harmonized {what}. Undo {times} to restore the original.", *notes])
