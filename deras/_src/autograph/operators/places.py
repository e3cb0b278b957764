"""The user's names as a staged branch or loop reads and sets them: closure cells and globals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

RETURN_VALUE = "ag_return_value_"


class _Undefined:
    """Stands for a name that has no value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<undefined>"


UNDEFINED = _Undefined()


class _Global:
    """A global name, with a cell's interface."""

    __slots__ = ("_name", "_values")

    def __init__(self, values: dict[str, Any], name: str) -> None:
        self._values = values
        self._name = name

    @property
    def cell_contents(self) -> Any:
        try:
            return self._values[self._name]
        except KeyError:
            raise ValueError from None

    @cell_contents.setter
    def cell_contents(self, value: Any) -> None:
        self._values[self._name] = value

    @cell_contents.deleter
    def cell_contents(self) -> None:
        self._values.pop(self._name, None)


class _Place:
    """An attribute or element, with a cell's interface."""

    __slots__ = ("_delete", "_get", "_set")

    def __init__(
        self, get: Callable[[], Any], put: Callable[[Any], None], delete: Callable[[], None]
    ) -> None:
        self._get = get
        self._set = put
        self._delete = delete

    @property
    def cell_contents(self) -> Any:
        try:
            return self._get()
        except (AttributeError, LookupError, NameError):
            raise ValueError from None

    @cell_contents.setter
    def cell_contents(self, value: Any) -> None:
        self._set(value)

    @cell_contents.deleter
    def cell_contents(self) -> None:
        try:
            self._delete()
        except (AttributeError, LookupError, NameError):
            return  # it was not there


class Places:
    """The names that a block rebinds, and that are wanted before or after it.

    Attributes:
      names: as the user wrote them.
      outputs: how many of them, from the first, are wanted afterwards.
    """

    def __init__(
        self, block: FunctionType, names: Sequence[str], outputs: int, places: Sequence[Any]
    ) -> None:
        closure = dict(zip(block.__code__.co_freevars, block.__closure__ or (), strict=True))
        wanted: list[tuple[str, Any]] = [
            (n, closure.get(n) or _Global(block.__globals__, n)) for n in names[:outputs]
        ]
        wanted += [(text, _Place(*functions)) for text, *functions in places]
        self.outputs = len(wanted)
        wanted += [(n, closure.get(n) or _Global(block.__globals__, n)) for n in names[outputs:]]
        self.names = [name for name, _ in wanted]
        self._cells = [cell for _, cell in wanted]

    def get(self) -> list[Any]:
        """The values, `UNDEFINED` where there is none."""
        return _values(self._cells)

    def set(self, values: Sequence[Any]) -> None:
        """Gives the names these values, and unbinds those whose value is `UNDEFINED`."""
        _assign(self._cells, values)

    def default(self, name: str | None, value: Any) -> None:
        """Gives a name a value if it is one of these and has none."""
        for own, cell in zip(self.names, self._cells, strict=True):
            if own == name and _values([cell])[0] is UNDEFINED:
                cell.cell_contents = value


class Binding:
    """An operand that binds names by `:=`; called, it gives the operand's value.

    Attributes:
      names: The names.
    """

    __slots__ = ("_cells", "_operand", "names")

    def __init__(
        self, operand: FunctionType, names: Sequence[str], setters: Sequence[FunctionType]
    ) -> None:
        self._operand = operand
        self.names = list(names)
        self._cells = [
            dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)).get(n)
            or _Global(f.__globals__, n)
            for n, f in zip(names, setters, strict=True)
        ]

    @property
    def __code__(self) -> Any:
        return self._operand.__code__

    def __call__(self) -> Any:
        return self._operand()

    def get(self) -> list[Any]:
        """The values that the names have."""
        return _values(self._cells)

    def set(self, values: Sequence[Any]) -> None:
        """Gives the names these values."""
        _assign(self._cells, values)


def _values(cells: Sequence[Any]) -> list[Any]:
    values = []
    for cell in cells:
        try:
            values.append(cell.cell_contents)
        except ValueError:
            values.append(UNDEFINED)
    return values


def _assign(cells: Sequence[Any], values: Sequence[Any]) -> None:
    for cell, value in zip(cells, values, strict=True):
        if value is UNDEFINED:
            del cell.cell_contents
        else:
            cell.cell_contents = value


def shown(name: str) -> str:
    """A name in an error."""
    return "the return value" if name == RETURN_VALUE else repr(name)
