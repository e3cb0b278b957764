"""`tf.Variable`: a mutable tensor with an owner."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np

from deras._src import (
    errors,
    overloads,  # noqa: F401  (attaches the operators forwarded below)
)
from deras._src.core.context import init_scope, state
from deras._src.core.dtypes import DType, as_dtype
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import (
    EagerTensor,
    Reference,
    SymbolicTensor,
    Tensor,
    register_describer,
    repr_of,
)
from deras._src.core.tensor_shape import TensorShape
from deras._src.core.type_spec import TensorSpec
from deras._src.dispatch.convert import convert
from deras._src.dispatch.replay import lift
from deras._src.ops import array_scatter, math_binary
from deras._src.ops.array_gather import gather as _gather
from deras._src.ops.array_gather import gather_nd as _gather_nd
from deras._src.state import scatter
from deras._src.state.handles import STATE_LOCK, Handle
from deras._src.state.trackable import Trackable
from deras._src.util.callsite import user_site
from deras._src.util.export import export


@export("VariableSynchronization")
class VariableSynchronization(Enum):
    """When a distributed variable's copies are brought together."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


@export("VariableAggregation")
class VariableAggregation(Enum):
    """How a distributed variable's copies are brought together."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


@export("Variable")
class Variable(Trackable):
    """A tensor whose value can be changed, watched by tapes and shared by functions.

    Args:
      initial_value: Tensor, value convertible to one, or a callable without arguments.
      trainable: Whether tapes watch it by themselves. Default True.
      validate_shape: If False the static shape is unknown.
      caching_device: Accepted for TensorFlow's sake.
      name: For people; `"Variable"` by default.
      variable_def: Not supported.
      dtype: The value is converted to it; by default the value's own.
      import_scope: Accepted for TensorFlow's sake.
      constraint: Function of the value, kept for optimizers to apply.
      synchronization: See `tf.VariableSynchronization`.
      aggregation: See `tf.VariableAggregation`.
      shape: Static shape; `tf.TensorShape(None)` lets later values have other shapes.
      experimental_enable_variable_lifting: Accepted for TensorFlow's sake.
    Raises:
      ValueError: there is no initial value, or its shape does not fit `shape`.

    >>> v = tf.Variable([1.0, 2.0])
    >>> v.assign_add([0.5, 0.5]).numpy()
    array([1.5, 2.5], dtype=float32)
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_aggregation",
        "_constraint",
        "_handle",
        "_name",
        "_synchronization",
    )
    __array_priority__ = 100

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:
        if variable_def is not None:
            raise ValueError("Variable: variable_def belongs to TensorFlow 1 and is not supported")
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified except when you are "
                "not providing a `variable_def`. You provided neither."
            )
        if constraint is not None and not callable(constraint):
            raise ValueError(
                f"Argument `constraint` must be None or a callable, not {constraint!r}"
            )
        graph = state.graph
        if graph is not None:
            graph.note_variable_creation(name, user_site())
        scope = state.name_scope
        with init_scope():
            value = _initial_value(initial_value, dtype)
            static = value.shape if shape is None else TensorShape(shape)
            if not validate_shape and shape is None:
                static = TensorShape(None)
            if not static.is_compatible_with(value.shape):
                raise ValueError(
                    f"Variable: the initial value's shape ({value.shape}) is not compatible with "
                    f"the explicitly supplied `shape` argument ({static})."
                )
            self._name = f"{scope}{name or 'Variable'}:0"
            self._handle = Handle(
                self._name.removesuffix(":0"),
                value.dtype,
                static,
                True if trainable is None else bool(trainable),
            )
            self._handle.value = EagerTensor(value.aval, value._array, value._host)
            self._handle.owner = weakref.ref(self)
        self._constraint = constraint
        self._synchronization = synchronization
        self._aggregation = aggregation
        if graph is not None:
            graph.created_variables.append(self)

    # -- what it is -------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name with `:0`, as TensorFlow writes it."""
        return self._name

    @property
    def dtype(self) -> DType:
        """The dtype of every value."""
        return self._handle.dtype

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return self._handle.shape

    @property
    def ndim(self) -> int | None:
        """The rank, where known."""
        return self._handle.shape.rank

    def get_shape(self) -> TensorShape:
        """The same as `shape`."""
        return self._handle.shape

    def set_shape(self, shape: Any) -> None:
        """Merges `shape` into the static shape."""
        self._handle.shape = self._handle.shape.merge_with(shape)

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it by themselves."""
        return self._handle.trainable

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The function given as `constraint`."""
        return self._constraint

    @property
    def synchronization(self) -> Any:
        """As given."""
        return self._synchronization

    @property
    def aggregation(self) -> Any:
        """As given."""
        return self._aggregation

    @property
    def device(self) -> str:
        """The device that holds the value."""
        return self._handle.value.device  # type: ignore[union-attr]

    @property
    def handle(self) -> Handle:
        """The state behind the variable."""
        return self._handle

    @property
    def graph(self) -> Any:
        """The graph being built, if any."""
        return state.graph

    @property
    def _shared_name(self) -> str:
        return self._handle.name

    def ref(self) -> Reference:
        """A hashable reference, for dictionaries and sets."""
        return Reference(self)

    experimental_ref = ref

    # -- reading ----------------------------------------------------------------------------

    def read_value(self) -> Any:
        """The value now, as a tensor that later assignments do not change."""
        return self._handle.read()

    def value(self) -> Any:
        """The value now, as a tensor that later assignments do not change."""
        return self._handle.read()

    initialized_value = value

    def __deras_tensor__(self) -> Any:
        return self._handle.read()

    def numpy(self) -> Any:
        """The value as NumPy; see `tf.Tensor.numpy`. Only outside of functions."""
        if state.graph is not None:
            raise NotImplementedError(
                f"numpy() of variable {self.name!r} is only available when eager execution is on; "
                "a function is being traced."
            )
        return self._handle.read().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._handle.read().__array__(dtype, copy)  # type: ignore[no-any-return]

    def __jax_array__(self) -> Any:
        return self._handle.read().__jax_array__()

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """Rows at `indices`: `tf.gather(variable, indices)`."""
        return _gather(self, indices, name=name)

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """Slices at `indices`: `tf.gather_nd(variable, indices)`."""
        return _gather_nd(self, indices, name=name)

    def is_initialized(self, name: str | None = None) -> Any:
        """True: a variable has a value from the start."""
        return convert(True)

    # -- writing ----------------------------------------------------------------------------

    def _fit(self, value: Any, what: str) -> Any:
        if type(value) is EagerTensor:
            aval, handle = value.aval, self._handle
            if aval.shape is handle.shape and aval.dtype is handle.dtype:
                return value
        tensor = convert(value, self._handle.dtype)
        if not self._handle.shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"Cannot {what} value to variable '{self.name}': Shape mismatch. The variable "
                f"shape {self._handle.shape}, and the assigned value shape {tensor.shape} are "
                "incompatible."
            )
        return tensor

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Replaces the value.

        Args:
          value: Tensor or value of the variable's dtype and a compatible shape.
          use_locking: Accepted for TensorFlow's sake.
          name: Accepted for TensorFlow's sake.
          read_value: If False, nothing is returned.
        Returns:
          The variable.
        Raises:
          ValueError: the shape does not fit.
        """
        self._handle.write(self._fit(value, "assign"))
        return self if read_value else None

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Adds `delta`, of the variable's dtype and shape; returns the variable."""
        fitting = self._fit(delta, "assign_add")
        with STATE_LOCK:
            self._handle.keep(math_binary.add(self._now(), fitting))
        return self if read_value else None

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtracts `delta`, of the variable's dtype and shape; returns the variable."""
        fitting = self._fit(delta, "assign_sub")
        with STATE_LOCK:
            self._handle.keep(math_binary.subtract(self._now(), fitting))
        return self if read_value else None

    def _now(self) -> Any:
        """The value for an update, which no tape follows."""
        if state.recorders:
            saved, state.recorders = state.recorders, ()
            try:
                return self._handle.read()
            finally:
                state.recorders = saved
        return self._handle.read()

    def _scatter(self, op: Any, slices: Any, what: str, name: str | None) -> Any:
        if not isinstance(slices, IndexedSlices):
            raise TypeError(
                f"Argument `sparse_delta` of {what} must be a `tf.IndexedSlices`. "
                f"Received arg: {slices}"
            )
        values = convert(slices.values, self._handle.dtype)
        saved, state.recorders = state.recorders, ()
        try:
            scatter.scatter_into(self._handle, op, slices.indices, values)
        finally:
            state.recorders = saved
        return self

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Adds IndexedSlices to the rows they name."""
        return self._scatter("add", sparse_delta, "scatter_add", name)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Subtracts IndexedSlices from the rows they name."""
        return self._scatter("sub", sparse_delta, "scatter_sub", name)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Replaces the rows that IndexedSlices name."""
        return self._scatter("update", sparse_delta, "scatter_update", name)

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Takes the larger of each row's value and the IndexedSlices'."""
        return self._scatter("max", sparse_delta, "scatter_max", name)

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Takes the smaller of each row's value and the IndexedSlices'."""
        return self._scatter("min", sparse_delta, "scatter_min", name)

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Multiplies the rows by IndexedSlices."""
        return self._scatter("mul", sparse_delta, "scatter_mul", name)

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Divides the rows by IndexedSlices."""
        return self._scatter("div", sparse_delta, "scatter_div", name)

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: Any = None
    ) -> Any:
        """Replaces rows in each batch: `variable[b, indices[b, i]] = values[b, i]`."""
        values = convert(sparse_delta.values, self._handle.dtype)
        self._handle.write(scatter.batch_scatter_update(self._now(), sparse_delta.indices, values))
        return self

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds `updates` at N-D `indices`."""
        return self._scatter_nd(array_scatter.tensor_scatter_nd_add, indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts `updates` at N-D `indices`."""
        return self._scatter_nd(array_scatter.tensor_scatter_nd_sub, indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replaces the values at N-D `indices`."""
        return self._scatter_nd(array_scatter.tensor_scatter_nd_update, indices, updates)

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the larger of the value and `updates` at N-D `indices`."""
        return self._scatter_nd(array_scatter.tensor_scatter_nd_max, indices, updates)

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the smaller of the value and `updates` at N-D `indices`."""
        return self._scatter_nd(array_scatter.tensor_scatter_nd_min, indices, updates)

    def _scatter_nd(self, function: Callable[..., Any], indices: Any, updates: Any) -> Any:
        self._handle.write(function(self._now(), indices, convert(updates, self._handle.dtype)))
        return self

    # -- checkpoints ------------------------------------------------------------------------

    def _serialize_to_tensors(self) -> dict[str, Any]:
        return {"VARIABLE_VALUE": self._handle.read()}

    def _check_restorable(self, restored_tensors: dict[str, Any]) -> None:
        """Refuses tensors that do not fit, before any object is changed."""
        value = restored_tensors["VARIABLE_VALUE"]
        if not self._handle.shape.is_compatible_with(value.shape):
            raise ValueError(
                f"Received incompatible tensor with shape {value.shape} when attempting to restore "
                f"variable with shape {self._handle.shape} and name {self.name}."
            )
        if value.dtype is not self._handle.dtype:
            raise errors.op_error(
                errors.InvalidArgumentError,
                "tf.train.Checkpoint",
                f"the checkpoint has {value.dtype.name} for variable {self.name}, which is "
                f"{self._handle.dtype.name}",
            )

    def _restore_from_tensors(self, restored_tensors: dict[str, Any]) -> None:
        self._check_restorable(restored_tensors)
        self._handle.write(restored_tensors["VARIABLE_VALUE"])

    # -- Python protocols -------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        part = self._handle.read()[key]
        return scatter.assignable_slice(part, self, key)

    def __bool__(self) -> bool:
        return bool(self._handle.read())

    def __int__(self) -> int:
        return int(self._handle.read())

    def __float__(self) -> float:
        return float(self._handle.read())

    def __complex__(self) -> complex:
        return complex(self._handle.read())

    def __index__(self) -> int:
        return self._handle.read().__index__()  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self._handle.read())

    def __iter__(self) -> Any:
        return iter(self._handle.read())

    def __format__(self, spec: str) -> str:
        return format(self._handle.read(), spec) if spec else repr(self)

    def __copy__(self) -> Variable:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        if state.graph is not None:
            raise NotImplementedError(
                "__deepcopy__() of a variable is only available when eager execution is on."
            )
        value = self._handle.value
        duplicate = Variable(
            EagerTensor(value.aval, value._array, value._host),  # type: ignore[union-attr]
            trainable=self.trainable,
            constraint=self._constraint,
            synchronization=self._synchronization,
            aggregation=self._aggregation,
            shape=self.shape,
            name=self._name.removesuffix(":0"),
        )
        memo[id(self)] = duplicate
        for key, held in self.__dict__.items():
            duplicate.__dict__[key] = copy.deepcopy(held, memo)
        return duplicate

    def __reduce__(self) -> Any:
        value = np.array(self._handle.value.host_array())  # type: ignore[union-attr]
        return Variable, (value, self.trainable, True, None, self._name.removesuffix(":0"))

    def __repr__(self) -> str:
        head = f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}"
        if state.graph is not None:
            return head + ">"
        return f"{head}, numpy={repr_of(self._handle.value)}>"

    __str__ = __repr__


def _initial_value(initial_value: Any, dtype: Any) -> Any:
    if callable(initial_value) and not isinstance(initial_value, (Tensor, Variable)):
        initial_value = initial_value()
    if isinstance(initial_value, SymbolicTensor):
        initial_value = lift(initial_value, "tf.Variable")
    if isinstance(initial_value, Variable):
        initial_value = initial_value.read_value()
    if dtype is not None:
        wanted = as_dtype(dtype)
        if isinstance(initial_value, Tensor) and initial_value.dtype is not wanted:
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype "
                f"{initial_value.dtype.name}: {initial_value!r}"
            )
        return convert(initial_value, wanted)
    return convert(initial_value)


def _forward_operator(name: str) -> Callable[..., Any]:
    def operator(self: Variable, *args: Any) -> Any:
        return getattr(Tensor, name)(self._handle.read(), *args)

    operator.__name__ = name
    return operator


for _name in sorted(Tensor.OVERLOADABLE_OPERATORS):
    if _name != "__getitem__":
        setattr(Variable, _name, _forward_operator(_name))
Variable.__hash__ = Tensor.__hash__  # type: ignore[method-assign, assignment]


def variable_spec(variable: Variable) -> TensorSpec:
    """The TensorSpec of a variable's values."""
    return TensorSpec(variable.shape, variable.dtype, variable.name)


register_describer(
    Variable, lambda v: f'{v.dtype.name}{list(v.shape)}      Variable "{v._handle.name}"'
)
