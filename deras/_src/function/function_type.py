"""FunctionType: the parameters of a function or of one of its traces, and the types they take."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from deras._src.core.type_spec import TensorSpec
from deras._src.function.trace_type import CastContext, Literal, type_of
from deras._src.util import nest
from deras._src.util.export import export

POSITIONAL_ONLY = inspect.Parameter.POSITIONAL_ONLY
POSITIONAL_OR_KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD
VAR_POSITIONAL = inspect.Parameter.VAR_POSITIONAL
KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
VAR_KEYWORD = inspect.Parameter.VAR_KEYWORD
NO_DEFAULT = inspect.Parameter.empty


class Parameter(inspect.Parameter):
    """One parameter.

    Attributes:
      optional: whether it may be left out.
      type_constraint: the trace type of what it takes; None for anything.
    """

    def __init__(
        self, name: str, kind: Any, default: Any = NO_DEFAULT, type_constraint: Any = None
    ) -> None:
        super().__init__(
            name,
            kind,
            default=default,
            annotation=NO_DEFAULT if type_constraint is None else type_constraint,
        )

    @property
    def optional(self) -> bool:
        """Whether it may be left out."""
        return self.default is not NO_DEFAULT

    @property
    def type_constraint(self) -> Any:
        """The trace type, or None."""
        return None if self.annotation is NO_DEFAULT else self.annotation

    def __repr__(self) -> str:
        return (
            f"Parameter(name={self.name}, kind={self.kind.name}, optional={self.optional!r}, "
            f"type_constraint={self.type_constraint!r})"
        )


@export("types.experimental.FunctionType")
class FunctionType(inspect.Signature):
    """The signature of a function, with trace types as constraints of its parameters.

    Attributes:
      parameters: name -> parameter, each with `type_constraint` and `optional`.
      output: trace type of the result; None where it is not known.
      captures: name -> spec of what a trace uses besides its arguments.

    >>> f = tf.function(lambda x, n: x * n)
    >>> f.get_concrete_function(tf.constant(1.0), 2.0).function_type
    Input Parameters:
      x (POSITIONAL_OR_KEYWORD): TensorSpec(shape=(), dtype=tf.float32, name=None)
      n (POSITIONAL_OR_KEYWORD): Literal[2.0]
    Output Type:
      TensorSpec(shape=(), dtype=tf.float32, name=None)
    Captures:
      None
    """

    def __init__(
        self,
        parameters: Any = None,
        captures: Mapping[str, Any] | None = None,
        output: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(parameters, **kwargs)
        self._captures = dict(captures or {})
        self._output = output

    @classmethod
    def from_callable(cls, obj: Callable[..., Any], **options: Any) -> FunctionType:
        """The type of a Python function, without constraints."""
        return polymorphic_type(inspect.signature(obj, **options))

    @property
    def output(self) -> Any:
        """The trace type of the result, or None."""
        return self._output

    @property
    def captures(self) -> dict[str, Any]:
        """Name -> spec of each capture."""
        return dict(self._captures)

    @property
    def flat_inputs(self) -> list[Any]:
        """The specs of the tensors of all parameters, in order."""
        kinds = [p.type_constraint for p in self._typed()]
        return [spec for kind in kinds if kind is not None for spec in kind.flatten()]

    @property
    def flat_outputs(self) -> list[Any]:
        """The specs of the result's tensors."""
        return [] if self._output is None else self._output.flatten()

    def _typed(self) -> list[Any]:
        return list(self.parameters.values())

    def tensors_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The flat tensors of a call with these arguments; Python values may be left out.

        Raises:
          TypeError: they do not fit.
        """
        bound = self.bind_partial(*args, **kwargs)
        context = CastContext()
        tensors: list[Any] = []
        for parameter in self._typed():
            kind = parameter.type_constraint
            if parameter.name in bound.arguments:
                value = kind.cast(bound.arguments[parameter.name], context)
                tensors += kind.to_tensors(value)
            elif not isinstance(kind, Literal):
                raise TypeError(f"missing a required argument: {parameter.name!r}")
        return tensors

    def is_supertype_of(self, other: FunctionType) -> bool:
        """Whether every call that fits `other` fits this type."""
        mine, its = self._typed(), other._typed()
        return [(p.name, p.kind) for p in mine] == [(p.name, p.kind) for p in its] and all(
            a.type_constraint is None
            or (
                b.type_constraint is not None and b.type_constraint.is_subtype_of(a.type_constraint)
            )
            for a, b in zip(mine, its, strict=True)
        )

    def describe(self) -> str:
        """The type in one line."""
        parts, star = [], False
        typed = self._typed()
        for number, parameter in enumerate(typed):
            if parameter.kind is KEYWORD_ONLY and not star:
                star = True
                parts.append("*")
            kind = parameter.type_constraint
            mark = {VAR_POSITIONAL: "*", VAR_KEYWORD: "**"}.get(parameter.kind, "")
            star = star or parameter.kind is VAR_POSITIONAL
            parts.append(mark + parameter.name + ("" if kind is None else f": {kind!r}"))
            last = number + 1 == len(typed) or typed[number + 1].kind is not POSITIONAL_ONLY
            if parameter.kind is POSITIONAL_ONLY and last:
                parts.append("/")
        result = "" if self._output is None else f" -> {self._output!r}"
        return f"({', '.join(parts)}){result}"

    def __repr__(self) -> str:
        lines = ["Input Parameters:"]
        for parameter in self._typed():
            kind = parameter.kind.name
            lines.append(f"  {parameter.name} ({kind}): {parameter.type_constraint!r}")
        if not self.parameters:
            lines.append("  None")
        lines += ["Output Type:", f"  {self._output!r}", "Captures:"]
        lines += [f"  {name}: {spec!r}" for name, spec in self._captures.items()] or ["  None"]
        return "\n".join(lines)


def polymorphic_type(signature: inspect.Signature | None) -> FunctionType:
    """The type of a function that may be called with anything its Python signature takes."""
    if signature is None:
        return FunctionType([Parameter("args", VAR_POSITIONAL)])
    return FunctionType(
        [Parameter(p.name, p.kind, p.default) for p in signature.parameters.values()]
    )


def monomorphic_type(
    signature: inspect.Signature | None,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    output: Any,
    captures: Mapping[str, Any],
) -> FunctionType:
    """The type of one trace.

    Args:
      signature: The Python function's parameters.
      args: The arguments in canonical form, with specs for tensors and composites.
      kwargs: Those given by keyword.
      output: The trace type of the result.
      captures: Name -> spec.
    """
    parameters = [
        Parameter(name, kind, NO_DEFAULT, type_of(value))
        for (name, kind), value in zip(_positional(signature, len(args)), args, strict=True)
    ]
    parameters += [
        Parameter(name, KEYWORD_ONLY, NO_DEFAULT, type_of(kwargs[name])) for name in sorted(kwargs)
    ]
    return FunctionType(parameters, captures, output)


def _positional(signature: inspect.Signature | None, count: int) -> list[tuple[str, Any]]:
    """Name and kind of the first `count` positional parameters."""
    found: list[tuple[str, Any]] = []
    given = [] if signature is None else list(signature.parameters.values())
    variadic = next((p for p in given if p.kind is VAR_POSITIONAL), None)
    for parameter in given:
        if parameter.kind in (POSITIONAL_ONLY, POSITIONAL_OR_KEYWORD):
            kind = POSITIONAL_ONLY if variadic is not None else parameter.kind
            found.append((parameter.name, kind))
    name = "args" if variadic is None else variadic.name
    extra = count - len(found)
    return [*found[:count], *((f"{name}_{i}", POSITIONAL_ONLY) for i in range(max(extra, 0)))]


def argument_names(
    signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> list[str]:
    """The parameter's name of each leaf of the flattened (args, kwargs), composites taken apart."""
    named = [(name, value) for (name, _), value in _pairs(signature, args)]
    named += [(name, kwargs[name]) for name in sorted(kwargs)]
    return [name for name, value in named for _ in nest.flatten(value, expand_composites=True)]


def with_names(
    signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments as specs, with each TensorSpec named by its parameter and its place there."""

    def named(name: str, value: Any) -> Any:
        paths = nest.flatten_with_tuple_paths(value)
        leaves = [
            TensorSpec.from_spec(leaf, leaf.name or "_".join([name, *map(str, path)]))
            if isinstance(leaf, TensorSpec)
            else leaf
            for path, leaf in paths
        ]
        return nest.pack_sequence_as(value, leaves)

    positional = tuple(named(name, value) for (name, _), value in _pairs(signature, args))
    return positional, {name: named(name, value) for name, value in kwargs.items()}


def _pairs(signature: Any, args: tuple[Any, ...]) -> Any:
    return zip(_positional(signature, len(args)), args, strict=True)
