"""Error classes, and the one builder of their messages.

Classes are TensorFlow's, so that a program's `except` clauses keep working. Messages are ours:
`op_error` writes all of them in one form. It runs only after something failed, so the good path
pays nothing for it.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterable
from typing import Any, Final, TypeVar

from deras._src.util.export import export, export_value

OK: Final = export_value(0, "errors.OK")
CANCELLED: Final = export_value(1, "errors.CANCELLED")
UNKNOWN: Final = export_value(2, "errors.UNKNOWN")
INVALID_ARGUMENT: Final = export_value(3, "errors.INVALID_ARGUMENT")
DEADLINE_EXCEEDED: Final = export_value(4, "errors.DEADLINE_EXCEEDED")
NOT_FOUND: Final = export_value(5, "errors.NOT_FOUND")
ALREADY_EXISTS: Final = export_value(6, "errors.ALREADY_EXISTS")
PERMISSION_DENIED: Final = export_value(7, "errors.PERMISSION_DENIED")
RESOURCE_EXHAUSTED: Final = export_value(8, "errors.RESOURCE_EXHAUSTED")
FAILED_PRECONDITION: Final = export_value(9, "errors.FAILED_PRECONDITION")
ABORTED: Final = export_value(10, "errors.ABORTED")
OUT_OF_RANGE: Final = export_value(11, "errors.OUT_OF_RANGE")
UNIMPLEMENTED: Final = export_value(12, "errors.UNIMPLEMENTED")
INTERNAL: Final = export_value(13, "errors.INTERNAL")
UNAVAILABLE: Final = export_value(14, "errors.UNAVAILABLE")
DATA_LOSS: Final = export_value(15, "errors.DATA_LOSS")
UNAUTHENTICATED: Final = export_value(16, "errors.UNAUTHENTICATED")


@export("errors.OpError")
class OpError(Exception):
    """What an op raises when it fails. The subclasses say how; catch those where you can.

    Args:
      node_def: None, or a description of the graph node that failed.
      op: None, or the graph operation that failed.
      message: The whole text of the error.
      error_code: The number of the kind of error, such as `tf.errors.INVALID_ARGUMENT`.
      *args: At most a dict: payloads, as TensorFlow's errors may carry them.

    >>> error = tf.errors.NotFoundError(None, None, "no such file")
    >>> error.message, error.error_code == tf.errors.NOT_FOUND
    ('no such file', True)
    """

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int, *args: Any) -> None:
        super().__init__(message)
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = error_code
        self._payloads = dict(args[0]) if args and isinstance(args[0], dict) else {}

    @property
    def node_def(self) -> Any:
        """The description of the node that failed, or None."""
        return self._node_def

    @property
    def op(self) -> Any:
        """The graph operation that failed, or None (always None in eager mode)."""
        return self._op

    @property
    def message(self) -> str:
        """The whole text of the error."""
        return self._message

    @property
    def error_code(self) -> int:
        """The number of the kind of error, such as `tf.errors.INVALID_ARGUMENT`."""
        return self._error_code

    @property
    def experimental_payloads(self) -> dict[Any, Any]:
        """Payloads given when the error was made, by type."""
        return self._payloads

    def __str__(self) -> str:
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        payloads = (self._payloads,) if self._payloads else ()
        if type(self) is OpError:
            return OpError, (self._node_def, self._op, self._message, self._error_code, *payloads)
        return type(self), (self._node_def, self._op, self._message, *payloads)


_CODE_TO_CLASS: dict[int, type[OpError]] = {}


class _CodedError(OpError):
    """An OpError whose class says its code."""

    _code: int

    def __init_subclass__(cls, code: int | None = None) -> None:
        if code is not None:
            cls._code = code
            _CODE_TO_CLASS[code] = cls

    def __init__(self, node_def: Any, op: Any, message: str, *args: Any) -> None:
        super().__init__(node_def, op, message, self._code, *args)


@export("errors.CancelledError")
class CancelledError(_CodedError, code=CANCELLED):
    """The operation was cancelled, by closing a queue or stopping a coordinator, for example."""


@export("errors.UnknownError")
class UnknownError(_CodedError, code=UNKNOWN):
    """An error of no known kind, such as an exception in a user's Python function."""


@export("errors.InvalidArgumentError")
class InvalidArgumentError(_CodedError, code=INVALID_ARGUMENT):
    """An argument is wrong whatever the state of the program: its dtype, shape or value."""


class GraphInvalidArgumentError(InvalidArgumentError, ValueError):
    """Static shapes that do not fit, found while a graph is built.

    TensorFlow raises InvalidArgumentError for such a mistake in eager mode, but ValueError when its
    shape functions find it during tracing. Programs catch the one or the other, by the mode in
    which they were written; this class is both, so both kinds of `except` see it.

    >>> issubclass(GraphInvalidArgumentError, ValueError)
    True
    """


class ArgumentTypeError(InvalidArgumentError, TypeError):
    """A Python value that does not fit the dtype of the tensors it meets, such as `ints + 1.5`.

    TensorFlow raises InvalidArgumentError or TypeError for it, by the way the call takes
    (`ints + 1.5` the first, `1.5 + ints` the second); this class is both.

    >>> issubclass(ArgumentTypeError, TypeError)
    True
    """


class InaccessibleTensorError(ValueError):
    """A tensor of a loop's body, a branch or an inner function is used outside of it."""


class GraphTypeError(InvalidArgumentError, TypeError):
    """Dtypes that do not fit, found while a graph is built.

    TensorFlow raises InvalidArgumentError for such a mistake in eager mode, but TypeError during
    tracing; this class is both.

    >>> issubclass(GraphTypeError, TypeError)
    True
    """


@export("errors.DeadlineExceededError")
class DeadlineExceededError(_CodedError, code=DEADLINE_EXCEEDED):
    """The operation did not end in the time given to it."""


@export("errors.NotFoundError")
class NotFoundError(_CodedError, code=NOT_FOUND):
    """A file, directory, key or the like does not exist."""


@export("errors.AlreadyExistsError")
class AlreadyExistsError(_CodedError, code=ALREADY_EXISTS):
    """What was to be made, such as a file or resource, exists already."""


@export("errors.PermissionDeniedError")
class PermissionDeniedError(_CodedError, code=PERMISSION_DENIED):
    """The caller may not do this, such as write to a file that it does not own."""


@export("errors.ResourceExhaustedError")
class ResourceExhaustedError(_CodedError, code=RESOURCE_EXHAUSTED):
    """Memory, disk space or a quota ran out."""


@export("errors.FailedPreconditionError")
class FailedPreconditionError(_CodedError, code=FAILED_PRECONDITION):
    """The program is not in the state that this needs, such as a variable that has no value yet."""


@export("errors.AbortedError")
class AbortedError(_CodedError, code=ABORTED):
    """The operation was given up because of another that runs at the same time; try again."""


@export("errors.OutOfRangeError")
class OutOfRangeError(_CodedError, code=OUT_OF_RANGE):
    """Iteration or reading went past the end, of a dataset or a closed queue, for example."""


@export("errors.UnimplementedError")
class UnimplementedError(_CodedError, code=UNIMPLEMENTED):
    """The operation is not supported for these arguments or on this device."""


@export("errors.InternalError")
class InternalError(_CodedError, code=INTERNAL):
    """Something that should never happen did: a defect of the library, to be reported."""


@export("errors.UnavailableError")
class UnavailableError(_CodedError, code=UNAVAILABLE):
    """A service, such as another machine of the cluster, cannot be reached now."""


@export("errors.DataLossError")
class DataLossError(_CodedError, code=DATA_LOSS):
    """Data cannot be read back whole: a truncated file, a checksum that does not match."""


@export("errors.UnauthenticatedError")
class UnauthenticatedError(_CodedError, code=UNAUTHENTICATED):
    """The request does not say, or not correctly, who makes it."""


@export("errors.OperatorNotAllowedInGraphError")
class OperatorNotAllowedInGraphError(TypeError):
    """A Python construct, such as `if` or `for`, was used on a tensor that has no value yet."""


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class for a code; KeyError if no class has it (`OK` has none).

    >>> exception_type_from_error_code(5).__name__
    'NotFoundError'
    """
    return _CODE_TO_CLASS[error_code]


def error_code_from_exception_type(cls: type[BaseException]) -> int:
    """The code of a class; `UNKNOWN` if it is not one of the coded classes.

    >>> error_code_from_exception_type(InvalidArgumentError)
    3
    """
    return cls._code if issubclass(cls, _CodedError) else UNKNOWN


_E = TypeVar("_E", bound=BaseException)


def op_error(
    cls: type[_E],
    op_name: str,
    what: str,
    arguments: Iterable[tuple[str, str]] = (),
    site: Any = None,
    hint: str | None = None,
) -> _E:
    """An error of class `cls` with the message in the form that all Deras errors have.

    Args:
      cls: An OpError class with a code, or an exception that takes one text, such as ValueError.
      op_name: The op as the user writes it, such as `"tf.matmul"`.
      what: What is wrong, wanted and got, in one sentence. It must be enough to act on alone.
      arguments: Pairs of an argument's name and its description: dtype and shape, never values.
      site: Where the user called: a `callsite.Site`, or (filename, line number, function name).
      hint: What most likely repairs it; only where that is certain.
    Returns:
      The error, to be raised by the caller.

    >>> print(op_error(ValueError, "tf.matmul", "inner dimensions differ: 10 and 12.",
    ...                [("a", "float32[32,10]"), ("b", "float32[12,4]")], hint="transpose b."))
    tf.matmul: inner dimensions differ: 10 and 12.
      a: float32[32,10]
      b: float32[12,4]
      hint: transpose b.
    """
    lines = [f"{op_name}: {what}"]
    lines += [f"  {name}: {description}" for name, description in arguments]
    if site is not None:
        lines.append(f"  {describe_site(site)}")
    if hint:
        lines.append(f"  hint: {hint}")
    text = "\n".join(lines)
    if issubclass(cls, _CodedError):
        return cls(None, None, text)
    return cls(text)


def describe_site(site: Any) -> str:
    """A place in the user's program: `at train.py:41 in loss_fn:  y = tf.matmul(a, b)`.

    Args:
      site: A `callsite.Site`, or (filename, line number, function name).
    """
    if site is None:
        return "a place that is not known"
    if isinstance(site, tuple):
        filename, lineno, function = site
    else:
        filename, lineno, function = site.filename, site.lineno, site.function
    place = f"at {_short_path(filename)}:{lineno} in {function}"
    of = getattr(site, "of", None)
    if of is not None:
        place = f"in the gradient of {of} {place}"
    source = linecache.getline(filename, lineno).strip()
    return f"{place}:  {source}" if source else place


def _short_path(filename: str) -> str:
    """The path from the working directory where the file lies below it, else the whole path."""
    here = os.path.join(os.getcwd(), "")
    return filename[len(here) :] if filename.startswith(here) else filename


def full_tracebacks() -> bool:
    """Whether errors keep the internal exception they were made from (`DERAS_TRACEBACK=full`)."""
    return os.environ.get("DERAS_TRACEBACK") == "full"
