"""`tf.py_function`, `tf.numpy_function`: the user's Python inside a graph, run on the host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deras._src import errors
from deras._src.core.context import recording, state
from deras._src.core.dtypes import as_dtype
from deras._src.core.tensor import describe
from deras._src.core.tensor_shape import TensorShape
from deras._src.dispatch.apply import apply
from deras._src.dispatch.convert import convert
from deras._src.ops.gradient_support import zeros_like
from deras._src.registry import NONE, OpRecord, op
from deras._src.tape.gradient_tape import GradientTape
from deras._src.util import nest
from deras._src.util.export import export


def _declared(inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
    return [(d, TensorShape(None)) for d in attrs["dtypes"]]


def _run_eager(inputs: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    result = attrs["function"](*inputs)
    flat = [] if result is None else nest.flatten(result)
    wanted = attrs["dtypes"]
    if len(flat) != len(wanted):
        raise errors.op_error(
            errors.InvalidArgumentError,
            "tf.py_function",
            f"the function returned {len(flat)} values, Tout declares {len(wanted)}",
        )
    outputs = []
    for position, (value, dtype) in enumerate(zip(flat, wanted, strict=True)):
        tensor = convert(value) if hasattr(value, "dtype") else convert(value, dtype)
        if tensor.dtype is not dtype:
            raise errors.op_error(
                errors.InvalidArgumentError,
                "tf.py_function",
                f"value {position} is {describe(tensor)}, Tout declares {dtype.name}",
            )
        outputs.append(tensor)
    return tuple(outputs)


def _run_numpy(inputs: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    arrays = [np.array(x.host_array()) if x.aval.dims else x.host_array()[()] for x in inputs]
    with recording():
        return _run_eager(arrays, attrs)


def _gradient(record: OpRecord, *grads: Any) -> Any:
    wrt = tuple(i for i, x in enumerate(record.inputs) if x.dtype.is_floating or x.dtype.is_complex)
    results: list[Any] = [None] * len(record.inputs)
    if not wrt:
        return results
    smooth = tuple(
        zeros_like(o) if g is None else g
        for g, o in zip(grads, record.outputs, strict=True)
        if o.dtype.is_floating or o.dtype.is_complex
    )
    attrs = (
        ("function", record.attr("function")),
        ("dtypes", tuple(record.inputs[i].dtype for i in wrt)),
        ("wrt", wrt),
        ("count", len(record.inputs)),
    )
    found = apply(_py_function_grad, (*record.inputs, *smooth), attrs)
    found = found if isinstance(found, tuple) else (found,)
    for position, gradient in zip(wrt, found, strict=True):
        results[position] = gradient
    return results


def _run_gradient(inputs: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
    arguments, grads = inputs[: attrs["count"]], inputs[attrs["count"] :]
    sources = [arguments[i] for i in attrs["wrt"]]
    with recording(), GradientTape() as tape:
        tape.watch(sources)
        result = nest.flatten(attrs["function"](*arguments))
        targets = [convert(r) for r in result]
        smooth = [t for t in targets if t.dtype.is_floating or t.dtype.is_complex]
    found = tape.gradient(smooth, sources, output_gradients=list(grads))
    return tuple(
        zeros_like(s) if g is None else convert(g) for g, s in zip(found, sources, strict=True)
    )


_py_function_grad = op(
    "EagerPyFuncGrad",
    gradient=NONE,
    contextual=True,
    stateful=True,
    inputs=("*inputs",),
    dtypes={},
    shape=_declared,
    run=_run_gradient,
    host=True,
    api_name="py_function",
)(_run_gradient)

_py_function = op(
    "EagerPyFunc",
    gradient=_gradient,
    contextual=True,
    stateful=True,
    inputs=("*inputs",),
    dtypes={},
    shape=_declared,
    run=_run_eager,
    host=True,
    api_name="py_function",
)(_run_eager)

_numpy_function = op(
    "PyFunc",
    gradient=NONE,
    contextual=True,
    stateful=True,
    inputs=("*inputs",),
    dtypes={},
    shape=_declared,
    run=_run_numpy,
    host=True,
    api_name="numpy_function",
)(_run_numpy)


def _call(
    operation: Any, run: Callable[..., Any], function: Any, inp: Any, tout: Any, name: Any
) -> Any:
    single = not isinstance(tout, (list, tuple))
    kinds = tuple(as_dtype(getattr(d, "dtype", d)) for d in ([tout] if single else tout))
    inputs = tuple(convert(x) for x in ([inp] if hasattr(inp, "dtype") else inp))
    attrs = (("function", function), ("dtypes", kinds))
    if state.graph is None:
        outputs = run(inputs, dict(attrs))
    else:
        outputs = apply(operation, inputs, attrs, name)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        specs = [tout] if single else tout
        for tensor, spec in zip(outputs, specs, strict=True):
            if hasattr(spec, "shape"):
                tensor.set_shape(spec.shape)
    return outputs[0] if single else list(outputs)


@export("py_function")
def py_function(
    func: Any = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """Runs a Python function on eager tensors, also from inside a `tf.function`.

    The rest of the function stays compiled; this call runs on the host. Gradients flow through the
    tf ops that `func` uses.

    Args:
      func: Python function of eager tensors.
      inp: List of tensors, its arguments.
      Tout: Dtype (or list of dtypes) of what it returns; empty for none.
      name: Optional name of the node in graphs.
    Returns:
      Tensor or list of tensors, of unknown static shape in graphs.
    Raises:
      InvalidArgumentError: the results do not fit `Tout`.

    >>> @tf.function
    ... def f(x):
    ...     return tf.py_function(lambda v: v * float(v), [x], tf.float32)
    >>> f(tf.constant(3.0)).numpy()
    np.float32(9.0)
    """
    return _call(_py_function, _run_eager, func, inp, Tout, name)


@export("numpy_function")
def numpy_function(
    func: Any = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Runs a Python function on NumPy arrays, also from inside a `tf.function`.

    Args:
      func: Python function of NumPy arrays.
      inp: List of tensors, its arguments.
      Tout: Dtype (or list of dtypes) of what it returns.
      stateful: Accepted; calls are never dropped or merged.
      name: Optional name of the node in graphs.
    Returns:
      Tensor or list of tensors, of unknown static shape in graphs. No gradient flows.
    Raises:
      InvalidArgumentError: the results do not fit `Tout`.

    >>> tf.numpy_function(lambda a: np.sort(a), [tf.constant([3, 1, 2])], tf.int32).numpy()
    array([1, 2, 3], dtype=int32)
    """
    return _call(_numpy_function, _run_numpy, func, inp, Tout, name)
