"""The dialog, worked as a user does: every button and list, and what of it is in the result."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from common import Daemon, Layer, running_daemon, write_ora
from desk import FACTORY, Desk, Dialog, save
from dumped import Pixels, by_client, pixels, request_of
from numpy.typing import NDArray
from PIL import Image
from street import PhotoGallery
from waiting import is_busy

import raiha.backend.client.raiha_texts as texts

RESULT = "object (harmonized"
"""What the name of a result begins with."""
DEFAULTS = {
    texts.STRENGTH: 100,
    texts.WHAT: texts.what_choices()[0][1],
    texts.GALLERY: texts.GALLERY_NONE,
    texts.PLACEMENT: texts.placement_choices()[0][1],
}


def with_gallery(desk: Desk, gallery: PhotoGallery) -> Dialog:
    """Begin, and choose a gallery that has three references."""
    dialog = desk.begin()
    dialog.wait_for_preview()
    dialog.choose(texts.GALLERY, texts.gallery_label(gallery.name, 3))
    dialog.wait_for_references(lambda found: len(found) == 3)
    return dialog


def result_of(desk: Desk, folder: Path, layer: str) -> Pixels:
    return pixels(folder, desk.gimp.do("dump", name=layer, file="result.raw"))


def name_of(line: str) -> str:
    """Return the photo of a line in the list of references."""
    return line.partition(".jpg")[0] + ".jpg"


def test_references_are_excluded_pinned_and_chosen_from_disk(
    desk: Desk, daemon: Daemon, runtime: Path, folder: Path, holidays: PhotoGallery, photo_on_disk: Path
) -> None:
    request, before = request_of(desk.gimp, folder), desk.gimp.do("state")
    dialog = with_gallery(desk, holidays)
    first, second, third = map(name_of, dialog.references)
    dialog.select(first)
    dialog.press_and_see(texts.REFERENCE_EXCLUDE, texts.REFERENCE_INCLUDE)
    dialog.press(texts.RUN_AGAIN)
    lines = dialog.wait_for_references(lambda lines: [name_of(line) for line in lines] == [second, third, first])
    assert lines[-1].startswith(f"{first}, {texts.REFERENCE_EXCLUDED}")
    dialog.select(third)
    dialog.press_and_see(texts.REFERENCE_PIN, texts.REFERENCE_UNPIN)
    dialog.choose_photo(photo_on_disk)
    dialog.press(texts.RUN_AGAIN)
    own = f"{photo_on_disk.name}, {texts.REFERENCE_PINNED} · {texts.reference_reason(None, None)}"
    lines = dialog.wait_for_references(lambda lines: own in lines)
    save(dialog.picture(), "dialog-references")
    assert any(line.startswith(f"{third}, {texts.REFERENCE_PINNED}") for line in lines)
    dialog.harmonize()
    after = desk.wait_for_change(before)
    references = {"references": [str(holidays.photos / third), str(photo_on_disk)]}
    expected = by_client(request, runtime, gallery=holidays.name, **references, excluded=[str(holidays.photos / first)])
    assert np.array_equal(result_of(desk, folder, RESULT), expected)
    assert desk.undo(after) == before
    desk.key("ctrl+f")
    assert desk.wait_for_change(before) == after, "Repeat uses the same references"


def test_every_setting_is_in_the_result_and_kept(
    desk: Desk, daemon: Daemon, runtime: Path, folder: Path, holidays: PhotoGallery
) -> None:
    request, before = request_of(desk.gimp, folder), desk.gimp.do("state")
    dialog = with_gallery(desk, holidays)
    wanted = {
        texts.STRENGTH: 40,
        texts.WHAT: "Luminance only",
        texts.GALLERY: texts.gallery_label(holidays.name, 3),
        texts.PLACEMENT: dict(texts.placement_choices())[texts.IN_PLACE],
    }
    dialog.set_number(texts.STRENGTH, 40)
    dialog.choose(texts.WHAT, wanted[texts.WHAT])
    dialog.choose(texts.PLACEMENT, wanted[texts.PLACEMENT])
    assert dialog.settings == wanted
    dialog.harmonize()
    after = desk.wait_for_change(before)
    assert [layer["name"] for layer in after["layers"]] == ["object", "picture"]
    expected = by_client(request, runtime, gallery=holidays.name, strength=0.4, only="luminance")
    assert np.array_equal(result_of(desk, folder, "object"), expected)
    desk.key("shift+ctrl+f")
    dialog = desk.dialog()
    dialog.wait_for_references(lambda found: len(found) == 3)
    assert dialog.settings == wanted
    dialog.reset(FACTORY)
    dialog.wait_for_references(lambda found: not found)
    assert dialog.settings == DEFAULTS
    dialog.press(texts.CANCEL)
    dialog.wait_for_close()


def test_an_adjustment_is_changed_by_hand_and_reset(desk: Desk, daemon: Daemon, runtime: Path, folder: Path) -> None:
    exposure = texts.ADJUST_LABELS["exposure"]
    request, before = request_of(desk.gimp, folder), desk.gimp.do("state")
    dialog = desk.begin()
    dialog.wait_for_preview()
    found, seen = dialog.number(exposure), dialog.preview()
    dialog.set_number(exposure, found + 1)
    dialog.changed_preview(seen)
    dialog.double_click(exposure)
    dialog.wait_for_preview_as(seen)
    assert dialog.number(exposure) == found
    dialog.set_number(exposure, found + 1)
    dialog.harmonize()
    result = desk.wait_for_change(before)["layers"][0]
    done = json.loads(result["parasites"]["raiha-adjustments"])
    assert done["exposure"] == pytest.approx(found + 1, abs=0.01)
    assert f"{exposure} {done['exposure']:+.2f} EV" in result["name"]
    adjustment = {name: value for name, value in done.items() if name not in ("strength", "only", "change")}
    assert np.array_equal(result_of(desk, folder, RESULT), by_client(request, runtime, adjustment=adjustment))


def test_zoom_shows_the_pixels_of_the_layer(desk: Desk, daemon: Daemon, folder: Path) -> None:
    layers = noise()
    document = write_ora(folder / "noise.ora", layers, "object", (1920, 1280))
    desk.gimp.do("close_window")
    desk.open(document)
    dialog = desk.begin()
    dialog.wait_for_preview()
    dialog.press(texts.ZOOM_TRUE_TOOLTIP)
    dialog.wait_for_words("100 %")
    desk.wait(lambda: place_in(layers[1].pixels, dialog.preview()), "the layer's own pixels")
    x, y = place_in(layers[1].pixels, dialog.preview())[0]
    dialog.drag_line(0.8, 0.7)
    desk.wait(lambda: place_in(layers[1].pixels, dialog.preview()) not in ([], [(x, y)]), "another part")
    assert place_in(layers[1].pixels, dialog.preview())[0][1] == y, "it was dragged to the left"
    dialog.press(texts.ZOOM_FIT_TOOLTIP)
    desk.wait(lambda: not place_in(layers[1].pixels, dialog.preview()), "the whole object, reduced")


def noise() -> list[Layer]:
    """Return a picture and an object in which no two places are the same."""
    random = np.random.default_rng(25)
    picture, thing = (random.integers(0, 256, (*size, 4), np.uint8) for size in ((1280, 1920), (900, 900)))
    picture[..., 3] = thing[..., 3] = 255
    return [Layer("picture", 0, 0, picture), Layer("object", 510, 190, thing)]


def place_in(pixels: NDArray[np.uint8], shown: Image.Image) -> list[tuple[int, int]]:
    """Return where a small part of the screen, left of the line, is found in a layer pixel by pixel: x and y."""
    part = np.asarray(shown)[100:108, 100:108]
    first = np.argwhere((pixels[:-7, :-7, :3] == part[0, 0]).all(axis=2))
    return [(int(x), int(y)) for y, x in first if np.array_equal(pixels[y : y + 8, x : x + 8, :3], part)]


def test_exclude_and_pin_are_taken_back(desk: Desk, daemon: Daemon, holidays: PhotoGallery) -> None:
    dialog = with_gallery(desk, holidays)
    before = dialog.references
    dialog.select(name_of(before[1]))
    for button, instead in (
        (texts.REFERENCE_EXCLUDE, texts.REFERENCE_INCLUDE),
        (texts.REFERENCE_PIN, texts.REFERENCE_UNPIN),
    ):
        dialog.press_and_see(button, instead)
        assert dialog.references != before
        dialog.press_and_see(instead, button)
        assert dialog.references == before


def test_what_is_set_shows_in_the_preview(desk: Desk, daemon: Daemon) -> None:
    dialog = desk.begin()
    dialog.wait_for_preview()
    seen = [dialog.preview()]
    for strength in (50, 0):
        dialog.set_number(texts.STRENGTH, strength)
        seen.append(dialog.changed_preview(seen[-1]))
    dialog.set_number(texts.STRENGTH, 100)
    dialog.changed_preview(seen[-1])
    for _, words in texts.what_choices()[1:]:
        dialog.choose(texts.WHAT, words)
        seen.append(dialog.changed_preview(seen[-1]))
    assert len({picture.tobytes() for picture in seen}) == len(seen)


def test_the_fields_stand_as_in_krita(desk: Desk, daemon: Daemon) -> None:
    fields = [texts.STRENGTH, texts.WHAT, *texts.ADJUST_LABELS.values(), texts.GALLERY, texts.PLACEMENT]
    assert desk.begin().from_top_to_bottom(fields) == fields


def test_the_mouse_splits_the_preview(desk: Desk, daemon: Daemon) -> None:
    dialog = desk.begin()
    dialog.wait_for_preview()
    middle = dialog.preview()
    dialog.drag_line(0.5, 0.2)
    dialog.changed_preview(middle)
    dialog.drag_line(0.2, 0.5)
    dialog.wait_for_preview_as(middle)


def test_the_keyboard_splits_the_preview(desk: Desk, daemon: Daemon) -> None:
    dialog = desk.begin()
    dialog.wait_for_preview()
    dialog.focus_preview()
    middle = dialog.preview()
    dialog.key("Left")
    dialog.changed_preview(middle)
    for hidden in (texts.PREVIEW_AFTER, texts.PREVIEW_BEFORE):
        dialog.key("space")
        desk.wait(lambda hidden=hidden: hidden not in dialog.words, f"the picture without {hidden!r}")
    dialog.key("alt+t")
    dialog.key("ctrl+a")
    desk.screen.type("30\t")
    desk.wait(lambda: dialog.settings[texts.STRENGTH] == 30, "a strength of 30")


def test_cancel_in_the_dialog_changes_nothing(desk: Desk, elsewhere: Path, held: Daemon) -> None:
    before = desk.gimp.do("state")
    dialog = desk.begin()
    desk.wait(lambda: is_busy(elsewhere), "the preview to begin")
    dialog.press(texts.CANCEL)
    dialog.wait_for_close()
    desk.wait_for_end()
    desk.wait(lambda: not is_busy(elsewhere), "the daemon to stop its job")
    assert desk.gimp.do("state") == before
    assert not desk.gimp.do("is_dirty")


def test_without_a_daemon_the_dialog_says_what_to_do(desk: Desk, elsewhere: Path, tmp_path: Path) -> None:
    dialog = desk.begin()
    sentence = "The Raiha daemon is not running. Start it with `raiha serve`."
    desk.wait(lambda: sentence in dialog.words, "the sentence")
    with running_daemon(elsewhere, tmp_path):
        dialog.press(texts.RUN_AGAIN)
        dialog.wait_for_preview()


def test_a_gallery_that_has_gone_stays_chosen_and_is_named(desk: Desk, daemon: Daemon) -> None:
    desk.gimp.do("remember_gallery", name="last summer")
    dialog = desk.begin()
    desk.wait(lambda: any("last summer" in words for words in dialog.words), "the sentence")
    assert dialog.settings[texts.GALLERY] == texts.GALLERY_MISSING.format(gallery="last summer")
    dialog.choose(texts.GALLERY, texts.GALLERY_NONE)
    dialog.wait_for_preview()
