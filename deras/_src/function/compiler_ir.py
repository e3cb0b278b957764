"""What the compiler makes of a trace, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from deras._src.function.program import aval_of_array, bind_arguments
from deras._src.graph.checks import Collector
from deras._src.graph.func_graph import FuncGraph
from deras._src.graph.lowering import LoweringContext, compiling, interpret, read

_STAGES = ("stablehlo", "hlo", "optimized_hlo")


def compiler_ir(
    graph: FuncGraph,
    arguments: Sequence[Any],
    stage: str = "hlo",
    device_name: str | None = None,
    platform_name: str | None = None,
) -> str:
    """The program of a graph, for arguments of these shapes, as text.

    Args:
      graph: What was traced.
      arguments: Its flat arguments: tensors, or specs with known shapes.
      stage: `"stablehlo"`, `"hlo"` or `"optimized_hlo"`.
      device_name: Accepted; the program is for the default device.
      platform_name: Accepted, as `device_name`.
    Raises:
      ValueError: there is no such stage, or a shape is not known.
    """
    if stage not in _STAGES:
        raise ValueError(
            f"experimental_get_compiler_ir: stage must be one of {', '.join(_STAGES)}; got "
            f"{stage!r}"
        )
    for x in arguments:
        if not x.shape.is_fully_defined():
            raise ValueError(
                f"experimental_get_compiler_ir: a program is for known shapes; got {x.shape}"
            )
    order = list(graph.handles)
    constants = [t.device_array() for t in graph.constants.values()]
    avals = [*(h.value.aval for h in order), *(aval_of_array(c) for c in constants)]
    specs = [jax.ShapeDtypeStruct(a.dims, a.dtype.np_dtype) for a in avals]
    specs += [jax.ShapeDtypeStruct(tuple(x.shape.as_list()), x.dtype.np_dtype) for x in arguments]
    written = [h for h, w in graph.handles.items() if w]

    def program(*arrays: Any) -> list[Any]:
        env, values = bind_arguments(graph, order, arrays)
        context = LoweringContext(values, wanted=graph.wanted)
        interpret(graph.nodes, context, env)
        results = [read(t, env) for t in graph.outputs] + [context.values[h] for h in written]
        return [jnp.asarray(r) for r in results]

    with compiling(Collector()):
        lowered = jax.jit(program).lower(*specs)
    if stage == "optimized_hlo":
        with compiling(None):
            return str(lowered.compile().as_text())
    if stage == "hlo":
        return str(lowered.compiler_ir("hlo").as_hlo_text())
    return str(lowered.as_text())
