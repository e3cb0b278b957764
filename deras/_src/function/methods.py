"""`tf.function` on methods: a function for each instance, which does not keep it alive."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

# On a bound method: the function, and a weak reference of the object it is bound to.
BOUND = "__deras_bound__"


def bound_to(function: Any) -> tuple[Callable[..., Any], weakref.ref[Any]] | None:
    """The function of a bound method and a reference of its object; None for other functions."""
    return getattr(function, BOUND, None)


def owner_of(function: Callable[..., Any], reference: weakref.ref[Any]) -> Any:
    """The object that a method belongs to.

    Raises:
      ReferenceError: it is gone.
    """
    owner = reference()
    if owner is None:
        name = getattr(function, "__name__", type(function).__name__)
        raise ReferenceError(f"the object that {name!r} belonged to is gone")
    return owner


def bind(function: Callable[..., Any], instance: Any) -> Callable[..., Any]:
    """`function` as a method of `instance`, which is held weakly."""
    reference = weakref.ref(instance)

    @functools.wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        return function(owner_of(function, reference), *args, **kwargs)

    setattr(method, BOUND, (function, reference))

    # The parameters without self, so that binding and signatures see the method's own.
    bound = function.__get__(instance)
    try:
        method.__signature__ = inspect.signature(bound)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        del method.__wrapped__  # type: ignore[attr-defined]
    return method


class PerInstance:
    """Something for each object, told apart by identity and dropped with the object.

    A `WeakKeyDictionary` would take equal objects for one.
    """

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Any], Any]] = {}

    def get(self, instance: Any) -> Any:
        """What is kept for an object, or None."""
        entry = self._entries.get(id(instance))
        return entry[1] if entry is not None and entry[0]() is instance else None

    def set(self, instance: Any, value: Any) -> None:
        """Keeps `value` as long as the object lives.

        Raises:
          TypeError: the object cannot be referenced weakly.
        """
        key, entries = id(instance), self._entries

        def drop(reference: Any) -> None:
            if key in entries and entries[key][0] is reference:
                del entries[key]

        entries[key] = (weakref.ref(instance, drop), value)
