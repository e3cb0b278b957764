"""Why a function was traced: each trace's arguments, and what set it apart from earlier ones.

Nothing here holds an argument's value: only its dtype, shape, and a short text.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from deras._src.core.tensor import describe
from deras._src.function.signature import Leaf, structure_key
from deras._src.function.surroundings import Surroundings
from deras._src.util import nest
from deras._src.util.callsite import Site

# A trace is compared with this many earlier ones at most, the latest first.
_MOST_COMPARED = 32
_MOST_KEPT = 256
_LONGEST_TEXT = 60

_ADVICE = {
    "shape": (
        "let one trace serve all sizes: input_signature=[tf.TensorSpec([None, ...])] or "
        "reduce_retracing=True"
    ),
    "dtype": "convert it to one dtype before the call",
    "value": (
        "every new Python value makes a trace: pass it as a tensor (tf.constant(...)) if it "
        "changes from call to call"
    ),
    "kind": "pass it as a tensor every time, or as a Python value every time",
    "object": "objects are told apart by identity: make it once and pass the same one",
    "variable": "each variable has its own trace, unless you pass its value",
    "structure": "pass the same structure every time, or stack the parts into one tensor",
    "outer": "the trace uses tensors of the function around it, so it serves that one alone",
}


class Argument:
    """One leaf of a call's arguments.

    Attributes:
      path: where it is, `x`, `batch['labels'][0]`.
      kind: "tensor", "value", "variable" or "object".
      dtype, shape: of a tensor, else None.
      text: it as a reader knows it: `float32[32,8]`, `0.1`, `<Net object>`.
      key: what the cache of traces compares.
    """

    __slots__ = ("dtype", "key", "kind", "path", "shape", "text")

    def __init__(self, path: str, value: Any, leaf: Leaf) -> None:
        self.path = path
        self.key = leaf.key
        self.dtype = self.shape = None
        if leaf.tensor is not None:
            self.kind = "tensor"
            self.dtype, self.shape = leaf.tensor.dtype, leaf.tensor.shape
            self.text = describe(leaf.tensor)
        elif hasattr(value, "_handle"):
            self.kind, self.text = "variable", f"variable {value.name!r}"
        elif leaf.key[0] == "O":
            self.kind = "object"
            name = getattr(value, "__name__", None)
            self.text = f"{name!r}" if name else f"<{type(value).__name__} object>"
        else:
            self.kind, self.text = "value", _short(repr(value))


class Cause:
    """What set a trace apart from the earlier one most like it.

    Attributes:
      kind: "first", "shape", "dtype", "value", "kind", "object", "variable", "structure", "outer".
      argument: path of the argument, or None.
      old, new: it in the earlier trace and in this one, as texts.
      advice: what to change, or "".
    """

    __slots__ = ("argument", "kind", "new", "old")

    def __init__(
        self, kind: str, argument: str | None = None, old: str = "", new: str = ""
    ) -> None:
        self.kind = kind
        self.argument = argument
        self.old = old
        self.new = new

    @property
    def advice(self) -> str:
        """What to change, or "" where nothing is wrong."""
        return _ADVICE.get(self.kind, "")

    def __str__(self) -> str:
        if self.kind == "first":
            return "first call"
        if self.kind == "outer":
            return f"called inside of {self.new}"
        what = "another " + self.kind if self.kind in ("variable", "object") else self.kind
        return f"{self.argument}: {what}, {self.new} (before: {self.old})"

    def __repr__(self) -> str:
        return f"<{self}>"


class Trace:
    """One trace of a function.

    Attributes:
      number: 1 for the first.
      site: the line of the call that made it.
      arguments: the leaves of its arguments.
      structure, outlines: key of each argument's structure, and it in words.
      causes: why it was made, the most telling first.
      seconds: how long the Python function took to run.
      surroundings: what the Python function used and did besides its arguments.
      created: names of the variables that it made.
    """

    def __init__(
        self,
        number: int,
        site: Site | None,
        arguments: list[Argument],
        structure: dict[str, Any],
        outlines: dict[str, str],
        causes: list[Cause],
    ) -> None:
        self.number = number
        self.site = site
        self.arguments = arguments
        self.structure = structure
        self.outlines = outlines
        self.causes = causes
        self.seconds = 0.0
        self.surroundings: Surroundings | None = None
        self.created: list[str] = []
        self._concrete: weakref.ref[Any] | None = None

    @property
    def cause(self) -> Cause:
        """The most telling cause."""
        return self.causes[0]

    @property
    def concrete(self) -> Any:
        """The `ConcreteFunction`; None if it was dropped from the cache."""
        return None if self._concrete is None else self._concrete()

    @concrete.setter
    def concrete(self, value: Any) -> None:
        self._concrete = weakref.ref(value)


class History:
    """The traces of one function, oldest first; the first and the latest are kept."""

    def __init__(self) -> None:
        self.traces: list[Trace] = []
        self.count = 0

    def add(
        self, site: Site | None, signature: Any, args: Any, kwargs: Any, leaves: Sequence[Leaf]
    ) -> Trace:
        """Notes a trace about to be made for these arguments."""
        named = _by_name(signature.parameters, args, kwargs)
        arguments = [
            Argument(path, value, leaf)
            for (path, value), leaf in zip(_leaves(named), leaves, strict=True)
        ]
        structure = {name: structure_key(value) for name, value in named}
        outlines = {name: _outline(value) for name, value in named}
        self.count += 1
        causes = self._causes(arguments, structure, outlines)
        trace = Trace(self.count, site, arguments, structure, outlines, causes)
        if len(self.traces) >= _MOST_KEPT:
            del self.traces[_MOST_KEPT // 2]
        self.traces.append(trace)
        return trace

    def _causes(self, arguments: Any, structure: Any, outlines: Any) -> list[Cause]:
        if not self.traces:
            return [Cause("first")]
        best: list[Cause] | None = None
        for earlier in reversed(self.traces[-_MOST_COMPARED:]):
            found = _differences(earlier, arguments, structure, outlines)
            if found and (best is None or len(found) < len(best)):
                best = found
        return best if best is not None else [Cause("outer", new="another function")]


def _differences(
    earlier: Trace, arguments: Sequence[Argument], structure: Any, outlines: Any
) -> list[Cause]:
    if earlier.structure != structure:
        names = [*structure, *(n for n in earlier.structure if n not in structure)]
        missing = "not given"
        return [
            Cause(
                "structure",
                name,
                earlier.outlines.get(name, missing),
                outlines.get(name, missing),
            )
            for name in names
            if structure.get(name, missing) != earlier.structure.get(name, missing)
        ]
    found = []
    for old, new in zip(earlier.arguments, arguments, strict=True):
        if old.key == new.key:
            continue
        if old.kind != new.kind:
            kind = "kind"
        elif new.kind == "tensor":
            kind = "shape" if old.dtype is new.dtype else "dtype"
        else:
            kind = new.kind
        found.append(Cause(kind, new.path, old.text, new.text))
    return found


def _by_name(parameters: Any, args: Any, kwargs: Any) -> list[tuple[str, Any]]:
    """Pairs of a parameter's name and its argument, in the order of `flatten((args, kwargs))`."""
    names: list[str] = []
    if parameters is not None:
        for parameter in parameters.parameters.values():
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                names.append(parameter.name)
            elif parameter.kind is parameter.VAR_POSITIONAL:
                names += [f"{parameter.name}[{i}]" for i in range(len(args) - len(names))]
    names += [f"argument {i}" for i in range(len(names), len(args))]
    named = list(zip(names, args, strict=False))
    return named + [(name, kwargs[name]) for name in sorted(kwargs)]


def _leaves(named: Any) -> list[tuple[str, Any]]:
    return [
        (name + "".join(f"[{key!r}]" for key in path), leaf)
        for name, value in named
        for path, leaf in nest.flatten_with_tuple_paths(value, expand_composites=True)
    ]


def _outline(value: Any) -> str:
    if not nest.is_nested(value):
        return type(value).__name__
    if isinstance(value, dict):
        return _short("dict of " + ", ".join(repr(k) for k in value))
    return f"{type(value).__name__} of {len(value)}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 3] + "..."
