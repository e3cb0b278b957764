"""`tf.debugging`: assertions on values, which raise at run time. On shapes: `debugging_static.py`.

A failed assertion raises the same class eagerly, in functions and when compiled. Eagerly its
message shows the values; a compiled program says how many elements fail, and the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jax import lax

from deras._src import errors
from deras._src.core.context import state
from deras._src.core.dtypes import BOOLEAN, FLOATING
from deras._src.core.tensor import EagerTensor, SymbolicTensor, Tensor, describe
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import require
from deras._src.ops.math_binary import add, multiply, subtract
from deras._src.ops.math_compare import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    not_equal,
)
from deras._src.ops.math_unary import abs as absolute
from deras._src.ops.shapes import same_as_first
from deras._src.registry import NONE, OpDef, op
from deras._src.util.callsite import user_site
from deras._src.util.export import export

_SHOWN = 3  # elements in a message where `summarize` does not say


def no_outputs(inputs: Any, attrs: Any) -> list[Any]:
    """Shape function of ops that only check."""
    return []


@op(
    "Assert",
    dtypes=BOOLEAN,
    gradient=NONE,
    shape=no_outputs,
    stateful=True,
    api_name="debugging.Assert",
)
def assert_op(condition, *, message):
    flat = condition.reshape(-1)
    failing = jnp.sum(jnp.logical_not(flat).astype(np.int64), dtype=np.int64)
    require(jnp.all(flat), errors.InvalidArgumentError, message, failing)
    return ()


_named_asserts: dict[str, OpDef] = {"tf.debugging.Assert": assert_op}


def _assert_for(what: str) -> OpDef:
    """The Assert op whose errors name the function that was called."""
    named = _named_asserts.get(what)
    if named is None:
        named = _named_asserts[what] = OpDef(
            "Assert",
            assert_op.lowering,
            dtypes=BOOLEAN,
            gradient=NONE,
            shape=no_outputs,
            stateful=True,
            api_name=what.removeprefix("tf."),
        )
    return named


def last_node() -> Any:
    """What an assertion gives back: the node just added, or None where it has run already."""
    graph = state.graph
    return graph.nodes[-1] if graph is not None and graph.nodes else None


def check_condition(condition: Any, what: str, message: str, show: Callable[[], str]) -> Any:
    """Raises InvalidArgumentError where `condition` is not True everywhere.

    `message` is that of compiled programs; `show()` gives the eager one's second part.
    """
    known = condition.host_array() if isinstance(condition, EagerTensor) else None
    if known is None and isinstance(condition, SymbolicTensor):
        known = condition.value
    if known is None:
        text = f"{message}: {{detail}} of them fail"
        apply(_assert_for(what), (condition,), (("message", text),))
        return last_node()
    if not known.all():
        raise errors.op_error(errors.InvalidArgumentError, what, message + show(), site=user_site())
    return getattr(condition, "node", None) or last_node()


def _count(summarize: int | None) -> int | None:
    return _SHOWN if summarize is None else None if summarize < 0 else summarize


def _first(array: np.ndarray, count: int | None) -> str:
    flat = array.reshape(-1)
    return np.array2string(flat[:count]) if flat.dtype != object else str(list(flat[:count]))


def _prefix(message: Any) -> str:
    return f"{message}\n" if message else ""


def _binary(
    what: str,
    sign: str,
    compare: Callable[..., Any],
    x: Any,
    y: Any,
    message: Any,
    summarize: int | None,
    name: str | None,
) -> Any:
    x, y = as_pair(x, y)
    condition = compare(x, y, name)
    text = f"{_prefix(message)}Condition x {sign} y did not hold element-wise"

    def show() -> str:
        if not isinstance(x, EagerTensor) or not isinstance(y, EagerTensor):
            return ""
        count = _count(summarize)
        left, right = np.broadcast_arrays(x.host_array(), y.host_array())
        wrong = np.argwhere(~condition.host_array().astype(bool))[:count]
        places = tuple(wrong.T)
        return (
            f":\nindices of the first {len(wrong)} that fail: {wrong.tolist()}"
            f"\nx there: {_first(left[places], count)}\ny there: {_first(right[places], count)}"
        )

    return check_condition(condition, what, text, show)


def as_pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Both as tensors; a Python value takes the other's dtype."""
    if not isinstance(x, Tensor) and isinstance(y, Tensor):
        return convert(x, y.dtype if _is_plain(x) else None), y
    x = x if isinstance(x, Tensor) else convert(x)
    return x, y if isinstance(y, Tensor) else convert(y, x.dtype if _is_plain(y) else None)


def _is_plain(value: Any) -> bool:
    return not hasattr(type(value), "__deras_tensor__")


_BINARY_DOC = """Asserts that `x {sign} y`, element by element and by broadcasting.

    Args:
      x: Tensor.
      y: Tensor of the same dtype.
      {first}: {first_text}
      {second}: {second_text}
      name: Optional name of the node in graphs.
    Returns:
      None in eager mode, else the operation. It runs where it stands, as all assertions do.
    Raises:
      InvalidArgumentError: It does not hold.

    >>> tf.debugging.{function}({good})
    >>> tf.debugging.{function}({bad})
    Traceback (most recent call last):
    ...
    deras.errors.InvalidArgumentError: tf.debugging.{function}: Condition x {sign} y did ...
    """

_MESSAGE = "Text at the beginning of the error's message."
_SUMMARIZE = "How many elements the message shows; all if negative. Default 3."


def _make_binary(
    function: str, sign: str, compare: Callable[..., Any], good: str, bad: str
) -> Callable[..., Any]:
    def check(
        x: Any,
        y: Any,
        message: str | None = None,
        summarize: int | None = None,
        name: str | None = None,
    ) -> Any:
        what = f"tf.debugging.{function}"
        return _binary(what, sign, compare, x, y, message, summarize, name)

    check.__name__ = check.__qualname__ = function
    check.__doc__ = _BINARY_DOC.format(
        function=function,
        sign=sign,
        good=good,
        bad=bad,
        first="message",
        first_text=_MESSAGE,
        second="summarize",
        second_text=_SUMMARIZE,
    )
    return export(f"debugging.{function}")(check)


assert_less = _make_binary("assert_less", "<", less, "[1, 2], 3", "[1, 2], 2")
assert_less_equal = _make_binary("assert_less_equal", "<=", less_equal, "[1, 2], 2", "[1, 2], 1")
assert_greater = _make_binary("assert_greater", ">", greater, "[1, 2], 0", "[1, 2], 1")
assert_greater_equal = _make_binary(
    "assert_greater_equal", ">=", greater_equal, "[1, 2], 1", "[1, 2], 2"
)


@export("debugging.assert_equal", "assert_equal")
def assert_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Any:
    """Asserts that `x == y`, element by element and by broadcasting.

    Args:
      x: Tensor of any dtype.
      y: Tensor of the same dtype.
      message: Text at the beginning of the error's message.
      summarize: How many elements the message shows; all if negative. Default 3.
      name: Optional name of the node in graphs.
    Returns:
      None in eager mode, else the operation. It runs where it stands, as all assertions do.
    Raises:
      InvalidArgumentError: It does not hold, or the shapes do not broadcast.

    >>> tf.debugging.assert_equal([1, 2], [1, 2])
    >>> tf.debugging.assert_equal([1, 2], [1, 3], message="labels")
    Traceback (most recent call last):
    ...
    deras.errors.InvalidArgumentError: tf.debugging.assert_equal: labels
    ...
    """
    what = "tf.debugging.assert_equal"
    return _binary(what, "==", equal, x, y, message, summarize, name)


@export("debugging.assert_none_equal")
def assert_none_equal(
    x: Any,
    y: Any,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """Asserts that `x != y`, element by element and by broadcasting.

    Args:
      x: Tensor of any dtype.
      y: Tensor of the same dtype.
      summarize: How many elements the message shows; all if negative. Default 3.
      message: Text at the beginning of the error's message.
      name: Optional name of the node in graphs.
    Returns:
      None in eager mode, else the operation.
    Raises:
      InvalidArgumentError: Some pair is equal.

    >>> tf.debugging.assert_none_equal([1, 2], 3)
    """
    what = "tf.debugging.assert_none_equal"
    return _binary(what, "!=", not_equal, x, y, message, summarize, name)


@export("debugging.assert_near")
def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Any:
    """Asserts that `|x - y| < atol + rtol * |y|`, element by element and by broadcasting.

    Args:
      x: Tensor of a floating point or complex dtype.
      y: Tensor of the same dtype.
      rtol, atol: Tolerances. Default: ten times the dtype's epsilon.
      message: Text at the beginning of the error's message.
      summarize: How many elements the message shows; all if negative. Default 3.
      name: Optional name of the node in graphs.
    Returns:
      None in eager mode, else the operation.
    Raises:
      InvalidArgumentError: It does not hold.
      ValueError: The dtypes differ or are integers.

    >>> tf.debugging.assert_near([1.0, 2.0], [1.0, 2.0000001])
    """
    what = "tf.debugging.assert_near"
    x = x if isinstance(x, Tensor) else convert(x)
    y = convert(y, x.dtype)
    if not (x.dtype.is_floating or x.dtype.is_complex):
        raise ValueError(
            f"{what}: x is {x.dtype.name}; a floating point or complex dtype is wanted."
        )
    real = x.dtype.real_dtype
    eps = 10 * float(ml_dtypes.finfo(real.np_dtype).eps)
    relative = convert(eps if rtol is None else rtol, real)
    bound = convert(eps if atol is None else atol, real)
    gap = absolute(subtract(x, y))
    condition = less(gap, add(bound, multiply(relative, absolute(y))), name)
    text = f"{_prefix(message)}x and y not equal to tolerance"

    def show() -> str:
        if not isinstance(x, EagerTensor) or not isinstance(y, EagerTensor):
            return ""
        count = _count(summarize)
        return (
            f" rtol = {_shown(relative)}, atol = {_shown(bound)}:"
            f"\nx ({describe(x)}): {_first(x.host_array(), count)}"
            f"\ny ({describe(y)}): {_first(y.host_array(), count)}"
        )

    return check_condition(condition, what, text, show)


def _shown(tensor: Any) -> str:
    return str(tensor.numpy()) if isinstance(tensor, EagerTensor) else describe(tensor)


def _make_sign(function: str, sign: str, word: str, compare: Any, bad: str) -> Callable[..., Any]:
    def check(
        x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
    ) -> Any:
        x = x if isinstance(x, Tensor) else convert(x)
        condition = compare(x, convert(0, x.dtype), name)
        text = f"{_prefix(message)}Condition x {sign} 0 did not hold element-wise"

        def show() -> str:
            if not isinstance(x, EagerTensor):
                return ""
            return f":\nx ({describe(x)}): {_first(x.host_array(), _count(summarize))}"

        return check_condition(condition, f"tf.debugging.{function}", text, show)

    check.__name__ = check.__qualname__ = function
    check.__doc__ = f"""Asserts that all elements are {word}; holds for empty tensors.

    Args:
      x: Tensor of a real dtype.
      message: Text at the beginning of the error's message.
      summarize: How many elements the message shows; all if negative. Default 3.
      name: Optional name of the node in graphs.
    Returns:
      None in eager mode, else the operation.
    Raises:
      InvalidArgumentError: It does not hold.

    >>> tf.debugging.{function}({bad})
    Traceback (most recent call last):
    ...
    deras.errors.InvalidArgumentError: tf.debugging.{function}: Condition x {sign} 0 did not ...
    """
    return export(f"debugging.{function}")(check)


assert_positive = _make_sign("assert_positive", ">", "positive", greater, "[1, 0]")
assert_negative = _make_sign("assert_negative", "<", "negative", less, "[-1, 0]")
assert_non_negative = _make_sign(
    "assert_non_negative", ">=", "0 or positive", greater_equal, "[1, -1]"
)
assert_non_positive = _make_sign(
    "assert_non_positive", "<=", "0 or negative", less_equal, "[1, -1]"
)


@export("debugging.Assert", "Assert")
def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> Any:
    """Asserts that a condition is true.

    Args:
      condition: bool scalar, or tensor all of whose elements must be true.
      data: List of tensors and values to show in the error's message.
      summarize: How many elements of each are shown; all if negative. Default 3.
      name: Optional name of the node in graphs.
    Returns:
      None in eager mode, else the operation.
    Raises:
      InvalidArgumentError: `condition` is false.
      TypeError: `data` is no list.

    >>> tf.debugging.Assert(tf.reduce_sum([1, 2]) == 3, ["sum"])
    """
    if not isinstance(data, (list, tuple)):
        raise TypeError(f"tf.debugging.Assert: data must be a list, it is a {type(data).__name__}.")
    count = _count(summarize)
    condition = convert(condition)
    if condition.dtype.name != "bool":
        condition = not_equal(condition, convert(0, condition.dtype))
    shown = [
        _first(np.asarray(x.host_array()), count)
        if isinstance(x, EagerTensor)
        else describe(x)
        if isinstance(x, Tensor)
        else str(x)
        for x in data
    ]
    text = "Expected the condition to be true. Data: " + ", ".join(shown)
    return check_condition(condition, "tf.debugging.Assert", text, lambda: "")


# -- NaN and infinity -----------------------------------------------------------------------------

_IN_GRADIENT = "NaN or inf in the gradient. "


def _check_numerics_gradient(record: Any, dy: Any) -> Any:
    message = record.attr("message")
    if not message.startswith(_IN_GRADIENT):
        message = _IN_GRADIENT + message
    return (apply(_check_numerics, (dy,), (("message", message),)),)


@op(
    "CheckNumerics",
    dtypes=FLOATING,
    gradient=_check_numerics_gradient,
    shape=same_as_first,
    stateful=True,
    api_name="debugging.check_numerics",
)
def _check_numerics(tensor, *, message):
    # One reduction for both: bit 1 for NaN, bit 2 for infinity.
    bits = jnp.where(
        jnp.isnan(tensor), np.int32(1), jnp.where(jnp.isinf(tensor), np.int32(2), np.int32(0))
    )
    found = lax.reduce(bits, np.int32(0), lax.bitwise_or, tuple(range(tensor.ndim)))
    nan, inf = found & 1 != 0, found & 2 != 0
    for wrong, word in ((nan & inf, "Inf and NaN"), (nan, "NaN"), (inf, "Inf")):
        require(
            jnp.logical_not(wrong),
            errors.InvalidArgumentError,
            f"{message} : Tensor had {word} values",
        )
    return tensor


@export("debugging.check_numerics")
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """The tensor itself; an error where it holds NaN or infinity. Its gradient is checked too.

    Args:
      tensor: Tensor of a floating point dtype.
      message: Text at the beginning of the error's message.
      name: Optional name of the node in graphs.
    Returns:
      `tensor`.
    Raises:
      InvalidArgumentError: It holds NaN or infinity.

    >>> tf.debugging.check_numerics([1.0, float("nan")], "weights")
    Traceback (most recent call last):
    ...
    deras.errors.InvalidArgumentError: tf.debugging.check_numerics: weights : Tensor had NaN values
    ...
    """
    return apply(_check_numerics, (tensor,), (("message", str(message)),), name)


@export("debugging.assert_all_finite")
def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """The tensor itself; an error where it holds NaN or infinity: `tf.debugging.check_numerics`.

    Args:
      x: Tensor of a floating point dtype.
      message: Text at the beginning of the error's message.
      name: Optional name of the node in graphs.
    Returns:
      `x`.
    Raises:
      InvalidArgumentError: It holds NaN or infinity.

    >>> tf.debugging.assert_all_finite([1.0, 2.0], "weights").numpy()
    array([1., 2.], dtype=float32)
    """
    return check_numerics(x, message, name)
