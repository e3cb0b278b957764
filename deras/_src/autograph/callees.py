"""Which called functions are converted: the user's, not those of libraries."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import weakref
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

from deras._src.autograph import convert as conversion
from deras._src.autograph import operators
from deras._src.autograph.operators import builtin_functions
from deras._src.control_flow import branches, functional
from deras._src.control_flow.while_op import while_loop

# Libraries by their top-level name. The standard library goes by where it lies.
LIBRARIES = frozenset(
    """
    IPython PIL _pytest absl coverage deras einops h5py hypothesis jax jaxlib joblib keras
    matplotlib ml_dtypes numba numpy opt_einsum optax pandas pluggy pydantic pytest rich scipy
    sklearn tensorboard tensorflow tensorflow_datasets tensorflow_probability torch tqdm
    """.split()  # noqa: SIM905 - a list of words is easier to read and to keep sorted
)

_PATHS = sysconfig.get_paths()
_STANDARD = tuple(os.path.join(_PATHS[k], "") for k in ("stdlib", "platstdlib"))
_SITE = ("site-packages", "dist-packages")
_MARK = "__deras_do_not_convert__"

_BUILTIN = type(len)

_is_library: dict[str, bool] = {}
_MOST_FILES = 20_000


def callee(function: Any) -> Any:
    """What a converted function calls in the place of `function`."""
    kind = type(function)
    if kind is FunctionType:
        if is_library(function):
            return _HIGHER.get(function, function)
        return conversion.convert(function)
    if kind is MethodType:
        inner = function.__func__
        twin = callee(inner)
        return function if twin is inner else MethodType(twin, function.__self__)
    if isinstance(function, type):
        return builtin_functions.TYPES.get(function, function)
    if kind is _BUILTIN:
        return builtin_functions.FUNCTIONS.get(function, function)
    if kind is functools.partial:
        inner = callee(function.func)
        if inner is function.func:
            return function
        return functools.partial(inner, *function.args, **function.keywords)
    return _callable_object(function, kind)


def _callable_object(function: Any, kind: type) -> Any:
    call = getattr(kind, "__call__", None)  # noqa: B004 - the method itself is wanted
    if type(call) is not FunctionType or is_library(call):
        return function
    twin = conversion.convert(call)
    return function if twin is call else MethodType(twin, function)


def _higher(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of functions that converts those of the user's it is given."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(
            *map(_converted_argument, args),
            **{name: _converted_argument(value) for name, value in kwargs.items()},
        )

    return call


def _converted_argument(value: Any) -> Any:
    if isinstance(value, (FunctionType, MethodType, functools.partial)):
        return callee(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(map(_converted_argument, value))
    if type(value) is dict:
        return {key: _converted_argument(item) for key, item in value.items()}
    return value


_HIGHER: dict[Any, Any] = {
    function: _higher(function)
    for function in (
        *(branches.case, branches.cond, branches.switch_case, while_loop),
        *(functional.foldl, functional.foldr, functional.map_fn, functional.scan),
        functional.vectorized_map,
    )
}


def is_library(function: FunctionType) -> bool:
    """Whether a function is a library's, or was marked by `do_not_convert`."""
    if _MARK in function.__dict__ and function.__dict__[_MARK]() is function:
        return True
    filename = function.__code__.co_filename
    known = _is_library.get(filename)
    if known is None:
        if len(_is_library) >= _MOST_FILES:
            _is_library.clear()
        known = _is_library[filename] = _judge(filename, function.__globals__)
    return known


def _judge(filename: str, module_globals: dict[str, Any]) -> bool:
    if filename.startswith("<doctest "):
        return False  # a user's example, though a library's module may lend it its names
    root = str(module_globals.get("__name__", "")).partition(".")[0]
    if root in LIBRARIES or filename.startswith("<frozen "):
        return True
    parts = filename.split(os.sep)
    if any(folder in parts for folder in _SITE):
        # An installed package that works with tensors itself is written to be converted.
        return not any(_is_tensor_library(v) for v in list(module_globals.values()))
    return filename.startswith(_STANDARD) or (
        root in sys.stdlib_module_names and root not in ("__main__", "test")
    )


def _is_tensor_library(value: Any) -> bool:
    return isinstance(value, ModuleType) and value.__name__.partition(".")[0] in (
        "deras",
        "tensorflow",
    )


def mark_unconverted(function: FunctionType) -> None:
    """Makes `callee` leave `function`, and only it, as it is."""
    # functools.wraps copies dictionaries: the mark says whose it is.
    function.__dict__[_MARK] = weakref.ref(function)


conversion.set_operators(
    SimpleNamespace(
        callee=callee, **{k: v for k, v in vars(operators).items() if not k.startswith("_")}
    )
)
