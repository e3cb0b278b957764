"""Scopes and bindings of a module: which assignments, imports and definitions a name may mean.

Scopes follow Python: a class body is not seen from the functions in it, comprehensions and lambdas
are scopes, `global` and `nonlocal` move a binding outwards. Which of several bindings reaches a use
is answered by their order and nesting, without a full flow graph.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import TypeGuard

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)

# Spellings of one library, longest first; what is left is the canonical name.
_PREFIXES = (
    ("tensorflow.compat.v2.keras", "tf.keras"),
    ("tensorflow.compat.v2", "tf"),
    ("tensorflow.python.keras", "tf.keras"),
    ("tensorflow.keras", "tf.keras"),
    ("tensorflow", "tf"),
    ("deras", "tf"),
    ("tf_keras", "tf.keras"),
    ("keras", "tf.keras"),
    ("numpy", "np"),
)


@dataclass(eq=False)
class Binding:
    """One place that binds a name.

    `value` is the bound expression where there is one; `path` tells which part of it, after
    unpacking: (0, 1) is `value[0][1]`. In a `for`, `value` is what is iterated over.
    """

    name: str
    how: str  # assign, aug, for, with, param, import, def, class, other
    node: ast.AST
    scope: Scope
    value: ast.expr | None = None
    path: tuple[int, ...] = ()
    target: str = ""  # what an import imports

    @property
    def line(self) -> int:
        return getattr(self.node, "lineno", 0)


@dataclass(eq=False)
class Scope:
    """A module, class, function or comprehension with the names bound in it."""

    node: ast.AST
    parent: Scope | None
    names: dict[str, list[Binding]] = field(default_factory=dict)
    outer: dict[str, str] = field(default_factory=dict)  # name -> "global" or "nonlocal"

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, FUNCTIONS)

    def function(self) -> Scope:
        """The scope itself, or for a comprehension the scope around it."""
        scope = self
        while isinstance(scope.node, _COMPREHENSIONS) and scope.parent:
            scope = scope.parent
        return scope


class Scopes:
    """All scopes of a module, and the parents of its nodes."""

    def __init__(self, tree: ast.Module):
        self.tree = tree
        self.module = Scope(tree, None)
        self.of: dict[ast.AST, Scope] = {tree: self.module}
        self.own: dict[ast.AST, Scope] = {tree: self.module}
        self.parents: dict[ast.AST, ast.AST] = {}
        self.classes: list[ast.ClassDef] = []
        self.functions: list[FunctionNode] = []
        self._dotted: dict[ast.AST, str | None] = {}
        self._bindings: dict[ast.Name, list[Binding]] = {}
        self._visit_children(tree, self.module)
        self._move_outwards()

    # Building.

    def _visit_children(self, node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            self.parents[child] = node
            self._visit(child, scope)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        self.of[node] = scope
        if isinstance(node, FUNCTIONS):
            self._visit_function(node, scope)
        elif isinstance(node, ast.ClassDef):
            self.classes.append(node)
            self._bind(scope, node.name, "class", node)
            self._open(node, scope)
        elif isinstance(node, _COMPREHENSIONS):
            inner = self._open_only(node, scope)
            for generator in node.generators:
                self._bind_target(inner, generator.target, "for", node, generator.iter)
            self._visit_children(node, inner)
        else:
            self._bind_statement(node, scope)
            self._visit_children(node, scope)

    def _visit_function(self, node: FunctionNode, scope: Scope) -> None:
        self.functions.append(node)
        inner = self._open_only(node, scope)
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for argument in [*every, *filter(None, (arguments.vararg, arguments.kwarg))]:
            self._bind(inner, argument.arg, "param", argument)
        if isinstance(node, ast.Lambda):
            self._visit_children(node, inner)
            return
        self._bind(scope, node.name, "def", node)
        # Decorators and defaults belong to the scope around the function.
        outside = {*node.decorator_list, *arguments.defaults}
        outside.update(filter(None, arguments.kw_defaults))
        for child in ast.iter_child_nodes(node):
            self.parents[child] = node
            if child is arguments:
                self.of[child] = inner
                for part in ast.iter_child_nodes(child):
                    self.parents[part] = child
                    self._visit(part, scope if part in outside else inner)
            else:
                self._visit(child, scope if child in outside else inner)

    def _open_only(self, node: ast.AST, scope: Scope) -> Scope:
        self.own[node] = Scope(node, scope)
        return self.own[node]

    def _open(self, node: ast.AST, scope: Scope) -> None:
        self._visit_children(node, self._open_only(node, scope))

    def _bind(self, scope: Scope, name: str, how: str, node: ast.AST, **more: object) -> None:
        binding = Binding(name, how, node, scope, **more)  # type: ignore[arg-type]
        scope.names.setdefault(name, []).append(binding)

    def _bind_target(
        self,
        scope: Scope,
        target: ast.AST,
        how: str,
        node: ast.AST,
        value: ast.expr | None,
        path: tuple[int, ...] = (),
    ) -> None:
        if isinstance(target, ast.Name):
            self._bind(scope, target.id, how, node, value=value, path=path)
        elif isinstance(target, ast.Starred):
            self._bind_target(scope, target.value, "other", node, None)
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else None
            straight = how == "assign" and parts and len(parts) == len(target.elts) and not path
            for index, part in enumerate(target.elts):
                if straight and parts:
                    self._bind_target(scope, part, how, node, parts[index])
                else:
                    self._bind_target(scope, part, how, node, value, (*path, index))

    def _bind_statement(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind_target(scope, target, "assign", node, node.value)
        elif isinstance(node, ast.AnnAssign):
            self._bind_target(scope, node.target, "assign", node, node.value)
        elif isinstance(node, ast.NamedExpr):
            self._bind_target(scope.function(), node.target, "assign", node, node.value)
        elif isinstance(node, ast.AugAssign):
            self._bind_target(scope, node.target, "aug", node, node.value)
        elif isinstance(node, ast.For | ast.AsyncFor):
            self._bind_target(scope, node.target, "for", node, node.iter)
        elif isinstance(node, ast.withitem) and node.optional_vars:
            statement = self.parents[node]
            self._bind_target(scope, node.optional_vars, "with", statement, node.context_expr)
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, ast.MatchAs | ast.MatchStar) and node.name
        ):
            self._bind(scope, node.name, "other", node)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            how = "global" if isinstance(node, ast.Global) else "nonlocal"
            scope.outer.update(dict.fromkeys(node.names, how))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                module = alias.name if alias.asname else name
                self._bind(scope, name, "import", node, target=module)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = "." * node.level + (node.module or "")
                name = alias.asname or alias.name
                self._bind(scope, name, "import", node, target=f"{module}.{alias.name}")

    def _move_outwards(self) -> None:
        for scope in list(self.own.values()):
            for name, how in scope.outer.items():
                found = scope.names.pop(name, [])
                home = self.module if how == "global" else scope.parent
                while how == "nonlocal" and home and home.parent and name not in home.names:
                    home = home.parent
                if home:
                    home.names.setdefault(name, []).extend(found)

    # Asking.

    def lookup(self, name: str, scope: Scope) -> Scope | None:
        """The scope that `name`, used in `scope`, is bound in; None for builtins and unknowns."""
        at: Scope | None = scope
        while at is not None:
            if name in at.names and (at is scope or not at.is_class):
                return at
            at = at.parent
        return None

    def bindings(self, name: ast.Name) -> list[Binding]:
        """The bindings that may reach this use of a name."""
        if name not in self._bindings:
            self._bindings[name] = self._find_bindings(name)
        return self._bindings[name]

    def _find_bindings(self, name: ast.Name) -> list[Binding]:
        scope = self.of[name]
        home = self.lookup(name.id, scope)
        if home is None:
            return []
        found = home.names[name.id]
        if len(found) == 1 or home is not scope.function():
            return found
        return self._reaching(name, found)

    def _reaching(self, use: ast.AST, found: list[Binding]) -> list[Binding]:
        line = getattr(use, "lineno", 0)
        statement = self.statement(use)
        before = [
            b
            for b in found
            if b.how == "param"
            or (b.node is statement and b.how in ("for", "with"))
            or (b.node is not statement and b.line <= line)
        ]
        chain = set(self.ancestors(use))
        start = 0
        for index, binding in enumerate(before):
            place = binding.node
            while isinstance(self.parents.get(place), ast.With | ast.AsyncWith):
                place = self.parents[place]  # a `with` always runs its body
            holder = self.parents.get(place)
            if holder is None or binding.how == "aug":
                continue
            # Inside a `for` or `with`, what it binds is bound; behind a `for`, only perhaps.
            opens = binding.how in ("for", "with") and binding.node in chain
            always = holder in chain and not isinstance(binding.node, LOOPS)
            if opens or (always and self._in_same_arm(place, use, holder)):
                start = index
        kept = before[start:]
        loops: list[ast.AST] = [node for node in chain if isinstance(node, LOOPS)]
        if not kept or not self._is_fresh(kept[0], loops):
            later = [b for b in found if b not in before]
            kept += [b for b in later if any(loop in self.ancestors(b.node) for loop in loops)]
        return kept or found

    def _is_fresh(self, binding: Binding, loops: list[ast.AST]) -> bool:
        """Whether each trip of the innermost loop around a use binds the name anew before it."""
        if not loops:
            return True
        inner = max(loops, key=lambda loop: loop.lineno)  # type: ignore[attr-defined]
        return binding.node is inner or inner in self.ancestors(binding.node)

    def _in_same_arm(self, first: ast.AST, second: ast.AST, holder: ast.AST) -> bool:
        """Whether both lie in the same list of statements of `holder`: not `if` and `else`."""
        for _, block in ast.iter_fields(holder):
            if isinstance(block, list) and first in block:
                chain = {second, *self.ancestors(second)}
                return any(statement in chain for statement in block)
        return False

    def ancestors(self, node: ast.AST) -> list[ast.AST]:
        """The nodes around a node, innermost first."""
        found = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return found

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement that a node is part of, or the node itself."""
        at: ast.AST | None = node
        while at is not None and not isinstance(at, ast.stmt):
            at = self.parents.get(at)
        return at

    def enclosing(self, node: ast.AST) -> FunctionNode | None:
        """The function that a node stands in."""
        scope: Scope | None = self.of.get(node)
        while scope is not None and not scope.is_function:
            scope = scope.parent
        return scope.node if scope else None  # type: ignore[return-value]

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """The class whose method a node stands in."""
        scope: Scope | None = self.of.get(node)
        while scope is not None:
            if isinstance(scope.node, ast.ClassDef):
                return scope.node
            scope = scope.parent
        return None

    def loops(self, node: ast.AST) -> list[ast.AST]:
        """The loops around a node within its function, innermost first.

        What a loop iterates over, and an `else`, is not inside it.
        """
        found: list[ast.AST] = []
        inner = node
        for outer in self.ancestors(node):
            if isinstance(outer, (*FUNCTIONS, ast.ClassDef)):
                break
            if isinstance(outer, LOOPS) and inner in outer.body:
                found.append(outer)
            inner = outer
        return found

    def dotted(self, node: ast.AST | None) -> str | None:
        """The canonical dotted name of an expression: `tf.reduce_sum`, `np.mean`, `print`.

        Import aliases are seen through, and names that stand for a module or function of a
        library: `layers = tf.keras.layers`. Builtins have their bare name. None for all else.
        """
        if node is None:
            return None
        if node not in self._dotted:
            self._dotted[node] = None  # for `x = x.y`, which would go on for ever
            self._dotted[node] = self._find_dotted(node)
        return self._dotted[node]

    def _find_dotted(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return canonical(f"{base}.{node.attr}") if base and "." in f"{base}." else None
        if not isinstance(node, ast.Name):
            return None
        found = self.bindings(node)
        if not found:
            known = self.lookup(node.id, self.of[node]) is not None
            return node.id if not known and hasattr(builtins, node.id) else None
        names: set[str | None] = set()
        for binding in found:
            if binding.how == "import":
                names.add(canonical(binding.target))
            elif binding.how == "assign" and not binding.path:
                value = binding.value
                plain = isinstance(value, ast.Name | ast.Attribute)
                name = self.dotted(value) if plain else None
                names.add(name if name and "." in name else None)
            else:
                names.add(None)
        return names.pop() if len(names) == 1 else None


def canonical(name: str) -> str:
    """A dotted name with TensorFlow, Keras and NumPy under one spelling each."""
    for prefix, short in _PREFIXES:
        if name == prefix or name.startswith(prefix + "."):
            name = short + name[len(prefix) :]
            break
    if name.startswith("tf.compat.v2."):
        name = "tf." + name.removeprefix("tf.compat.v2.")
    return name.replace("tf._api.v2.", "tf.")


def is_self_attribute(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Whether a node is `self.name`."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def returns(function: FunctionNode) -> list[ast.expr]:
    """The expressions that a function returns; not those of functions inside it."""
    if isinstance(function, ast.Lambda):
        return [function.body]
    found = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Return) and node.value is not None:
            found.append(node.value)
        elif not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            waiting[:0] = list(ast.iter_child_nodes(node))
    return found
