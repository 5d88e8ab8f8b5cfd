from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_extractor import SAMPLES, TINY

from raiha.gallery_tools.appearance import BINS, hsv_histograms
from raiha.gallery_tools.capture import Capture
from raiha.gallery_tools.indexer import index
from raiha.gallery_tools.photos import load_photo
from raiha.gallery_tools.records import Features, NewPhoto, PhotoFile
from raiha.gallery_tools.reference import Reference
from raiha.gallery_tools.search import Filters, search, share_of_foreground
from raiha.gallery_tools.store import Gallery


def described(extractor, pixels):
    pixels = extractor.resize(pixels)
    content = extractor.content_features([pixels])[0]
    return content, hsv_histograms(pixels, content.shape[:2])


def naive_search(gallery, content, appearance, mask_grid):
    """Formulas 3 and 5 and the score as they are written, pair by pair."""
    cells = [(row, column) for row in range(content.shape[0]) for column in range(content.shape[1])]
    foreground = [cell for cell in cells if mask_grid[cell] >= 0.5]
    background = [cell for cell in cells if mask_grid[cell] < 0.05]
    found = {}
    for photo in gallery.photos():
        features = gallery.features(photo.id)
        patches = [(row, column) for row in range(photo.rows) for column in range(photo.columns)]
        finding = sum(
            any(content[i] @ features.content[j] >= TINY.content_threshold for j in patches) for i in foreground
        )
        qualifies, agreements = False, []
        for i in background:
            best = max(patches, key=lambda j: content[i] @ features.content[j])
            if content[i] @ features.content[best] >= TINY.content_threshold:
                agreements.append(appearance[i] @ features.appearance[best])
            for j in patches:
                if (
                    content[i] @ features.content[j] >= TINY.content_threshold
                    and appearance[i] @ features.appearance[j] >= TINY.appearance_threshold
                ):
                    qualifies = True
        if finding and qualifies:
            share = finding / len(foreground)
            found[photo.file.path] = (share * np.mean(agreements), share, np.mean(agreements))
    return found


@pytest.mark.parametrize("number", [1, 6])
def test_agrees_with_the_formulas_written_out(gallery, extractor, album, number):
    index(gallery, extractor, [album(16)])
    content, appearance = described(extractor, load_photo(SAMPLES[number], 448))
    mask_grid = np.zeros(content.shape[:2], np.float32)
    mask_grid[2:4, 2:4] = 1
    mask_grid[2:4, 4] = 0.3
    expected = naive_search(gallery, content, appearance, mask_grid)
    assert 2 <= len(expected) < 16
    found = search(gallery, TINY, content, appearance, mask_grid, k=16)
    assert {one.path: (one.score, one.content, one.appearance) for one in found} == {
        path: pytest.approx(scores, abs=0.01)
        for path, scores in expected.items()  # patches of the same codes tie
    }
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for k in (0, 1, 3):
        assert search(gallery, TINY, content, appearance, mask_grid, k=k) == found[:k]


def one_hot(places: list[list[int]], size: int) -> np.ndarray:
    return np.eye(size, dtype=np.float32)[np.array(places)]


def add(gallery: Gallery, path: Path, content: list[list[int]], appearance: list[list[int]], **capture: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    features = Features(one_hot(content, TINY.dimension), one_hot(appearance, BINS))
    gallery.add([NewPhoto(PhotoFile(path, 0, 0, str(path).encode()), 64, 64, features, Capture(**capture))])


MASK = np.array([[1, 0, 0]], np.float32)


def query(content: list[int], appearance: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return one_hot([content], TINY.dimension), one_hot([appearance], BINS)


def test_content_and_appearance_must_agree_in_the_same_pair(gallery, tmp_path):
    # The background is grass (2) in light 8. Both photos show the object (1), grass, and light 8.
    add(gallery, tmp_path / "grass in this light.jpg", [[1, 2, 3]], [[5, 8, 6]])
    add(gallery, tmp_path / "something else in this light.jpg", [[1, 2, 3]], [[5, 7, 8]])
    found = search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK)
    assert [one.path.name for one in found] == ["grass in this light.jpg"]
    assert (found[0].score, found[0].content, found[0].appearance) == pytest.approx((1, 1, 1), abs=1e-3)


def test_photo_without_the_object_does_not_qualify(gallery, tmp_path):
    add(gallery, tmp_path / "no object.jpg", [[2, 2, 3]], [[8, 8, 8]])
    assert search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK) == []


@pytest.mark.parametrize(("least", "names"), [(0.25, {"half", "quarter"}), (0.26, {"half"}), (0.51, set())])
def test_least_share_of_the_foreground_must_find_its_content(gallery, tmp_path, least, names):
    # The foreground is four patches (1, 4, 5, 6); both photos show grass (2) in light 8.
    add(gallery, tmp_path / "quarter", [[1, 2, 7]], [[5, 8, 6]])
    add(gallery, tmp_path / "half", [[4, 5, 2]], [[5, 6, 8]])
    info = replace(TINY, content_share=least)
    mask = np.array([[1, 1, 1, 1, 0]], np.float32)
    found = search(gallery, info, *query([1, 4, 5, 6, 2], [5, 5, 5, 5, 8]), mask)
    assert {one.path.name for one in found} == names


@pytest.mark.parametrize(
    ("content", "appearance", "same", "words"),
    [
        (1.0, 0.9, False, "same kind of thing, very similar light"),
        (0.39, 0.7, True, "similar thing, similar light, same hour and place"),
        (0.01, 0.0, False, "small part alike, different light"),
    ],
)
def test_reason_in_words(content, appearance, same, words):
    assert Reference(1, Path("a.jpg"), 0.5, content, appearance, same).reason == words


def test_no_background_or_no_foreground_finds_nothing(gallery, tmp_path):
    add(gallery, tmp_path / "a.jpg", [[1, 2, 3]], [[5, 8, 6]])
    for mask in (np.ones_like(MASK), np.zeros_like(MASK)):
        assert search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), mask) == []


def test_small_object_is_where_most_of_it_lies(gallery, tmp_path):
    add(gallery, tmp_path / "a.jpg", [[1, 2, 3]], [[5, 8, 6]])
    for covered in (0.3, 0.02):
        found = search(gallery, TINY, *query([1, 2, 4], [5, 8, 8]), np.array([[covered, 0, 0.01]], np.float32))
        assert [one.content for one in found] == [1]


def test_excluded_and_vanished_photos_are_passed_over(gallery, tmp_path):
    for name in ("a", "b", "c"):
        add(gallery, tmp_path / f"{name}.jpg", [[1, 2, ord(name) % 7 + 3]], [[5, 8, 6]])
    (tmp_path / "b.jpg").unlink()
    found = search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK, filters=Filters(excluded=[tmp_path / "a.jpg"]))
    assert [one.path.name for one in found] == ["c.jpg"]


def test_only_some_folders_are_searched(gallery, tmp_path):
    for number, folder in enumerate(("one", "one more", "other")):
        add(gallery, tmp_path / folder / "a.jpg", [[1, 2, number + 3]], [[5, 8, 8]])
    found = search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK, filters=Filters(within=[tmp_path / "one"]))
    assert [one.path.parent.name for one in found] == ["one"]
    within_file = Filters(within=[tmp_path / "other" / "a.jpg"])
    found = search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK, filters=within_file)
    assert [one.path.parent.name for one in found] == ["other"]
    nothing = Filters(within=[tmp_path / "other"], excluded=[tmp_path / "other" / "a.jpg"])
    assert search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK, filters=nothing) == []


def test_says_which_part_was_found_where(gallery, tmp_path):
    add(gallery, tmp_path / "a.jpg", [[7, 2, 1], [7, 2, 4]], [[5, 8, 8], [5, 8, 8]])
    mask = np.array([[1, 1, 0, 0]], np.float32)
    (found,) = search(gallery, TINY, *query([6, 1, 2, 2], [5, 5, 8, 8]), mask)
    assert (found.matches.object_box, found.matches.photo_box) == ((0.25, 0, 0.5, 1), (2 / 3, 0, 1, 0.5))


def test_same_hour_and_place_ranks_higher(gallery, tmp_path):
    # Both photos show the object and grass in light a little different; the second is of the background's hour.
    light = [[5, 8, 8]]
    add(gallery, tmp_path / "other day.jpg", [[1, 2, 3]], light, taken=0, camera="A")
    add(gallery, tmp_path / "same hour.jpg", [[1, 2, 4]], light, taken=5000, camera="A")
    content, appearance = query([1, 2, 2], [5, 8, 8])
    appearance[0, 2] = np.sqrt([0.5] * 2 + [0] * (BINS - 2))
    arguments = gallery, TINY, content, appearance, MASK
    assert [one.path.name for one in search(*arguments)] == ["other day.jpg", "same hour.jpg"]
    first, second = search(*arguments, capture=Capture(5100, "A"))
    assert (first.path.name, first.same_hour_and_place, second.same_hour_and_place) == ("same hour.jpg", True, False)
    assert first.score == pytest.approx((1 + first.appearance) / 2)
    assert "same hour and place" in first.reason


def test_of_a_burst_the_best_is_chosen(gallery, tmp_path):
    for second in range(3):
        content = [[1, 2, 3 + second], [9, 10, 11]] if second else [[1, 2, 3], [4, 5, 6]]
        add(gallery, tmp_path / f"{second}.jpg", content, [[5, 8, 8]] * 2, taken=second, camera="A")
    add(gallery, tmp_path / "later.jpg", [[1, 2, 12], [12, 13, 14]], [[5, 8, 8]] * 2, taken=100, camera="A")
    found = search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK)
    assert sorted(one.path.name for one in found) == ["0.jpg", "later.jpg"]


def test_index_finds_what_an_exact_search_finds(gallery, extractor, album, monkeypatch):
    monkeypatch.setattr("raiha.gallery_tools.candidates.CANDIDATES", 16)
    monkeypatch.setattr("raiha.gallery_tools.prototype_index.FEWEST_PHOTOS", 5)
    index(gallery, extractor, [album(24)])
    for number in (1, 6, 9):
        content, appearance = described(extractor, load_photo(SAMPLES[number], 448))
        mask_grid = np.zeros(content.shape[:2], np.float32)
        mask_grid[2:5, 2:5] = 1
        exact = search(gallery, TINY, content, appearance, mask_grid, k=1, exact=True)
        assert exact
        assert search(gallery, TINY, content, appearance, mask_grid, k=1) == exact


def test_of_nearly_the_same_pictures_the_best_is_chosen(gallery, extractor, album):
    folder = album(6)
    original = folder / SAMPLES[1].name
    Image.open(original).resize((400, 300)).save(folder / "smaller.jpg")
    shutil.copyfile(original, folder / "copy.jpg")
    index(gallery, extractor, [folder])
    content, appearance = described(extractor, load_photo(SAMPLES[1], 448))
    mask_grid = np.zeros(content.shape[:2], np.float32)
    mask_grid[2:4, 2:4] = 1
    found = search(gallery, TINY, content, appearance, mask_grid, k=8)
    assert sum(one.path.name in {original.name, "smaller.jpg", "copy.jpg"} for one in found) == 1


def test_checkpoint_ends_the_search(gallery, tmp_path):
    add(gallery, tmp_path / "a.jpg", [[1, 2, 3]], [[5, 8, 6]])

    def stop():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK, checkpoint=stop)
    assert len(gallery.photos()) == 1


def test_empty_gallery_finds_nothing(gallery):
    assert search(gallery, TINY, *query([1, 2, 2], [5, 8, 8]), MASK) == []


def test_share_of_foreground_is_the_mean_of_the_mask():
    mask = np.zeros((40, 60), np.uint8)
    mask[:10, :30] = 255
    np.testing.assert_allclose(share_of_foreground(mask, (2, 3)), [[0.5, 0.25, 0], [0, 0, 0]], atol=1e-6)
