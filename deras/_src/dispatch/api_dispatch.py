"""`tf.experimental.dispatch_for_api` and kin: the user's types as arguments of public functions.

A public function is a plain Python function, and nothing in its way asks for types. When a target
is registered for it, the code of that very function is replaced by a call of its `_Api`, which
looks at the arguments and calls the target or the code that was there; every reference to the
function sees it. When its last target is unregistered, the function gets its own code back. So
functions without targets cost nothing, in any program.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deras._src.core.tensor import Tensor
from deras._src.dispatch.elementwise_names import ASSERTS, BINARY, UNARY
from deras._src.util.export import EXPORTS, export

# Arguments of these types alone never make a target be called.
_ORDINARY = (Tensor, bool, int, float, complex, str, bytes, np.ndarray, np.generic, type(None))
_MOST_DULL = 10_000

_lock = threading.RLock()
_apis: dict[Any, _Api] = {}
_handlers: dict[tuple[str, tuple[Any, ...]], tuple[Any, list[tuple[_Api, Any]]]] = {}


class _Type:
    """An annotation: a class, `List[...]` of one, or a `Union` of some.

    Attributes:
      classes: the classes in it.
    """

    def __init__(self, annotation: Any) -> None:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        self._item: _Type | None = None
        self._options: tuple[_Type, ...] = ()
        self._class: type | None = None
        self.classes: tuple[type, ...] = ()
        if annotation is None:
            annotation = type(None)
        if origin in (list, tuple) and arguments:
            self._item = _Type(arguments[0])
            self.classes = self._item.classes
        elif origin is typing.Union or origin is types.UnionType:
            self._options = tuple(_Type(a) for a in arguments)
            self.classes = tuple(c for option in self._options for c in option.classes)
        elif isinstance(annotation, type):
            self._class = annotation
            self.classes = (annotation,)
        else:
            raise ValueError(
                f"Type annotation {annotation!r} is not supported by dispatch: supported are "
                "classes, List[...] and Union[...]."
            )

    def fits(self, value: Any) -> bool:
        """Whether a value is of this type."""
        if self._class is not None:
            return isinstance(value, self._class)
        if self._item is not None:
            item = self._item
            return isinstance(value, (list, tuple)) and all(item.fits(x) for x in value)
        return any(option.fits(value) for option in self._options)


class _Api:
    """A public function that has targets."""

    def __init__(self, function: types.FunctionType) -> None:
        self.function = function
        self.name = function.__name__
        self.signature = inspect.signature(function)
        self._code = function.__code__
        self.original = types.FunctionType(
            self._code,
            function.__globals__,
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
        self.original.__kwdefaults__ = function.__kwdefaults__
        self._global = f"__deras_dispatch_{function.__name__}_{id(function)}"
        self._targets: list[tuple[Callable[..., Any], dict[str, _Type]]] = []
        self._classes: tuple[type, ...] = ()
        self._dull: set[type] = set()

    def add(self, target: Callable[..., Any], signature: dict[str, _Type]) -> None:
        """Registers a target, and has calls looked at."""
        self._targets = [*self._targets, (target, signature)]
        self._settle()

    def remove(self, target: Callable[..., Any]) -> bool:
        """Unregisters a target; False if it was not registered."""
        left = [(t, s) for t, s in self._targets if t is not target]
        found = len(left) < len(self._targets)
        self._targets = left
        self._settle()
        return found

    def _settle(self) -> None:
        kinds = [kind for _, signature in self._targets for kind in signature.values()]
        self._classes = tuple(c for kind in kinds for c in kind.classes)
        self._dull = set()
        function = self.function
        if self._targets and function.__code__ is self._code:
            function.__globals__[self._global] = self._call
            function.__signature__ = self.signature  # type: ignore[attr-defined]
            function.__code__ = _forwarding_code(self._code, self._global)
        elif not self._targets and function.__code__ is not self._code:
            function.__code__ = self._code
            del function.__globals__[self._global]
            del function.__signature__  # type: ignore[attr-defined]

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        for value in args:
            if type(value) not in self._dull and self._is_interesting(value):
                return self._dispatch(args, kwargs)
        for value in kwargs.values():
            if type(value) not in self._dull and self._is_interesting(value):
                return self._dispatch(args, kwargs)
        return self.original(*args, **kwargs)

    def _is_interesting(self, value: Any) -> bool:
        kind = type(value)
        if kind is list or kind is tuple:
            return any(type(x) not in self._dull and self._is_interesting(x) for x in value)
        if isinstance(value, self._classes) and not isinstance(value, _ORDINARY):
            return True
        if len(self._dull) >= _MOST_DULL:
            self._dull.clear()
        self._dull.add(kind)
        return False

    def _dispatch(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            given = self.signature.bind(*args, **kwargs).arguments
        except TypeError:
            return self.original(*args, **kwargs)  # which says what is wrong
        found: list[Callable[..., Any]] = []
        for target, signature in self._targets:
            fits = all(name in given and kind.fits(given[name]) for name, kind in signature.items())
            if signature and fits and target not in found:
                found.append(target)
        if len(found) > 1:
            names = " and ".join(getattr(t, "__qualname__", repr(t)) for t in found)
            raise ValueError(
                f"Multiple dispatch targets match the arguments of {self.name}: {names}. "
                "Unregister one (tf.experimental.unregister_dispatch_for), or make its types "
                "narrower."
            )
        if found:
            result = found[0](*args, **kwargs)
            if result is not NotImplemented:
                return result
        return self.original(*args, **kwargs)


def _forwarding_code(code: types.CodeType, name: str) -> types.CodeType:
    """Code that calls the global `name` with its arguments; for a function with `code`'s closure.

    A function's code can be replaced by code with as many free variables only.
    """
    free = ", ".join(code.co_freevars)
    text = "def outer():\n"
    if free:
        text += f"    {free.replace(',', ' =')} = None\n"
    text += (
        f"    def {code.co_name if code.co_name.isidentifier() else 'forward'}(*args, **kwargs):\n"
    )
    if free:
        text += f"        if False: ({free},)\n"
    text += f"        return {name}(args, kwargs)\n"
    scope: dict[str, Any] = {}
    exec(compile(text, __file__, "exec"), scope)
    outer = scope["outer"].__code__
    return next(c for c in outer.co_consts if isinstance(c, types.CodeType))


def _api_of(function: Any) -> _Api:
    found = _apis.get(function) if isinstance(function, types.FunctionType) else None
    if found is None:
        public = isinstance(function, types.FunctionType) and any(
            function is value for value in EXPORTS.values()
        )
        if not public:
            raise ValueError(f"{function!r} does not support dispatch: it is no public function.")
        found = _apis[function] = _Api(function)
    return found


@export("experimental.dispatch_for_api")
def dispatch_for_api(api: Any, *signatures: Mapping[Any, Any]) -> Callable[[Any], Any]:
    """Decorator: a function that a public function calls instead where argument types match.

    Where more than one target matches, the call raises ValueError. A target may return
    `NotImplemented` to have the public function do its own.

    Args:
      api: A public function, such as `tf.add`. The target has its parameters (`name` may be left
        out).
      *signatures: Dicts from a parameter's name or position to the type that it must have: a
        class, `List[...]` or `Union[...]`. Any of the dicts may match. By default the annotations
        of the target.
    Returns:
      A decorator, which gives back the target itself.
    Raises:
      ValueError: parameters differ, a type is not supported, or there is none.

    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    ...     mask: tf.Tensor
    >>> @tf.experimental.dispatch_for_api(tf.reduce_sum)
    ... def masked_sum(input_tensor: Masked, axis=None, keepdims=False, name=None):
    ...     values = tf.where(input_tensor.mask, input_tensor.values, 0)
    ...     return tf.reduce_sum(values, axis, keepdims)
    >>> tf.reduce_sum(Masked([1, 2, 3], [True, False, True])).numpy()
    np.int32(4)
    >>> tf.experimental.unregister_dispatch_for(masked_sum)
    """
    with _lock:
        found = _api_of(api)
    given = [_typed(found, signature) for signature in signatures]

    def decorator(target: Any) -> Any:
        if not callable(target):
            raise TypeError(f"dispatch_for_api: the target must be callable; got {target!r}")
        _check_parameters(found, target)
        chosen = given or [_annotated(found, target, sys._getframe(1).f_locals)]
        with _lock:
            for signature in chosen:
                found.add(target, signature)
        return target

    return decorator


def _typed(api: _Api, signature: Mapping[Any, Any]) -> dict[str, _Type]:
    names = list(api.signature.parameters)
    found = {}
    for key, annotation in signature.items():
        if isinstance(key, int) and key < len(names):
            key = names[key]
        if key not in names:
            raise ValueError(f"signature includes annotation for unknown parameter {key!r}.")
        found[key] = _Type(annotation)
    return found


def _annotated(api: _Api, target: Any, local: Mapping[str, Any]) -> dict[str, _Type]:
    try:
        own = inspect.signature(target, locals=dict(local), eval_str=True)
    except NameError as error:
        raise ValueError(f"dispatch_for_api: an annotation cannot be read: {error}") from None
    annotations = {
        p.name: p.annotation for p in own.parameters.values() if p.annotation is not p.empty
    }
    if not annotations:
        raise ValueError(
            "The dispatch_for_api decorator must be called with at least one signature, or applied "
            "to a function that has type annotations on its parameters."
        )
    return _typed(api, annotations)


def _check_parameters(api: _Api, target: Any) -> None:
    parameters = list(inspect.signature(target).parameters.values())
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return
    wanted = list(api.signature.parameters)
    names = [p.name for p in parameters]
    if names != wanted and names != [n for n in wanted if n != "name"]:
        raise ValueError(
            f"Dispatch function's signature ({', '.join(names)}) does not match API's signature "
            f"({', '.join(wanted)})."
        )


# All elementwise functions at once.


@export("experimental.dispatch_for_unary_elementwise_apis")
def dispatch_for_unary_elementwise_apis(x_type: Any) -> Callable[[Any], Any]:
    """Decorator: a handler for every function of one value that works element by element.

    Args:
      x_type: The type of the first argument: a class, `List[...]` or `Union[...]`.
    Returns:
      A decorator of a handler `(api_func, x)`; `api_func` takes one argument, the others of the
      call are added to it.
    Raises:
      ValueError: there is a handler for this type.

    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    ...     mask: tf.Tensor
    >>> @tf.experimental.dispatch_for_unary_elementwise_apis(Masked)
    ... def masked_unary(api_func, x):
    ...     return Masked(api_func(x.values), x.mask)
    >>> tf.abs(Masked([1, -2], [True, False])).values.numpy()
    array([1, 2], dtype=int32)
    >>> tf.experimental.unregister_dispatch_for(masked_unary)
    """
    return _for_all(UNARY, "unary elementwise", (x_type,))


@export("experimental.dispatch_for_binary_elementwise_apis")
def dispatch_for_binary_elementwise_apis(x_type: Any, y_type: Any) -> Callable[[Any], Any]:
    """Decorator: a handler for every function of two values that works element by element.

    Args:
      x_type: The type of the first argument: a class, `List[...]` or `Union[...]`.
      y_type: The type of the second one.
    Returns:
      A decorator of a handler `(api_func, x, y)`.
    Raises:
      ValueError: there is a handler for these types.

    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    ...     mask: tf.Tensor
    >>> @tf.experimental.dispatch_for_binary_elementwise_apis(Masked, Masked)
    ... def masked_binary(api_func, x, y):
    ...     return Masked(api_func(x.values, y.values), x.mask & y.mask)
    >>> m = Masked([1, 2], [True, False])
    >>> tf.multiply(m, m).values.numpy()
    array([1, 4], dtype=int32)
    >>> tf.experimental.unregister_dispatch_for(masked_binary)
    """
    return _for_all(BINARY, "binary elementwise", (x_type, y_type))


@export("experimental.dispatch_for_binary_elementwise_assert_apis")
def dispatch_for_binary_elementwise_assert_apis(x_type: Any, y_type: Any) -> Callable[[Any], Any]:
    """Decorator: a handler for every assertion about two values, element by element.

    Args:
      x_type: The type of the first argument: a class, `List[...]` or `Union[...]`.
      y_type: The type of the second one.
    Returns:
      A decorator of a handler `(assert_func, x, y)`.
    Raises:
      ValueError: there is a handler for these types.

    >>> class Masked(tf.experimental.ExtensionType):
    ...     values: tf.Tensor
    ...     mask: tf.Tensor
    >>> @tf.experimental.dispatch_for_binary_elementwise_assert_apis(Masked, Masked)
    ... def masked_assert(assert_func, x, y):
    ...     return assert_func(x.values[x.mask & y.mask], y.values[x.mask & y.mask])
    >>> tf.debugging.assert_equal(Masked([1, 2], [True, False]), Masked([1, 3], [True, True]))
    >>> tf.experimental.unregister_dispatch_for(masked_assert)
    """
    return _for_all(ASSERTS, "binary elementwise assert", (x_type, y_type))


def _for_all(names: tuple[str, ...], kind: str, annotations: tuple[Any, ...]) -> Any:
    wanted = [_Type(annotation) for annotation in annotations]

    def decorator(handler: Any) -> Any:
        with _lock:
            key = (kind, annotations)
            if key in _handlers:
                shown = ", ".join(getattr(a, "__name__", repr(a)) for a in annotations)
                raise ValueError(
                    f"A {kind} dispatch handler ({_handlers[key][0]!r}) has already been "
                    f"registered for {shown}."
                )
            made = []
            for function in dict.fromkeys(EXPORTS[name] for name in names if name in EXPORTS):
                api = _api_of(function)
                first = list(api.signature.parameters)[: len(wanted)]
                target = _elementwise_target(api, handler, first)
                api.add(target, dict(zip(first, wanted, strict=True)))
                made.append((api, target))
            _handlers[key] = (handler, made)
        return handler

    return decorator


def _elementwise_target(api: _Api, handler: Any, names: list[str]) -> Callable[..., Any]:
    """What is called for one function: the handler, with the rest of the arguments filled in."""
    count = len(names)

    def target(*args: Any, **kwargs: Any) -> Any:
        values = list(args[:count])
        values += [kwargs.pop(name) for name in names[len(values) :]]
        rest = args[count:]
        if not rest and not kwargs:
            return handler(api.function, *values)

        @functools.wraps(api.function)
        def api_func(*parts: Any) -> Any:
            return api.function(*parts, *rest, **kwargs)

        return handler(api_func, *values)

    target.__qualname__ = getattr(handler, "__qualname__", repr(handler))
    return target


@export("experimental.unregister_dispatch_for")
def unregister_dispatch_for(dispatch_target: Any) -> None:
    """Takes back what a `dispatch_for_...` decorator did.

    Args:
      dispatch_target: The function that was decorated.
    Raises:
      ValueError: it is not registered.

    >>> @tf.experimental.dispatch_for_api(tf.abs, {"x": dict})
    ... def abs_of_dict(x, name=None):
    ...     return {key: tf.abs(value) for key, value in x.items()}
    >>> tf.abs({"a": -1})["a"].numpy()
    np.int32(1)
    >>> tf.experimental.unregister_dispatch_for(abs_of_dict)
    """
    with _lock:
        found = [api for api in _apis.values() if api.remove(dispatch_target)]
        keys = [key for key, (handler, _) in _handlers.items() if handler is dispatch_target]
        for key in keys:
            for api, target in _handlers.pop(key)[1]:
                api.remove(target)
    if not found and not keys:
        raise ValueError(
            f"Function {dispatch_target!r} was not registered using a `@dispatch_for_*` decorator."
        )
