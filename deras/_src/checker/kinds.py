"""What an expression probably is: a tensor, a variable, a model, a Python number, ...

A kind is a short string; an expression has a set of possible ones, with UNKNOWN among them where
something can't be told. Rules ask `is_surely` where a wrong guess would be a false alarm.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from deras._src.checker.libraries import (
    ARRAYS,
    CLASSES,
    DATASET,
    DATASET_METHODS,
    DICT,
    FUNCTION,
    GENERATOR,
    ITERATOR,
    LAYER,
    LIST,
    LOSS,
    METRIC,
    MODEL,
    NONE,
    NOTHING_KNOWN,
    NUMPY,
    NUMPY_ROWS,
    OBJECT,
    OPTIMIZER,
    RANGE,
    SCALAR,
    SCHEDULE,
    SHAPE,
    STRING,
    TAPE,
    TENSOR,
    TENSORS,
    TYPE_TESTS,
    UNKNOWN,
    VARIABLE,
    VARIABLES,
    Kinds,
    keras_kind,
    kind_of_call,
)
from deras._src.checker.scopes import Binding, FunctionNode, Scopes, is_self_attribute, returns


@dataclass
class ClassInfo:
    """A class of the file: its methods, and what is assigned to attributes of `self`."""

    node: ast.ClassDef
    kind: str
    bases: list[str]
    methods: dict[str, ast.FunctionDef] = field(default_factory=dict)
    attributes: dict[str, list[tuple[ast.expr, FunctionNode | None]]] = field(default_factory=dict)


class KindFinder:
    """The kinds of a file's expressions, found when asked for and then kept."""

    def __init__(self, scopes: Scopes):
        self.scopes = scopes
        self.classes: dict[ast.ClassDef, ClassInfo] = {}
        # Set by `traced.py`: what callers pass, and what the tracer makes of a parameter.
        self.parameter_kinds: dict[ast.arg, Kinds] = {}
        self.guessed: set[ast.arg] = set()
        self.parameter_values: dict[ast.arg, list[ast.expr]] = {}
        self._kinds: dict[ast.AST, Kinds] = {}
        self._busy: set[ast.AST] = set()
        for node in scopes.classes:
            self._read_class(node)

    def forget(self) -> None:
        """Drop what was found; needed when more is known about parameters."""
        self._kinds.clear()

    # Classes of the file.

    def _read_class(self, node: ast.ClassDef) -> None:
        bases = [self.scopes.dotted(base) or "" for base in node.bases]
        info = ClassInfo(node, OBJECT, bases)
        self.classes[node] = info
        for base in node.bases:
            local = self.class_named(base)
            kind = self.classes[local].kind if local in self.classes else self._base_kind(base)
            if kind != OBJECT:
                info.kind = kind
        for item in node.body:
            if isinstance(item, ast.FunctionDef):
                info.methods[item.name] = item
        for part in ast.walk(node):
            targets: list[ast.expr] = []
            if isinstance(part, ast.Assign):
                targets = part.targets
            elif isinstance(part, ast.AnnAssign) and part.value:
                targets = [part.target]
            for target in targets:
                self._note_attribute(info, target, part.value)  # type: ignore[attr-defined]

    def _note_attribute(self, info: ClassInfo, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                for one, part in zip(target.elts, value.elts, strict=True):
                    self._note_attribute(info, one, part)
        elif is_self_attribute(target):
            where = self.scopes.enclosing(target)
            info.attributes.setdefault(target.attr, []).append((value, where))

    def _base_kind(self, base: ast.expr) -> str:
        name = self.scopes.dotted(base) or ""
        return CLASSES.get(name) or keras_kind(name) or OBJECT

    def class_named(self, node: ast.AST) -> ast.ClassDef | None:
        """The class of the file that an expression names."""
        if isinstance(node, ast.Name):
            for binding in self.scopes.bindings(node):
                if isinstance(binding.node, ast.ClassDef):
                    return binding.node
        return None

    def info_of(self, node: ast.AST) -> ClassInfo | None:
        """The class of the file that the value of an expression is an instance of."""
        if isinstance(node, ast.Name) and node.id == "self":
            found = self.scopes.class_of(node)
            return self.classes.get(found) if found else None
        for value in self.origins(node):
            if isinstance(value, ast.Call):
                named = self.class_named(value.func)
                if named:
                    return self.classes[named]
        return None

    def attribute_values(self, node: ast.Attribute) -> list[ast.expr]:
        """What the file assigns to `self.name`, in the class or its bases in the file."""
        info = self.info_of(node.value)
        found: list[ast.expr] = []
        seen = set()
        while info is not None and info.node not in seen:
            seen.add(info.node)
            found += [value for value, _ in info.attributes.get(node.attr, [])]
            bases = [self.class_named(base) for base in info.node.bases]
            info = next((self.classes[base] for base in bases if base), None)
        return found

    def method(self, info: ClassInfo | None, name: str) -> ast.FunctionDef | None:
        """A method of a class of the file, or of its bases there."""
        seen = set()
        while info is not None and info.node not in seen:
            if name in info.methods:
                return info.methods[name]
            seen.add(info.node)
            bases = [self.class_named(base) for base in info.node.bases]
            info = next((self.classes[base] for base in bases if base), None)
        return None

    def function_of(self, node: ast.AST) -> FunctionNode | None:
        """The function of the file that an expression names: `f`, `self.f`, `tf.function(f)`."""
        if isinstance(node, ast.Lambda):
            return node
        if isinstance(node, ast.Name):
            for binding in self.scopes.bindings(node):
                if isinstance(binding.node, ast.FunctionDef):
                    return binding.node
                if binding.how == "assign" and not binding.path and binding.value is not None:
                    if binding.node in self._busy:
                        continue
                    self._busy.add(binding.node)
                    found = self.function_of(binding.value)
                    self._busy.discard(binding.node)
                    if found:
                        return found
        if isinstance(node, ast.Attribute):
            info = self.info_of(node.value)
            return self.method(info, node.attr)
        if isinstance(node, ast.Call):
            name = self.scopes.dotted(node.func)
            if name in ("tf.function", "functools.partial") and node.args:
                return self.function_of(node.args[0])
        return None

    def origins(self, node: ast.AST) -> list[ast.AST]:
        """The expressions that a value comes from, names and `self` attributes followed."""
        found: list[ast.AST] = []
        seen: set[ast.AST] = set()
        waiting = [node]
        while waiting:
            at = waiting.pop(0)
            if at not in seen:  # each once: names that are bound often refer to each other
                seen.add(at)
                values = self._one_step(at)
                waiting[:0] = values
                found += [] if values else [at]
        return found or [node]

    def _one_step(self, node: ast.AST) -> list[ast.expr]:
        values: list[ast.expr] = []
        if isinstance(node, ast.Name):
            for binding in self.scopes.bindings(node):
                if binding.how in ("assign", "with") and not binding.path and binding.value:
                    values.append(binding.value)
                elif binding.how == "param":
                    values += self.passed_values(binding)
        elif is_self_attribute(node):
            values = self.attribute_values(node)
        elif isinstance(node, ast.IfExp):
            values = [node.body, node.orelse]
        return values

    def is_guessed(self, node: ast.AST) -> bool:
        """Whether a value is, or is part of, a parameter only taken to be a tensor.

        It may be a list of tensors just as well; so may what a model of several outputs gives.
        """
        if isinstance(node, ast.Call):
            return bool(self.kinds(node.func) & {MODEL, LAYER})
        while isinstance(node, ast.Subscript | ast.Starred):
            node = node.value
        if not isinstance(node, ast.Name):
            return False
        for binding in self.scopes.bindings(node):
            if binding.how == "param" and binding.node in self.guessed:
                return True
            if binding.how in ("assign", "for") and binding.value is not None:
                named = isinstance(binding.value, ast.Name | ast.Subscript | ast.Call)
                if named and binding.node not in self._busy:
                    self._busy.add(binding.node)
                    found = self.is_guessed(binding.value)
                    self._busy.discard(binding.node)
                    if found:
                        return True
        return False

    def passed_values(self, binding: Binding) -> list[ast.expr]:
        """What the file's own calls pass for the parameter that a binding is."""
        if isinstance(binding.node, ast.arg):
            return self.parameter_values.get(binding.node, [])
        return []

    # Kinds.

    def kinds(self, node: ast.AST | None) -> Kinds:
        """The possible kinds of an expression."""
        if node is None:
            return NOTHING_KNOWN
        if node in self._kinds:
            return self._kinds[node]
        if node in self._busy:
            return frozenset()
        self._busy.add(node)
        found = self._find(node)
        self._busy.discard(node)
        self._kinds[node] = found
        return found

    def is_surely(self, node: ast.AST | None, *kinds: str) -> bool:
        found = self.kinds(node)
        return bool(found) and found <= set(kinds)

    def may_be(self, node: ast.AST | None, *kinds: str) -> bool:
        return bool(self.kinds(node) & set(kinds))

    def _find(self, node: ast.AST) -> Kinds:
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str | bytes):
                return frozenset({STRING})
            return frozenset({NONE if node.value is None else SCALAR})
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node.left, node.right)
        if isinstance(node, ast.Compare):
            if any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in node.ops):
                return frozenset({SCALAR})
            return self._arithmetic(node.left, *node.comparators)
        if isinstance(node, ast.UnaryOp):
            return self._arithmetic(node.operand)
        if isinstance(node, ast.BoolOp):
            # `isinstance(n, int) and n > 0`: the second is reached for numbers only.
            asks = [n for n in ast.walk(node) if isinstance(n, ast.Call)]
            if any(self.scopes.dotted(call.func) in TYPE_TESTS for call in asks):
                return NOTHING_KNOWN
            return self._arithmetic(*node.values)
        if isinstance(node, ast.IfExp):
            return self.kinds(node.body) | self.kinds(node.orelse)
        if isinstance(node, ast.Subscript):
            return self._element(node.value, _index(node))
        simple = {
            ast.Tuple: LIST, ast.List: LIST, ast.ListComp: LIST, ast.Dict: DICT, ast.Set: DICT,
            ast.DictComp: DICT, ast.SetComp: DICT, ast.JoinedStr: STRING, ast.Lambda: FUNCTION,
            ast.GeneratorExp: LIST,
        }  # fmt: skip
        kind = simple.get(type(node))
        if kind is None and isinstance(node, ast.NamedExpr | ast.Starred | ast.Await):
            return self.kinds(node.value)
        return frozenset({kind}) if kind else NOTHING_KNOWN

    def _arithmetic(self, *operands: ast.expr) -> Kinds:
        sets = [self.kinds(operand) for operand in operands]
        every = frozenset().union(*sets)
        if any(found and found <= {TENSOR, VARIABLE} for found in sets):
            return frozenset({TENSOR})
        if UNKNOWN in every:
            return NOTHING_KNOWN | ({TENSOR} & every)
        if every & {TENSOR, VARIABLE}:
            return frozenset({TENSOR, UNKNOWN})
        for kind in (NUMPY, STRING, SHAPE, LIST):
            if kind in every:
                return frozenset({kind})
        return frozenset({SCALAR}) if every <= {SCALAR, NONE, DICT} else NOTHING_KNOWN

    def _name(self, node: ast.Name) -> Kinds:
        if node.id == "self":
            info = self.info_of(node)
            return frozenset({info.kind if info else OBJECT})
        found: set[str] = set()
        for binding in self.scopes.bindings(node):
            found |= self._binding(binding)
        return frozenset(found) if found else NOTHING_KNOWN

    def _binding(self, binding: Binding) -> Kinds:
        if binding.how == "param":
            return self.parameter_kinds.get(binding.node, NOTHING_KNOWN)  # type: ignore[call-overload]
        if binding.how == "def":
            return frozenset({FUNCTION})
        if binding.how == "aug" and binding.value is not None:
            return self.kinds(binding.value) - {SCALAR}
        if binding.how in ("assign", "with") and binding.value is not None:
            return self._part(binding.value, binding.path)
        if binding.how == "for" and binding.value is not None:
            return self._iterated(binding.value, binding.path)
        return NOTHING_KNOWN

    def _part(self, value: ast.expr, path: tuple[int, ...]) -> Kinds:
        if not path:
            return self.kinds(value)
        return self._element(value, path[0]) if len(path) == 1 else self._deep(value)

    def _deep(self, value: ast.expr) -> Kinds:
        name = self.scopes.dotted(value.func) if isinstance(value, ast.Call) else ""
        if name and name.startswith("tf.keras.datasets."):
            return frozenset({NUMPY})
        found = self.kinds(value)
        return found & {TENSOR, NUMPY} or NOTHING_KNOWN

    def _iterated(self, value: ast.expr, path: tuple[int, ...]) -> Kinds:
        if isinstance(value, ast.Call):
            name = self.scopes.dotted(value.func)
            if name in ("enumerate", "zip") and path:
                if name == "enumerate" and path[0] == 0:
                    return frozenset({SCALAR})
                part = 0 if name == "enumerate" else path[0]
                if part < len(value.args):
                    return self._iterated(value.args[part], path[1:])
            if name in ("reversed", "sorted", "iter", "list") and value.args:
                return self._iterated(value.args[0], path)
            if name and name.split(".")[-1] in ("trange", "tqdm", "track") and value.args:
                if name.endswith("trange"):
                    return frozenset({SCALAR})
                return self._iterated(value.args[0], path)
            if isinstance(value.func, ast.Attribute) and value.func.attr == "enumerate" and path:
                if self.may_be(value.func.value, DATASET):
                    return frozenset({TENSOR})
        kinds = {self._row(kind) for kind in self.kinds(value)}
        if isinstance(value, ast.List | ast.Tuple) and not path:
            kinds = set().union(*(self.kinds(part) for part in value.elts))
        return frozenset(kinds) or NOTHING_KNOWN

    @staticmethod
    def _row(kind: str) -> str:
        rows = {
            RANGE: SCALAR, DATASET: TENSOR, ITERATOR: TENSOR, NUMPY_ROWS: NUMPY, TENSOR: TENSOR,
            NUMPY: NUMPY, VARIABLE: TENSOR, VARIABLES: VARIABLE, TENSORS: TENSOR, STRING: STRING,
            SHAPE: SCALAR,
        }  # fmt: skip
        return rows.get(kind, UNKNOWN)

    def _element(self, value: ast.expr, index: int | None) -> Kinds:
        found = set()
        for kind in self.kinds(value):
            if kind in (TENSOR, NUMPY, STRING):
                found.add(kind)
            elif kind in (VARIABLE, SHAPE, VARIABLES, ITERATOR, TENSORS):
                rows = {
                    VARIABLE: TENSOR,
                    SHAPE: SCALAR,
                    VARIABLES: VARIABLE,
                    ITERATOR: TENSOR,
                    TENSORS: TENSOR,
                }
                found.add(rows[kind])
            elif kind == LIST and isinstance(value, ast.Tuple | ast.List):
                parts = value.elts if index is None else value.elts[index : index + 1 or None]
                for part in parts:
                    found |= self.kinds(part)
            else:
                found.add(UNKNOWN)
        return frozenset(found) or NOTHING_KNOWN

    def _attribute(self, node: ast.Attribute) -> Kinds:
        name = self.scopes.dotted(node)
        if name and name.startswith(("tf.", "np.")):
            return frozenset({SCALAR}) if name.startswith("np.") else NOTHING_KNOWN
        base = self.kinds(node.value)
        if node.attr in ("shape", "ndim", "size") and base & {TENSOR, VARIABLE, NUMPY}:
            return frozenset({SHAPE if node.attr == "shape" else SCALAR})
        if node.attr in ("trainable_variables", "trainable_weights", "variables", "weights"):
            return frozenset({VARIABLES})
        if node.attr in ("T", "real", "imag") and base & {TENSOR, NUMPY}:
            return base
        if node.attr in ("output", "outputs", "input", "inputs") and base & {MODEL, LAYER}:
            return frozenset({TENSOR})
        if node.attr in ("kernel", "bias", "gamma", "beta") and base & {LAYER}:
            return frozenset({VARIABLE})
        if node.attr == "iterations" and base & {OPTIMIZER}:
            return frozenset({VARIABLE})
        if node.attr == "values" and UNKNOWN in base:
            return NOTHING_KNOWN
        values = self.attribute_values(node)
        found = frozenset().union(*(self.kinds(value) for value in values))
        return found - {NONE} or found or NOTHING_KNOWN

    def _call(self, node: ast.Call) -> Kinds:
        name = self.scopes.dotted(node.func)
        if name:
            known = kind_of_call(name)
            if known:
                return frozenset({known})
            if name == "next" and node.args:
                return self._iterated(node.args[0], ())
            if name == "iter" and node.args:
                return (
                    frozenset({ITERATOR}) if self.may_be(node.args[0], DATASET) else NOTHING_KNOWN
                )
            if name in ("sum", "abs", "max", "min", "pow") and node.args:
                return self._arithmetic(*node.args)
        named = self.class_named(node.func)
        if named:
            return frozenset({self.classes[named].kind})
        if isinstance(node.func, ast.Attribute):
            found = self._method_call(node, node.func)
            if found:
                return found
        callee = self.kinds(node.func)
        if callee & {MODEL, LAYER, LOSS, METRIC, SCHEDULE}:
            return frozenset({TENSOR}) if UNKNOWN not in callee else frozenset({TENSOR, UNKNOWN})
        function = self.function_of(node.func)
        return self.returned(function) if function else NOTHING_KNOWN

    def returned(self, function: FunctionNode) -> Kinds:
        """The kinds of what a function of the file returns."""
        values = returns(function)
        found = frozenset().union(*(self.kinds(value) for value in values))
        return found or NOTHING_KNOWN

    def _method_call(self, node: ast.Call, func: ast.Attribute) -> Kinds | None:
        base = self.kinds(func.value)
        name = func.attr
        if name == "numpy" and not node.args:
            return frozenset({NUMPY})
        if name in ("add_weight", "add_variable"):
            return frozenset({VARIABLE})
        if base & {DATASET} and name in DATASET_METHODS:
            return frozenset({DATASET})
        if base & {DATASET} and name == "as_numpy_iterator":
            return frozenset({NUMPY_ROWS})
        if base & {MODEL} and name in ("predict", "evaluate", "predict_on_batch", "get_weights"):
            return frozenset({NUMPY})
        if base & {MODEL, LAYER} and name == "call":
            return frozenset({TENSOR})
        if base & {METRIC} and name == "result":
            return frozenset({TENSOR})
        if base & {TAPE} and name in ("gradient", "jacobian", "batch_jacobian"):
            one = len(node.args) > 1 and self.is_surely(node.args[1], VARIABLE, TENSOR)
            return frozenset({TENSOR if one else TENSORS})
        if base & {ARRAYS}:
            tensors = name in ("stack", "concat", "gather", "read", "size")
            return frozenset({TENSOR if tensors else ARRAYS})
        if base & {VARIABLE} and name in ("read_value", "value"):
            return frozenset({TENSOR})
        if base & {GENERATOR} and name in ("normal", "uniform", "truncated_normal"):
            return frozenset({TENSOR})
        if base and base <= {NUMPY} and name != "tolist":
            return frozenset({NUMPY})
        if base and base <= {STRING}:
            return frozenset({LIST if name == "split" else STRING})
        return None


def _index(node: ast.Subscript) -> int | None:
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
        return node.slice.value
    return None
