"""Image files to arrays and back, without tensors: what `image_ops.py` makes ops of.

Pillow decodes and encodes (it has libjpeg-turbo, libpng's equal and a GIF reader inside); BMP,
whose rules in TensorFlow are its own, and what is asked of a JPEG's head are read here.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
)


class BadImage(ValueError):
    """The bytes are no image that can be decoded as asked."""


def load_pillow() -> Any:
    """`PIL.Image`."""
    try:
        import PIL.Image
    except ImportError:
        raise ImportError(
            "images need the library Pillow, a dependency of Deras.\n  hint: pip install pillow"
        ) from None
    return PIL.Image


def kind_of(data: bytes) -> str:
    """`"JPEG"`, `"PNG"`, `"GIF"`, `"BMP"` or `"WebP"`; BadImage for something else."""
    if not data:
        raise BadImage("the input is empty")
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    raise BadImage("unknown image file format; one of JPEG, PNG, GIF, BMP and WebP is required")


def _opened(data: bytes, kind: str) -> Any:
    image = load_pillow()
    try:
        return image.open(BytesIO(data), formats=[kind])
    except Exception as error:  # noqa: BLE001 - Pillow has errors of many kinds for damaged files
        raise BadImage(f"invalid {kind} data: {error}") from None


def _loaded(opened: Any, kind: str) -> Any:
    try:
        opened.load()
    except Exception as error:  # noqa: BLE001 - as above
        raise BadImage(f"invalid {kind} data: {error}") from None
    return opened


def _with_channels(array: np.ndarray) -> np.ndarray:
    return array[..., None] if array.ndim == 2 else array


# -- JPEG --------------------------------------------------------------------------------------


def decode_jpeg(
    data: bytes, channels: int = 0, ratio: int = 1, recover: bool = False
) -> np.ndarray:
    """uint8 `[height, width, 1 or 3]`; with `recover` the rest of a cut-off image is grey."""
    if channels == 4:
        raise BadImage("JPEG does not support 4 channels")
    if recover:
        # Where the data end early, the mark of the end makes the decoder fill up what is missing.
        data = data + b"\xff\xd9"
    opened = _opened(data, "JPEG")
    mode = "L" if channels == 1 or (channels == 0 and opened.mode == "L") else "RGB"
    width, height = opened.size
    if mode == "L" or ratio > 1:
        opened.draft(mode, (max(width // ratio, 1), max(height // ratio, 1)))
    loaded = _loaded(opened, "JPEG")
    if ratio > 1 and loaded.size != (-(-width // ratio), -(-height // ratio)):
        opened = _opened(data, "JPEG")  # too small for the decoder's own scaling
        loaded = _loaded(opened, "JPEG").reduce(ratio)
    if loaded.mode != mode:
        loaded = loaded.convert(mode)
    return _with_channels(np.asarray(loaded))


def jpeg_shape(data: bytes) -> tuple[int, int, int]:
    """Height, width and channels, from the head alone."""
    position, size = 2, len(data)
    if data[:2] != b"\xff\xd8":
        raise BadImage(f"invalid JPEG data, size {size}")
    while position + 4 <= size and data[position] == 0xFF:
        mark = data[position + 1]
        if mark == 0xFF:  # filling
            position += 1
            continue
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            if position + 10 > size:
                break
            head = data[position + 5 : position + 10]
            return head[0] << 8 | head[1], head[2] << 8 | head[3], head[4]
        if mark == 0x01 or 0xD0 <= mark <= 0xD8:  # marks without contents
            position += 2
            continue
        position += 2 + (data[position + 2] << 8 | data[position + 3])
    raise BadImage(f"invalid JPEG data, size {size}")


def encode_jpeg(array: np.ndarray, options: dict[str, Any]) -> bytes:
    """The bytes of a JPEG file of uint8 `[height, width, 1 or 3]`."""
    pixels = array[..., 0] if array.shape[2] == 1 else array
    out = BytesIO()
    load_pillow().fromarray(np.ascontiguousarray(pixels)).save(out, "JPEG", **options)
    return out.getvalue()


# -- PNG ---------------------------------------------------------------------------------------

# Of libpng, for weights 0.299 and 0.587 in 1/32768.
_GREY = np.array([9797, 19234, 32768 - 9797 - 19234], np.int64)


def decode_png(data: bytes, channels: int = 0, wide: bool = False) -> np.ndarray:
    """uint8, or with `wide` uint16: `[height, width, channels]`, 0 for as many as in the file."""
    opened = _opened(data, "PNG")
    depth = data[24] if len(data) > 24 else 8
    mode, has_clear = opened.mode, "transparency" in opened.info
    if depth == 16:
        array = _sixteen_bits(data, opened)
    else:
        loaded = _loaded(opened, "PNG")
        if mode == "P":
            loaded = loaded.convert("RGBA" if has_clear else "RGB")
        elif mode == "1":
            loaded = loaded.convert("L")
        if has_clear and channels == 4:
            loaded = loaded.convert("RGBA")
        array = _with_channels(np.asarray(loaded))
    array = _to_channels(array, channels)
    if not wide and array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if wide and array.dtype == np.uint8:
        array = array.astype(np.uint16) * np.uint16(257)
    return array


def _sixteen_bits(data: bytes, opened: Any) -> np.ndarray:
    """A PNG of 16 bits a channel. Pillow keeps those of grey ones only; of others it gives one of
    the two bytes, the upper, or the lower where it is told that the lower comes first."""
    if opened.mode.startswith("I"):
        return _with_channels(np.asarray(_loaded(opened, "PNG")).astype(np.uint16))
    if data[25] == 4:
        # Grey and alpha have four bytes a pixel, as RGBA of 8 bits has: called that, it is read.
        head = data[12:24] + b"\x08\x06" + data[26:29]
        renamed = data[:12] + head + zlib.crc32(head).to_bytes(4, "big") + data[33:]
        pixels = np.asarray(_loaded(_opened(renamed, "PNG"), "PNG"))
        return np.ascontiguousarray(pixels).view(">u2").astype(np.uint16)
    halves = []
    for order in "BL":
        opened = _opened(data, "PNG")
        tile = opened.tile[0]
        raw = tile[3][0] if isinstance(tile[3], tuple) else tile[3]
        wanted = raw[:-1] + order
        arguments = (wanted, *tile[3][1:]) if isinstance(tile[3], tuple) else wanted
        opened.tile = [(*tile[:3], arguments)]
        halves.append(np.asarray(_loaded(opened, "PNG")).astype(np.uint16))
    return halves[0] << 8 | halves[1]


def _to_channels(array: np.ndarray, channels: int) -> np.ndarray:
    """Grey to colours, colours to grey, with or without alpha."""
    have = array.shape[2]
    if channels in (0, have):
        return array
    colour, alpha = array[..., : have - 1 if have in (2, 4) else have], None
    if have in (2, 4):
        alpha = array[..., -1:]
    if channels == 1 and colour.shape[2] == 3:
        # libpng rounds 16 bits, cuts off 8.
        half = 16384 if array.dtype == np.uint16 else 0
        mixed = ((colour @ _GREY + half) >> 15).astype(array.dtype)
        same = (colour[..., 0] == colour[..., 1]) & (colour[..., 1] == colour[..., 2])
        return np.where(same, colour[..., 0], mixed)[..., None]
    if channels >= 3 and colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    if channels == 4:
        if alpha is None:
            alpha = np.full((*array.shape[:2], 1), np.iinfo(array.dtype).max, array.dtype)
        return np.concatenate([colour, alpha], axis=2)
    return np.ascontiguousarray(colour)


_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # PNG's number of a kind of pixel, by channels


def encode_png(array: np.ndarray, compression: int) -> bytes:
    """The bytes of a PNG file of uint8 or uint16 `[height, width, 1 to 4]`."""
    height, width, channels = array.shape
    if array.dtype == np.uint8:
        pixels = array[..., 0] if channels == 1 else array
        out = BytesIO()
        level = 6 if compression < 0 else compression
        image = load_pillow().fromarray(np.ascontiguousarray(pixels))
        image.save(out, "PNG", compress_level=level)
        return out.getvalue()

    # Pillow writes no more than 8 bits of colours: every row is filtered by the one above it.
    rows = array.astype(">u2").view(np.uint8).reshape(height, -1)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    lines = np.concatenate([np.full((height, 1), 2, np.uint8), rows - above], axis=1)

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 16, _TYPES[channels], 0, 0, 0)
    body = zlib.compress(lines.tobytes(), compression)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


# -- GIF, WebP, BMP ----------------------------------------------------------------------------


def decode_gif(data: bytes) -> np.ndarray:
    """uint8 `[frames, height, width, 3]`."""
    opened = _opened(data, "GIF")
    frames = []
    try:
        for number in range(opened.n_frames):
            opened.seek(number)
            frames.append(np.asarray(opened.convert("RGB")))
    except Exception as error:  # noqa: BLE001 - as above
        raise BadImage(f"invalid GIF data: {error}") from None
    return np.stack(frames)


def decode_webp(data: bytes, channels: int = 0) -> np.ndarray:
    """uint8 `[frames, height, width, 3 or 4]`; an animation has 4 channels."""
    if channels not in (0, 3, 4):
        raise BadImage(f"WebP has 3 or 4 channels, not {channels}")
    opened = _opened(data, "WebP")
    moving = getattr(opened, "is_animated", False)
    frames = []
    try:
        for number in range(opened.n_frames if moving else 1):
            if moving:
                opened.seek(number)
            frames.append(np.asarray(opened.convert("RGBA") if moving else opened))
    except Exception as error:  # noqa: BLE001 - as above
        raise BadImage(f"invalid WebP data: {error}") from None
    found = frames[0].shape[-1]
    if channels not in (0, found):
        raise BadImage(f"channels is {channels}, but the WebP image has {found}")
    return np.stack(frames)


def decode_bmp(data: bytes, channels: int = 0) -> np.ndarray:
    """uint8 `[height, width, 1, 3 or 4]` of an uncompressed BMP of 8, 24 or 32 bits a pixel.

    As in TensorFlow, 8 bits are grey whatever the palette says.
    """
    if len(data) < 32:
        raise BadImage(f"incomplete BMP content, its size is {len(data)}")

    def number(position: int, size: int = 4) -> int:
        return int.from_bytes(data[position : position + size], "little", signed=size == 4)

    start, width, height, bits = number(10), number(18), number(22), number(28, 2)
    found = bits // 8
    if found not in (1, 3, 4) or bits % 8:
        raise BadImage(f"a BMP of {bits} bits a pixel is not supported; 8, 24 and 32 are")
    if channels == 1 and found != 1:
        raise BadImage(f"channels is 1, but the BMP has {found}")
    if width <= 0 or height == 0:
        raise BadImage(f"the BMP's size is {width} × {height}")
    stride = -(-width * bits // 32) * 4
    size = stride * abs(height)
    if start < 0 or start + size > len(data):
        raise BadImage(f"incomplete BMP content, its size is {len(data)}")
    rows = np.frombuffer(data, np.uint8, size, start).reshape(abs(height), stride)
    pixels = rows[:, : width * found].reshape(abs(height), width, found)
    if height > 0:  # the lowest row comes first
        pixels = pixels[::-1]
    order = [0] if found == 1 else [2, 1, 0, 3][:found]
    return _to_channels(np.ascontiguousarray(pixels[..., order]), channels)
