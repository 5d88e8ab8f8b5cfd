"""What a test can ask of GIMP. Layers are named; pixels go through files in the folder that both sides see."""

import hashlib
import os
from pathlib import Path

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp, Gio  # noqa: E402

FOLDER = Path(os.environ["RAIHA_TEST_FOLDER"])
current = {}


def new_image(path, precision="U8_NON_LINEAR", profile=None, gray=False):
    """Open a document; give it a precision, a profile ("adobe") and perhaps no colours."""
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
    if profile == "adobe":
        image.convert_color_profile(Gimp.ColorProfile.new_rgb_adobe(), Gimp.ColorRenderingIntent.PERCEPTUAL, False)
    if gray:
        image.convert_grayscale()
    if image.get_precision() != getattr(Gimp.Precision, precision):
        image.convert_precision(getattr(Gimp.Precision, precision))
    image.set_selected_layers([_layer("object", image)])
    current["image"] = image
    forget_history()
    return {"size": [image.get_width(), image.get_height()]}


def forget_history():
    """Let undo begin here, with the document as if it had just been saved."""
    current["image"].undo_disable()
    current["image"].undo_enable()
    current["image"].clean_all()


def forget_settings():
    """Let the plug-in begin with its defaults, as if it had never run."""
    folder = Path(Gimp.directory()) / "plug-in-settings"
    for path in folder.glob("*python-fu-harmonize*"):
        path.unlink()


def remember_gallery(name):
    """Let the plug-in have been used with a gallery."""
    folder = Path(Gimp.directory()) / "plug-in-settings"
    folder.mkdir(exist_ok=True)
    (folder / "GimpProcedureConfigRun-python-fu-harmonize.last").write_text(f'(gallery "{name}")\n')


def forget_image():
    """Close the document."""
    current.pop("image").delete()


def show_image():
    """Give the document a window."""
    current["display"] = Gimp.Display.new(current["image"])


def close_window():
    """Close the document's window, and with it the document."""
    current.pop("display").delete()
    current.pop("image")


def to_indexed():
    """Make the document one of indexed colours."""
    image = current["image"]
    image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, "")


def keep_only(name):
    """Take every layer away but one."""
    for layer in current["image"].get_layers():
        if layer.get_name() != name:
            current["image"].remove_layer(layer)


def to_group(name, mode="NORMAL"):
    """Put the layer into a new group of that name."""
    image, layer = current["image"], _layer("object")
    group = Gimp.GroupLayer.new(image, name)
    group.set_mode(getattr(Gimp.LayerMode, mode))
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)


def add_mask(applied=True, name="object"):
    """Give a layer a mask of every value from 0 to 255, from left to right."""
    layer = _layer(name)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    width, height = layer.get_width(), layer.get_height()
    row = bytes(x * 255 // max(width - 1, 1) for x in range(width))
    _fill(mask, "Y u8", row * height)
    layer.set_apply_mask(applied)


def add_filter(name):
    """Give the layer a filter that stays editable."""
    layer = _layer("object")
    layer.append_filter(Gimp.DrawableFilter.new(layer, name, "filter"))


def add_text(text):
    """Add a text layer named "text" on top."""
    image = current["image"]
    layer = Gimp.TextLayer.new(image, text, Gimp.Font.get_by_name("Sans-serif"), 60, Gimp.Unit.pixel())
    image.insert_layer(layer, None, 0)
    layer.set_name("text")
    layer.set_offsets(60, 50)


def clear(name):
    """Make a layer transparent."""
    layer = _layer(name)
    if not layer.has_alpha():
        layer.add_alpha()
    _fill(layer, "R'G'B'A u8", bytes(4 * layer.get_width() * layer.get_height()))


def drop_alpha(name):
    """Take the alpha channel off a layer."""
    _layer(name).flatten()


def scale_layer(name, size):
    """Make a layer larger or smaller, about its own middle."""
    _layer(name).scale(*size, True)


def copy_layer(name, copy, x, y):
    """Add a copy of a layer somewhere else."""
    image, layer = current["image"], _layer(name)
    twin = layer.copy()
    twin.set_name(copy)
    image.insert_layer(twin, None, 0)
    twin.set_offsets(x, y)


def set_attributes(name="object", **values):
    """Set attributes of a layer: numbers and truth values as they are, members of enumerations by their names."""
    kinds = {"mode": Gimp.LayerMode, "color_tag": Gimp.ColorTag, "blend_space": Gimp.LayerColorSpace}
    layer = _layer(name)
    for key, value in values.items():
        if key == "parasite":
            layer.attach_parasite(Gimp.Parasite.new(value, 1, b"kept"))
        elif key == "offsets":
            layer.set_offsets(*value)
        else:
            getattr(layer, f"set_{key}")(getattr(kinds[key], value) if key in kinds else value)


def set_metadata(tag, value):
    """Let the document's metadata say something."""
    # GIMP's own way of keeping metadata in a file: its setters need a library that not every GIMP brings.
    words = f"<?xml version='1.0' encoding='UTF-8'?><metadata><tag name='{tag}'>{value}</tag></metadata>"
    current["image"].set_metadata(Gimp.Metadata.deserialize(words))


def select_ellipse(x, y, width, height, feather=0.0):
    """Select an ellipse."""
    Gimp.context_set_feather(feather > 0)
    Gimp.context_set_feather_radius(feather, feather)
    current["image"].select_ellipse(Gimp.ChannelOps.REPLACE, x, y, width, height)


def select_all():
    """Select the whole picture."""
    Gimp.Selection.all(current["image"])


def choose(names):
    """Make layers the chosen ones."""
    current["image"].set_selected_layers([_layer(name) for name in names])


def edit_mask(name="object"):
    """Let what follows act on the layer's mask, as a click on it does."""
    _layer(name).set_edit_mask(True)


def float_selection():
    """Paste the layer as a floating selection."""
    Gimp.edit_copy([_layer("object")])
    Gimp.edit_paste(_layer("picture"), False)


def harmonize(layers, **options):
    """Call the procedure; return its status and message."""
    image = current["image"]
    procedure = Gimp.get_pdb().lookup_procedure("python-fu-harmonize")
    config = procedure.create_config()
    config.set_property("image", image)
    run_mode = options.pop("run_mode", "NONINTERACTIVE")
    config.set_property("run-mode", getattr(Gimp.RunMode, run_mode))
    drawables = [_layer(name) for name in layers]
    config.set_core_object_array("drawables", [_mask_or_layer(layer) for layer in drawables])
    for name, value in options.items():
        config.set_property(name, value)
    status = procedure.run(config).index(0)
    return {"status": status.value_nick, "message": Gimp.get_pdb().get_last_error()}


def arguments():
    """Return the names of the procedure's arguments, where its menu entry is, and what it says."""
    procedure = Gimp.get_pdb().lookup_procedure("python-fu-harmonize")
    return {
        "arguments": [argument.name for argument in procedure.get_arguments()],
        "menus": procedure.get_menu_paths(),
        "label": procedure.get_menu_label(),
    }


def dump(name, file):
    """Write a layer's pixels as they lie into a file; say what they are."""
    layer = _layer(name)
    return {**_described(layer), "file": _written(layer, file)}


def dump_picture_without(name, file):
    """Write the visible picture without a layer into a file, as GIMP merges it, in the image's own format."""
    image = current["image"]
    copy = image.duplicate()
    copy.remove_layer(_layer(name, copy))
    merged = copy.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    if not merged.has_alpha():
        merged.add_alpha()
    merged.resize_to_image_size()
    described = {**_described(merged), "file": _written(merged, file)}
    copy.delete()
    return described


def dump_with_mask_applied(name, file):
    """Write a layer's pixels with its mask and filters made part of them."""
    copy = current["image"].duplicate()
    layer = _layer(name, copy)
    if layer.is_group():
        layer.set_mode(Gimp.LayerMode.NORMAL)
        layer = layer.merge()
    if layer.get_filters():
        layer.merge_filters()
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.APPLY)
    if not layer.has_alpha():
        layer.add_alpha()
    described = {**_described(layer), "file": _written(layer, file)}
    copy.delete()
    return described


def dump_selection_over(name, file):
    """Write the selection over a layer, one byte a pixel."""
    layer = _layer(name)
    _, x, y = layer.get_offsets()
    area = Gegl.Rectangle.new(x, y, layer.get_width(), layer.get_height())
    pixels = current["image"].get_selection().get_buffer().get(area, 1.0, "Y u8", Gegl.AbyssPolicy.NONE)
    (FOLDER / file).write_bytes(pixels)


def dump_profile(file):
    """Write the ICC profile that the pixels are in."""
    profile = current["image"].get_effective_color_profile().get_icc_profile()
    (FOLDER / file).write_bytes(bytes(profile))


def scale_image(width, height):
    """Make the whole document larger or smaller."""
    current["image"].scale(width, height)
    forget_history()


def measure():
    """Return how long each step of the plug-in takes with the layer."""
    from measuring import seconds_of

    return seconds_of(_layer("object"))


def measure_dialog():
    """Return how the dialog answers with the layer."""
    from measuring import dialog_of

    return dialog_of(_layer("object"))


class _LayerGoneError(Exception):
    """A layer was taken out of the document while it was read."""


def state():
    """Return everything about the document that a test compares: layers with attributes and digests of pixels."""
    while True:
        try:
            return _document(current["image"])
        except _LayerGoneError:
            continue  # GIMP works on while it is asked: the plug-in or an undo took a layer away between two questions


def _document(image):
    return {
        "layers": [_state(layer) for layer in image.get_layers()],
        "channels": [channel.get_name() for channel in image.get_channels()],
        "selection": _digest(image.get_selection()),
        "metadata": image.get_metadata() is not None and image.get_metadata().serialize(),
        # GIMP itself keeps a procedure's last-used values there.
        "parasites": [name for name in image.get_parasite_list() if not name.startswith("GimpProcedureConfigRun-")],
    }


def is_dirty():
    """Return whether the document has changes that are not saved."""
    return current["image"].is_dirty()


def open_images():
    """Return how many images GIMP has open: copies that are left behind count, too."""
    return len(Gimp.get_images())


def chosen():
    """Return the names of the chosen layers."""
    return [layer.get_name() for layer in current["image"].get_selected_layers()]


def save(path):
    """Save the document as XCF."""
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, current["image"], Gio.File.new_for_path(path), None)


def _state(layer):
    mask = layer.get_mask()
    return {
        "name": layer.get_name(),
        "visible": layer.get_visible(),
        "offsets": list(layer.get_offsets())[1:],
        "size": [layer.get_width(), layer.get_height()],
        "opacity": layer.get_opacity(),
        "mode": layer.get_mode().value_nick,
        "color_tag": layer.get_color_tag().value_nick,
        "blend_space": layer.get_blend_space().value_nick,
        "composite_space": layer.get_composite_space().value_nick,
        "composite_mode": layer.get_composite_mode().value_nick,
        "locks": [
            layer.get_lock_alpha(),
            layer.get_lock_content(),
            layer.get_lock_position(),
            layer.get_lock_visibility(),
        ],
        "parasites": {name: bytes(layer.get_parasite(name).get_data()).decode() for name in layer.get_parasite_list()},
        "pixels": _digest(layer),
        "mask": None if mask is None else _digest(mask),
        "apply_mask": layer.get_apply_mask(),
        "filters": [found.get_operation_name() for found in layer.get_filters()],
        "children": [_state(child) for child in layer.get_children()] if layer.is_group() else None,
    }


def _layer(name, image=None):
    """Return the topmost layer of a name, which may be followed by what was adjusted: "object (harmonized: ..."."""
    todo = list((image or current["image"]).get_layers())
    while todo:
        layer = todo.pop(0)
        if layer.get_name().partition(":")[0] == name:
            return layer
        if layer.is_group():
            todo += layer.get_children()
    raise LookupError(name)


def _mask_or_layer(layer):
    return layer.get_mask() if layer.get_mask() is not None and layer.get_edit_mask() else layer


def _whole(drawable):
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())


def _raw(drawable):
    buffer = drawable.get_buffer()
    if buffer is None:
        raise _LayerGoneError
    return buffer.get(_whole(drawable), 1.0, None, Gegl.AbyssPolicy.NONE)


def _digest(drawable):
    return hashlib.sha256(_raw(drawable)).hexdigest()


def _described(layer):
    return {
        "encoding": Babl.format_get_encoding(layer.get_format()),
        "size": [layer.get_width(), layer.get_height()],
        "offsets": list(layer.get_offsets())[1:],
    }


def _written(layer, file):
    (FOLDER / file).write_bytes(_raw(layer))
    return file


def _fill(drawable, name, pixels):
    buffer = drawable.get_buffer()
    buffer.set(_whole(drawable), name, pixels)
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())
