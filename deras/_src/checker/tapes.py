"""Gradient tapes of a file: what each records, and what a gradient asked of it can reach.

`Flow` follows a value backwards through the assignments inside the tape's block. A value is alive
if some path of differentiable operations leads from a variable or watched tensor to it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from deras._src.checker.kinds import KindFinder
from deras._src.checker.libraries import (
    LAYER,
    LOSS,
    METRIC,
    MODEL,
    NUMPY,
    OBJECT,
    TAPE,
    TENSOR,
    UNKNOWN,
    VARIABLE,
    VARIABLES,
)
from deras._src.checker.models import is_constant, keyword
from deras._src.checker.scopes import FUNCTIONS, LOOPS, Binding, FunctionNode, Scopes, returns

_GRADIENTS = ("gradient", "jacobian", "batch_jacobian")
_CUTS = {
    "argmax": "picks an index", "argmin": "picks an index", "argsort": "gives indices",
    "round": "rounds", "rint": "rounds", "floor": "rounds", "ceil": "rounds", "sign": "is flat",
    "equal": "compares", "not_equal": "compares", "greater": "compares", "less": "compares",
    "greater_equal": "compares", "less_equal": "compares", "logical_not": "is logical",
    "logical_and": "is logical", "logical_or": "is logical", "in_top_k": "compares",
    "stop_gradient": "stops gradients", "categorical": "draws at random",
    "one_hot": "takes integers",
    "bincount": "counts", "count_nonzero": "counts", "floordiv": "rounds", "shape": "gives sizes",
    "size": "gives a size", "zeros_like": "keeps no value", "ones_like": "keeps no value",
    "binary_accuracy": "compares", "categorical_accuracy": "compares",
    "sparse_categorical_accuracy": "compares", "unique": "gives indices",
}  # fmt: skip
_TO_HOST = ("tf.constant", "tf.Variable", "tf.numpy_function")
_DEAD_CALLS = ("len", "range", "str", "print", "isinstance")
_INTEGERS = ("int", "bool", "uint", "string")


@dataclass
class Flow:
    """What a value depends on: alive, unknown (then nothing is said), or cut at some nodes."""

    alive: bool = False
    unknown: bool = False
    cuts: list[tuple[ast.AST, str]] = field(default_factory=list)
    trips: list[tuple[ast.AST, str]] = field(default_factory=list)  # through NumPy or Python
    outside: list[ast.AST] = field(default_factory=list)  # computed where the tape did not watch

    def join(self, other: Flow) -> Flow:
        return Flow(
            self.alive or other.alive,
            self.unknown or other.unknown,
            list(dict.fromkeys(self.cuts + other.cuts)),
            list(dict.fromkeys(self.trips + other.trips)),
            list(dict.fromkeys(self.outside + other.outside)),
        )

    @property
    def is_lost(self) -> bool:
        """Whether nothing that is differentiable leads here, though something was computed."""
        return not self.alive and not self.unknown


@dataclass(eq=False)
class Tape:
    """A `with tf.GradientTape() as tape` block and the gradients asked of it."""

    block: ast.With
    name: str
    made: ast.Call
    gradients: list[ast.Call] = field(default_factory=list)
    watched: list[str] = field(default_factory=list)

    @property
    def persistent(self) -> bool:
        value = keyword(self.made, "persistent") or (self.made.args and self.made.args[0]) or None
        return value is not None and not is_constant(value, False)

    @property
    def watches_variables(self) -> bool:
        return not is_constant(keyword(self.made, "watch_accessed_variables"), False)


class TapeReader:
    """Finds the tapes of a file and follows values in them."""

    def __init__(self, scopes: Scopes, kinds: KindFinder):
        self.scopes = scopes
        self.kinds = kinds
        self.tapes = [tape for node in scopes.parents for tape in self._tapes_of(node)]
        for node in scopes.parents:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                self._assign_call(node, node.func)

    def _tapes_of(self, node: ast.AST) -> list[Tape]:
        if not isinstance(node, ast.With):
            return []
        found = []
        for item in node.items:
            made, target = item.context_expr, item.optional_vars
            if isinstance(made, ast.Call) and isinstance(target, ast.Name):
                if self.kinds.kinds(made) == {TAPE}:
                    found.append(Tape(node, target.id, made))
        return found

    def _assign_call(self, node: ast.Call, func: ast.Attribute) -> None:
        if not isinstance(func.value, ast.Name) or func.attr not in (*_GRADIENTS, "watch"):
            return
        tape = self.tape_named(func.value)
        if tape is None or not node.args:
            return
        if func.attr == "watch":
            parts = node.args[0]
            every = parts.elts if isinstance(parts, ast.List | ast.Tuple) else [parts]
            tape.watched += [ast.unparse(part) for part in every]
        else:
            tape.gradients.append(node)

    def tape_named(self, name: ast.Name) -> Tape | None:
        """The tape that a name means at this place."""
        blocks = {b.node for b in self.scopes.bindings(name) if b.how == "with"}
        found = [t for t in self.tapes if t.name == name.id and t.block in blocks]
        return found[0] if len(found) == 1 else None

    def is_inside(self, node: ast.AST, tape: Tape) -> bool:
        """Whether a node stands in the body of the tape's block."""
        return tape.block in self.scopes.ancestors(node)

    def sources(self, gradient: ast.Call) -> ast.expr | None:
        if len(gradient.args) > 1:
            return gradient.args[1]
        return keyword(gradient, "sources")

    # Following values.

    def flow(self, node: ast.AST, tape: Tape) -> Flow:
        """What the value of an expression depends on, as the tape sees it."""
        follower = _Follower(self, tape)
        follower.frames.append({})
        return follower.follow(node, follower.frames[0], 0)


class _Follower:
    """One walk backwards through a tape's block."""

    def __init__(self, reader: TapeReader, tape: Tape):
        self.reader = reader
        self.scopes = reader.scopes
        self.kinds = reader.kinds
        self.tape = tape
        self.busy: set[tuple[ast.AST, int]] = set()
        self.known: dict[tuple[ast.AST, int], Flow] = {}
        self.went_round = False
        self.frames: list[dict[str, Flow]] = []  # kept, as `known` goes by their identity
        sources = filter(None, map(reader.sources, tape.gradients))
        self.asked = {n.id for s in sources for n in ast.walk(s) if isinstance(n, ast.Name)}

    def follow(self, node: ast.AST | None, given: dict[str, Flow], depth: int) -> Flow:
        if node is None:
            return Flow()
        if depth > 3:
            return Flow(unknown=True)
        key = (node, id(given))
        if key in self.known:
            return self.known[key]
        if key in self.busy:
            self.went_round = True
            return Flow()
        around, self.went_round = self.went_round, False
        self.busy.add(key)
        found = self._follow(node, given, depth)
        self.busy.discard(key)
        # What was found while going round a loop may lack what the loop's start turns out to be.
        if not self.went_round:
            self.known[key] = found
        self.went_round = (self.went_round or around) and bool(self.busy)
        return found

    def _follow(self, node: ast.AST, given: dict[str, Flow], depth: int) -> Flow:
        if isinstance(node, ast.Constant | ast.Lambda | ast.JoinedStr):
            return Flow()
        if ast.unparse(node) in self.tape.watched:
            return Flow(alive=True)
        if isinstance(node, ast.Name):
            return self._name(node, given, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, given, depth)
        if isinstance(node, ast.Call):
            return self._call(node, given, depth)
        if isinstance(node, ast.Compare):
            return self._cut(node, "compares", self._children(node, given, depth))
        if isinstance(node, ast.BinOp):
            both = self._children(node, given, depth)
            if isinstance(node.op, ast.FloorDiv):
                return self._cut(node, "rounds", both)
            return both
        if isinstance(node, ast.Subscript):
            return self.follow(node.value, given, depth)
        if isinstance(node, ast.IfExp):
            return self.follow(node.body, given, depth).join(self.follow(node.orelse, given, depth))
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            found = self.follow(node.elt, given, depth)
            for part in node.generators:
                found = found.join(self.follow(part.iter, given, depth))
            return found
        return self._children(node, given, depth)

    def _children(self, node: ast.AST, given: dict[str, Flow], depth: int) -> Flow:
        found = Flow()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                found = found.join(self.follow(child, given, depth))
        return found

    @staticmethod
    def _cut(node: ast.AST, why: str, before: Flow, *, trip: bool = False) -> Flow:
        if not before.alive:
            return before
        cut = [(node, why)]
        if trip:
            return Flow(False, before.unknown, before.cuts, before.trips + cut, before.outside)
        return Flow(False, before.unknown, before.cuts + cut, before.trips, before.outside)

    def _name(self, node: ast.Name, given: dict[str, Flow], depth: int) -> Flow:
        if node.id in given and self._is_parameter(node):
            return given[node.id]
        kinds = self.kinds.kinds(node)
        if kinds & {VARIABLE, VARIABLES}:
            return Flow(alive=True)
        if kinds & {MODEL, LAYER, LOSS, OBJECT, METRIC}:
            return Flow()
        found = Flow()
        for binding in self.scopes.bindings(node):
            found = found.join(self._binding(binding, node, given, depth))
        return found

    def _is_parameter(self, node: ast.Name) -> bool:
        return any(binding.how == "param" for binding in self.scopes.bindings(node))

    def _binding(self, binding: Binding, node: ast.Name, given: dict, depth: int) -> Flow:
        if binding.how == "param":
            # Data, unless the gradient is asked for it.
            return Flow(unknown=depth == 0 and node.id in self.asked)
        if binding.how == "import" or binding.value is None:
            return Flow(unknown=binding.how not in ("def", "class", "import"))
        value = binding.value
        inside = self.reader.is_inside(binding.node, self.tape) or depth > 0
        if binding.how == "for":
            return self.follow(value, given, depth) if inside else Flow()
        if inside:
            return self.follow(value, given, depth)
        # Made before the block, or after it.
        before = self.follow(value, given, depth)
        if before.alive or before.unknown:
            if self._is_other_tapes_work(binding):
                return Flow(unknown=True)
            return Flow(outside=[binding.node])
        return before

    def _is_other_tapes_work(self, binding: Binding) -> bool:
        """Whether another tape around both may see it: nested tapes, or a gradient."""
        outer = set(self.scopes.ancestors(binding.node))
        return any(
            tape.block in outer and tape.block in self.scopes.ancestors(self.tape.block)
            for tape in self.reader.tapes
        )

    def _attribute(self, node: ast.Attribute, given: dict[str, Flow], depth: int) -> Flow:
        if node.attr in ("shape", "dtype", "ndim", "size"):
            return Flow()
        if node.attr in ("losses", "trainable_variables", "trainable_weights", "variables"):
            return Flow(alive=True)
        kinds = self.kinds.kinds(node)
        if kinds & {VARIABLE, VARIABLES}:
            return Flow(alive=True)
        if self.scopes.dotted(node):
            return Flow()
        if kinds <= {"number", "string", "none", LOSS, METRIC, MODEL, LAYER, "function"}:
            return Flow()
        return self.follow(node.value, given, depth).join(Flow(unknown=UNKNOWN in kinds))

    def _call(self, node: ast.Call, given: dict[str, Flow], depth: int) -> Flow:
        name = self.scopes.dotted(node.func) or ""
        last = name.rsplit(".", 1)[-1]
        arguments = Flow()
        for part in [*node.args, *(k.value for k in node.keywords)]:
            arguments = arguments.join(self.follow(part, given, depth))
        if name.startswith("np.") or name in ("float", "int", "bool", *_TO_HOST):
            return self._cut(node, f"`{short(node.func)}` leaves TensorFlow", arguments, trip=True)
        if name in _DEAD_CALLS:
            return Flow()
        if name == "tf.cast":
            dtype = node.args[1] if len(node.args) > 1 else keyword(node, "dtype")
            text = ast.unparse(dtype) if dtype is not None else ""
            if text.strip("'\"").removeprefix("tf.").startswith(_INTEGERS):
                return self._cut(node, "casts to whole numbers", arguments)
            return arguments
        if name == "tf.one_hot" and node.args:
            return self._cut(node, "takes integers", self.follow(node.args[0], given, depth))
        if name.startswith("tf.") and last in _CUTS:
            return self._cut(node, _CUTS[last], arguments)
        if name in ("tf.where", "tf.gather", "tf.boolean_mask"):
            chosen = node.args[1:] if name == "tf.where" else node.args[:1]
            chosen = chosen or node.args
            found = Flow()
            for part in chosen:
                found = found.join(self.follow(part, given, depth))
            return found
        callee = self.kinds.kinds(node.func)
        if callee & {MODEL, LAYER}:
            return Flow(alive=True)
        if isinstance(node.func, ast.Attribute):
            through = self._method(node, node.func, arguments, given, depth)
            if through is not None:
                return through
        if callee <= {LOSS, "schedule"} or name.startswith(("tf.", "sum", "max", "min", "abs")):
            if name.startswith(("tf.map_fn", "tf.scan", "tf.while", "tf.cond", "tf.py_function")):
                return Flow(unknown=True)
            return arguments
        function = self.kinds.function_of(node.func)
        if function is not None and not self._makes_gradients(function):
            return self._local(function, node, given, depth)
        return Flow(unknown=True)

    def _method(
        self, node: ast.Call, func: ast.Attribute, arguments: Flow, given: dict, depth: int
    ) -> Flow | None:
        if func.attr in ("numpy", "item", "tolist"):
            before = self.follow(func.value, given, depth)
            return self._cut(node, f"`.{func.attr}()` leaves TensorFlow", before, trip=True)
        if func.attr in ("gradient", "jacobian", "batch_jacobian", "call", "compiled_loss"):
            return Flow(alive=True)
        base = self.kinds.kinds(func.value)
        if func.attr in ("predict", "predict_on_batch") and base & {MODEL}:
            return self._cut(node, "`predict` leaves TensorFlow", Flow(alive=True), trip=True)
        if func.attr in ("read_value", "value", "assign", "assign_add", "assign_sub"):
            return Flow(alive=True)
        if base and base <= {METRIC}:
            return self._cut(node, "is a metric's value", arguments)
        if base & {TENSOR, NUMPY, VARIABLE} and UNKNOWN not in base:
            return self.follow(func.value, given, depth).join(arguments)
        return None

    def _makes_gradients(self, function: FunctionNode) -> bool:
        return any(tape.block in ast.walk(function) for tape in self.reader.tapes)

    def _local(self, function: FunctionNode, call: ast.Call, given: dict, depth: int) -> Flow:
        if any(isinstance(part, ast.Starred) for part in call.args):
            return Flow(unknown=True)
        names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
        if names[:1] == ["self"] and isinstance(call.func, ast.Attribute):
            names = names[1:]
        passed = {name: Flow() for name in names}
        self.frames.append(passed)
        for name, part in zip(names, call.args, strict=False):
            passed[name] = self.follow(part, given, depth)
        for named in call.keywords:
            if named.arg:
                passed[named.arg] = self.follow(named.value, given, depth)
        # A model that is passed in and called: its kind in there may not be known.
        found = Flow(unknown=any(isinstance(n, ast.Yield) for n in ast.walk(function)))
        for value in returns(function):
            found = found.join(self.follow(value, passed, depth + 1))
        return found


def short(node: ast.AST) -> str:
    """An expression as text, cut if it is long."""
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "..."


def in_exclusive_arms(first: ast.AST, second: ast.AST, scopes: Scopes) -> bool:
    """Whether two nodes lie in different arms of one `if`, so that only one of them runs."""
    chains = [[node, *scopes.ancestors(node)] for node in (first, second)]
    for outer in chains[0]:
        if isinstance(outer, ast.If | ast.IfExp | ast.Try | ast.Match) and outer in chains[1]:
            arms = []
            for chain in chains:
                child = chain[chain.index(outer) - 1] if chain.index(outer) else None
                arms.append(_arm(outer, child))
            return arms[0] != arms[1]
        if outer in chains[1] and isinstance(outer, (*FUNCTIONS, *LOOPS)):
            return False
    return False


def _arm(outer: ast.AST, child: ast.AST | None) -> str:
    for name, value in ast.iter_fields(outer):
        if value is child or (isinstance(value, list) and child in value):
            return name
    return ""
