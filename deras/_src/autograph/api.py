"""`tf.autograph`: conversion by hand, and what steers it."""

from __future__ import annotations

import ast
import enum
import functools
import inspect
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from deras._src import errors
from deras._src.autograph import callees
from deras._src.autograph import convert as conversion
from deras._src.autograph.jumps import Unconvertible
from deras._src.autograph.source import NoSource
from deras._src.util.export import export
from deras._src.util.logger import get_logger

_UNSET = object()


@export("autograph.experimental.Feature")
class Feature(enum.Enum):
    """Optional parts of the conversion; accepted, all that Deras has are always on."""

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """All features."""
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Any) -> tuple[Feature, ...]:
        """All features but some."""
        left_out = exclude if isinstance(exclude, (list, tuple, set)) else (exclude,)
        return tuple(f for f in cls if f not in left_out)


@export("autograph.experimental.do_not_convert")
def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Decorator: AutoGraph leaves the function, and what it calls, as plain Python.

    >>> @tf.autograph.experimental.do_not_convert
    ... def double(x):
    ...     return x * 2
    >>> tf.function(double)(tf.constant(2)).numpy()
    np.int32(4)
    """
    if func is None:
        return do_not_convert

    def unconverted(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    if inspect.isfunction(func) or inspect.ismethod(func):
        functools.update_wrapper(unconverted, func)
    callees.mark_unconverted(unconverted)  # type: ignore[arg-type]
    return unconverted


@export("autograph.experimental.set_loop_options")
def set_loop_options(
    parallel_iterations: Any = _UNSET,
    swap_memory: Any = _UNSET,
    maximum_iterations: Any = _UNSET,
    shape_invariants: Any = _UNSET,
) -> None:
    """Options of the loop in whose body this is called; the first thing in the body.

    AutoGraph reads the call when it converts the loop. Where it runs it does nothing.

    Args:
      parallel_iterations: Accepted.
      swap_memory: Accepted.
      maximum_iterations: At most this many trips.
      shape_invariants: List of pairs (variable, `tf.TensorShape`): what of its shape stays.

    >>> @tf.function
    ... def doubled(x, n):
    ...     for i in tf.range(n):
    ...         tf.autograph.experimental.set_loop_options(
    ...             shape_invariants=[(x, tf.TensorShape([None]))])
    ...         x = tf.concat([x, x], 0)
    ...     return x
    >>> doubled(tf.constant([1]), tf.constant(2)).numpy()
    array([1, 1, 1, 1], dtype=int32)
    """


def _function_of(entity: Any) -> Any:
    inner = getattr(entity, "python_function", entity)
    if isinstance(inner, MethodType):
        return inner.__func__
    if not isinstance(inner, FunctionType):
        raise ValueError(
            "tf.autograph: a Python function or method is needed, got "
            f"{type(entity).__name__} {entity!r}"
        )
    return inner


@export("autograph.to_graph")
def to_graph(
    entity: Any, recursive: bool = True, experimental_optional_features: Any = None
) -> Any:
    """The function with its control flow converted, without `tf.function` around it.

    Args:
      entity: Python function or method.
      recursive: Accepted; called functions are converted when they are called.
      experimental_optional_features: Accepted.
    Returns:
      A function of the same arguments.
    Raises:
      ValueError: `entity` is no Python function, or its source cannot be had.

    >>> def larger(a, b):
    ...     if a > b:
    ...         return a
    ...     return b
    >>> tf.autograph.to_graph(larger)(2, 3)
    3
    """
    function = _function_of(entity)
    result = conversion.converted_code(function)
    if isinstance(result, str):
        raise errors.op_error(ValueError, "tf.autograph.to_graph", result)
    twin = conversion.convert(function)
    return MethodType(twin, entity.__self__) if isinstance(entity, MethodType) else twin


@export("autograph.to_code")
def to_code(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The text that a function is converted to; `ag__` stands for the operators.

    Args:
      entity: Python function or method.
      recursive: Accepted; called functions are converted when they are called.
      experimental_optional_features: Accepted.
    Returns:
      Python source, for reading.
    Raises:
      ValueError: `entity` is no Python function, or its source cannot be had.
    """
    function = _function_of(entity)
    try:
        node, _ = conversion.converted_tree(function)
    except (NoSource, Unconvertible) as error:
        raise errors.op_error(ValueError, "tf.autograph.to_code", str(error)) from None
    return ast.unparse(ast.fix_missing_locations(node))


@export("autograph.set_verbosity")
def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """How much AutoGraph logs; accepted. What it could not convert, errors and `explain()` say."""


@export("autograph.trace")
def trace(*args: Any) -> None:
    """Logs values while a function is traced, with the library's logger."""
    get_logger().info("%s", " ".join(map(str, args)))
