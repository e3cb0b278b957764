"""The Python around one call of a compiled program, written out for that program.

Right after a program has run, the processor's caches are cold, and a loop over the state costs
several times what it does when timed alone. So the code that gathers the arrays of the state, calls
the program and puts the new arrays back is generated, without loops, as `dataclasses` does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

from deras._src.core.tensor import EagerTensor
from deras._src.dispatch.plans import call_moved
from deras._src.state.handles import OWN, STATE_LOCK

MISS = object()


class Caller:
    """The code of one program's call, and the names that it uses.

    Args:
      call: The compiled program, of state, constants and arguments.
      moved: Handles whose buffers it takes over, first in its arguments.
      kept: Handles that it only reads or copies, next in its arguments.
      written: Handles whose new arrays follow the outputs in its results.
      constants: Arrays that it is always given.
      inputs: Number of arguments.
      outputs: Number of outputs.
      before: Called with the arguments' arrays before anything else; may raise.
      check: Called with the results before state is written; may raise.

    Attributes:
      run: Function of the arguments' arrays that gives all results of the program, state written.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        moved: Sequence[Any],
        kept: Sequence[Any],
        written: Sequence[Any],
        constants: Sequence[Any],
        inputs: int,
        outputs: int,
        before: Callable[..., None] | None,
        check: Callable[[Any], None] | None,
    ) -> None:
        names = [f"x{i}" for i in range(inputs)]
        self._scope: dict[str, Any] = {
            "before": before,
            "call": call,
            "call_moved": call_moved,
            "check": check,
            "EagerTensor": EagerTensor,
            "getrefcount": getrefcount,
            "MISS": MISS,
            "OWN": OWN,
            "STATE_LOCK": STATE_LOCK,
            **{f"c{i}": c for i, c in enumerate(constants)},
        }
        handles: dict[int, str] = {}
        for handle in (*moved, *kept):
            handles[id(handle)] = name = f"h{len(handles)}"
            self._scope[name] = handle
        lines = [] if before is None else [f"before({', '.join(names)})"]
        for number, name in enumerate(handles.values()):
            lines.append(f"v{number} = {name}.held")
            if number < len(moved):
                # As in `Handle.take`: the bare array that the last step left, used by no one.
                lines.append(f"if type(v{number}) is EagerTensor or getrefcount(v{number}) > OWN:")
                lines.append(f"    v{number} = {name}.take()")
            else:
                lines.append(f"if type(v{number}) is EagerTensor:")
                lines.append(f"    v{number} = v{number}.device_array()")
        values = [f"v{i}" for i in range(len(handles))] + [f"c{i}" for i in range(len(constants))]
        arguments = ", ".join(values + names)
        lines += [
            "try:",
            f"    results = call({arguments})",
            "except ValueError as error:",
            f"    results = call_moved(call, [{arguments}], error)",
        ]
        if check is not None:
            lines.append("check(results)")
        for number, handle in enumerate(written, outputs):
            lines.append(f"{handles[id(handle)]}.held = results[{number}]")
        if handles:
            lines = ["with STATE_LOCK:", *("    " + line for line in lines)]
        self._lines, self._names = lines, names
        self.run = self._define(names, [*lines, "return results"])

    def entry(
        self, arguments: Sequence[Any], results: Sequence[Any], pack: Any
    ) -> Callable[..., Any]:
        """A function of tensors that runs the program, or gives MISS if they are of other kinds.

        Args:
          arguments: Aval of each tensor.
          results: Aval of each output.
          pack: Makes the structure of the result from the list of outputs; None for one tensor.
        """
        scope: dict[str, Any] = {"pack": pack}
        lines = []
        names = [f"t{i}" for i in range(len(arguments))]
        for name, array, aval in zip(names, self._names, arguments, strict=True):
            scope[f"A{name}"] = aval
            lines += [
                f"if type({name}) is not EagerTensor or {name}.aval is not A{name}: return MISS",
                f"{array} = {name}._array",
                f"if {array} is None: {array} = {name}.device_array()",
            ]
        scope |= {f"R{i}": aval for i, aval in enumerate(results)}
        made = [f"EagerTensor(R{i}, results[{i}])" for i in range(len(results))]
        last = f"return {made[0]}" if pack is None else f"return pack([{', '.join(made)}])"
        return self._define(names, [*lines, *self._lines, last], scope)

    def _define(
        self, parameters: Sequence[str], lines: Sequence[str], more: dict[str, Any] | None = None
    ) -> Callable[..., Any]:
        scope = {**self._scope, **(more or {})}
        body = "\n".join("    " + line for line in lines)
        source = f"def run({', '.join(parameters)}):\n{body}"
        exec(compile(source, __file__, "exec"), scope)  # nothing in it comes from outside
        return scope["run"]  # type: ignore[no-any-return]
