"""What an object does to be saved in checkpoints, and to be restored before it is complete.

A trackable object has named children and named tensors. `AutoTrackable` (and so `tf.Module`) finds
its children in attribute assignments: trackable objects, and lists, tuples and dicts, which stay
the plain objects they are. Saving and restoring themselves are in `train/`; here are only the
hooks: a restored object remembers under `_deferred_dependencies` what the checkpoint has for
children that it does not have yet, and gives it to them as soon as they come.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


class TrackableReference(NamedTuple):
    """A child and its name."""

    name: str
    ref: Any


class NoDependency:
    """Wrapped around a value that is set as an attribute: the value is set, but is no child."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _kept(instance: Any, name: str, default: Any = None) -> Any:
    """Something of `BOOKKEEPING`. Not by getattr, which may call a user's `__getattr__`."""
    return getattr(instance, "__dict__", {}).get(name, default)


class _Dependencies(dict):
    """Name -> child, and whose they are: `copy.copy` gives a copy the very same dict."""

    __slots__ = ("owner",)

    owner: int

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def _own_dependencies(instance: Any) -> dict[str, Any]:
    """The children of an object, to be changed."""
    tracked = _kept(instance, "_self_dependencies", {})
    if type(tracked) is not _Dependencies or tracked.owner != id(instance):
        tracked = _Dependencies(tracked)
        tracked.owner = id(instance)
        object.__setattr__(instance, "_self_dependencies", tracked)
    return tracked


class Trackable:
    """Base of what has a place in checkpoints.

    Subclasses give their tensors by `_serialize_to_tensors` and take them back by
    `_restore_from_tensors`; their children are those given to `_track_trackable`.
    """

    __slots__ = ()

    # In the instance's dict, once there is something to keep.
    _self_dependencies: dict[str, Any]
    _self_deferred: dict[str, list[Any]]

    # -- tensors ------------------------------------------------------------------------------

    def _serialize_to_tensors(self) -> dict[str, Any]:
        """The object's tensors by name."""
        raise NotImplementedError(f"{type(self).__name__} has no tensors of its own to save")

    def _restore_from_tensors(self, restored_tensors: dict[str, Any]) -> Any:
        """Takes the tensors back that `_serialize_to_tensors` gave."""
        raise NotImplementedError(f"{type(self).__name__} has no tensors of its own to restore")

    # -- children -----------------------------------------------------------------------------

    @property
    def _checkpoint_dependencies(self) -> list[TrackableReference]:
        """The children given to `_track_trackable`."""
        tracked = _kept(self, "_self_dependencies", {})
        return [TrackableReference(name, child) for name, child in tracked.items()]

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        """The children by name, in the order that names shared objects.

        Args:
          save_type: "checkpoint" or "savedmodel".
          **kwargs: For subclasses.
        """
        return dict(self._checkpoint_dependencies)

    def _lookup_dependency(self, name: str, cached_dependencies: Any = None) -> Any:
        """The child of that name, or None."""
        if cached_dependencies:
            return cached_dependencies.get(name)
        return _kept(self, "_self_dependencies", {}).get(name)

    def _track_trackable(self, trackable: Any, name: str, overwrite: bool = False) -> Any:
        """Makes an object a child.

        Args:
          trackable: A Trackable, or a list, tuple or dict.
          name: Its name here.
          overwrite: Whether it may take the place of another.
        Returns:
          `trackable`.
        Raises:
          TypeError: it is not trackable.
          ValueError: there is a child of that name, and `overwrite` is False.
        """
        if not is_trackable(trackable):
            raise TypeError(
                "Trackable._track_trackable() can only be used to track objects of type "
                f"Trackable. Got type {type(trackable)}."
            )
        known = self._lookup_dependency(name)
        if known is not None and known is not trackable and not overwrite:
            raise ValueError(
                f"Called Trackable._track_trackable() with name='{name}', but a Trackable with "
                "this name is already declared as a dependency. Names must be unique (or "
                "overwrite=True)."
            )
        _own_dependencies(self)[name] = trackable
        self._handle_deferred_dependencies(name, trackable)
        return trackable

    # -- restoring later ----------------------------------------------------------------------

    @property
    def _deferred_dependencies(self) -> dict[str, list[Any]]:
        """By child's name, what checkpoints have for children that are not there yet."""
        deferred = _kept(self, "_self_deferred")
        if deferred is None:
            deferred = {}
            object.__setattr__(self, "_self_deferred", deferred)
        return deferred

    def _handle_deferred_dependencies(self, name: str, trackable: Any) -> None:
        """Restores a new child, if a checkpoint waits for it."""
        deferred = _kept(self, "_self_deferred")
        if deferred:
            # The latest restoration first: those before it then find nothing left to do.
            waiting = sorted(deferred.pop(name, ()), key=lambda p: p.restore_uid, reverse=True)
            for position in waiting:
                position.restore(trackable, owner=self, name=name)

    @property
    def _update_uid(self) -> int:
        """The number of the restoration that this object's state is from; -1 for none."""
        return _kept(self, "_self_update_uid", -1)

    @_update_uid.setter
    def _update_uid(self, value: int) -> None:
        object.__setattr__(self, "_self_update_uid", value)

    def _maybe_initialize_trackable(self) -> None:
        """For subclasses written for TensorFlow, which call it."""

    def _no_dependency(self, value: Any) -> Any:
        return value


# Types of values that make no child and need no look at the tracked names, most of the time.
_PLAIN = frozenset({int, float, str, bool, bytes, type(None)})


class AutoTrackable(Trackable):
    """A Trackable whose children are its attributes."""

    def __setattr__(self, name: str, value: Any) -> None:
        kept = self.__dict__
        tracked = kept.get("_self_dependencies", ())
        if type(value) in _PLAIN and name not in tracked:
            object.__setattr__(self, name, value)
            return
        if name in tracked and tracked[name] is value is kept.get(name):
            return
        if type(value) is NoDependency:
            self._delete_tracking(name)
            object.__setattr__(self, name, value.value)
            return
        object.__setattr__(self, name, value)
        if not _kept(self, "_self_setattr_tracking", True):
            return
        if is_trackable(value):
            self._track_trackable(value, name, overwrite=True)
        else:
            self._delete_tracking(name)

    def __delattr__(self, name: str) -> None:
        self._delete_tracking(name)
        object.__delattr__(self, name)

    def _delete_tracking(self, name: str) -> None:
        if name in _kept(self, "_self_dependencies", ()):
            del _own_dependencies(self)[name]

    def _no_dependency(self, value: Any) -> Any:
        return NoDependency(value)


# What the hooks above keep in an instance; it is no part of the object's own attributes.
BOOKKEEPING = frozenset(
    {"_self_dependencies", "_self_deferred", "_self_setattr_tracking", "_self_update_uid"}
)


def no_automatic_dependency_tracking(method: _Method) -> _Method:
    """Decorator of a method: attributes that it sets do not become children."""

    @functools.wraps(method)
    def untracked(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = _kept(self, "_self_setattr_tracking", True)
        object.__setattr__(self, "_self_setattr_tracking", False)
        try:
            return method(self, *args, **kwargs)
        finally:
            object.__setattr__(self, "_self_setattr_tracking", before)

    return untracked  # type: ignore[return-value]


# -- lists, tuples, dicts -------------------------------------------------------------------------


def is_container(value: Any) -> bool:
    """Whether a value is a list, tuple or dict that is searched for children.

    >>> is_container([1]), is_container((1, 2)), is_container((1, [2]))
    (True, False, True)
    """
    kind = type(value)
    if kind in (list, dict, OrderedDict) or issubclass(kind, TrackedContainer):
        return True
    return isinstance(value, tuple) and any(
        isinstance(element, (Trackable, NoDependency)) or is_container(element) for element in value
    )


def is_trackable(value: Any) -> bool:
    """Whether a value has a place in checkpoints."""
    return isinstance(value, Trackable) or is_container(value)


def container_children(container: Any) -> Iterator[tuple[str, Any]]:
    """The names and children of a list, tuple or dict; a named tuple's have two names each.

    Raises:
      ValueError: a dict's child has a key that is no string.
    """
    if isinstance(container, dict):
        for key, value in container.items():
            if not is_trackable(value):
                continue
            if not isinstance(key, str):
                raise ValueError(
                    f"Unable to save the dict {container!r}: its key {key!r} stands for something "
                    "to be saved and is not a string. Use str keys; or, where the dict is not "
                    "meant to be saved, set the attribute to tf.Module's "
                    "`self._no_dependency(the_dict)`."
                )
            yield key, value
        return
    children = [(i, value) for i, value in enumerate(container) if is_trackable(value)]
    fields = getattr(container, "_fields", None)
    if fields is not None:
        for i, value in children:
            yield fields[i], value
    for i, value in children:
        yield str(i), value


class TrackedContainer(Trackable):
    """A list or dict that takes the place of a plain one while a checkpoint has more for it.

    Restoring makes them, and only where something waits: a plain list cannot tell when an element
    is added to it.
    """

    __slots__ = ()

    def _trackable_children(self, save_type: str = "checkpoint", **kwargs: Any) -> dict[str, Any]:
        return dict(container_children(self))

    def _lookup_dependency(self, name: str, cached_dependencies: Any = None) -> Any:
        return (cached_dependencies or dict(container_children(self))).get(name)

    def _give_waiting(self) -> None:
        """Restores those new children that a checkpoint waits for."""
        if self._deferred_dependencies:
            children = dict(container_children(self))
            for name in [n for n in self._deferred_dependencies if n in children]:
                self._handle_deferred_dependencies(name, children[name])


def _then_give(kind: type, name: str) -> Any:
    change = getattr(kind, name)

    @functools.wraps(change)
    def changed(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = change(self, *args, **kwargs)
        self._give_waiting()
        return result

    return changed


class ListWrapper(list, TrackedContainer):
    """See `TrackedContainer`."""

    for _name in ("append", "extend", "insert", "__setitem__", "__iadd__"):
        locals()[_name] = _then_give(list, _name)

    def __reduce__(self) -> Any:
        return list, (list(self),)


class DictWrapper(dict, TrackedContainer):
    """See `TrackedContainer`."""

    for _name in ("__setitem__", "update", "setdefault", "__ior__"):
        locals()[_name] = _then_give(dict, _name)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def tracked_container(container: Any, owner: Any, name: str) -> Any:
    """A tracked copy of a list or dict, put in its place.

    Args:
      container: The list or dict.
      owner: The object or container that has it.
      name: Its name there.
    Returns:
      The copy; `container` itself where it is tracked already, and None where it cannot be
      replaced: a tuple, what a tuple holds, or what the owner holds in a way of its own.
    """
    if isinstance(container, TrackedContainer):
        return container
    if isinstance(container, tuple) or isinstance(owner, tuple) or owner is None:
        return None
    made = DictWrapper(container) if isinstance(container, dict) else ListWrapper(container)
    if isinstance(owner, dict):
        dict.__setitem__(owner, name, made)
    elif isinstance(owner, list):
        list.__setitem__(owner, int(name), made)
    elif _kept(owner, "_self_dependencies", {}).get(name) is container:
        if getattr(owner, name, None) is container:
            object.__setattr__(owner, name, made)
        _own_dependencies(owner)[name] = made
    else:
        return None
    return made
