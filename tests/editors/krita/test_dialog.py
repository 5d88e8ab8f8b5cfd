"""The dialog in a real Krita, with the real pipeline: what a user sees, in the pictures of the guide, too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from asked import Pixels, answer_of_command, pixels_of
from common import IMAGES, raiha, running_daemon, write_ora
from krita_program import KritaProgram
from PIL import Image
from street import SIZE, STREET, photos_of_the_street, street_with_a_car

PICTURES = ("krita-menu", "krita-dialog", "krita-dialog-references", "krita-progress", "krita-result")


class Run(NamedTuple):
    """What was found, and what has to be found: the answers of ``raiha harmonize`` to the same."""

    found: dict[str, Any]
    folder: Path
    chosen: Path
    layer: Pixels
    seventy: Pixels
    adjusted: Pixels
    with_references: Pixels

    def pixels(self, name: str) -> Pixels:
        return pixels_of(self.found["asked"], self.folder, self.found[name])


@pytest.fixture(scope="module")
def run(krita: KritaProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    document = write_ora(tmp_path_factory.mktemp("dialog") / "photo.ora", street_with_a_car(), "object", SIZE)
    folder = krita.shared_folder("dialog")
    photos = photos_of_the_street(folder / "photos")
    chosen = folder / "the street in the evening.png"
    Image.open(STREET).convert("RGB").point([value // 2 for value in range(256)] * 3).save(chosen)
    krita.share(folder)
    runtime = krita.work / f"runtime-dialog-{krita.name}"
    with running_daemon(runtime, folder / "data") as daemon:
        raiha(daemon.environment, "index", photos, "--gallery", "holidays")
        found, out = krita.run("dialog", [document], runtime, "dialog", RAIHA_TEST_PHOTO=str(chosen))
        asked = found["asked"]
        layer = pixels_of(asked, out, asked["pixels"])
        excluded, pinned = (photos / found["references"][row].splitlines()[0] for row in (0, 1))
        seventy, adjusted, with_references = (
            answer_of_command(krita, daemon.environment, asked, out, layer, *options)
            for options in (
                ("--strength", "0.7"),
                ("--adjust", "exposure=-0.5", "--adjust", "temperature=1.25"),
                (
                    *("--strength", "0.7"),
                    *("--only", "colour", "--gallery", "holidays", "--exclude", excluded),
                    *("--reference", pinned, "--reference", chosen),
                ),
            )
        )
        yield Run(found, out, chosen, layer, seventy, adjusted, with_references)
    shutil.rmtree(folder)


def test_result_at_70_percent_equals_what_raiha_harmonize_writes(run: Run) -> None:
    np.testing.assert_array_equal(run.pixels("seventy"), run.seventy)
    np.testing.assert_array_equal(run.seventy[..., 3], run.layer[..., 3])
    assert np.any(run.seventy != run.layer)


def test_result_adjusted_by_hand_equals_what_raiha_harmonize_writes(run: Run) -> None:
    assert run.found["changed"] == ["exposure", "temperature"]
    difference = np.abs(run.pixels("adjusted").astype(int) - run.adjusted)
    assert difference.max() <= 1  # the dialog shows and sends numbers with three decimal places
    assert run.found["adjusted_name"].startswith("object (harmonized: Exposure -0.50 EV, Temperature +1.25 EV")


def test_preview_zooms_and_moves_and_its_line_stays(run: Run) -> None:
    zoom = run.found["zoom"]
    fit, larger, true, smaller, again = zoom["scales"]
    assert larger == pytest.approx(1.25 * fit) and true == 1.0
    assert smaller == pytest.approx(0.8) and again == pytest.approx(1.0)
    assert zoom["moved"] and zoom["line_stays"] and zoom["fits"]


def test_references_are_folded_away_until_there_is_a_gallery(run: Run) -> None:
    assert run.found["folded"] == [True, False]


def test_excluded_pinned_and_chosen_references_are_used_as_raiha_harmonize_does(run: Run) -> None:
    np.testing.assert_array_equal(run.pixels("with_references"), run.with_references)
    assert np.any(run.with_references != run.seventy)


def test_list_says_what_is_excluded_pinned_and_chosen(run: Run) -> None:
    excluded, pinned = (run.found["references"][row].splitlines()[0] for row in (0, 1))
    again = set(run.found["references_again"])
    reasons = dict(line.splitlines() for line in run.found["references"])
    assert {f"{excluded}\nExcluded\n{reasons[excluded]}", f"{pinned}\nPinned\n{reasons[pinned]}"} <= again
    assert f"{run.chosen.name}\nPinned\nChosen by you" in again


def test_again_by_its_shortcut_does_the_same_without_a_dialog(run: Run) -> None:
    np.testing.assert_array_equal(run.pixels("again"), run.with_references)
    assert run.found["dialogs_at_again"] == 0


def test_every_field_is_reached_by_the_keyboard(run: Run) -> None:
    reached = {"Preview", "QSlider", "QSpinBox", "QDoubleSpinBox", "QComboBox", "QPushButton", "QToolButton"}
    assert reached <= set(run.found["reached"])
    assert run.found["split_moved"]


def test_preview_follows_the_strength(run: Run) -> None:
    assert run.found["different_strengths"] == 5


def test_settings_are_remembered_and_undo_restores_the_document(run: Run) -> None:
    assert run.found["remembered"] == [70, "colour", "holidays"]
    assert run.found["undone"] == [True] * 4


def test_pictures_of_the_guide_are_made(run: Run, krita: KritaProgram) -> None:
    for name in PICTURES:
        with Image.open(run.folder / f"{name}.png") as picture:
            assert picture.width > 300
        if krita.name == "krita-5.2":
            IMAGES.mkdir(parents=True, exist_ok=True)
            shutil.copy(run.folder / f"{name}.png", IMAGES / f"{name}.png")
