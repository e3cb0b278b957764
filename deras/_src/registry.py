"""The one registry of ops: what an op is, and what is kept of one run of it.

An op is declared once, with `@op`: its TensorFlow name, a lowering (a pure function from JAX
arrays and static attributes to JAX arrays) and only what differs from the defaults. Eager
execution, gradients, graphs, static shapes and tests are all derived from that declaration.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deras._src.core.dtypes import ANY, INTEGER, DType, string


class _Marker:
    """A named constant that prints as its name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


AUTO = _Marker("AUTO")
"""Gradient: the vector-Jacobian product of the lowering."""

NONE = _Marker("NONE")
"""Gradient: not differentiable; written out, never a default."""


class TypeVar:
    """A dtype shared by several inputs of an op, TensorFlow's type attribute `T`."""

    __slots__ = ("allowed", "name")

    def __init__(self, name: str, allowed: Iterable[DType]) -> None:
        self.name = name
        self.allowed = frozenset(allowed)


Constraint = TypeVar | frozenset[DType]

_INTEGRAL = frozenset(INTEGER)


class OpDef:
    """One op. Made by `@op`; compared and hashed by identity.

    Attributes:
      name: TensorFlow's op name, such as `"MatMul"`.
      lowering: `(*arrays, **attrs) -> array | tuple of arrays`. A contextual op's lowering takes
        the `LoweringContext` before the arrays. None for an op that only runs on the host.
      gradient: `AUTO`, `NONE` or `fn(record, *grads) -> tuple of gradients, one per input`.
      constraints: per input, the accepted dtypes or the `TypeVar` it shares.
      host_args: positions of inputs whose value must be known before the program is built
        (shapes, axes, paddings). The lowering receives them as NumPy arrays.
      shape: `fn(inputs, attrs) -> [(DType, TensorShape), ...]`, for what the default inference
        cannot see; required for contextual and host ops. None as the result asks for the default.
      numpy: the lowering on NumPy arrays, for small integers that never leave the host.
      host: `(*numpy arrays, **attrs) -> numpy array(s)`: an op with data-dependent output shapes
        or with Python objects; it splits compiled programs. An op with both a lowering and a host
        function runs the latter where an input is a string tensor.
      static: `(list of dims, **attrs) -> NumPy array`, for an op whose result follows from the
        shapes of its inputs alone.
      run: `(inputs, attrs dict) -> tensors`: how the op runs outside of a program, where that is
        not by compiling its lowering.
      state_of: `(attrs dict) -> iterable of (handle, written)`: the state a node touches.
      stateful: it may not be pruned, merged or reordered.
      eager_gradient: its gradient is the user's Python, to be run eagerly each time.
      contextual: its lowering reads or writes the lowering context (state, sub-graphs).
      finer: for an op made of others: runs a record's parts one by one, under the active recorders;
        says whether the record's own outputs need not be looked at.
    """

    __slots__ = (
        "api_name",
        "constraints",
        "contextual",
        "eager_gradient",
        "finer",
        "grad_op",
        "gradient",
        "host",
        "host_args",
        "input_names",
        "layout",
        "lowering",
        "name",
        "numpy",
        "run",
        "shape",
        "single_type",
        "state_of",
        "stateful",
        "static",
        "variadic",
    )

    def __init__(
        self,
        name: str,
        lowering: Callable[..., Any] | None,
        *,
        gradient: Any = AUTO,
        dtypes: Any = None,
        host_args: Iterable[str] = (),
        shape: Callable[..., Any] | None = None,
        numpy: Callable[..., Any] | None = None,
        host: Callable[..., Any] | None = None,
        static: Callable[..., Any] | None = None,
        run: Callable[..., Any] | None = None,
        state_of: Callable[..., Any] | None = None,
        stateful: bool = False,
        contextual: bool = False,
        eager_gradient: bool = False,
        inputs: Iterable[str] | None = None,
        api_name: str | None = None,
    ) -> None:
        self.name = name
        self.lowering = lowering
        self.gradient = gradient
        self.shape = shape
        self.numpy = numpy
        self.host = host
        self.static = static
        self.run = run
        self.state_of = state_of
        self.stateful = stateful
        self.contextual = contextual
        self.api_name = api_name
        self.grad_op: dict[Any, OpDef] = {}
        self.layout: Any = None
        self.finer: Callable[[OpRecord], bool] | None = None
        self.eager_gradient = eager_gradient
        self.input_names, self.variadic = _input_names(lowering or host, inputs, contextual)
        self.host_args = frozenset(self.input_names.index(n) for n in host_args)
        self.constraints = self._constraints(ANY if dtypes is None else dtypes)
        first = self.constraints[0] if self.constraints else None
        self.single_type = isinstance(first, TypeVar) and all(c is first for c in self.constraints)

    def _constraints(self, dtypes: Any) -> tuple[Constraint, ...]:
        if isinstance(dtypes, Mapping):
            unknown = set(dtypes) - set(self.input_names)
            if unknown:
                raise ValueError(f"{self.name}: dtypes names no input: {sorted(unknown)}")
            return tuple(dtypes.get(n, ANY) for n in self.input_names)
        shared = dtypes if isinstance(dtypes, TypeVar) else TypeVar("T", dtypes)
        return tuple(
            _INTEGRAL if i in self.host_args else shared for i in range(len(self.input_names))
        )

    def constraint(self, position: int) -> Constraint:
        """The constraint of the input at `position`; the last one repeats for `*inputs`."""
        return self.constraints[min(position, len(self.constraints) - 1)]

    def input_name(self, position: int) -> str:
        """The name of the input at `position`; the variadic one is numbered."""
        if self.variadic and position >= len(self.input_names) - 1:
            return f"{self.input_names[-1]}[{position - len(self.input_names) + 1}]"
        return self.input_names[position]

    @property
    def label(self) -> str:
        """The op as the user wrote it, for errors."""
        return f"tf.{self.api_name}" if self.api_name else self.name

    def on_host(self, inputs: Iterable[Any]) -> bool:
        """Whether these inputs (anything with a `dtype`) make the op run on the host."""
        if self.lowering is None:
            return True
        return self.host is not None and any(x.dtype == string for x in inputs)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _input_names(
    fn: Callable[..., Any] | None, given: Iterable[str] | None, contextual: bool
) -> tuple[tuple[str, ...], bool]:
    if given is not None:
        names = tuple(given)
        variadic = bool(names) and names[-1].startswith("*")
        return tuple(n.lstrip("*") for n in names), variadic
    if fn is None:
        return (), False
    names_list: list[str] = []
    variadic = False
    for parameter in inspect.signature(fn).parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names_list.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            names_list.append(parameter.name)
            variadic = True
    return tuple(names_list[1:] if contextual else names_list), variadic


class OpRecord:
    """One run of an op: what the tape, the graph and every other recorder see.

    `attrs` is a tuple of `(name, hashable)` pairs. `inputs` and `outputs` are tensors (eager,
    symbolic or traced). `site` is the user's line. `name` is given to graph nodes only.
    """

    __slots__ = ("attrs", "inputs", "name", "op", "outputs", "site")

    def __init__(
        self,
        op: OpDef,
        inputs: tuple[Any, ...],
        attrs: tuple[tuple[str, Any], ...],
        outputs: tuple[Any, ...],
        site: Any = None,
        name: str | None = None,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.outputs = outputs
        self.site = site
        self.name = name

    def attr(self, name: str) -> Any:
        """The value of one attribute."""
        for key, value in self.attrs:
            if key == name:
                return value
        raise KeyError(f"{self.op.name} has no attribute {name!r}")

    @property
    def type(self) -> str:
        """The op's name, as `tf.Operation` has it."""
        return self.op.name

    def get_attr(self, name: str) -> Any:
        """The value of one attribute; ValueError if there is none."""
        try:
            return self.attr(name)
        except KeyError as error:
            raise ValueError(error.args[0]) from None

    def __repr__(self) -> str:
        return f"<{self.op.name} {dict(self.attrs)} at {self.site}>"


REGISTRY: dict[str, OpDef] = {}
"""Every declared op by name. Programs made at run time (calls, backward passes) are not in it."""


def op(name: str, **declaration: Any) -> Callable[[Callable[..., Any]], OpDef]:
    """Declares the decorated lowering as the op `name`; see `OpDef` for the declaration.

    For an op that runs only on the host, decorate the host function and pass `host=True`.
    """

    def register(fn: Callable[..., Any]) -> OpDef:
        if name in REGISTRY:
            raise ValueError(f"op {name!r} is declared twice")
        lowering: Callable[..., Any] | None = fn
        if declaration.get("host") is True:  # the function decorated is the host function
            declaration["host"], lowering = fn, None
        REGISTRY[name] = OpDef(name, lowering, **declaration)
        return REGISTRY[name]

    return register
