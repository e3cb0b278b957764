"""`tf.GradientTape`: records ops and differentiates what it recorded."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

from deras._src.core.context import Recorder, state
from deras._src.core.indexed_slices import IndexedSlices
from deras._src.core.tensor import Tensor
from deras._src.dispatch.apply import apply, as_tensor_tuple
from deras._src.dispatch.convert import convert
from deras._src.ops import gradient_support as support
from deras._src.registry import NONE, OpRecord
from deras._src.tape import programs
from deras._src.tape.backprop import backprop, find_path
from deras._src.tape.explain import Explanation, explain_path
from deras._src.util import nest
from deras._src.util.callsite import user_site
from deras._src.util.export import export

_LOGGER = logging.getLogger("deras")


@export("UnconnectedGradients")
class UnconnectedGradients(Enum):
    """What `gradient` gives for a source that the target does not depend on: None or zeros."""

    NONE = "none"
    ZERO = "zero"


@export("GradientTape", "autodiff.GradientTape")
class GradientTape(Recorder):
    """Records ops for automatic differentiation.

    Args:
      persistent: Whether `gradient` may be called more than once. Default False.
      watch_accessed_variables: Whether trainable variables are watched when read. Default True.

    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tape.gradient(y, x).numpy()
    np.float32(6.0)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_variables = watch_accessed_variables
        self._used = False
        self._recording = False
        self._clear()

    def _clear(self) -> None:
        self._records: list[OpRecord] = []
        self._tracked: set[int] = set()
        self._watched: list[Any] = []
        self._reads: dict[Any, list[Any]] = {}
        self._variables: dict[Any, Any] = {}
        self._left: list[tuple[Any, Any]] = []

    # -- recorder ---------------------------------------------------------------------------

    def wants(self, op: Any, inputs: Sequence[Any]) -> bool:
        """Whether an op touches what the tape follows."""
        tracked = self._tracked
        for x in inputs:  # noqa: SIM110  (twice as fast as any() on two inputs)
            if id(x) in tracked:
                return True
        return False

    def record(self, record: OpRecord) -> None:
        """Keeps a record, and follows its outputs where gradients can flow through them."""
        self._records.append(record)
        if record.op.gradient is not NONE:
            for o in record.outputs:
                if o.dtype.is_floating or o.dtype.is_complex:
                    self._tracked.add(id(o))

    def reads(self, handle: Any, tensor: Any) -> None:
        """A variable was read: its value is followed if the variable is."""
        if handle not in self._reads:
            if not (self._watch_variables and handle.trainable):
                return
            self._reads[handle] = []
            self._variables[handle] = handle
        known = self._reads[handle]
        if not known or known[-1] is not tensor:
            known.append(tensor)
            if tensor.dtype.is_floating or tensor.dtype.is_complex:
                self._tracked.add(id(tensor))

    def leaves(self, tensor: Any) -> None:
        """A followed value was turned into NumPy: what is computed from that is not recorded."""
        if id(tensor) in self._tracked:
            self._left.append((tensor, user_site()))

    # -- use --------------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        if self._recording:
            raise ValueError("Tape is still recording, this can happen if you try to re-enter it.")
        if not self._persistent:
            self._clear()
            self._used = False
        self._start()
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        state.recorders = (*state.recorders, self)
        self._recording = True

    def _stop(self) -> None:
        state.recorders = tuple(r for r in state.recorders if r is not self)
        self._recording = False

    def watch(self, tensor: Any) -> None:
        """Follows a tensor, a variable, or a structure of them.

        Raises:
          ValueError: something that is neither was given.
        """
        for x in nest.flatten(tensor, expand_composites=True):
            handle = getattr(x, "_handle", None)
            if handle is not None:
                self._reads.setdefault(handle, [])
                self._variables[handle] = handle
                continue
            if not isinstance(x, Tensor):
                raise ValueError(
                    f"Passed in object {x!r} of type {type(x).__name__!r}, not tf.Tensor or "
                    "tf.Variable or ExtensionType."
                )
            if not (x.dtype.is_floating or x.dtype.is_complex):
                _log_non_float("watched", x.dtype)
                continue
            self._watched.append(x)
            self._tracked.add(id(x))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """What runs inside is not recorded.

        Raises:
          RuntimeError: the tape is not recording.
        """
        if not self._recording:
            raise RuntimeError("Tape is not recording; stop_recording has nothing to stop.")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forgets everything recorded."""
        self._clear()
        self._used = False

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables read or watched, in order of first use."""
        return tuple(h.variable() for h in self._variables)

    def _ready(self) -> None:
        if self._used and not self._persistent:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients "
                "(or jacobians). Make it with persistent=True to use it again."
            )
        self._used = True

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Gradient of the (summed) target with respect to the sources.

        Args:
          target: Tensor, variable or structure of them; several targets are summed.
          sources: Tensor, variable or structure; the result has its structure.
          output_gradients: Gradient to start from, one per target; default ones.
          unconnected_gradients: What unconnected sources get, `UnconnectedGradients.NONE` or ZERO.
        Returns:
          The structure of `sources`, each entry a Tensor, IndexedSlices or None.
        Raises:
          RuntimeError: called inside the context of a non-persistent tape that ended, or twice.
          TypeError: `target` is None or not a tensor.
        """
        self._ready()
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or "
                "CompositeTensors to be differentiated, but received None."
            )
        unconnected = UnconnectedGradients(unconnected_gradients)
        was_recording = self._recording
        if was_recording and not self._persistent:
            self._stop()
        elif was_recording:
            _warn_persistent_inside()
        flat_targets = self._targets(target)
        flat_sources = nest.flatten(sources, expand_composites=True)
        tensors = [self._source_tensors(s) for s in flat_sources]
        if output_gradients is None:
            grads: list[Any] = [None] * len(flat_targets)
        else:
            grads = [
                None if g is None else g if isinstance(g, IndexedSlices) else convert(g, t.dtype)
                for g, t in zip(nest.flatten(output_gradients), flat_targets, strict=True)
            ]
        results = self._gradients(flat_targets, [t for group in tensors for t in group], grads)
        flat = []
        position = 0
        for source, group in zip(flat_sources, tensors, strict=True):
            parts = [g for g in results[position : position + len(group)] if g is not None]
            position += len(group)
            if parts:
                flat.append(parts[0] if len(parts) == 1 else support.add_gradients(parts))
            elif unconnected is UnconnectedGradients.ZERO:
                flat.append(support.zeros_like(source))
            else:
                flat.append(None)
        if not self._persistent:
            self._clear()
        return nest.pack_sequence_as(sources, flat, expand_composites=True)

    def _targets(self, target: Any) -> list[Any]:
        result = []
        for t in nest.flatten(target, expand_composites=True):
            handle = getattr(t, "_handle", None)
            if handle is not None:
                t = (self._reads.get(handle) or [t.read_value()])[-1]
            if not isinstance(t, Tensor):
                raise TypeError(
                    f"The target of tape.gradient must be a Tensor or Variable, not {t!r}."
                )
            if not (t.dtype.is_floating or t.dtype.is_complex):
                _log_non_float("the target of a gradient", t.dtype)
            result.append(t)
        return result

    def _source_tensors(self, source: Any) -> list[Any]:
        handle = getattr(source, "_handle", None)
        if handle is not None:
            return self._reads.get(handle, [])
        if not isinstance(source, Tensor):
            raise TypeError(
                f"The sources of tape.gradient must be Tensors or Variables, not {source!r}."
            )
        return [source]

    def _gradients(self, targets: list[Any], sources: list[Any], grads: list[Any]) -> list[Any]:
        path = find_path(
            self._records,
            [id(t) for t in targets if t.dtype.is_floating or t.dtype.is_complex],
            {id(s) for s in sources} & self._tracked,
        )
        live = [
            (t, g)
            for t, g in zip(targets, grads, strict=True)
            if id(t) in path.reached and (t.dtype.is_floating or t.dtype.is_complex)
        ]
        if not live:
            return [None] * len(sources)
        wanted = [t for t, _ in live]
        starts = [g for _, g in live]
        if state.graph is None and path.records and programs.compilable(path):
            if all(g is None or isinstance(g, Tensor) for g in starts):
                structure = programs.Structure(path, wanted, sources)
                results = programs.run_backward(structure, starts)
                if results is not None:
                    return results
        starts = [support.ones_like(t) if g is None else g for t, g in live]
        return backprop(path, wanted, starts, [id(s) for s in sources])

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Jacobian of `target` with respect to each source, by one vectorised backward pass.

        Args:
          target: Tensor of any shape.
          sources: Tensor, variable or structure of them.
          unconnected_gradients: As for `gradient`.
          parallel_iterations: Accepted for TensorFlow's sake; nothing is iterated.
          experimental_use_pfor: Accepted for TensorFlow's sake; it is always vectorised.
        Returns:
          The structure of `sources`, each of shape `target.shape + source.shape`.
        """
        flat, results = self._jacobians(target, sources, batch=False)
        unconnected = UnconnectedGradients(unconnected_gradients)
        if unconnected is UnconnectedGradients.ZERO:
            results = [
                support.zeros_jacobian(target, s) if r is None else r
                for s, r in zip(flat, results, strict=True)
            ]
        return nest.pack_sequence_as(sources, results)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Jacobian of each example of `target` by the same example of `source`.

        Args:
          target: Tensor of shape `[batch, ...]`.
          source: Tensor of shape `[batch, ...]`.
          unconnected_gradients: As for `gradient`.
          parallel_iterations: Accepted for TensorFlow's sake.
          experimental_use_pfor: Accepted for TensorFlow's sake.
        Returns:
          Tensor of shape `[batch] + target.shape[1:] + source.shape[1:]`.
        Raises:
          ValueError: rank below 1 or unlike batch sizes.
        """
        if (target.shape.rank or 2) < 1 or (source.shape.rank or 2) < 1:
            raise ValueError("batch_jacobian: target and source need a batch dimension.")
        if not target.shape[:1].is_compatible_with(source.shape[:1]):
            raise ValueError(
                "Need first dimension of target shape and source shape to match, got "
                f"{target.shape} and {source.shape}."
            )
        _, results = self._jacobians(target, source, batch=True)
        if results[0] is None and (
            UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        ):
            return support.zeros_jacobian(target, source, batch=True)
        return results[0]

    def _jacobians(self, target: Any, sources: Any, batch: bool) -> tuple[list[Any], list[Any]]:
        self._ready()
        if self._recording and not self._persistent:
            self._stop()
        targets = self._targets(target)
        if len(targets) != 1:
            raise ValueError("a jacobian has one target tensor")
        flat = nest.flatten(sources)
        groups = [self._source_tensors(s) for s in flat]
        tensors = [t for group in groups for t in group]
        path = find_path(self._records, [id(targets[0])], {id(t) for t in tensors} & self._tracked)
        found: list[Any] = [None] * len(tensors)
        if id(targets[0]) in path.reached:
            structure = programs.Structure(path, targets, tensors)
            arguments = tuple(structure.tensors)
            present = [i for i, s in enumerate(structure.sources) if s >= 0]
            op = programs.jacobian_op(structure, batch)
            rows = as_tensor_tuple(apply(op, arguments)) if present else ()
            for i, row in zip(present, rows, strict=True):
                found[i] = row
        if not self._persistent:
            self._clear()
        rest = iter(found)
        results = []
        for group in groups:
            parts = [r for r in (next(rest) for _ in group) if r is not None]
            results.append(None if not parts else support.add_gradients(parts))
        return flat, results

    def explain(self, target: Any, source: Any) -> Explanation:
        """Says whether and how `target` depends on `source`, and where the path was cut.

        Call it before `gradient`, or on a persistent tape.

        >>> x = tf.Variable(2.0)
        >>> with tf.GradientTape(persistent=True) as tape:
        ...     y = tf.constant((x * x).numpy())
        >>> tape.explain(y, x).connected
        False
        """
        sources = self._source_tensors(source)
        return explain_path(
            self._records, self._left, self._targets(target), sources, self._tracked, source
        )


def _log_non_float(what: str, dtype: Any) -> None:
    _LOGGER.warning("The dtype of %s must be floating (e.g. tf.float32), got %s", what, dtype.name)


def _warn_persistent_inside() -> None:
    _LOGGER.warning(
        "Calling GradientTape.gradient on a persistent tape inside its context is significantly "
        "less efficient than calling it outside: the gradient ops are recorded too."
    )
