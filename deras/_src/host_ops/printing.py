"""`tf.print` and `tf.strings.format`: tensors as text, eagerly and from inside programs."""

from __future__ import annotations

import logging
import pprint
import sys
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import string
from deras._src.core.tensor import Tensor
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.registry import NONE, op
from deras._src.util import nest
from deras._src.util.export import export

_PLAIN = "\x01"  # begins the template of one string alone, which is printed without quotes
_MARK = "\x00"  # stands for a tensor in a template; cannot occur in printed Python values
_LEVELS = {"log(info)": logging.INFO, "log(warning)": logging.WARNING, "log(error)": logging.ERROR}


def format_number(value: Any) -> str:
    """One number as TensorFlow's C++ writes it: the fewest digits that read back the same."""
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if isinstance(value, bytes):
        text = "".join(_escaped(b) for b in value)
        return f'"{text}"'
    if np.iscomplexobj(value):
        return f"({format_number(value.real)},{format_number(value.imag)})"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    wide = isinstance(value, np.float64)
    number = float(value)
    if number != number:
        return "nan"
    if number in (float("inf"), float("-inf")):
        return "inf" if number > 0 else "-inf"
    short = f"{number:.{15 if wide else 6}g}"
    same = float(short) == number if wide else np.float32(short) == np.float32(number)
    text = short if same else f"{number:.{17 if wide else 9}g}"
    return text


_ESCAPES = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def format_array(array: np.ndarray, summarize: int = 3) -> str:
    """An array as `tf.print` shows it: at most `summarize` first and last entries a dimension."""
    if array.ndim == 0:
        return format_number(array[()])
    return _format_rows(array, summarize, 0)


def _format_rows(array: np.ndarray, summarize: int, depth: int) -> str:
    size = array.shape[0]
    if summarize < 0 or size <= 2 * summarize:
        parts = [_format_entry(array[i], summarize, depth) for i in range(size)]
    else:
        parts = [_format_entry(array[i], summarize, depth) for i in range(summarize)]
        parts.append("...")
        parts += [_format_entry(array[i], summarize, depth) for i in range(size - summarize, size)]
    if array.ndim == 1:
        return "[" + " ".join(parts) + "]"
    between = "\n" * (array.ndim - 1) + " " * (depth + 1)
    if "..." in parts:
        joined = ""
        for i, part in enumerate(parts):
            gap = (
                ""
                if i == 0
                else ("\n" + " " * (depth + 1) if "..." in (part, parts[i - 1]) else between)
            )
            joined += gap + part
        return "[" + joined + "]"
    return "[" + between.join(parts) + "]"


def _format_entry(entry: Any, summarize: int, depth: int) -> str:
    if isinstance(entry, np.ndarray):
        return _format_rows(entry, summarize, depth + 1)
    return format_number(entry)


def _template(values: Sequence[Any], separator: str) -> tuple[str, list[Any]]:
    """The printed text with a mark for each tensor, and the tensors."""
    tensors: list[Any] = []

    class Mark:
        def __repr__(self) -> str:
            return _MARK

    def replace(leaf: Any) -> Any:
        if isinstance(leaf, Tensor) or hasattr(type(leaf), "__deras_tensor__"):
            tensors.append(convert(leaf))
            return Mark()
        return leaf

    parts = []
    for value in values:
        if isinstance(value, str):
            parts.append(value)
            continue
        replaced = nest.map_structure(replace, value)
        parts.append(pprint.pformat(replaced))
    return separator.join(parts), tensors


def _fill(template: str, arrays: Sequence[np.ndarray], summarize: int) -> str:
    if template.startswith(_PLAIN):
        return bytes(np.asarray(arrays[0])[()]).decode("utf-8", "replace") + template[1:]
    pieces = template.split(_MARK)
    text = pieces[0]
    for array, piece in zip(arrays, pieces[1:], strict=True):
        text += format_array(np.asarray(array), summarize) + piece
    return text


def _write(text: str, stream: Any) -> None:
    if stream in ("stdout", "stderr"):
        out = sys.stdout if stream == "stdout" else sys.stderr
        out.write(text)
        out.flush()
    elif stream in _LEVELS:
        logging.getLogger("deras").log(_LEVELS[stream], "%s", text.rstrip("\n"))
    else:
        with open(stream.removeprefix("file://"), "a", encoding="utf-8") as file:
            file.write(text)


def _stream_name(stream: Any) -> str:
    if stream is sys.stderr or stream is None:
        return "stderr"
    if stream is sys.stdout:
        return "stdout"
    named = {
        id(logging.info): "log(info)",
        id(logging.warning): "log(warning)",
        id(logging.error): "log(error)",
    }
    if id(stream) in named:
        return named[id(stream)]
    if isinstance(stream, str) and (stream.startswith("file://") or stream in _LEVELS):
        return stream
    raise ValueError(
        f"tf.print: unknown output stream {stream!r}; use sys.stderr, sys.stdout, "
        "tf.logging-style logging.info/warning/error or a 'file://' path"
    )


@op(
    "PrintV2",
    gradient=NONE,
    stateful=True,
    inputs=("*data",),
    dtypes={},
    shape=lambda i, a: [],
    api_name="print",
)
def _print(*arrays, template, stream, summarize):
    def show(*values: Any) -> None:
        _write(_fill(template, values, summarize), stream)

    if state.collector is not None:
        # Shape inference and gradients run without one: nothing is printed for them.
        state.collector.effects = True
        jax.debug.callback(show, *arrays, ordered=True)
    return ()


@op(
    "PrintStrings",
    gradient=NONE,
    stateful=True,
    inputs=("*data",),
    dtypes={},
    shape=lambda i, a: [],
    host=True,
    api_name="print",
)
def _print_on_host(*arrays, template, stream, summarize):
    _write(_fill(template, arrays, summarize), stream)


@export("print")
def print_v2(*inputs: Any, **kwargs: Any) -> Any:
    """Prints tensors and Python values when it runs, also from inside a `tf.function`.

    Args:
      *inputs: Tensors, structures of them, or Python values.
      **kwargs: `output_stream` (sys.stderr by default, sys.stdout, logging functions or a
        `"file://..."` path), `summarize` (first and last entries per dimension, default 3, -1 for
        all), `sep` (default a blank), `end` (default a newline), `name`.
    Returns:
      None in eager mode.

    >>> import sys
    >>> tf.print("x:", tf.constant([1.0, 2.5]), output_stream=sys.stdout)
    x: [1 2.5]
    """
    unknown = set(kwargs) - {"output_stream", "summarize", "sep", "end", "name"}
    if unknown:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {sorted(unknown)}")
    stream = _stream_name(kwargs.get("output_stream", sys.stderr))
    summarize = kwargs.get("summarize", 3)
    summarize = 3 if summarize is None else int(summarize)
    if summarize != -1 and summarize < 1:
        raise ValueError(f"tf.print: summarize must be positive or -1, not {summarize}")
    template, tensors = _template(inputs, str(kwargs.get("sep", " ")))
    if template == _MARK and tensors[0].dtype is string and tensors[0].shape.rank == 0:
        template = _PLAIN
    template += str(kwargs.get("end", "\n"))
    if state.graph is None and all(hasattr(t, "host_array") for t in tensors):
        _write(_fill(template, [t.host_array() for t in tensors], summarize), stream)
        return None
    attrs = (("template", template), ("stream", stream), ("summarize", summarize))
    on_host = any(t.dtype is string for t in tensors)
    apply(_print_on_host if on_host else _print, tuple(tensors), attrs, kwargs.get("name"))
    return None


@op(
    "StringFormat",
    gradient=NONE,
    inputs=("*inputs",),
    dtypes={},
    host=True,
    shape=lambda i, a: [(string, ())],
    api_name="strings.format",
)
def _string_format(*arrays, template, placeholder, summarize):
    pieces = template.split(placeholder)
    if len(pieces) != len(arrays) + 1:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"tf.strings.format: {len(pieces) - 1} placeholders for {len(arrays)} tensors",
        )
    text = pieces[0]
    for array, piece in zip(arrays, pieces[1:], strict=True):
        text += format_array(np.asarray(array), summarize) + piece
    result = np.empty((), object)
    result[()] = text.encode("utf-8")
    return result


@export("strings.format")
def string_format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Any:
    """A string tensor: the template with each placeholder replaced by a tensor's text.

    Args:
      template: Python string.
      inputs: List of tensors, or one.
      placeholder: What stands for a tensor. Default `"{}"`.
      summarize: First and last entries per dimension; -1 for all.
      name: Optional name of the node in graphs.
    Returns:
      Scalar string tensor.

    >>> tf.strings.format("x is {}", [tf.constant([1, 2])]).numpy()
    b'x is [1 2]'
    """
    values = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    tensors = tuple(convert(v) for v in values)
    if template.count(placeholder) != len(tensors):
        raise ValueError(
            f"tf.strings.format: {template.count(placeholder)} placeholders in the template for "
            f"{len(tensors)} tensors"
        )
    attrs = (("template", template), ("placeholder", placeholder), ("summarize", summarize))
    return apply(_string_format, tensors, attrs, name)
