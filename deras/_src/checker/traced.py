"""Which functions of a file are traced, by whom, and what their parameters are.

A function is traced if tf.function decorates or wraps it, if Keras or tf.data calls it while it
builds a graph, or if a traced function calls it. What runs on the host inside (`tf.py_function`,
`tf.numpy_function`, `tf.init_scope`) is not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from deras._src.checker.kinds import ClassInfo, KindFinder
from deras._src.checker.libraries import (
    DATASET,
    LAYER,
    LOSS,
    METRIC,
    MODEL,
    NONE,
    SCALAR,
    SCHEDULE,
    STRING,
    TENSOR,
    UNKNOWN,
    Kinds,
)
from deras._src.checker.models import is_constant, keyword
from deras._src.checker.scopes import FUNCTIONS, FunctionNode, Scopes, returns

_KERAS_METHODS = {
    MODEL: ("call", "train_step", "test_step", "predict_step"),
    LAYER: ("call",),
    LOSS: ("call",),
    METRIC: ("update_state",),
    SCHEDULE: ("__call__",),
}
_DATASET_CALLBACKS = ("map", "filter", "flat_map", "interleave", "take_while", "scan", "reduce")
# Functions that trace their function arguments when they themselves are traced.
_HIGHER_ORDER = (
    "tf.while_loop", "tf.cond", "tf.case", "tf.switch_case", "tf.map_fn", "tf.scan", "tf.foldl",
    "tf.foldr", "tf.vectorized_map", "tf.recompute_grad", "tf.custom_gradient",
)  # fmt: skip
HOST_CALLS = ("tf.py_function", "tf.numpy_function", "tf.compat.v1.py_func")
_PLAIN_DECORATORS = (
    "staticmethod", "classmethod", "property", "functools.wraps", "functools.partial",
    "typing.override", "abc.abstractmethod",
)  # fmt: skip
_OBJECT_NAMES = {
    "self", "cls", "model", "net", "network", "generator", "discriminator", "encoder", "decoder",
    "optimizer", "opt", "loss_fn", "loss_object", "criterion", "metric", "strategy", "config",
    "args", "kwargs", "training", "train", "is_training", "layer", "name", "fn", "func", "policy",
    "critic", "actor", "variables", "params", "weights", "layers", "optimizers", "models",
}  # fmt: skip


@dataclass
class Trace:
    """Why a function is traced."""

    reason: str
    autograph: bool = True
    entry: bool = False
    keras: bool = False
    has_signature: bool = False
    call_is_direct: bool = False  # tf.function decorates or wraps this very function
    call: ast.Call | None = None  # the tf.function(...) with its arguments, where there is one


class Tracer:
    """The traced functions of a file."""

    def __init__(self, scopes: Scopes, kinds: KindFinder):
        self.scopes = scopes
        self.kinds = kinds
        self.traces: dict[FunctionNode, Trace] = {}
        self.call_sites: dict[FunctionNode, list[tuple[ast.Call, int]]] = {}
        self.host: set[FunctionNode] = set()
        self.calls = [node for node in scopes.parents if isinstance(node, ast.Call)]
        self.bodies = self._split_bodies()
        self.eager_keras = any(is_constant(keyword(c, "run_eagerly"), True) for c in self.calls)
        self.eager_functions = any(
            (scopes.dotted(call.func) or "").endswith("run_functions_eagerly")
            and call.args
            and is_constant(call.args[0], True)
            for call in self.calls
        )
        self.eager_keras |= self.eager_functions or any(
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]).endswith(".run_eagerly")
            and is_constant(node.value, True)
            for node in scopes.parents
        )
        self._find_host()
        self._find_call_sites()
        self._note_values()
        self._find_entries()
        # Twice, as kinds of parameters tell what more is called.
        for _ in range(2):
            self._spread()
            self._set_parameters()

    def _split_bodies(self) -> dict[ast.AST, list[ast.AST]]:
        """The nodes of each function's body; those of functions inside are theirs."""
        found: dict[ast.AST, list[ast.AST]] = {}
        for function in self.scopes.functions:
            found[function] = list(own_nodes(function))
        return found

    def _find_host(self) -> None:
        for function in self.scopes.functions:
            for decorator in getattr(function, "decorator_list", []):
                made = decorator.func if isinstance(decorator, ast.Call) else decorator
                if self.scopes.dotted(made) in HOST_CALLS:
                    self.host.add(function)
        for call in self.calls:
            if self.scopes.dotted(call.func) in HOST_CALLS:
                for part in [*call.args[:1], *filter(None, [keyword(call, "func")])]:
                    given = self.kinds.function_of(part)
                    if given:
                        self.host.add(given)

    def _find_call_sites(self) -> None:
        for call in self.calls:
            function = self.kinds.function_of(call.func)
            skipped = 0
            if function is None:
                info = self.kinds.info_of(call.func)
                function = self.kinds.method(info, "call") or self.kinds.method(info, "__call__")
                skipped = 1
            elif isinstance(call.func, ast.Attribute) and _is_method(function, self.scopes):
                skipped = 1
            if function is not None:
                self.call_sites.setdefault(function, []).append((call, skipped))
            # strategy.run(step, args=(x, y)) calls step(x, y).
            if isinstance(call.func, ast.Attribute) and call.func.attr == "run" and call.args:
                run = self.kinds.function_of(call.args[0])
                given = keyword(call, "args")
                if run is not None and isinstance(given, ast.Tuple):
                    made = ast.Call(call.args[0], list(given.elts), [])
                    ast.copy_location(made, call)
                    self.call_sites.setdefault(run, []).append((made, 0))

    def _note_values(self) -> None:
        """What the file's own calls pass, for those who follow a value to where it is made."""
        for function, sites in self.call_sites.items():
            for position, parameter in enumerate(parameters(function)):
                passed = [self.passed(c, position - skip, parameter.arg) for c, skip in sites]
                values = [value for value in passed if value is not None]
                if values:
                    self.kinds.parameter_values[parameter] = values

    # Entries.

    def _find_entries(self) -> None:
        for function in self.scopes.functions:
            for decorator in getattr(function, "decorator_list", []):
                self._decorated(function, decorator)
        for info in self.kinds.classes.values():
            eager = self.eager_keras or self._is_driven_by_hand(info)
            for name in _KERAS_METHODS.get(info.kind, ()):
                method = info.methods.get(name)
                if method is not None and not eager:
                    self._enter(method, Trace(f"Keras traces `{name}`", False, True, True))
        for call in self.calls:
            self._wrapped(call)

    def _is_driven_by_hand(self, info: ClassInfo) -> bool:
        """Whether the file calls a model's `train_step` itself, eagerly, and never `fit`."""
        steps = [info.methods.get(name) for name in ("train_step", "test_step")]
        sites = [call for step in steps if step for call, _ in self.call_sites.get(step, [])]
        by_hand = [call for call in sites if "super()" not in ast.unparse(call.func)]
        return bool(by_hand) and not any(
            isinstance(call.func, ast.Attribute)
            and call.func.attr in ("fit", "evaluate")
            and not self._is_other_model(call.func.value, info)
            for call in self.calls
        )

    def _is_other_model(self, node: ast.expr, info: ClassInfo) -> bool:
        """Whether a model is surely not of this class of the file."""
        own = self.kinds.info_of(node)
        if own is not None:
            return own is not info
        calls = [o for o in self.kinds.origins(node) if isinstance(o, ast.Call)]
        for call in list(calls):
            maker = self.kinds.function_of(call.func)
            for value in returns(maker) if maker else []:
                if self.kinds.info_of(value) is info:
                    return False
                calls += [o for o in self.kinds.origins(value) if isinstance(o, ast.Call)]
        return any((self.scopes.dotted(c.func) or "").startswith("tf.keras.") for c in calls)

    def _enter(self, function: FunctionNode, trace: Trace) -> None:
        for decorator in getattr(function, "decorator_list", []):
            made = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = self.scopes.dotted(made) or ""
            if name.endswith("do_not_convert"):
                trace.autograph = False
            elif not (trace.call_is_direct or name.startswith("tf.") or name in _PLAIN_DECORATORS):
                return  # it may well wrap the function in a tf.py_function
        known = self.traces.get(function)
        if function not in self.host and (known is None or (trace.entry and known.keras)):
            self.traces[function] = trace

    def _decorated(self, function: FunctionNode, decorator: ast.expr) -> None:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = self.scopes.dotted(call.func if call else decorator)
        if name == "functools.partial" and call and call.args:
            name = self.scopes.dotted(call.args[0])
        if name == "tf.function":
            self._tf_function(function, call)

    def _tf_function(self, function: FunctionNode, call: ast.Call | None) -> None:
        if self.eager_functions:
            return
        autograph = not (call and is_constant(keyword(call, "autograph"), False))
        signature = bool(call and keyword(call, "input_signature"))
        name = getattr(function, "name", "the lambda")
        reason = f"tf.function traces `{name}`"
        self._enter(function, Trace(reason, autograph, True, False, signature, True, call))

    def _wrapped(self, call: ast.Call) -> None:
        name = self.scopes.dotted(call.func)
        if name == "tf.function" and call.args:
            function = self.kinds.function_of(call.args[0])
            if function:
                self._tf_function(function, call)
        attribute = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if attribute in _DATASET_CALLBACKS and isinstance(call.func, ast.Attribute):
            if self._is_dataset(call.func.value):
                for part in [*call.args, *(k.value for k in call.keywords)]:
                    function = self.kinds.function_of(part)
                    if function and not isinstance(part, ast.Call):
                        self._enter(function, Trace(f"Dataset.{attribute} traces it", entry=True))
        if attribute == "compile" and not self.eager_keras:
            for place in ("loss", "metrics"):
                given = keyword(call, place)
                every = given.elts if isinstance(given, ast.List) else [given]
                for one in every:
                    function = self.kinds.function_of(one) if one is not None else None
                    if function and not isinstance(one, ast.Call):
                        self._enter(function, Trace("Keras traces it", False, True, True))

    def _is_dataset(self, node: ast.expr) -> bool:
        if self.kinds.may_be(node, DATASET):
            return True
        text = ast.unparse(node).split("(")[0].lower()
        last = text.rsplit(".", 1)[-1]
        return last in ("ds", "dataset") or last.endswith(("_ds", "_dataset"))

    # Spreading.

    def _spread(self) -> None:
        waiting = list(self.traces)
        while waiting:
            function = waiting.pop()
            trace = self.traces[function]
            for node in self.bodies[function]:
                for called in self._called(node):
                    if called in self.traces or called in self.host:
                        continue
                    if self.in_host_block(node):
                        continue
                    reason = f"{trace.reason}, which calls it"
                    self._enter(called, Trace(reason, trace.autograph))
                    if called in self.traces:
                        waiting.append(called)

    def _called(self, node: ast.AST) -> Iterator[FunctionNode]:
        if not isinstance(node, ast.Call):
            return
        name = self.scopes.dotted(node.func)
        function = self.kinds.function_of(node.func)
        if function is None:
            info = self.kinds.info_of(node.func)
            function = self.kinds.method(info, "call") or self.kinds.method(info, "__call__")
        if function is not None:
            yield function
        runs = isinstance(node.func, ast.Attribute) and node.func.attr == "run"
        if name in _HIGHER_ORDER or name in ("map", "filter") or runs:
            for part in [*node.args, *(k.value for k in node.keywords)]:
                inner = self.kinds.function_of(part)
                if inner is not None:
                    yield inner

    def in_host_block(self, node: ast.AST) -> bool:
        """Whether a node runs eagerly although its function is traced."""
        for outer in self.scopes.ancestors(node):
            if isinstance(outer, FUNCTIONS):
                return outer in self.host
            if isinstance(outer, ast.With):
                for item in outer.items:
                    call = item.context_expr
                    if isinstance(call, ast.Call):
                        if self.scopes.dotted(call.func) == "tf.init_scope":
                            return True
            if isinstance(outer, ast.If) and "executing_eagerly" in ast.unparse(outer.test):
                return True
        return False

    # Parameters.

    def _set_parameters(self) -> None:
        found: dict[ast.arg, Kinds] = {}
        for function in self.scopes.functions:
            for position, parameter in enumerate(parameters(function)):
                found[parameter] = self._parameter(function, position, parameter)
        self.kinds.parameter_kinds = found
        self.kinds.forget()

    def _parameter(self, function: FunctionNode, position: int, parameter: ast.arg) -> Kinds:
        annotation = ast.unparse(parameter.annotation) if parameter.annotation else ""
        if annotation in ("int", "float", "bool"):
            return frozenset({SCALAR})
        if annotation == "str":
            return frozenset({STRING})
        if annotation.endswith(("tf.Tensor", "TensorLike")):
            return frozenset({TENSOR})
        default = default_of(function, parameter)
        given: set[str] = set()
        if default is not None and not is_constant(default, None):
            given |= self.kinds.kinds(default)
        for call, skipped in self.call_sites.get(function, []):
            value = self.passed(call, position - skipped, parameter.arg)
            if value is not None:
                given |= self.kinds.kinds(value)
        given -= {NONE}
        trace = self.traces.get(function)
        if given and UNKNOWN not in given:
            # tf.function makes tensors of NumPy arrays.
            swaps = trace is not None and trace.entry
            return frozenset({TENSOR if kind == "numpy" and swaps else kind for kind in given})
        if trace is None or not trace.entry or given - {UNKNOWN} - {"numpy", TENSOR}:
            return frozenset(given or {UNKNOWN})
        if parameter.arg in _OBJECT_NAMES:
            return frozenset({UNKNOWN})
        if default is not None or self._is_used_as_object(function, parameter.arg):
            return frozenset({UNKNOWN})
        self.kinds.guessed.add(parameter)
        return frozenset({TENSOR})

    @staticmethod
    def passed(call: ast.Call, position: int, name: str) -> ast.expr | None:
        """What a call passes for a parameter."""
        for part in call.keywords:
            if part.arg == name:
                return part.value
        plain = call.args[: position + 1]
        if 0 <= position < len(call.args) and not any(isinstance(a, ast.Starred) for a in plain):
            return call.args[position]
        return None

    def _is_used_as_object(self, function: FunctionNode, name: str) -> bool:
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == name:
                    return True
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                tensor_like = ("shape", "dtype", "numpy", "get_shape", "T", "set_shape", "ndim")
                if node.value.id == name and node.attr not in tensor_like:
                    return True
        return False

    def nodes(self) -> Iterator[tuple[ast.AST, FunctionNode, Trace]]:
        """Every node that is traced, with its function, in the order of the file."""
        for function in self.scopes.functions:
            trace = self.traces.get(function)
            if trace is None:
                continue
            for node in self.bodies[function]:
                if not self.in_host_block(node):
                    yield node, function, trace


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body in order, without those of functions and classes inside."""
    body = function.body  # type: ignore[attr-defined]
    waiting: list[ast.AST] = list(body) if isinstance(body, list) else [body]
    while waiting:
        node = waiting.pop(0)
        yield node
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting[:0] = getattr(node, "decorator_list", [])
        else:
            waiting[:0] = list(ast.iter_child_nodes(node))


def parameters(function: FunctionNode) -> list[ast.arg]:
    """The named parameters of a function, in order."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def default_of(function: FunctionNode, parameter: ast.arg) -> ast.expr | None:
    """A parameter's default."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    if parameter in plain:
        place = plain.index(parameter) - (len(plain) - len(arguments.defaults))
        return arguments.defaults[place] if place >= 0 else None
    if parameter in arguments.kwonlyargs:
        return arguments.kw_defaults[arguments.kwonlyargs.index(parameter)]
    return None


def _is_method(function: FunctionNode, scopes: Scopes) -> bool:
    holder = scopes.parents.get(function)
    if not isinstance(holder, ast.ClassDef) or not function.args.args:
        return False
    static = any(
        isinstance(d, ast.Name) and d.id == "staticmethod"
        for d in getattr(function, "decorator_list", [])
    )
    return not static
