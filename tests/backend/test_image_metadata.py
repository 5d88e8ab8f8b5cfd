"""What a file holds beside its pixels: kept, brought into another format's terms, or named as lost."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from raiha.backend.image_file import ImageFile, read_image, write_image
from raiha.backend.image_metadata import iptc, xmp
from raiha.backend.image_metadata.png_chunks import SIGNATURE
from raiha.backend.image_metadata.tiff_tags import Entry, Tags, exif_blob, read_exif

PHOTO = Image.fromarray(np.random.default_rng(1).integers(0, 255, (24, 32, 3), dtype=np.uint8))
CAPTION, ARTIST, COPYRIGHT, MAKE, DATE_TAKEN, LATITUDE = 270, 315, 33432, 271, 0x9003, 2


def rewritten(path: Path, ending: str) -> tuple[Path, tuple[str, ...]]:
    out = path.with_name(f"out{ending}")
    return out, write_image(out, read_image(path))


def exif_of_a_camera(thumbnail: bytes = b"", note: bytes = b"") -> bytes:
    exif = Image.Exif()
    exif[MAKE], exif[CAPTION], exif[COPYRIGHT] = "A camera", "A caption", "Someone"
    details = exif.get_ifd(0x8769)
    details[DATE_TAKEN] = "2020:01:02 03:04:05"
    if note:
        details[0x927C] = note
    exif.get_ifd(0x8825)[LATITUDE] = (1.0, 2.0, 3.0)
    blob = exif.tobytes()
    return blob + thumbnail


@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif", ".webp"])
@pytest.mark.parametrize("source", [".jpg", ".png", ".tif", ".webp"])
def test_how_a_photo_was_taken_reaches_every_format(tmp_path: Path, source: str, ending: str) -> None:
    path = tmp_path / f"in{source}"
    PHOTO.save(path, exif=exif_of_a_camera())
    out, lost = rewritten(path, ending)
    assert lost == ()
    with Image.open(out) as again:
        exif = again.getexif()
        assert [exif[tag] for tag in (MAKE, CAPTION, COPYRIGHT)] == ["A camera", "A caption", "Someone"]
        assert exif.get_ifd(0x8769)[DATE_TAKEN] == "2020:01:02 03:04:05"
        assert tuple(map(float, exif.get_ifd(0x8825)[LATITUDE])) == (1.0, 2.0, 3.0)


def test_captions_of_a_tiff_stay_where_viewers_look_for_them(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[CAPTION], tags[ARTIST], tags[COPYRIGHT] = "A caption", "An artist", "Someone"
    PHOTO.save(tmp_path / "in.tif", tiffinfo=tags)
    out, _ = rewritten(tmp_path / "in.tif", ".tiff")
    with Image.open(out) as again:
        assert isinstance(again, TiffImagePlugin.TiffImageFile)
        assert [again.tag_v2[tag] for tag in (CAPTION, ARTIST, COPYRIGHT)] == ["A caption", "An artist", "Someone"]
        assert (np.asarray(again) == np.asarray(PHOTO)).all()


def test_texts_of_a_png_are_kept_whatever_their_kind(tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Someone")
    texts.add_text("Comment", "long " * 100, zip=True)
    texts.add_itxt("Description", "Ein Bild, schön 絵", lang="de")
    PHOTO.save(tmp_path / "in.png", pnginfo=texts)
    out, lost = rewritten(tmp_path / "in.png", ".png")
    with Image.open(out) as again:
        assert isinstance(again, PngImagePlugin.PngImageFile)
        assert again.text == {"Author": "Someone", "Comment": "long " * 100, "Description": "Ein Bild, schön 絵"}
    assert lost == ()
    out, lost = rewritten(tmp_path / "in.png", ".jpg")
    assert lost == ("the text 'Comment'",)
    assert read_exif(Image.open(out).info["exif"]).main[CAPTION].data == "Ein Bild, schön 絵\0".encode()


def test_the_comment_of_a_jpeg_is_kept_or_named(tmp_path: Path) -> None:
    PHOTO.save(tmp_path / "in.jpg", comment=b"By hand", exif=exif_of_a_camera())
    out, lost = rewritten(tmp_path / "in.jpg", ".jpeg")
    with Image.open(out) as again:
        assert (again.info["comment"], again.getexif()[MAKE], lost) == (b"By hand", "A camera", ())
    assert rewritten(tmp_path / "in.jpg", ".png")[1] == ("the comment of the JPEG",)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif"])
def test_no_thumbnail_shows_the_old_picture(tmp_path: Path, ending: str) -> None:
    small = io.BytesIO()
    PHOTO.resize((16, 12)).save(small, "JPEG")
    camera = read_exif(exif_of_a_camera(note=b"Nikon\0" + small.getvalue()))
    blob = bytearray(exif_blob(camera))
    # A second directory as EXIF has it for its thumbnail: compression, offset and length.
    thumbnail_at = len(blob) - 6
    blob += small.getvalue() + b"\0" * (len(small.getvalue()) % 2)
    entries = [(259, 3, 6), (513, 4, thumbnail_at), (514, 4, len(small.getvalue()))]
    directory = len(entries).to_bytes(2, "little")
    for tag, kind, value in entries:
        directory += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1).to_bytes(4, "little")
        directory += value.to_bytes(4, "little")
    main = int.from_bytes(blob[10:14], "little") + 6
    next_at = main + 2 + 12 * int.from_bytes(blob[main : main + 2], "little")
    blob[next_at : next_at + 4] = (len(blob) - 6).to_bytes(4, "little")
    blob += directory + bytes(4)
    PHOTO.save(tmp_path / "in.jpg", exif=bytes(blob))
    assert pyvips.Image.new_from_file(str(tmp_path / "in.jpg")).get("jpeg-thumbnail-data") == small.getvalue()
    out, lost = rewritten(tmp_path / "in.jpg", ending)
    assert Image.open(out).getexif()[MAKE] == "A camera"
    assert out.read_bytes().count(b"\xff\xd8\xff") == (1 if ending == ".jpg" else 0)
    assert lost == ("the camera's own notes, which hold a preview of the old picture,",)


def test_xmp_shows_no_old_picture_and_stands_upright() -> None:
    packet = b'<x tiff:Orientation="6"><xmp:Thumbnails><rdf:Alt>/9j/4AAQ</rdf:Alt></xmp:Thumbnails><dc:title/></x>'
    assert xmp.of_the_new_picture(packet) == b'<x tiff:Orientation="1"><dc:title/></x>'
    assert (
        xmp.of_the_new_picture(b"<tiff:Orientation>8</tiff:Orientation>") == b"<tiff:Orientation>1</tiff:Orientation>"
    )


def test_iptc_goes_between_jpeg_and_tiff_without_photoshops_thumbnail(tmp_path: Path) -> None:
    news = b"\x1c\x02\x78\x00\x07Caption"
    thumbnail = b"8BIM\x04\x0c\0\0\0\0\0\x06\xff\xd8\xff\xe0ab"
    payload = b"Photoshop 3.0\0" + thumbnail + iptc.wrapped(news)[len(b"Photoshop 3.0\0") :]
    file = io.BytesIO()
    PHOTO.save(file, "JPEG")
    whole = file.getvalue()
    segment = b"\xff\xed" + (len(payload) + 2).to_bytes(2, "big") + payload
    (tmp_path / "in.jpg").write_bytes(whole[:2] + segment + whole[2:])
    tiff, lost = rewritten(tmp_path / "in.jpg", ".tif")
    with Image.open(tiff) as again:
        assert isinstance(again, TiffImagePlugin.TiffImageFile)
        assert bytes(again.tag_v2[33723]).rstrip(b"\0") == news
    assert lost == ()
    back = tiff.with_name("back.jpg")
    write_image(back, read_image(tiff))
    assert iptc.wrapped(news) in back.read_bytes()
    assert rewritten(tmp_path / "in.jpg", ".png")[1] == ("the IPTC data",)


@pytest.mark.parametrize("ending", [".tif", ".webp", ".png"])
def test_pages_and_frames_left_out_are_named(tmp_path: Path, ending: str) -> None:
    frames = [PHOTO, PHOTO.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    frames[0].save(tmp_path / f"in{ending}", save_all=True, append_images=frames[1:])
    _, lost = rewritten(tmp_path / f"in{ending}", ".png")
    assert lost == (("the animation",) if ending == ".png" else ("every page or frame but the first",))


def test_damaged_exif_is_named_and_the_picture_read(tmp_path: Path) -> None:
    PHOTO.save(tmp_path / "in.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    _, lost = rewritten(tmp_path / "in.png", ".png")
    assert lost == ("the EXIF data, which is damaged,",)


@settings(max_examples=200)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"]),
)
def test_any_bytes_are_tags_or_damaged(data: bytes, head: bytes) -> None:
    try:
        tags = read_exif(head + data)
    except ValueError:
        return
    assert read_exif(exif_blob(tags)).main.keys() <= tags.main.keys()


@given(
    st.dictionaries(
        st.integers(1000, 60000).filter(lambda tag: tag not in (34665, 34853, 40965)),
        st.one_of(
            st.binary(max_size=40).map(lambda data: Entry(7, len(data), data)),
            st.lists(st.integers(0, 65535), max_size=9).map(
                lambda values: Entry(3, len(values), b"".join(value.to_bytes(2, "little") for value in values))
            ),
        ),
        max_size=8,
    )
)
def test_tags_are_read_as_they_were_written(main: dict[int, Entry]) -> None:
    assert read_exif(exif_blob(Tags(main=dict(main), exif=dict(main)))) == Tags(main=main, exif=main)


@settings(max_examples=60)
@given(
    kinds=st.lists(st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"cHRM", b"oFFs", b"eXIf"]), max_size=4),
    body=st.binary(max_size=40),
)
def test_any_chunk_leaves_a_picture_that_can_be_read_or_a_sentence(
    tmp_path: Path, kinds: list[bytes], body: bytes
) -> None:
    from raiha.gallery_tools.errors import RaihaError

    file = io.BytesIO()
    PHOTO.save(file, "PNG")
    whole = file.getvalue()
    chunks = b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big") for kind in kinds
    )
    end = len(SIGNATURE) + 25
    (tmp_path / "in.png").write_bytes(whole[:end] + chunks + whole[end:])
    for ending in (".png", ".tif", ".jpg"):
        try:
            out, _ = rewritten(tmp_path / "in.png", ending)
        except RaihaError as error:
            assert error.code in ("bad-profile", "unreadable-image")
            return
        assert read_image(out).pixels.shape == (24, 32, 3)


def test_a_new_picture_has_no_metadata(tmp_path: Path) -> None:
    assert write_image(tmp_path / "a.png", ImageFile(np.zeros((4, 4, 3), np.uint8))) == ()
