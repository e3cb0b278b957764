"""From a function to its converted twin: new code, the same globals and closure cells.

A code object is converted once and its result kept as long as it lives; each function object gets
a twin of its own, since it has cells and defaults of its own. Twins share the cells, so that later
changes of captured names are seen by both.
"""

from __future__ import annotations

import ast
import threading
import weakref
from types import CellType, CodeType, FunctionType
from typing import Any

from deras._src.autograph.expressions import OPERAND_MARK, OPERATORS, located, no_arguments
from deras._src.autograph.jumps import Unconvertible
from deras._src.autograph.source import FunctionNode, NoSource, find
from deras._src.autograph.statements import convert_tree

_OPTIMIZED = 0x1  # co_flags of functions; class bodies and modules lack it
_COROUTINE = 0x20 | 0x80 | 0x200  # generator, coroutine, asynchronous generator
_FUTURE = 0x1FF0000  # what `from __future__` statements the code was compiled under
_TWIN = "__deras_autograph__"
_FACTORY = "ag_factory_"

_lock = threading.RLock()
_operators = CellType()
# Code objects by id, as comparing two compares all their content.
_results: dict[int, tuple[weakref.ref[CodeType], CodeType | str]] = {}
_converted: dict[int, weakref.ref[CodeType]] = {}


def set_operators(namespace: object) -> None:
    """Says what converted code finds under the name `ag__`."""
    _operators.cell_contents = namespace


def is_converted(code: CodeType) -> bool:
    """Whether this code was made by a conversion."""
    known = _converted.get(id(code))
    return known is not None and known() is code


def why_not(code: CodeType) -> str | None:
    """Why the conversion of this code was given up, or None."""
    if code.co_flags & _COROUTINE:
        return "it is a generator or coroutine, which AutoGraph leaves as it is"
    known = _results.get(id(code))
    if known is None or known[0]() is not code or not isinstance(known[1], str):
        return None
    return known[1]


def convert(function: FunctionType) -> FunctionType:
    """The converted twin of `function`; the function itself where it cannot be converted.

    Why it cannot be is kept for `why_not`, and is told when a tensor asks for it.
    """
    code = function.__code__
    if is_converted(code) or code.co_flags & _COROUTINE:
        return function
    known = function.__dict__.get(_TWIN)
    # functools.wraps copies dictionaries, so the entry may belong to another function.
    if known is not None and known[0]() is function and known[1] is code:
        return known[2]  # type: ignore[no-any-return]
    result = converted_code(function)
    if isinstance(result, str):
        return function
    twin = _twin(function, result)
    function.__dict__[_TWIN] = (weakref.ref(function), code, twin)
    return twin


def converted_code(function: FunctionType) -> CodeType | str:
    """The new code of a function, or why there is none."""
    code = function.__code__
    with _lock:
        known = _results.get(id(code))
        if known is not None and known[0]() is code:
            return known[1]
        try:
            result: CodeType | str = _compile(function)
        except NoSource as error:
            result = f"AutoGraph could not see its source: {error}"
        except Unconvertible as error:
            result = f"AutoGraph cannot convert it: {error.reason}, at line {error.line}"
        key = id(code)
        _results[key] = (weakref.ref(code, lambda _: _results.pop(key, None)), result)
        return result


def converted_tree(function: FunctionType) -> tuple[FunctionNode, str | None]:
    """The rewritten tree of a function, and the name of the class around it.

    Raises:
      NoSource: the source cannot be had.
      Unconvertible: it holds something that cannot be converted.
    """
    node, class_name = find(function)
    convert_tree(node, class_name)
    return node, class_name


def _compile(function: FunctionType) -> CodeType:
    node, class_name = converted_tree(function)
    code = function.__code__
    node.args.defaults = []
    node.args.kw_defaults = [None] * len(node.args.kwonlyargs)
    if isinstance(node, ast.Lambda):
        holder: ast.stmt = ast.Expr(node)
    else:
        # The first decorator's line is where the code begins for Python; a constant keeps it.
        first = min(node.decorator_list, key=lambda d: d.lineno, default=None)
        node.decorator_list = [] if first is None else [located(ast.Constant(None), first)]
        node.returns = None
        node.type_params = []  # type: ignore[union-attr]
        for argument in ast.walk(node.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        holder = node
    # In a class, for private names and for super(); that one in a class too, so that neither the
    # function's name nor the class's is bound around it. "_" changes no private names.
    for name in (class_name, "_") if class_name is not None else ("_",):
        holder = located(ast.ClassDef(name, [], [], [holder], []), node)
        holder.type_params = []  # type: ignore[attr-defined]
    arguments = no_arguments()
    arguments.args = [
        ast.arg(name) for name in (OPERATORS, *code.co_freevars) if name != "__class__"
    ]
    factory = ast.FunctionDef(_FACTORY, arguments, [holder], [], None)
    factory.type_params = []  # type: ignore[attr-defined]
    module = ast.Module([located(factory, node)], [])
    future = code.co_flags & _FUTURE
    compiled = compile(module, code.co_filename, "exec", dont_inherit=True, flags=future)
    found = _find_code(compiled, code.co_name)
    prefix = found.co_qualname
    renamed = _renamed(found, prefix, code.co_qualname, code.co_name)
    _register(renamed)
    return renamed


def _find_code(module: CodeType, name: str) -> CodeType:
    (code,) = (c for c in module.co_consts if isinstance(c, CodeType))
    while True:  # the factory, perhaps a class, the function
        inner = [c for c in code.co_consts if isinstance(c, CodeType)]
        code = next(c for c in inner if c.co_name == name or not c.co_flags & _OPTIMIZED)
        if code.co_flags & _OPTIMIZED:
            return code


def _renamed(code: CodeType, prefix: str, qualname: str, owner: str) -> CodeType:
    """The code with the names that tracebacks show: blocks go by their function's name."""
    constants: list[Any] = []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            own = constant.co_name
            if _is_block(own) or (own == "<lambda>" and _is_operand(constant)):
                inner = _renamed(constant, constant.co_qualname, qualname, owner)
            else:
                inner = _renamed(constant, constant.co_qualname, _moved(qualname, own), own)
            constants.append(inner)
        elif constant == code.co_qualname and not code.co_flags & _OPTIMIZED:
            constants.append(qualname)  # what a class body sets as its __qualname__
        else:
            constants.append(constant)
    return code.replace(co_consts=tuple(constants), co_name=owner, co_qualname=qualname)


def _moved(qualname: str, name: str) -> str:
    return f"{qualname}.<locals>.{name}"


def _is_block(name: str) -> bool:
    return name.startswith("ag_") and name.endswith("_")


def _is_operand(code: CodeType) -> bool:
    return code.co_varnames[:1] == (OPERAND_MARK,)


def _register(code: CodeType) -> None:
    key = id(code)
    _converted[key] = weakref.ref(code, lambda _: _converted.pop(key, None))
    for constant in code.co_consts:
        # What a class body holds is not converted yet.
        if isinstance(constant, CodeType) and constant.co_flags & _OPTIMIZED:
            _register(constant)


def _twin(function: FunctionType, code: CodeType) -> FunctionType:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells[OPERATORS] = _operators
    closure = tuple(cells.get(name) or CellType() for name in code.co_freevars)
    twin = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, closure
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__qualname__ = function.__qualname__
    twin.__module__ = function.__module__
    twin.__doc__ = function.__doc__
    twin.__annotations__ = function.__annotations__
    twin.__dict__.update({k: v for k, v in function.__dict__.items() if k != _TWIN})
    return twin
