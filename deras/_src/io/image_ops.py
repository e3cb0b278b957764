"""`tf.io.decode_image` and its family: image files in string tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import INDEX, STRING, as_dtype, float32, int32, string, uint8, uint16
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.io import image_codecs as codecs
from deras._src.io.failures import failure
from deras._src.io.file_ops import scalar_bytes, string_array
from deras._src.registry import NONE, op
from deras._src.util.export import export

Attrs = Mapping[str, Any]
_METHODS = ("", "INTEGER_FAST", "INTEGER_ACCURATE")


def _wrong(what: str, reason: str, cls: Any = errors.InvalidArgumentError) -> errors.OpError:
    return failure(cls, what, reason)  # type: ignore[no-any-return]


def _decoded(
    contents: np.ndarray,
    what: str,
    channels: int = 0,
    wide: bool = False,
    ratio: int = 1,
    recover: bool = False,
) -> np.ndarray:
    """An image of any format: `[height, width, channels]`, of a GIF with the frames first."""
    data = scalar_bytes(contents, what, "contents")
    try:
        kind = codecs.kind_of(data)
        if kind == "JPEG":
            return codecs.decode_jpeg(data, channels, ratio, recover)
        if kind == "PNG":
            return codecs.decode_png(data, channels, wide)
        if kind == "GIF":
            if channels not in (0, 3):
                raise codecs.BadImage(f"channels must be 0 or 3 for a GIF, not {channels}")
            return codecs.decode_gif(data)
        if kind == "WebP" and what in ("tf.io.decode_image", "tf.io.decode_webp"):
            return codecs.decode_webp(data, channels)
        if kind == "WebP":
            raise codecs.BadImage("WebP is decoded by tf.io.decode_webp or tf.io.decode_image")
        if kind == "BMP" and what != "tf.io.decode_image":
            raise codecs.BadImage("a BMP is decoded by tf.io.decode_bmp or tf.io.decode_image")
        return codecs.decode_bmp(data, channels)
    except codecs.BadImage as error:
        raise _wrong(what, str(error)) from None


def _still(image: np.ndarray, what: str) -> np.ndarray:
    """A GIF of one frame without its frames' dimension."""
    if image.ndim == 3:
        return image
    if len(image) > 1:
        raise _wrong(
            what,
            f"the GIF has {len(image)} frames; tf.io.decode_gif and tf.io.decode_image decode "
            "animations",
        )
    return image[0]


def _image_shape(inputs: Sequence[Any], attrs: Attrs) -> Any:
    return [(attrs.get("dtype", uint8), TensorShape([None, None, attrs["channels"] or None]))]


def _checked_channels(channels: Any, what: str) -> int:
    channels = 0 if channels is None else int(channels)
    if channels not in (0, 1, 3, 4):
        raise _wrong(what, f"channels must be 0, 1, 3 or 4, not {channels}")
    return channels


def _checked_method(method: str, what: str) -> None:
    if method not in _METHODS:
        raise _wrong(what, f"dct_method must be one of {', '.join(map(repr, _METHODS))}")


def _sixteen(image: np.ndarray) -> np.ndarray:
    """8 bits in 16, as PNG's own decoder does it."""
    return image if image.dtype == np.uint16 else image.astype(np.uint16) * np.uint16(257)


# -- JPEG --------------------------------------------------------------------------------------


@op(
    "DecodeJpeg",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=_image_shape,
    api_name="io.decode_jpeg",
)
def _decode_jpeg(contents, *, channels, ratio, recover):
    what = "tf.io.decode_jpeg"
    return _still(_decoded(contents, what, channels, False, ratio, recover), what)


@export("io.decode_jpeg", "image.decode_jpeg")
def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Any:
    """A JPEG file's pixels.

    The inverse DCT is always the accurate one, so pixels may differ by a few steps of 255 from
    TensorFlow's default, which is the fast one; `dct_method="INTEGER_ACCURATE"` there is the same.

    Args:
      contents: Scalar string tensor: the file's bytes. A PNG or a GIF of one frame is taken, too.
      channels: 0 for as many as in the file, 1 for grey, 3 for RGB.
      ratio: 1, 2, 4 or 8: how many times smaller the image is to be.
      fancy_upscaling: Accepted; colours are always scaled up smoothly.
      try_recover_truncated: Whether the missing rest of a cut-off file is filled with grey.
      acceptable_fraction: Accepted; any part will do where `try_recover_truncated` is true.
      dct_method: Accepted: `""`, `"INTEGER_FAST"` or `"INTEGER_ACCURATE"`.
      name: Optional name of the node in graphs.
    Returns:
      uint8 tensor `[height, width, channels]`.
    Raises:
      InvalidArgumentError: The bytes are no such image, or an argument is out of its range.

    >>> data = tf.io.encode_jpeg(np.full((4, 6, 3), 7, np.uint8))
    >>> tf.io.decode_jpeg(data).shape
    TensorShape([4, 6, 3])
    """
    what = "tf.io.decode_jpeg"
    _checked_method(dct_method, what)
    if ratio not in (1, 2, 4, 8):
        raise _wrong(what, f"ratio must be 1, 2, 4 or 8, not {ratio}")
    attrs = (
        ("channels", _checked_channels(channels, what)),
        ("ratio", int(ratio)),
        ("recover", bool(try_recover_truncated)),
    )
    return apply(_decode_jpeg, (contents,), attrs, name)


@op(
    "DecodeAndCropJpeg",
    dtypes={"contents": STRING, "crop_window": frozenset({int32})},
    host=True,
    gradient=NONE,
    shape=_image_shape,
    api_name="io.decode_and_crop_jpeg",
)
def _decode_and_crop_jpeg(contents, crop_window, *, channels, ratio, recover):
    what = "tf.io.decode_and_crop_jpeg"
    if crop_window.shape != (4,):
        raise _wrong(what, f"crop_window must have 4 elements, its shape is {crop_window.shape}")
    image = _still(_decoded(contents, what, channels, False, ratio, recover), what)
    top, left, height, width = crop_window.tolist()
    if (
        min(top, left) < 0
        or min(height, width) <= 0
        or top + height > image.shape[0]
        or left + width > image.shape[1]
    ):
        raise _wrong(
            what,
            f"the crop window (top {top}, left {left}, height {height}, width {width}) is not "
            f"inside the image of {image.shape[0]} × {image.shape[1]}",
        )
    return np.ascontiguousarray(image[top : top + height, left : left + width])


@export("io.decode_and_crop_jpeg", "image.decode_and_crop_jpeg")
def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Any:
    """A part of a JPEG file's pixels: the same as decoding it all and slicing.

    Args:
      contents: Scalar string tensor: the file's bytes.
      crop_window: int32 vector: top, left, height, width.
      channels: As for `tf.io.decode_jpeg`, like the arguments below.
      ratio: 1, 2, 4 or 8; the window is in the smaller image.
      fancy_upscaling: Accepted.
      try_recover_truncated: Whether the missing rest of a cut-off file is filled with grey.
      acceptable_fraction: Accepted.
      dct_method: Accepted.
      name: Optional name of the node in graphs.
    Returns:
      uint8 tensor `[height, width, channels]`.
    Raises:
      InvalidArgumentError: The window is not inside the image; else as `tf.io.decode_jpeg`.
    """
    what = "tf.io.decode_and_crop_jpeg"
    _checked_method(dct_method, what)
    if ratio not in (1, 2, 4, 8):
        raise _wrong(what, f"ratio must be 1, 2, 4 or 8, not {ratio}")
    attrs = (
        ("channels", _checked_channels(channels, what)),
        ("ratio", int(ratio)),
        ("recover", bool(try_recover_truncated)),
    )
    return apply(_decode_and_crop_jpeg, (contents, crop_window), attrs, name)


@op(
    "ExtractJpegShape",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(attrs["output_type"], TensorShape([3]))],
    api_name="io.extract_jpeg_shape",
)
def _extract_jpeg_shape(contents, *, output_type):
    what = "tf.io.extract_jpeg_shape"
    try:
        shape = codecs.jpeg_shape(scalar_bytes(contents, what, "contents"))
    except codecs.BadImage as error:
        raise _wrong(what, str(error)) from None
    return np.array(shape, output_type.np_dtype)


@export("io.extract_jpeg_shape", "image.extract_jpeg_shape")
def extract_jpeg_shape(contents: Any, output_type: Any = int32, name: str | None = None) -> Any:
    """Height, width and channels of a JPEG file, without decoding it.

    Args:
      contents: Scalar string tensor: the file's bytes.
      output_type: int32 or int64.
      name: Optional name of the node in graphs.
    Raises:
      InvalidArgumentError: The bytes are no JPEG file.

    >>> data = tf.io.encode_jpeg(np.zeros((4, 6, 3), np.uint8))
    >>> tf.io.extract_jpeg_shape(data).numpy()
    array([4, 6, 3], dtype=int32)
    """
    dtype = as_dtype(output_type)
    if dtype not in INDEX:
        raise _wrong("tf.io.extract_jpeg_shape", f"output_type cannot be {dtype.name}")
    return apply(_extract_jpeg_shape, (contents,), (("output_type", dtype),), name)


@op(
    "IsJpeg",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(dtypes.bool_, TensorShape([]))],
    api_name="io.is_jpeg",
)
def _is_jpeg(contents):
    data = scalar_bytes(contents, "tf.io.is_jpeg", "contents")
    return np.array(data[:3] == b"\xff\xd8\xff")


@export("io.is_jpeg", "image.is_jpeg")
def is_jpeg(contents: Any, name: str | None = None) -> Any:
    """Whether a string begins as JPEG files do: a scalar bool tensor.

    >>> bool(tf.io.is_jpeg(b"no image"))
    False
    """
    return apply(_is_jpeg, (contents,), (), name)


@op(
    "EncodeJpeg",
    dtypes={"image": frozenset({uint8})},
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(string, TensorShape([]))],
    api_name="io.encode_jpeg",
)
def _encode_jpeg(image, *, format, options):
    what = "tf.io.encode_jpeg"
    if image.ndim != 3:
        raise _wrong(what, f"image must have 3 dimensions, its shape is {list(image.shape)}")
    channels = image.shape[2]
    wanted = {"grayscale": (1,), "rgb": (3,), "": (1, 3)}[format]
    if channels not in wanted:
        raise _wrong(
            what,
            f"image must have {' or '.join(map(str, wanted))} channels"
            + (f" for format {format!r}" if format else "")
            + f", its shape is {list(image.shape)}",
        )
    if not image.size:
        raise _wrong(what, f"the image of shape {list(image.shape)} is empty", errors.InternalError)
    try:
        return string_array([codecs.encode_jpeg(image, dict(options))], ())
    except OSError as error:
        raise _wrong(what, f"JPEG encoding failed: {error}", errors.InternalError) from None


@export("io.encode_jpeg", "image.encode_jpeg")
def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Any:
    """The bytes of a JPEG file of an image.

    Args:
      image: uint8 tensor `[height, width, 1 or 3]`.
      format: `"grayscale"`, `"rgb"`, or `""`: by the channels.
      quality: 0 to 100.
      progressive: Whether the file shows coarse first.
      optimize_size: Whether to make the file smaller at the cost of time.
      chroma_downsampling: Whether colours have half the resolution.
      density_unit: `"in"` or `"cm"`, of the two densities.
      x_density: Pixels a unit, across.
      y_density: Pixels a unit, down.
      xmp_metadata: XMP text to put into the file.
      name: Optional name of the node in graphs.
    Returns:
      Scalar string tensor.
    Raises:
      InvalidArgumentError: The image's shape or an argument is out of range.
    """
    what = "tf.io.encode_jpeg"
    if format not in ("", "grayscale", "rgb"):
        raise _wrong(what, f"format must be '', 'grayscale' or 'rgb', not {format!r}")
    if not 0 <= quality <= 100:
        raise _wrong(what, f"quality must be in [0, 100], not {quality}")
    if density_unit not in ("in", "cm"):
        raise _wrong(what, f"density_unit must be 'in' or 'cm', not {density_unit!r}")
    scale = 1.0 if density_unit == "in" else 2.54  # Pillow writes densities an inch
    options: list[tuple[str, Any]] = [
        ("quality", max(int(quality), 1)),  # 0 is Pillow's word for its default
        ("progressive", bool(progressive)),
        ("optimize", bool(optimize_size)),
        ("subsampling", 2 if chroma_downsampling else 0),
        ("dpi", (round(x_density * scale), round(y_density * scale))),
    ]
    if xmp_metadata:
        options.append(("xmp", xmp_metadata.encode()))
    attrs = (("format", format), ("options", tuple(options)))
    return apply(_encode_jpeg, (image,), attrs, name)


# -- PNG, GIF, BMP -----------------------------------------------------------------------------


@op(
    "DecodePng",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=_image_shape,
    api_name="io.decode_png",
)
def _decode_png(contents, *, channels, dtype):
    what = "tf.io.decode_png"
    wide = dtype is uint16
    image = _still(_decoded(contents, what, channels, wide), what)
    return _sixteen(image) if wide else image


@export("io.decode_png", "image.decode_png")
def decode_png(
    contents: Any, channels: int = 0, dtype: Any = uint8, name: str | None = None
) -> Any:
    """A PNG file's pixels.

    Args:
      contents: Scalar string tensor: the file's bytes. A JPEG or a GIF of one frame is taken, too.
      channels: 0 for as many as in the file, 1 for grey, 3 for RGB, 4 for RGB and alpha.
      dtype: uint8 or uint16.
      name: Optional name of the node in graphs.
    Returns:
      Tensor `[height, width, channels]`.
    Raises:
      InvalidArgumentError: The bytes are no such image, or an argument is out of its range.

    >>> data = tf.io.encode_png(np.array([[[1], [2]]], np.uint8))
    >>> tf.io.decode_png(data).numpy().tolist()
    [[[1], [2]]]
    """
    what = "tf.io.decode_png"
    wanted = as_dtype(dtype)
    if wanted not in (uint8, uint16):
        raise _wrong(what, f"dtype must be uint8 or uint16, not {wanted.name}")
    attrs = (("channels", _checked_channels(channels, what)), ("dtype", wanted))
    return apply(_decode_png, (contents,), attrs, name)


@op(
    "EncodePng",
    dtypes={"image": frozenset({uint8, uint16})},
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [
        (string, TensorShape(None) if inputs[0].shape.rank is None else inputs[0].shape[:-3])
    ],
    api_name="io.encode_png",
)
def _encode_png(image, *, compression):
    what = "tf.io.encode_png"
    if image.ndim < 3:
        raise _wrong(what, f"image must have at least 3 dimensions, its shape is {image.shape}")
    if not 1 <= image.shape[-1] <= 4:
        raise _wrong(what, f"image must have 1, 2, 3 or 4 channels, not {image.shape[-1]}")
    if not image.size:
        raise _wrong(what, f"the image of shape {list(image.shape)} is empty", errors.InternalError)
    images = image.reshape(-1, *image.shape[-3:])
    return string_array([codecs.encode_png(one, compression) for one in images], image.shape[:-3])


@export("io.encode_png", "image.encode_png")
def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Any:
    """The bytes of a PNG file of each image.

    Args:
      image: uint8 or uint16 tensor `[..., height, width, 1 to 4]`: grey, grey and alpha, RGB, or
        RGB and alpha.
      compression: 0 (none) to 9 (small), -1 for zlib's default.
      name: Optional name of the node in graphs.
    Returns:
      String tensor of the leading dimensions' shape.
    Raises:
      InvalidArgumentError: The shape, the dtype or `compression` is out of range.
    """
    if not -1 <= compression <= 9:
        raise _wrong("tf.io.encode_png", f"compression must be in [-1, 9], not {compression}")
    return apply(_encode_png, (image,), (("compression", int(compression)),), name)


@op(
    "DecodeGif",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [(uint8, TensorShape([None, None, None, 3]))],
    api_name="io.decode_gif",
)
def _decode_gif(contents):
    image = _decoded(contents, "tf.io.decode_gif", 3)
    return image if image.ndim == 4 else image[None]


@export("io.decode_gif", "image.decode_gif")
def decode_gif(contents: Any, name: str | None = None) -> Any:
    """A GIF file's frames: uint8 `[frames, height, width, 3]`.

    Args:
      contents: Scalar string tensor: the file's bytes. A JPEG or PNG gives one frame.
      name: Optional name of the node in graphs.
    Raises:
      InvalidArgumentError: The bytes are no such image.
    """
    return apply(_decode_gif, (contents,), (), name)


@op(
    "DecodeBmp",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=_image_shape,
    api_name="io.decode_bmp",
)
def _decode_bmp(contents, *, channels):
    what = "tf.io.decode_bmp"
    try:
        return codecs.decode_bmp(scalar_bytes(contents, what, "contents"), channels)
    except codecs.BadImage as error:
        raise _wrong(what, str(error)) from None


@export("io.decode_bmp", "image.decode_bmp")
def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Any:
    """A BMP file's pixels: uint8 `[height, width, channels]`.

    Args:
      contents: Scalar string tensor: the bytes of an uncompressed BMP.
      channels: 0 for as many as in the file, or 1 (of a grey file only), 3 or 4.
      name: Optional name of the node in graphs.
    Raises:
      InvalidArgumentError: The bytes are no such image, or cannot give these channels.
    """
    checked = _checked_channels(channels, "tf.io.decode_bmp")
    return apply(_decode_bmp, (contents,), (("channels", checked),), name)


@op(
    "DecodeWebP",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=lambda inputs, attrs: [
        (uint8, TensorShape([None, None, None, attrs["channels"] or None]))
    ],
    api_name="io.decode_webp",
)
def _decode_webp(contents, *, channels):
    image = _decoded(contents, "tf.io.decode_webp", channels)
    return image if image.ndim == 4 else image[None]


@export("io.decode_webp")
def decode_webp(
    contents: Any, channels: int = 0, dtype: Any = uint8, name: str | None = None
) -> Any:
    """A WebP file's frames: uint8 `[frames, height, width, channels]`.

    Args:
      contents: Scalar string tensor: the file's bytes. A JPEG or PNG gives one frame.
      channels: 0 for as many as in the file, else the number it must have: 3, or 4 with alpha, as
        every animation has.
      dtype: uint8.
      name: Optional name of the node in graphs.
    Raises:
      InvalidArgumentError: The bytes are no such image, or have another number of channels.
    """
    what = "tf.io.decode_webp"
    if as_dtype(dtype) is not uint8:
        raise _wrong(what, f"dtype must be uint8, not {as_dtype(dtype).name}")
    checked = _checked_channels(channels, what)
    return apply(_decode_webp, (contents,), (("channels", checked),), name)


# -- Any format --------------------------------------------------------------------------------


def _any_shape(inputs: Sequence[Any], attrs: Attrs) -> Any:
    if attrs["expand_animations"]:
        return [(attrs["dtype"], TensorShape(None))]
    return [(attrs["dtype"], TensorShape([None, None, attrs["channels"] or None]))]


@op(
    "DecodeImage",
    dtypes={"contents": STRING},
    host=True,
    gradient=NONE,
    shape=_any_shape,
    api_name="io.decode_image",
)
def _decode_image(contents, *, channels, dtype, expand_animations):
    # Only a PNG may give 16 bits.
    image = _decoded(contents, "tf.io.decode_image", channels, wide=dtype is not uint8)
    if dtype is not uint8 and contents[()][8:12] == b"WEBP":
        raise _wrong("tf.io.decode_image", f"WebP gives uint8 only, not {dtype.name}")
    if image.ndim == 4 and not expand_animations:
        image = image[0]
    if dtype is float32:
        return image.astype(np.float32) * np.float32(1 / np.iinfo(image.dtype).max)
    if dtype is uint16 and image.dtype == np.uint8:
        return image.astype(np.uint16) * np.uint16(256)
    return image


@export("io.decode_image", "image.decode_image")
def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Any:
    """The pixels of a JPEG, PNG, GIF, BMP or WebP file, whichever it is.

    Args:
      contents: Scalar string tensor: the file's bytes.
      channels: None or 0 for as many as in the file; 1, 3 or 4 where the format can give it.
      dtype: uint8, uint16 or float32 (then from 0 to 1); for WebP uint8.
      name: Optional name of the node in graphs.
      expand_animations: Whether a GIF or WebP gives `[frames, height, width, channels]`; else its
        first frame.
    Returns:
      Tensor `[height, width, channels]` (a GIF or WebP: see above). In graphs its rank is known
      only with `expand_animations=False`.
    Raises:
      InvalidArgumentError: The bytes are no such image, or cannot give these channels.

    >>> data = tf.io.encode_png(np.full((2, 3, 1), 255, np.uint8))
    >>> tf.io.decode_image(data, dtype=tf.float32).numpy()[0, 0]
    array([1.], dtype=float32)
    """
    what = "tf.io.decode_image"
    wanted = as_dtype(dtype)
    if wanted not in (uint8, uint16, float32):
        raise _wrong(
            what, f"dtype must be uint8, uint16 or float32, not {wanted.name}; tf.cast the result"
        )
    attrs = (
        ("channels", _checked_channels(channels, what)),
        ("dtype", wanted),
        ("expand_animations", bool(expand_animations)),
    )
    return apply(_decode_image, (contents,), attrs, name)
