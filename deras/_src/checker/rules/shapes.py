"""DRS304: labels of shape (N,) against predictions of shape (N, 1)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deras._src.checker.findings import Hit, rule
from deras._src.checker.libraries import (
    MODEL,
)
from deras._src.checker.models import argument, keyword
from deras._src.checker.program import Program
from deras._src.checker.scopes import Binding

_ELEMENTWISE = {
    "sin", "cos", "tan", "exp", "log", "sqrt", "square", "abs", "sign", "tanh", "sigmoid", "cast",
    "float32", "float64", "asarray", "convert_to_tensor", "constant", "array", "round", "power",
    "where", "maximum", "minimum", "clip", "add", "subtract", "multiply", "astype", "identity",
}  # fmt: skip
_DRAWS = {"rand": 0, "randn": 0}
_SIZED = {"normal": 2, "uniform": 2, "randint": 2, "integers": 2, "standard_normal": 0, "random": 0}
_FILLED = ("zeros", "ones", "empty")
_VECTORS = ("linspace", "arange", "range", "logspace")


@rule(
    "DRS304",
    "shapes-broadcast",
    "Labels of shape (N,) meet predictions of shape (N, 1): the difference broadcasts to (N, N).",
    "Give both one shape: tf.squeeze(predictions, -1), or labels[:, None].",
)
def shapes_broadcast(program: Program) -> Iterator[Hit]:
    ranks = _Ranks(program)
    for node in program.scopes.parents:
        pair: tuple[ast.expr, ast.expr] | None = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Mult):
            pair = (node.left, node.right)
        elif isinstance(node, ast.Call) and len(node.args) >= 2:
            name = program.dotted(node.func)
            if name.startswith("tf.") and name.rsplit(".", 1)[-1] in (
                "subtract", "squared_difference",
            ):  # fmt: skip
                pair = (node.args[0], node.args[1])
        if pair is None:
            continue
        for one, other in (pair, pair[::-1]):
            if ranks.is_column(one) and ranks.is_vector(other):
                yield node, None


class _Ranks:
    """Whether a value is surely of shape (N,), or (N, 1) as a Dense(1) gives it."""

    def __init__(self, program: Program):
        self.program = program
        self.known: dict[ast.AST, bool] = {}

    def is_column(self, node: ast.expr) -> bool:
        for origin in self.program.kinds.origins(node):
            if isinstance(origin, ast.Call) and self.program.kinds.may_be(origin.func, MODEL):
                model = self.program.models.describe(origin.func)
                if model is None or model.output.units != 1 or model.output.layer != "Dense":
                    return False
            else:
                return False
        return True

    def is_vector(self, node: ast.AST) -> bool:
        if node not in self.known:
            self.known[node] = False  # ends recursion
            self.known[node] = self._is_vector(node)
        return self.known[node]

    def _is_vector(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            bindings = self.program.scopes.bindings(node)
            return bool(bindings) and all(self._binding(b) for b in bindings)
        if isinstance(node, ast.Attribute):
            if node.attr in ("values",):
                return self._is_column_of_table(node.value)
            values = self.program.kinds.attribute_values(node)
            return bool(values) and all(self.is_vector(value) for value in values)
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.MatMult):
                return self.is_vector(node.right)
            sides = [node.left, node.right]
            vectors = [self.is_vector(side) for side in sides]
            return all(
                vector or self._is_number(side) for vector, side in zip(vectors, sides, strict=True)
            ) and any(vectors)
        if isinstance(node, ast.UnaryOp):
            return self.is_vector(node.operand)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        return False

    def _is_number(self, node: ast.expr) -> bool:
        return self.program.kinds.is_surely(node, "number")

    def _is_column_of_table(self, node: ast.expr) -> bool:
        """`table["price"]`: a column of a data frame."""
        return isinstance(node, ast.Subscript) and (
            isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
        )

    def _subscript(self, node: ast.Subscript) -> bool:
        index = node.slice
        if isinstance(index, ast.Tuple):
            parts = index.elts
            return len(parts) == 2 and (
                isinstance(parts[0], ast.Slice)
                and isinstance(parts[1], ast.Constant | ast.UnaryOp)
                and not (isinstance(parts[1], ast.Constant) and parts[1].value is None)
            )
        whole = isinstance(index, ast.Slice)
        return whole and self.is_vector(node.value)

    def _call(self, node: ast.Call) -> bool:
        name = self.program.dotted(node.func)
        last = name.rsplit(".", 1)[-1] if name else getattr(node.func, "attr", "")
        library = name.startswith(("np.", "tf."))
        if not library and isinstance(node.func, ast.Attribute):
            if last in ("ravel", "flatten"):
                return True
            if last == "reshape":
                return [ast.unparse(a) for a in node.args] in (["-1"], ["(-1,)"], ["[-1]"])
            if last == "astype":
                return self.is_vector(node.func.value)
            if last == "to_numpy":
                return self._is_column_of_table(node.func.value)
            if last in _SIZED and self.program.kinds.kinds(node.func.value) == {"numpy"}:
                return self._is_one_size(argument(node, _SIZED[last], "size"))
            return False
        if not library:
            return False
        if name.startswith("np.random.") and last in _DRAWS:
            return len(node.args) == 1 and not isinstance(node.args[0], ast.Starred)
        if name.startswith("np.random.") and last in _SIZED:
            return self._is_one_size(argument(node, _SIZED[last], "size"))
        if name.startswith("tf.random.") and last in ("normal", "uniform"):
            shape = argument(node, 0, "shape")
            return isinstance(shape, ast.List | ast.Tuple) and len(shape.elts) == 1
        if last in _FILLED:
            return self._is_one_size(argument(node, 0, "shape"))
        if last in _VECTORS:
            return True
        if last == "reshape" and len(node.args) > 1:
            return ast.unparse(node.args[1]) in ("[-1]", "(-1,)", "-1")
        if last in ("array", "constant", "asarray") and node.args:
            given = node.args[0]
            if isinstance(given, ast.List | ast.Tuple):
                flat = (ast.Constant, ast.UnaryOp)
                return bool(given.elts) and all(isinstance(part, flat) for part in given.elts)
        if last in _ELEMENTWISE and node.args:
            if keyword(node, "shape") is not None:
                return False
            return self.is_vector(node.args[0])
        return False

    def _is_one_size(self, node: ast.expr | None) -> bool:
        if isinstance(node, ast.List | ast.Tuple):
            return len(node.elts) == 1
        if node is None:
            return False
        return self.program.kinds.is_surely(node, "number")

    def _binding(self, binding: Binding) -> bool:
        value = binding.value
        if binding.how == "param":
            passed = self.program.kinds.passed_values(binding)
            return bool(passed) and all(self.is_vector(part) for part in passed)
        if value is None:
            return False
        if binding.how == "assign" and not binding.path:
            return self.is_vector(value)
        if binding.how == "for" and binding.path:
            return self._from_dataset(value, binding.path)
        if binding.how == "assign" and isinstance(value, ast.Call) and len(binding.path) == 1:
            name = self.program.dotted(value.func)
            if name == "next" and value.args:
                inner = value.args[0]
                if isinstance(inner, ast.Call) and self.program.dotted(inner.func) == "iter":
                    return self._from_dataset(inner.args[0], binding.path)
        return False

    def _from_dataset(self, over: ast.expr, path: tuple[int, ...]) -> bool:
        """Whether part `path` of a batched dataset's rows is made from a vector."""
        if isinstance(over, ast.Call) and self.program.dotted(over.func) == "enumerate":
            if not path or path[0] != 1 or not over.args:
                return False
            over, path = over.args[0], path[1:]
        batched = False
        for _ in range(20):
            origins = self.program.kinds.origins(over)
            if len(origins) != 1 or not isinstance(origins[0], ast.Call):
                return False
            call = origins[0]
            if self.program.dotted(call.func).endswith("Dataset.from_tensor_slices"):
                parts = call.args[0] if call.args else None
                if not batched or not isinstance(parts, ast.Tuple) or len(path) != 1:
                    return False
                return path[0] < len(parts.elts) and self.is_vector(parts.elts[path[0]])
            if not isinstance(call.func, ast.Attribute):
                return False
            if call.func.attr in ("map", "unbatch", "window", "flat_map", "interleave"):
                return False
            batched |= call.func.attr == "batch"
            over = call.func.value
        return False
