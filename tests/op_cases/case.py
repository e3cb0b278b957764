"""The language of the op table: one `Case` a row, inputs made by generators.

A family's rows are the list `CASES` in `tests/op_cases/<family>.py`; `test_ops.py` finds them and
derives every test from them, `scripts/golden_ops.py` records TensorFlow's answers. This module
and the rows are imported by both, so they use NumPy only: neither Deras nor TensorFlow.

    from __future__ import annotations

    from .case import FLOATS, Case, Raises, constant, ints, near, normal, positive, values

    CASES = [
        # Broadcasting, every dtype. A floating generator follows the dtype of the run, so one row
        # serves float, complex and integer dtypes. A dtype that TensorFlow refuses may be listed
        # too: its error class is recorded and wanted here.
        Case("math.add", [normal(3, 4), normal(4)], dtypes=(*FLOATS, "int32", "complex64"),
             raises=[Raises([normal(3), normal(4)], match="add: .*3.*4"),
                     Raises([normal(3), ints(0, 5, (3,))], match="y is int32 but x is float32")]),
        # Attributes as keywords; points where the derivative jumps are kept clear of.
        Case("nn.leaky_relu", [normal(3, 4)], {"alpha": 0.1}, dtypes=FLOATS, avoid=near(0.0)),
        # Special values, not differentiated by finite differences.
        Case("math.log1p", [values([0.0, -1.0, float("inf"), float("nan")])], fd=False),
        # Lists of tensors; a Python literal is passed as it stands; integer inputs have no
        # gradient; `params` only is differentiated.
        Case("concat", [[normal(2, 3), normal(2, 1)]], {"axis": -1}),
        Case("gather", [normal(5, 3), ints(0, 5, (2,))], {"axis": 0}),
        # What decides shapes: a Python value, or `constant(...)`, a tensor that is known while the
        # function is traced. (A bare array is an argument of the function, unknown to it.)
        Case("reshape", [normal(2, 6), constant([3, -1])], id="reshape-tensor"),
        # Not a function of the public name alone: say how to call.
        Case("math.add", [normal(3), normal(3)], id="add-operator", call=lambda tf, x, y: x + y),
    ]

What is derived from a row, and what turns it off:

  * eager values and dtypes equal TensorFlow's in each of `dtypes` (`value=False`: only dtypes and
    shapes, for random or sign-ambiguous results);
  * gradients of the first dtype equal TensorFlow's (`grad=None`: not differentiable; gradients that
    are None or IndexedSlices in TensorFlow must be so here);
  * gradients equal finite differences in float64 (`fd=False`), and second order ones finite
    differences of the first (`order2=False`);
  * static shapes with None dims and unknown rank hold the real ones and know no less than
    TensorFlow's (`unknown=False`; `unknown="compatible"`: they may know less);
  * eager = function = jit_compile function, gradients inside included (`modes`, `jit=False`);
  * inputs whose leading dim is 0 give TensorFlow's result where it gives one (`empty=False`);
  * each `Raises`: TensorFlow's class, eagerly, in a function and compiled, and our message.

After adding or changing a row, record it where TensorFlow is installed:

    python scripts/golden_ops.py --family math_binary --only-missing

A changed `call` is not noticed there: name its row with `--case TEXT` instead. To test one family:

    DERAS_OP_FAMILIES=math_binary pytest tests/op_cases
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

FLOATS = ("float32", "float64", "float16", "bfloat16")
COMPLEXES = ("complex64", "complex128")
SIGNED_INTS = ("int32", "int64", "int16", "int8")
UNSIGNED_INTS = ("uint8", "uint16", "uint32", "uint64")
INTS = SIGNED_INTS + UNSIGNED_INTS
NUMERIC = FLOATS + COMPLEXES + INTS

_NUMPY_FLOATS = {"float16": "float32", "bfloat16": "float32"}  # made there, rounded by the driver


class Input:
    """A generated or given input that becomes a tensor.

    Attributes:
      follows: whether its dtype is that of the run; else `dtype` says it.
      argument: whether it is an argument of the traced function; else it is known while tracing.
    """

    follows = True
    argument = True
    dtype = ""

    def __init__(self, text: str, shape: Sequence[int], draw: Callable[..., Any], scale: float = 1):
        self.text = text
        self.shape = tuple(shape)
        self._draw = draw
        self._scale = scale  # of the integers made from it

    def make(self, seed: str, dtype: str, avoid: Near | None = None, empty: bool = False) -> Any:
        """A NumPy array; bfloat16, float16 and float8 values are made as float32."""
        random = np.random.RandomState(zlib.crc32(seed.encode()))
        array = self._values(random, dtype, avoid)
        return array[:0] if empty else array

    def _values(self, random: np.random.RandomState, dtype: str, avoid: Near | None) -> np.ndarray:
        value = np.asarray(self._draw(random, self.shape))
        if dtype.startswith("complex"):
            if value.dtype.kind != "c":
                value = value + 1j * np.asarray(self._draw(random, self.shape))
            return value.astype(dtype)
        if value.dtype.kind == "c":
            return value.astype("complex128" if dtype == "float64" else "complex64")
        if avoid is not None:
            value = avoid.move(value)
        if dtype == "bool":
            return value > 0
        if dtype.startswith(("int", "uint")):
            value = np.rint(value * self._scale)
            return (np.abs(value) if dtype.startswith("uint") else value).astype(dtype)
        return value.astype(dtype if dtype in ("float32", "float64") else "float32")

    def __repr__(self) -> str:
        return self.text


class Fixed(Input):
    """An input of a dtype of its own."""

    follows = False

    def __init__(
        self, text: str, shape: Sequence[int], draw: Any, dtype: str, argument: bool = True
    ):
        super().__init__(text, shape, draw)
        self.dtype = dtype
        self.argument = argument

    def _values(self, random: np.random.RandomState, dtype: str, avoid: Near | None) -> np.ndarray:
        value = np.asarray(self._draw(random, self.shape))
        return value.astype(_NUMPY_FLOATS.get(self.dtype, self.dtype)) if self.dtype else value


class Near:
    """Points that generated values keep clear of; see `near`."""

    def __init__(self, points: tuple[float, ...], margin: float) -> None:
        self.points = points
        self.margin = margin

    def move(self, value: np.ndarray) -> np.ndarray:
        for point in self.points:
            gap = value - point
            away = np.where(gap >= 0, self.margin, -self.margin)
            value = np.where(np.abs(gap) < self.margin, point + away, value)
        return value


def near(*points: float, margin: float = 0.1) -> Near:
    """For `avoid=`: values nearer than `margin` to a point are moved to that distance."""
    return Near(points, margin)


def _args(*parts: Any) -> str:
    return ",".join(str(p).replace(" ", "") for p in parts)


def normal(*shape: int) -> Input:
    """Standard normal values; in integer dtypes integers within about ±9."""
    return Input(f"normal({_args(*shape)})", shape, lambda r, s: r.standard_normal(s), 3)


def uniform(low: float, high: float, shape: Sequence[int] = ()) -> Input:
    """Values in [low, high)."""
    text = f"uniform({_args(low, high, *shape)})"
    return Input(text, shape, lambda r, s: r.uniform(low, high, s))


def positive(*shape: int) -> Input:
    """Values in [0.5, 3)."""
    return Input(f"positive({_args(*shape)})", shape, lambda r, s: r.uniform(0.5, 3.0, s), 2)


def distinct(*shape: int) -> Input:
    """Shuffled values 0.3 apart around 0, for ops that compare: max, sort, top_k."""
    size = int(np.prod(shape))
    return Input(
        f"distinct({_args(*shape)})",
        shape,
        lambda r, s: (0.3 * (r.permutation(size) - size / 2 + 0.25)).reshape(s),
        10 / 3,
    )


def cnormal(*shape: int) -> Input:
    """Complex normal values: complex64 in every run but float64's, which is complex128."""
    return Input(
        f"cnormal({_args(*shape)})",
        shape,
        lambda r, s: r.standard_normal(s) + 1j * r.standard_normal(s),
    )


def positive_definite(*shape: int) -> Input:
    """Symmetric (Hermitian) positive definite matrices; the last two dims are equal."""

    def draw(r: np.random.RandomState, s: tuple[int, ...]) -> np.ndarray:
        a = r.standard_normal(s)
        return a @ np.swapaxes(a, -1, -2) / s[-1] + np.eye(s[-1])

    return Input(f"positive_definite({_args(*shape)})", shape, draw)


def invertible(*shape: int) -> Input:
    """Well-conditioned square matrices."""
    return Input(
        f"invertible({_args(*shape)})",
        shape,
        lambda r, s: 0.3 * r.standard_normal(s) / np.sqrt(s[-1]) + np.diag(1.0 + np.arange(s[-1])),
    )


def values(value: Any) -> Input:
    """These numbers, in the dtype of the run."""
    array = np.asarray(value)
    return Input(f"values({_args(array.tolist())})", array.shape, lambda r, s: array)


def ints(low: int, high: int, shape: Sequence[int] = (), dtype: str = "int32") -> Input:
    """Integers in [low, high), of their own dtype in every run."""
    text = f"ints({_args(low, high, *shape)}{'' if dtype == 'int32' else ',' + dtype})"
    return Fixed(text, shape, lambda r, s: r.randint(low, high, s), dtype)


def bools(*shape: int) -> Input:
    """Random bools."""
    return Fixed(f"bools({_args(*shape)})", shape, lambda r, s: r.randint(0, 2, s) == 1, "bool")


def given(value: Any, dtype: str = "") -> Input:
    """These values, in the same dtype in every run (default: that of `np.asarray`)."""
    array = np.asarray(value)
    return Fixed(f"given({_args(array.tolist())})", array.shape, lambda r, s: array, dtype)


def constant(value: Any, dtype: str = "") -> Input:
    """A tensor known while the function is traced; ints are int32, floats float32."""
    array = np.asarray(value)
    default = {"i": "int32", "f": "float32"}.get(array.dtype.kind, "")
    text = f"constant({_args(array.tolist())})"
    return Fixed(text, array.shape, lambda r, s: array, dtype or default, argument=False)


class Slot:
    """Stands in a row's arguments for the tensor made from input number `index`."""

    def __init__(self, index: int) -> None:
        self.index = index


class Arguments:
    """Positional and keyword arguments, their tensors taken out and numbered."""

    def __init__(self, inputs: Sequence[Any], attrs: dict[str, Any] | None) -> None:
        self.leaves: list[Input] = []
        self._inputs = self._take(list(inputs))
        self._attrs = self._take(dict(attrs or {}))

    def _take(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            value = given(value)
        if isinstance(value, Input):
            self.leaves.append(value)
            return Slot(len(self.leaves) - 1)
        if isinstance(value, dict):
            return {k: self._take(v) for k, v in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self._take(v) for v in value)
        return value

    def fill(self, tensors: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, with `tensors` in their places."""
        return _put(self._inputs, tensors), _put(self._attrs, tensors)


def _put(value: Any, tensors: Sequence[Any]) -> Any:
    if isinstance(value, Slot):
        return tensors[value.index]
    if isinstance(value, dict):
        return {k: _put(v, tensors) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_put(v, tensors) for v in value)
    return value


class Raises:
    """A call that must fail.

    Args:
      inputs, attrs, call: as in `Case`; `attrs` replaces the case's unless it is None.
      match: regular expression found in our message.
      error: the class, where it is meant to differ from TensorFlow's eager one.
      graph_error: the same, while a function is traced or run. Whatever is given here must not
        be what TensorFlow raises: then it is recorded, not written.
      modes: where it fails.
    """

    def __init__(
        self,
        inputs: Sequence[Any],
        attrs: dict[str, Any] | None = None,
        *,
        match: str,
        error: str | None = None,
        graph_error: str | None = None,
        call: Callable[..., Any] | None = None,
        modes: Sequence[str] = ("eager", "function", "jit"),
    ) -> None:
        self.inputs = inputs
        self.attrs = attrs
        self.match = match
        self.error = error
        self.graph_error = graph_error
        self.call = call
        self.modes = tuple(modes)


class Case:
    """One row of the table; see the module's docstring.

    Args:
      name: public dotted name, "math.add".
      inputs: positional arguments: generators, arrays (of a fixed dtype), Python values, nested
        lists and dicts of them.
      attrs: keyword arguments, of the same kinds.
      dtypes: dtypes of the floating generators. The first one is the main one: the others check
        values and dtypes only.
      id: the row's name, unique in the family. Needed where two rows would read the same.
      call: `fn(tf, *inputs, **attrs)`, where calling the public name is not all.
      grad: "auto" (every input from a floating generator), the numbers of inputs to differentiate
        (counted over all tensors of the row), or None.
      fd, order2: finite difference checks of first and second order.
      avoid: `near(...)`.
      rtol, atol: instead of the driver's, for all dtypes; or a dict by dtype name.
      grad_rtol: the same for gradients.
      value, modes, jit, unknown, empty: see the module's docstring.
      raises: list of `Raises`.
    """

    def __init__(
        self,
        name: str,
        inputs: Sequence[Any],
        attrs: dict[str, Any] | None = None,
        *,
        dtypes: Sequence[str] | None = None,
        id: str | None = None,
        call: Callable[..., Any] | None = None,
        grad: str | Sequence[int] | None = "auto",
        fd: bool = True,
        order2: bool = True,
        avoid: Near | None = None,
        rtol: float | dict[str, float] | None = None,
        atol: float | dict[str, float] | None = None,
        grad_rtol: float | None = None,
        value: bool = True,
        jit: bool = True,
        unknown: bool | str = True,
        empty: bool = True,
        modes: Sequence[str] = ("eager", "function", "jit"),
        raises: Sequence[Raises] = (),
    ) -> None:
        self.name = name
        self.arguments = Arguments(inputs, attrs)
        self.leaves = self.arguments.leaves
        words = [_word(v) for v in inputs] + [f"{k}={_word(v)}" for k, v in (attrs or {}).items()]
        self.id = id or f"{name}({','.join(words)})"
        self.call = call
        follows = any(leaf.follows for leaf in self.leaves)
        self.dtypes = tuple(dtypes or ("float32", "float64")) if follows else ("float32",)
        self.grad: tuple[int, ...] = ()
        if grad == "auto":
            self.grad = tuple(i for i, leaf in enumerate(self.leaves) if leaf.follows)
            if not self.dtypes[0].startswith(("float", "bfloat", "complex")):
                self.grad = ()
        elif grad is not None:
            self.grad = tuple(int(i) for i in grad)
        self.fd = fd
        self.order2 = order2
        self.avoid = avoid
        self.rtol = rtol
        self.atol = atol
        self.grad_rtol = grad_rtol
        self.value = value
        self.modes = tuple(m for m in modes if jit or m != "jit")
        self.unknown = unknown
        self.empty = empty and any(leaf.argument and leaf.shape for leaf in self.leaves)
        self.raises = tuple(raises)
        self._inputs, self._attrs = inputs, attrs

    def failing(self, raises: Raises) -> Case:
        """The call of one of the `raises`, as a case."""
        return Case(
            self.name,
            raises.inputs,
            self._attrs if raises.attrs is None else raises.attrs,
            id=f"{self.id}/raises{self.raises.index(raises)}",
            dtypes=self.dtypes,
            call=raises.call or self.call,
            grad=None,
        )

    def arrays(self, dtype: str, empty: bool = False) -> list[np.ndarray]:
        """The NumPy value of each tensor, seeded by the row's id and the tensor's number."""
        lead = next((x.shape[0] for x in self.leaves if x.argument and x.shape), None)
        return [
            x.make(
                f"{self.id}/{i}",
                dtype,
                self.avoid,
                empty and x.argument and bool(x.shape) and x.shape[0] == lead,
            )
            for i, x in enumerate(self.leaves)
        ]

    def dtype_of(self, position: int, dtype: str, array: np.ndarray) -> str:
        """The dtype that the tensor at `position` has in a run."""
        leaf = self.leaves[position]
        if not leaf.follows:
            return leaf.dtype or str(array.dtype)
        return str(array.dtype) if array.dtype.kind == "c" else dtype

    def digest(self) -> str:
        """Changes when the row's arguments change: its golden values are then out of date."""
        h = hashlib.sha256(repr((self.dtypes, self.grad)).encode())
        for case in (self, *(self.failing(r) for r in self.raises)):
            h.update(repr((case.name, _word(list(case._inputs)), _word(case._attrs))).encode())
            for array in case.arrays("float64"):
                h.update(np.ascontiguousarray(array).tobytes() if array.dtype != object else b"")
        return h.hexdigest()[:12]

    def __repr__(self) -> str:
        return f"<Case {self.id}>"


def _word(value: Any) -> str:
    """A row's argument as it stands in the row's id."""
    if isinstance(value, np.ndarray):
        return _args(value.tolist())
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{_word(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_word(v) for v in value) + "]"
    if callable(value):
        return getattr(value, "__name__", "fn")
    return str(value).replace(" ", "")
