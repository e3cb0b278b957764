"""`if`, `while` and `for` become calls of operators, their blocks nested functions.

The nested functions rebind the names of the function around them (`nonlocal`), so that an operator
that runs them once, as Python does, needs to do no more. One that stages them reads and sets the
names through the closure's cells (`operators/places.py`).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable

from deras._src.autograph.expressions import (
    Expressions,
    is_plain_python,
    located,
    no_arguments,
    operator_call,
    setter_name,
    thunk,
)
from deras._src.autograph.jumps import Jumps, negated
from deras._src.autograph.liveness import Liveness
from deras._src.autograph.names import (
    Uses,
    aliases_in,
    is_coroutine_or_generator,
    parameters,
    uses,
)
from deras._src.autograph.source import FunctionNode

_OPTION_NAMES = ("parallel_iterations", "swap_memory", "maximum_iterations", "shape_invariants")


def convert_tree(node: FunctionNode, class_name: str | None) -> None:
    """Rewrites a function's tree in place, the functions nested in it included."""
    Statements(node, class_name).run()


class Statements(Expressions):
    """Rewrites one function."""

    def __init__(self, function: FunctionNode, class_name: str | None) -> None:
        super().__init__(function)
        self._class_name = class_name
        self._count = 0
        self._hoisted: set[str] = set()

    def run(self) -> None:
        """Rewrites the function given at the start."""
        node = self.function
        if is_coroutine_or_generator(node):
            return
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
            return
        body = Jumps().lower(node.body)
        level = uses(body)
        self._globals, self._nonlocals = level.global_names, level.nonlocal_names
        self._locals = (level.writes | set(parameters(node.args))) - self._globals
        self._aliases = aliases_in(body)
        self._liveness = Liveness(self._aliases, self._globals | self._nonlocals)
        self._liveness.run(body)
        if {"locals", "eval", "exec", "vars", "dir"} & level.reads:
            self._seen_by_locals = self._locals
        else:
            self._seen_by_locals = set()
        node.body = self._prelude(self._block(body))

    def _prelude(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """The body with what the nested functions need before it."""
        first = self.function.body[0]  # type: ignore[index]
        start: list[ast.stmt] = []
        if self._globals:
            start.append(ast.Global(sorted(self._globals)))
        if self._nonlocals:
            start.append(ast.Nonlocal(sorted(self._nonlocals)))
        bound = (self._hoisted | self.setters) & self._locals - self._nonlocals
        bound -= set(parameters(self.function.args))
        if bound:
            # Never runs; it makes the names this function's own, for `nonlocal` to find.
            targets: list[ast.expr] = [ast.Name(n, ast.Store()) for n in sorted(bound)]
            assignment = ast.Assign(targets, ast.Constant(None))
            start.append(ast.If(ast.Constant(False), [assignment], []))
        for name in sorted(self.setters):
            value = ast.Name("ag_value_", ast.Load())
            assignment = ast.Assign([ast.Name(name, ast.Store())], value)
            start.append(
                self._function(
                    setter_name(name), [assignment, ast.Return(value)], [name], "ag_value_"
                )
            )
        place = _line_only(first)
        start = [located(s, place) for s in start]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            return [*body[:1], *start, *body[1:]]
        return start + body

    def _block(self, body: Iterable[ast.stmt]) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            if isinstance(result, list):
                done += result
            elif result is not None:
                done.append(result)
        return done

    def _new(self, what: str) -> str:
        self._count += 1
        return f"ag_{what}_{self._count}_"

    def _function(
        self, name: str, body: list[ast.stmt], writes: Iterable[str], parameter: str | None = None
    ) -> ast.FunctionDef:
        """A nested function that binds `writes` in the function around it."""
        rebound = set(writes)
        if parameter != "ag_value_":
            rebound |= self._seen_by_locals
        outside = sorted(rebound & (self._locals | self._nonlocals))
        self._hoisted.update(outside)
        start: list[ast.stmt] = []
        if outside:
            start.append(ast.Nonlocal(outside))
        if rebound & self._globals:
            start.append(ast.Global(sorted(rebound & self._globals)))
        arguments = no_arguments()
        if parameter is not None:
            arguments.args.append(ast.arg(parameter))
        node = ast.FunctionDef(name, arguments, start + (body or [ast.Pass()]), [], None)
        node.type_params = []  # type: ignore[attr-defined]
        return node

    # -- statements -------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        if is_plain_python(node.test):
            for parent in ast.walk(node.test):
                if isinstance(parent, ast.Compare):
                    self.generic_visit(parent)
            node.body = self._block(node.body)
            node.orelse = self._block(node.orelse)
            return node
        first, second = uses(node.body, self._aliases), uses(node.orelse, self._aliases)
        writes = first.writes | second.writes
        before, after = self._liveness.before[id(node)], self._liveness.after[id(node)]
        outputs = sorted(writes & after)
        carried = outputs + sorted(writes & (before - after))
        body = self._function(self._new("body"), self._block(node.body), writes)
        done: list[ast.stmt] = [body]
        arguments: list[ast.expr] = [self.visit(node.test), ast.Name(body.name, ast.Load())]
        if node.orelse:
            orelse = self._function(self._new("else"), self._block(node.orelse), second.writes)
            done.append(orelse)
            arguments.append(ast.Name(orelse.name, ast.Load()))
        else:
            arguments.append(ast.Constant(None))
        arguments += [self._texts(carried), ast.Constant(len(outputs))]
        places = {**first.places, **second.places}
        arguments += self._places(places, writes, done)
        call = operator_call("if_stmt", arguments, node.test)
        returning = getattr(node, "returning", None)
        if returning:
            sides: list[ast.expr] = [ast.Constant(side) for side in returning]
            keyword = ast.keyword("returning", ast.Tuple(sides, ast.Load()))
            call.keywords.append(located(keyword, node.test))
        return self._finish(done, call, node)

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        body_uses, test_uses = uses(node.body, self._aliases), uses(node.test, self._aliases)
        writes = body_uses.writes | test_uses.writes
        options = self._options(node)
        condition = self.visit(node.test)
        if hasattr(node, "ended_by"):
            # The flags first: a loop that was left does not evaluate its test again.
            running = located(negated(node.ended_by), node.test)
            both = ast.BoolOp(ast.And(), [running, _Done(condition)])
            condition = self.visit(located(both, node.test))
        test = self._function(self._new("test"), [ast.Return(condition)], test_uses.writes)
        return self._loop(node, "while_stmt", [test], [], body_uses, writes, None, [], options)

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        body_uses = uses([node.target, *node.body], self._aliases)
        options = self._options(node)
        item = self._new("item")
        assignment = ast.Assign([self.visit(node.target)], ast.Name(item, ast.Load()))
        start: list[ast.stmt] = [located(assignment, node.target)]
        ended: ast.expr = ast.Constant(None)
        if hasattr(node, "ended_by"):
            names: list[ast.expr] = [ast.Name(f, ast.Load()) for f in node.ended_by]
            both = names[0] if len(names) == 1 else ast.BoolOp(ast.Or(), names)
            ended = thunk(self.visit(located(both, node.iter)))
        name = node.target.id if isinstance(node.target, ast.Name) else None
        target = ast.Constant(None if name is None else self._mangled(name))
        first = [self.visit(node.iter), ended, target]
        return self._loop(
            node, "for_stmt", [], first, body_uses, body_uses.writes, item, start, options
        )

    def _loop(
        self,
        node: ast.For | ast.While,
        operator: str,
        done: list[ast.stmt],
        arguments: list[ast.expr],
        body_uses: Uses,
        writes: set[str],
        item: str | None,
        start: list[ast.stmt],
        options: ast.expr,
    ) -> list[ast.stmt]:
        head, after = self._liveness.before[id(node)], self._liveness.after[id(node)]
        carried = sorted(writes & head & after) + sorted(writes & (head - after))
        body = self._function(self._new("body"), [*start, *self._block(node.body)], writes, item)
        arguments = arguments + [ast.Name(f.name, ast.Load()) for f in done]  # type: ignore[attr-defined]
        done = [*done, body]
        arguments += [ast.Name(body.name, ast.Load()), self._texts(carried)]
        arguments.append(ast.Constant(sum(name in after for name in carried)))
        places = self._places(body_uses.places, writes, done)
        arguments += [options, *places]
        place = node.iter if isinstance(node, ast.For) else node.test
        call = operator_call(operator, arguments, place)
        return self._finish(done, call, node)

    def _finish(self, done: list[ast.stmt], call: ast.Call, node: ast.stmt) -> list[ast.stmt]:
        place = _line_only(node)
        return [located(s, place) for s in (*done, ast.Expr(call))]

    def _texts(self, names: list[str]) -> ast.expr:
        return ast.Tuple([ast.Constant(self._mangled(n)) for n in names], ast.Load())

    def _mangled(self, name: str) -> str:
        """The name as the code object has it: private names of a class carry the class's."""
        if self._class_name is None or not name.startswith("__") or name.endswith("__"):
            return name
        return f"_{self._class_name.lstrip('_')}{name}"

    def _places(
        self, places: dict[str, ast.expr], writes: set[str], done: list[ast.stmt]
    ) -> list[ast.expr]:
        """Attributes and elements that a block assigns to: text, getter, setter, deleter."""
        found: list[ast.expr] = []
        for text, target in places.items():
            parts = uses(target)
            if parts.reads & writes:
                continue
            value = ast.Name("ag_value_", ast.Load())
            setter = self._function(
                self._new("set"), [ast.Assign([target], value)], (), "ag_value_"
            )
            removed = _with_context(target, ast.Del())
            deleter = self._function(self._new("delete"), [ast.Delete([removed])], ())
            done += [setter, deleter]
            entry: list[ast.expr] = [
                ast.Constant(text),
                thunk(_with_context(target, ast.Load())),
                ast.Name(setter.name, ast.Load()),
                ast.Name(deleter.name, ast.Load()),
            ]
            found.append(ast.Tuple(entry, ast.Load()))
        return [ast.Tuple(found, ast.Load())] if found else []

    def _options(self, node: ast.For | ast.While) -> ast.expr:
        """The call of `set_loop_options` at the top of a loop, taken out and turned around it."""
        for statement in node.body:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else None
            name = call.func.id if isinstance(call.func, ast.Name) else name
            if name != "set_loop_options":
                continue
            node.body = [s for s in node.body if s is not statement]
            keywords = [
                ast.keyword(k, v) for k, v in zip(_OPTION_NAMES, call.args, strict=False)
            ] + call.keywords
            for keyword in keywords:
                if keyword.arg == "shape_invariants":
                    keyword.value = _by_name(keyword.value)
                keyword.value = self.visit(keyword.value)
            made = operator_call("loop_options", [], call)
            made.keywords = [located(k, call) for k in keywords]
            return thunk(made)
        return ast.Constant(None)

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        # Python evaluates the message where it raises; a staged assertion needs it at once.
        staged = [] if node.msg is None else [self.operand(copy.deepcopy(node.msg))]
        node.test = operator_call("assertion", [self.visit(node.test), *staged], node.test)
        if node.msg is not None:
            node.msg = self.visit(node.msg)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if not isinstance(node.target, ast.Name):
            return self.generic_visit(node)  # type: ignore[return-value]
        # An annotated name cannot be `nonlocal`; its annotation is not evaluated anyway.
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        assignment = ast.Assign([node.target], self.visit(node.value))
        return located(assignment, node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node)

    visit_Nonlocal = visit_Global

    def visit__Done(self, node: _Done) -> ast.expr:
        return node.value

    # -- nested functions and classes -------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if not any(map(_forbids, node.decorator_list)):
            Statements(node, self._class_name).run()
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        Statements(node, self._class_name).run()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        # Its methods are converted when they are called.
        return node


class _Done(ast.expr):
    """An expression that is rewritten already."""

    _fields = ("value",)

    def __init__(self, value: ast.expr) -> None:
        super().__init__()
        self.value = value
        ast.copy_location(self, value)


def _forbids(decorator: ast.expr) -> bool:
    """Whether a decorator says that the function below it must stay as it is."""
    for node in ast.walk(decorator):
        name = getattr(node, "attr", getattr(node, "id", None))
        if name == "do_not_convert":
            return True
        if isinstance(node, ast.keyword) and node.arg == "autograph":
            return isinstance(node.value, ast.Constant) and node.value.value is False
    return False


def _with_context(target: ast.expr, context: ast.expr_context) -> ast.expr:
    """A target, to be read or deleted instead."""
    value = copy.deepcopy(target)
    value.ctx = context  # type: ignore[attr-defined]
    return value


def _by_name(value: ast.expr) -> ast.expr:
    """`[(x, shape)]` with the variable's name in place of its value."""
    if isinstance(value, ast.List | ast.Tuple):
        for pair in value.elts:
            if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                if isinstance(pair.elts[0], ast.Name | ast.Attribute | ast.Subscript):
                    text = ast.Constant(ast.unparse(pair.elts[0]))
                    pair.elts[0] = located(text, pair.elts[0])
    return value


def _line_only(node: ast.stmt) -> ast.stmt:
    """A position on a statement's first line, that spans nothing."""
    place = ast.Pass()
    place.lineno = place.end_lineno = node.lineno
    place.col_offset = place.end_col_offset = node.col_offset
    return place
