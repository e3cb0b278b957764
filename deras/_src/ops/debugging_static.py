"""`tf.debugging`: assertions on dtypes, ranks and shapes.

What is known while a function is traced is checked at once; the rest when the program is compiled
for the shapes it is called with, and raised when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from deras._src import errors
from deras._src.core import dtypes
from deras._src.core.dtypes import ANY, as_dtype
from deras._src.core.tensor import Tensor, describe
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert, host_value
from deras._src.graph.checks import require
from deras._src.ops.debugging import last_node, no_outputs
from deras._src.registry import NONE, op
from deras._src.util.export import export


def _tensor(value: Any) -> Any:
    return value if hasattr(value, "dtype") and hasattr(value, "shape") else convert(value)


def _prefix(message: Any) -> str:
    return f"{message}\n" if message else ""


def _raise(cls: type[Exception], what: str, text: str, **arguments: Any) -> None:
    raise errors.op_error(cls, what, text, [(k, describe(v)) for k, v in arguments.items()])


# -- dtypes ---------------------------------------------------------------------------------------


@export("debugging.assert_type")
def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> Any:
    """Asserts that a tensor has a dtype.

    Args:
      tensor: Tensor, sparse or ragged tensor.
      tf_type: The dtype wanted.
      message: Text at the beginning of the error's message.
      name: Not used.
    Returns:
      None.
    Raises:
      TypeError: It has another dtype.

    >>> tf.debugging.assert_type(tf.constant(1.0), tf.float32)
    """
    wanted = as_dtype(tf_type)
    tensor = _tensor(tensor)
    if tensor.dtype != wanted:
        text = f"{_prefix(message)}tensor is {tensor.dtype.name}; {wanted.name} is wanted"
        _raise(TypeError, "tf.debugging.assert_type", text, tensor=tensor)


@export("debugging.assert_integer")
def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Any:
    """Asserts that a tensor has an integer dtype.

    Args:
      x: Tensor.
      message: Text at the beginning of the error's message.
      name: Not used.
    Returns:
      None.
    Raises:
      TypeError: It has another dtype.

    >>> tf.debugging.assert_integer([1, 2])
    """
    x = _tensor(x)
    if not x.dtype.is_integer:
        text = f"{_prefix(message)}x is {x.dtype.name}; an integer dtype is wanted"
        _raise(TypeError, "tf.debugging.assert_integer", text, x=x)


@export("debugging.assert_same_float_dtype")
def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """Asserts that tensors have one floating point dtype.

    Args:
      tensors: List of tensors; None among them are skipped.
      dtype: The dtype they must have; default: that of the first.
    Returns:
      The dtype; float32 where nothing says another.
    Raises:
      ValueError: The dtypes differ, or are not floating point.

    >>> tf.debugging.assert_same_float_dtype([tf.constant(1.0)])
    tf.float32
    """
    what = "tf.debugging.assert_same_float_dtype"
    wanted = None if dtype is None else as_dtype(dtype)
    for tensor in tensors or ():
        if tensor is None:
            continue
        if wanted is None:
            wanted = tensor.dtype
        elif tensor.dtype is not wanted:
            _raise(
                ValueError,
                what,
                f"a tensor is {tensor.dtype.name}; {wanted.name} is wanted for all",
                tensor=tensor,
            )
    if wanted is None:
        return dtypes.float32
    if not wanted.is_floating:
        _raise(ValueError, what, f"the dtype is {wanted.name}; floating point is wanted")
    return wanted


@export("debugging.is_numeric_tensor")
def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers: not a Python value, nor bool or string.

    Args:
      tensor: Anything.
    Returns:
      Python bool.

    >>> tf.debugging.is_numeric_tensor(tf.constant(1.0)), tf.debugging.is_numeric_tensor(1.0)
    (True, False)
    """
    return isinstance(tensor, Tensor) and tensor.dtype.is_numeric


@export("debugging.assert_proper_iterable")
def assert_proper_iterable(values: Any) -> None:
    """Asserts that something is a list or the like: iterable, but no tensor, array or string.

    Args:
      values: Anything.
    Raises:
      TypeError: It is not iterable, or is one of those.

    >>> tf.debugging.assert_proper_iterable([1, 2])
    """
    kind = type(values).__name__
    what = "tf.debugging.assert_proper_iterable"
    composite = hasattr(type(values), "_type_spec") or hasattr(type(values), "__deras_tensor__")
    if isinstance(values, (Tensor, np.ndarray, str, bytes)) or composite:
        raise TypeError(f"{what}: values is a {kind}; a list, or the like, is wanted.")
    if not isinstance(values, Iterable):
        raise TypeError(f"{what}: values is a {kind}, which cannot be iterated over.")


# -- ranks ----------------------------------------------------------------------------------------


def _rank_problem(rank: int, mode: str, ranks: tuple[int, ...]) -> str | None:
    """What is wrong with a rank, or None."""
    if mode == "at least":
        return None if rank >= ranks[0] else f"rank {ranks[0]} or more"
    if rank in ranks:
        return None
    return f"rank {ranks[0]}" if mode == "exactly" else f"a rank in {ranks}"


@op("AssertRank", dtypes=ANY, gradient=NONE, shape=no_outputs, stateful=True)
def _assert_rank(x, *, mode, ranks, message):
    problem = _rank_problem(x.ndim, mode, ranks)
    if problem is not None:
        require(
            jnp.asarray(False),
            errors.InvalidArgumentError,
            f"{message}x has rank {x.ndim}; {problem} is wanted",
        )
    return ()


def _ranks(rank: Any, what: str) -> int:
    if isinstance(rank, Tensor) or not isinstance(rank, int):
        value = host_value(rank, what)
        if value.dtype.kind not in "iu":
            raise TypeError(f"{what}: rank is {value.dtype}; an int is wanted.")
        if value.ndim:
            raise ValueError(f"{what}: rank must be a scalar, it has shape {list(value.shape)}.")
        return int(value)
    return rank


def _check_rank(
    what: str, x: Any, mode: str, ranks: tuple[int, ...], message: Any, name: str | None
) -> Any:
    x = _tensor(x)
    rank = x.shape.rank
    if rank is None:
        attrs = (("mode", mode), ("ranks", ranks), ("message", _prefix(message)))
        apply(_assert_rank, (x,), attrs, name)
        return last_node()
    problem = _rank_problem(rank, mode, ranks)
    if problem is not None:
        text = f"{_prefix(message)}x has rank {rank}; {problem} is wanted"
        _raise(ValueError, what, text, x=x)
    return None


@export("debugging.assert_rank", "assert_rank")
def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> Any:
    """Asserts the rank of a tensor.

    Args:
      x: Tensor.
      rank: int.
      message: Text at the beginning of the error's message.
      name: Optional name of the node in graphs.
    Returns:
      None; in functions where the rank is not known yet, the operation.
    Raises:
      ValueError: The rank is known and is another.
      InvalidArgumentError: It is another when the function runs.
      TypeError: `rank` is no integer.

    >>> tf.debugging.assert_rank([1, 2], 1)
    """
    what = "tf.debugging.assert_rank"
    return _check_rank(what, x, "exactly", (_ranks(rank, what),), message, name)


@export("debugging.assert_rank_at_least")
def assert_rank_at_least(
    x: Any, rank: Any, message: str | None = None, name: str | None = None
) -> Any:
    """Asserts the least rank of a tensor.

    Args:
      x: Tensor.
      rank: int.
      message: Text at the beginning of the error's message.
      name: Optional name of the node in graphs.
    Returns:
      None; in functions where the rank is not known yet, the operation.
    Raises:
      ValueError: The rank is known and is less.
      InvalidArgumentError: It is less when the function runs.

    >>> tf.debugging.assert_rank_at_least([[1, 2]], 1)
    """
    what = "tf.debugging.assert_rank_at_least"
    return _check_rank(what, x, "at least", (_ranks(rank, what),), message, name)


@export("debugging.assert_rank_in")
def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> Any:
    """Asserts that the rank of a tensor is one of several.

    Args:
      x: Tensor.
      ranks: List of ints.
      message: Text at the beginning of the error's message.
      name: Optional name of the node in graphs.
    Returns:
      None; in functions where the rank is not known yet, the operation.
    Raises:
      ValueError: The rank is known and is another.
      InvalidArgumentError: It is another when the function runs.

    >>> tf.debugging.assert_rank_in([1, 2], [1, 2])
    """
    what = "tf.debugging.assert_rank_in"
    return _check_rank(what, x, "in", tuple(_ranks(r, what) for r in ranks), message, name)


@export("debugging.assert_scalar")
def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> Any:
    """Asserts that a tensor is a scalar.

    Args:
      tensor: Tensor.
      message: Text at the beginning of the error's message.
      name: Not used.
    Returns:
      None.
    Raises:
      ValueError: Its rank is not 0, or not known.

    >>> tf.debugging.assert_scalar(2)
    """
    tensor = _tensor(tensor)
    if tensor.shape.rank != 0:
        text = f"{_prefix(message)}a scalar is wanted, the shape is {tensor.shape}"
        _raise(ValueError, "tf.debugging.assert_scalar", text, tensor=tensor)


# -- shapes ---------------------------------------------------------------------------------------

# A size that is written down: an int, a symbol, or None for any.
Size = int | str | None


def _sizes(shape: Any) -> tuple[tuple[Size, ...], int | None]:
    """The sizes of a specification, and where its ellipsis stands (0: first, 1: last)."""
    if not isinstance(shape, Iterable):
        raise ValueError(
            f"tf.debugging.assert_shapes: a shape must be a list or string of sizes, not {shape!r}."
        )
    items = list(shape)
    place = None
    found = [i for i, item in enumerate(items) if _is_ellipsis(item)]
    if found:
        if len(found) > 1 or found[0] not in (0, len(items) - 1):
            raise ValueError(
                "tf.debugging.assert_shapes: an ellipsis may stand first or last, and once."
            )
        place = 0 if found[0] == 0 else 1
        del items[found[0]]
    return tuple(_size(item) for item in items), place


def _is_ellipsis(item: Any) -> bool:
    return item is Ellipsis or (isinstance(item, str) and item in ("...", "*"))


def _size(item: Any) -> Size:
    if item is None or (isinstance(item, str) and item == "."):
        return None
    if isinstance(item, str):
        return int(item) if item.isdigit() else item
    if isinstance(item, Tensor):
        return int(host_value(item, "tf.debugging.assert_shapes"))
    return int(item)


def _shape_problem(
    shapes: Sequence[Sequence[int | None] | None], specs: Sequence[Any]
) -> tuple[str | None, bool]:
    """What is wrong with the shapes, or None; and whether all is known that there is to check."""
    symbols: dict[str, tuple[int, int, int]] = {}
    complete = True
    for number, (dims, (sizes, place)) in enumerate(zip(shapes, specs, strict=True)):
        if dims is None:
            complete = False
            continue
        if not dims and place is None and len(sizes) <= 1:
            dims = (1,)  # a scalar counts as one element
        if not sizes and place is None:
            sizes = (1,)
        if len(dims) < len(sizes) if place is not None else len(dims) != len(sizes):
            least = " or more" if place is not None else ""
            return f"tensor {number} has rank {len(dims)}; {len(sizes)}{least} is wanted", True
        offset = len(dims) - len(sizes) if place == 0 else 0
        for position, size in enumerate(sizes, start=offset):
            if size is None:
                continue
            dim = dims[position]
            if dim is None:
                complete = False
                continue
            where = f"dimension {position} of tensor {number} is {dim}"
            if isinstance(size, int):
                if dim != size:
                    return f"{where}; {size} is wanted", True
            elif size not in symbols:
                symbols[size] = (dim, position, number)
            elif symbols[size][0] != dim:
                known, axis, other = symbols[size]
                return (
                    f"{where}; {known} is wanted ({size!r}: dimension {axis} of tensor {other})",
                    True,
                )
    return None, complete


@op("AssertShapes", dtypes={}, gradient=NONE, shape=no_outputs, stateful=True)
def _assert_shapes(*tensors, specs, message):
    problem, _ = _shape_problem([x.shape for x in tensors], specs)
    if problem is not None:
        require(jnp.asarray(False), errors.InvalidArgumentError, message + problem)
    return ()


@export("debugging.assert_shapes")
def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """Asserts that tensors have shapes, and that sizes of one name agree.

    Args:
      shapes: List of pairs (tensor, shape), or a dict. A shape is a list or string of sizes: an int
        or digits; a name, whose sizes must all agree; None or ".", for any. `...` or "*", first or
        last, stands for any number of dims.
      data: Not used.
      summarize: Not used.
      message: Text at the beginning of the error's message.
      name: Optional name of the node in graphs.
    Returns:
      None; in functions where not all sizes are known yet, the operation.
    Raises:
      ValueError: What is known does not fit, or a shape is malformed.
      InvalidArgumentError: It does not fit when the function runs.

    >>> x, y = tf.ones([2, 3]), tf.ones([3])
    >>> tf.debugging.assert_shapes([(x, ("batch", "n")), (y, ("n",))])
    """
    pairs = list(shapes.items() if isinstance(shapes, Mapping) else shapes)
    pairs = [(x.deref() if hasattr(x, "deref") else x, shape) for x, shape in pairs]
    specs = tuple(_sizes(shape) for _, shape in pairs)
    tensors = tuple(_tensor(x) for x, _ in pairs)
    known = [None if x.shape.rank is None else x.shape.as_list() for x in tensors]
    problem, complete = _shape_problem(known, specs)
    if problem is not None:
        arguments = {f"tensor {i}": x for i, x in enumerate(tensors)}
        _raise(
            ValueError, "tf.debugging.assert_shapes", f"{_prefix(message)}{problem}", **arguments
        )
    if complete:
        return None
    attrs = (("specs", specs), ("message", _prefix(message)))
    apply(_assert_shapes, tensors, attrs, name)
    return last_node()
