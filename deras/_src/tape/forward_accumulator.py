"""`tf.autodiff.ForwardAccumulator`: forward mode, as a recorder.

Each record that an input's tangent reaches gives one more op, from inputs, outputs and tangents to
the outputs' tangents. It is the transpose of the op's gradient, so that both modes agree where
TensorFlow's gradient is a convention (ties, 0), and so that control flow and calls need no rule of
their own; where the gradient is derived from the lowering, it is the lowering's own derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from deras._src.core.context import Recorder, recording, state
from deras._src.core.tensor import Tensor, TracedTensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.graph.checks import nested_code
from deras._src.graph.lowering import gradient_arrays, is_inexact
from deras._src.ops import gradient_support as support
from deras._src.registry import AUTO, NONE, REGISTRY, OpDef, OpRecord
from deras._src.tape.gradient_tape import UnconnectedGradients
from deras._src.util import nest
from deras._src.util.export import export


@export("autodiff.ForwardAccumulator")
class ForwardAccumulator(Recorder):
    """Computes Jacobian-vector products while ops run.

    Args:
      primals: Tensor or variable, or structure of them: what is differentiated by.
      tangents: Structure of tensors like `primals`: the direction.
    Raises:
      ValueError: the structures or dtypes differ, or a primal is given twice.

    >>> x = tf.constant([2.0, 3.0])
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
    ...     y = x * x
    >>> acc.jvp(y).numpy()
    array([4., 0.], dtype=float32)
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        # Tensor id -> (the tensor, kept alive so that no other gets the id; its tangent).
        self._tangents: dict[int, tuple[Any, Any]] = {}
        self._variables: dict[Any, Any] = {}
        self._recording = False
        nest.assert_same_structure(primals, tangents, expand_composites=True)
        flat = nest.flatten(primals, expand_composites=True)
        for primal, tangent in zip(
            flat, nest.flatten(tangents, expand_composites=True), strict=True
        ):
            self._follow(primal, tangent)

    def _follow(self, primal: Any, tangent: Any) -> None:
        handle = getattr(primal, "_handle", None)
        if handle is None and not isinstance(primal, Tensor):
            raise TypeError(
                f"The primals of a ForwardAccumulator must be Tensors or Variables, not {primal!r}."
            )
        if id(primal) in self._tangents or (handle is not None and handle in self._variables):
            raise ValueError(
                f"{primal!r} was specified as a primal multiple times. This may indicate an error. "
                "If it was intended, please sum the corresponding tangents."
            )
        tangent = convert(tangent, primal.dtype)
        if handle is not None:
            self._variables[handle] = tangent
        else:
            self._tangents[id(primal)] = (primal, tangent)

    # -- recorder ---------------------------------------------------------------------------

    def wants(self, op: Any, inputs: Sequence[Any]) -> bool:
        """Whether an op touches what has a tangent."""
        return any(id(x) in self._tangents for x in inputs)

    def record(self, record: OpRecord) -> None:
        """Gives the op's outputs their tangents."""
        op = record.op
        if op.name == "CustomGradient":
            # The gradient given says nothing about forward mode: it goes by what was computed.
            for x, o in zip(record.inputs, record.outputs, strict=False):
                if id(x) in self._tangents:
                    self._tangents[id(o)] = (o, self._tangents[id(x)][1])
            return
        wrt = tuple(
            i
            for i, x in enumerate(record.inputs)
            if id(x) in self._tangents and i not in op.host_args and _inexact(x)
        )
        smooth = [o for o in record.outputs if _inexact(o)]
        if op.gradient is NONE or not wrt or not smooth:
            return
        tangents = tuple(self._tangents[id(record.inputs[i])][1] for i in wrt)
        # What is outside of this accumulator sees its ops; itself and what is inside does not.
        outer = state.recorders[: state.recorders.index(self)]
        with recording(*outer):
            found = self._push(record, wrt, tangents)
        for o, tangent in zip(smooth, found, strict=True):
            self._tangents[id(o)] = (o, tangent)

    def _push(
        self, record: OpRecord, wrt: tuple[int, ...], tangents: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        inputs, outputs = record.inputs, record.outputs
        if record.op.gradient is AUTO:
            made = _derivative_op(record.op, len(inputs), wrt)
            return as_tensor_tuple(apply(made, inputs + tangents, record.attrs))
        made = _transpose_op(record.op, len(inputs), len(outputs), wrt)
        return as_tensor_tuple(apply(made, inputs + outputs + tangents, record.attrs))

    def reads(self, handle: Any, tensor: Any) -> None:
        """A variable was read: its value has the variable's tangent."""
        tangent = self._variables.get(handle)
        if tangent is not None:
            self._tangents[id(tensor)] = (tensor, tangent)

    # -- use --------------------------------------------------------------------------------

    def __enter__(self) -> ForwardAccumulator:
        if self._recording:
            raise ValueError("Accumulator is already recording.")
        state.recorders = (*state.recorders, self)
        self._recording = True
        return self

    def __exit__(self, *exc: Any) -> None:
        state.recorders = tuple(r for r in state.recorders if r is not self)
        self._recording = False

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The tangents of tensors computed inside of the context.

        Args:
          primals: Tensor, variable or structure of them.
          unconnected_gradients: What those get that do not depend on the accumulator's primals:
            `UnconnectedGradients.NONE` or ZERO.
        Returns:
          The structure of `primals`, each entry a tensor of the same shape and dtype, or None.
        """
        unconnected = UnconnectedGradients(unconnected_gradients)

        def tangent_of(primal: Any) -> Any:
            handle = getattr(primal, "_handle", None)
            if handle is not None:
                found = self._variables.get(handle)
            elif isinstance(primal, Tensor):
                found = self._tangents.get(id(primal), (None, None))[1]
            else:
                raise TypeError(f"jvp is of Tensors and Variables, not of {primal!r}.")
            if found is None and unconnected is UnconnectedGradients.ZERO:
                return support.zeros_like(primal)
            return found

        return nest.map_structure(tangent_of, primals, expand_composites=True)


def _inexact(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


def _derivative_op(op: OpDef, inputs: int, wrt: tuple[int, ...]) -> OpDef:
    """The op whose lowering is the derivative of `op`'s lowering along tangents of `wrt`."""
    key = ("jvp", inputs, wrt)
    made = op.grad_op.get(key)
    if made is None:

        def lowering(*arrays: Any, **attrs: Any) -> Any:
            full, tangents = list(arrays[:inputs]), arrays[inputs:]

            def primal(*opened: Any) -> Any:
                for position, array in zip(wrt, opened, strict=True):
                    full[position] = array
                result = op.lowering(*full, **attrs)  # type: ignore[misc]
                results = result if isinstance(result, (tuple, list)) else (result,)
                return tuple(jnp.asarray(r) for r in results if is_inexact(r))

            opened = [jnp.asarray(full[i]) for i in wrt]
            if REGISTRY.get(op.name) is op:
                return jax.jvp(primal, opened, _like(opened, tangents))[1]
            # A program made at run time, a backward pass for example, may hold functions with a
            # reverse rule alone. The transpose of its transpose is the derivative.
            results, pull = jax.vjp(primal, *opened)
            found, back = jax.vjp(lambda *g: pull(g), *(jnp.ones_like(r) for r in results))
            return back(tuple(_like(found, tangents)))

        made = _declared(op, key, lowering, inputs, 0, wrt)
    return made


def _transpose_op(op: OpDef, inputs: int, outputs: int, wrt: tuple[int, ...]) -> OpDef:
    """The op whose lowering is the transpose of `op`'s gradient, applied to tangents of `wrt`."""
    key = ("transpose", inputs, outputs, wrt)
    made = op.grad_op.get(key)
    if made is None:

        def lowering(*arrays: Any, **attrs: Any) -> Any:
            given = arrays[:inputs]
            results = [jnp.asarray(a) for a in arrays[inputs : inputs + outputs]]
            tangents = arrays[inputs + outputs :]
            smooth = [i for i, r in enumerate(results) if is_inexact(r)]
            record = OpRecord(
                op,
                tuple(TracedTensor(a) for a in given),
                tuple(attrs.items()),
                tuple(TracedTensor(r) for r in results),
            )

            def gradient(*cotangents: Any) -> Any:
                every: list[Any] = list(results)
                for position, cotangent in zip(smooth, cotangents, strict=True):
                    every[position] = cotangent
                with nested_code() as collector:
                    grads = _gradient_of(record, every, wrt)
                    code = None if collector is None else jnp.asarray(collector.current())
                return (
                    tuple(jnp.zeros_like(given[i]) if grads[i] is None else grads[i] for i in wrt),
                    code,
                )

            # Linear in the output gradients, so any point would do; but at 0 some kernels keep an
            # infinite slope out.
            ones = [jnp.ones_like(results[i]) for i in smooth]
            found, pull, code = jax.vjp(gradient, *ones, has_aux=True)
            if code is not None and state.collector is not None:
                state.collector.merge(code)
            return pull(tuple(_like(found, tangents)))

        made = _declared(op, key, lowering, inputs, outputs, wrt)
        made.shape = lambda given, attrs: [
            (o.dtype, o.shape) for o in given[inputs : inputs + outputs] if _inexact(o)
        ]
    return made


def _gradient_of(record: OpRecord, cotangents: Sequence[Any], wrt: tuple[int, ...]) -> Any:
    if not getattr(record.op.gradient, "takes_reached", False):
        return gradient_arrays(record, cotangents)
    reached = {id(record.inputs[i]) for i in wrt}
    return gradient_arrays(record, cotangents, reached=reached)


def _like(arrays: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    return [
        jnp.broadcast_to(t, a.shape).astype(a.dtype) for a, t in zip(arrays, tangents, strict=True)
    ]


def _declared(
    op: OpDef, key: Any, lowering: Any, inputs: int, outputs: int, wrt: tuple[int, ...]
) -> OpDef:
    names = [op.input_name(i) for i in range(inputs)]
    names += [f"output{i}" for i in range(outputs)] + [f"tangent{i}" for i in wrt]
    made = OpDef(
        f"{op.name}Jvp",
        lowering,
        inputs=names,
        host_args=[names[i] for i in op.host_args if i < inputs],
        dtypes={},
        api_name=op.api_name,
    )
    op.grad_op[key] = made
    return made
