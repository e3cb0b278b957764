"""`tf.Module`: a named container of variables and other modules."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from deras._src.core.names import name_scope
from deras._src.state.trackable import BOOKKEEPING, AutoTrackable
from deras._src.state.variable import Variable
from deras._src.util import nest
from deras._src.util.export import export

_Method = TypeVar("_Method", bound=Callable[..., Any])

# A word begins at a capital after a small letter or digit, and at one before a small letter.
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<!^)(?=[A-Z][a-z])")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def camel_to_snake(name: str) -> str:
    """A class's name as a module's: `HTTPServer` is `http_server`.

    >>> camel_to_snake("MyModule"), camel_to_snake("ResNet50V2")
    ('my_module', 'res_net50_v2')
    """
    return _WORD_START.sub("_", name).lower()


@export("Module")
class Module(AutoTrackable):
    """Base class of what holds variables: they are found in its attributes.

    Variables and modules are found in attributes and in lists, tuples and dicts that attributes
    hold, at any depth.

    Args:
      name: A Python identifier; by default the class's name in snake case.
    Raises:
      ValueError: `name` is not an identifier.

    >>> class Dense(tf.Module):
    ...     def __init__(self, width, name=None):
    ...         super().__init__(name)
    ...         self.w = tf.Variable(tf.ones([2, width]), name="w")
    >>> dense = Dense(3)
    >>> dense.name, [v.name for v in dense.trainable_variables]
    ('dense', ['w:0'])
    """

    # Attributes whose content is not searched; subclasses add to it.
    _TF_MODULE_IGNORED_PROPERTIES: frozenset[str] = frozenset()

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = camel_to_snake(type(self).__name__)
        if not _IDENTIFIER.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python "
                "identifiers (e.g. a valid class name)."
            )
        self._name = name
        with name_scope(name) as scope:
            # With its slash: entering it again neither nests nor numbers it.
            self._name_scope = name_scope(scope)

    @property
    def name(self) -> str:
        """The name given, or made from the class's name."""
        return self._name

    @property
    def name_scope(self) -> name_scope:
        """A `tf.name_scope` of the module's name, under the scopes it was made in."""
        return self._name_scope

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables, of submodules too: by attribute name, a module's own before those below.

        The same variable is given once, however many attributes hold it.
        """
        return tuple(self._flatten(predicate=_is_variable, expand_composites=True))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The trainable ones of `variables`."""
        return tuple(self._flatten(predicate=_is_trainable, expand_composites=True))

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """The other ones of `variables`."""
        return tuple(self._flatten(predicate=_is_not_trainable, expand_composites=True))

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All modules below this one, each once."""
        return tuple(self._flatten(predicate=_is_module))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], bool] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
        expand_composites: bool = False,
    ) -> Iterator[Any]:
        """What the attributes hold, flattened.

        Args:
          recursive: Whether submodules are searched too.
          predicate: Says which leaves to give; by default all.
          attribute_traversal_key: Sort key of attribute names; by default the names themselves.
          with_path: Whether to give pairs (path, leaf); a leaf is then given at every path.
          expand_composites: Whether composite tensors are taken apart.
        Returns:
          An iterator of leaves, each once, or of pairs.
        """
        walk = _Walk(
            recursive,
            predicate or (lambda leaf: True),
            attribute_traversal_key,
            self._TF_MODULE_IGNORED_PROPERTIES,
            with_path,
            expand_composites,
        )
        walk.seen.add(id(self))
        return walk.run(self, (), ())

    @classmethod
    def with_name_scope(cls, method: _Method) -> _Method:
        """Decorator of a method: it runs inside the module's name scope.

        >>> class Layer(tf.Module):
        ...     @tf.Module.with_name_scope
        ...     def build(self):
        ...         return tf.Variable(0.0, name="bias")
        >>> Layer().build().name
        'layer/bias:0'
        """

        @functools.wraps(method)
        def scoped(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return scoped  # type: ignore[return-value]


def _is_module(leaf: Any) -> bool:
    return isinstance(leaf, Module)


def _is_variable(leaf: Any) -> bool:
    return isinstance(leaf, Variable)


def _is_trainable(leaf: Any) -> bool:
    return isinstance(leaf, Variable) and leaf.trainable


def _is_not_trainable(leaf: Any) -> bool:
    return isinstance(leaf, Variable) and not leaf.trainable


class _Walk:
    """One search through a module; see `Module._flatten` for the arguments."""

    def __init__(
        self,
        recursive: bool,
        predicate: Callable[[Any], bool],
        sort_key: Callable[[str], Any] | None,
        ignored: frozenset[str],
        with_path: bool,
        expand: bool,
    ) -> None:
        self.recursive = recursive
        self.predicate = predicate
        self.sort_key = sort_key
        self.ignored = ignored
        self.with_path = with_path
        self.expand = expand
        self.seen: set[int] = set()

    def run(self, module: Module, path: tuple[Any, ...], above: tuple[int, ...]) -> Iterator[Any]:
        """The leaves of a module's own attributes, then those of its submodules."""
        below = []
        attributes = vars(module)
        for name in sorted(attributes, key=self.sort_key):
            if name in self.ignored or name in BOOKKEEPING:
                continue
            for inner, leaf in self._leaves(module, name, attributes[name]):
                if not self.with_path:
                    if id(leaf) in self.seen:
                        continue
                    self.seen.add(id(leaf))
                where = (*path, name, *inner)
                if self.predicate(leaf):
                    yield (where, leaf) if self.with_path else leaf
                if self.recursive and isinstance(leaf, Module):
                    below.append((where, leaf))
        # With paths, a module inside of itself is listed but not entered: the walk must end.
        if id(module) in above:
            return
        for where, submodule in below:
            yield from self.run(submodule, where, (*above, id(module)))

    def _leaves(self, module: Module, name: str, value: Any) -> list[tuple[tuple[Any, ...], Any]]:
        try:
            return nest.flatten_with_tuple_paths(value, expand_composites=self.expand)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Error processing property {name!r} of {type(module).__name__}: {error}"
            ) from error
