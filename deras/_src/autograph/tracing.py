"""What `tf.function` calls: the converted function, with tracebacks and errors for users."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import CodeType, TracebackType
from typing import Any

from deras._src import errors
from deras._src.autograph import callees
from deras._src.autograph import convert as conversion
from deras._src.util.callsite import user_frames

_LIBRARY = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "")
_TOLD = "AutoGraph"


def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a function that is being traced, converted where that is possible."""
    try:
        return callees.callee(function)(*args, **kwargs)
    except errors.OperatorNotAllowedInGraphError as error:
        trace = user_frames(error.__traceback__)
        raise _explained(error).with_traceback(trace) from error.__cause__
    except NameError as error:
        trace = user_frames(error.__traceback__)
        raise _as_local(error).with_traceback(trace) from error.__cause__
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises, raised again
        raise error.with_traceback(user_frames(error.__traceback__))  # noqa: B904


def call_unconverted(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The same for `autograph=False`."""
    try:
        return function(*args, **kwargs)
    except errors.OperatorNotAllowedInGraphError as error:
        raise _explained(error, "autograph=False was given").with_traceback(
            error.__traceback__
        ) from error.__cause__


def _as_local(error: NameError) -> NameError:
    """The error as Python words it for a name of the function itself, not of one around it."""
    place = _innermost(error.__traceback__)
    if type(error) is not NameError or place is None or not conversion.is_converted(place[0]):
        return error
    if error.name not in place[0].co_freevars:
        return error
    return UnboundLocalError(
        f"cannot access local variable {error.name!r} where it is not associated with a value"
    )


def _explained(
    error: errors.OperatorNotAllowedInGraphError, reason: str | None = None
) -> errors.OperatorNotAllowedInGraphError:
    """The error with the reason why the `if` or `for` that met the tensor stayed Python's."""
    place = _innermost(error.__traceback__)
    text = str(error)
    if place is None or _TOLD in text:
        return error
    code, line = place
    why = reason or conversion.why_not(code)
    site = errors.describe_site((code.co_filename, line, code.co_qualname))
    if why is None and conversion.is_converted(code):
        told = (
            f"{_TOLD} converted this function, but not the construct that needs the tensor's "
            "value here: comprehensions, match, and calls of Python's own functions stay Python"
        )
    elif why is None:
        told = (
            f"{_TOLD} did not convert this function: it belongs to a library, was marked with "
            "do_not_convert, or was called by one that is not converted"
        )
    else:
        told = f"{_TOLD} did not convert this function: {why}"
    return errors.OperatorNotAllowedInGraphError(
        f"{text}\n  {told}.\n  {site}\n  hint: use tf.cond, tf.while_loop, tf.where or tf.map_fn "
        "here, or move the statement into a function whose source is in a file"
    )


def _innermost(trace: TracebackType | None) -> tuple[CodeType, int] | None:
    found = None
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith((_LIBRARY, "<frozen ")):
            found = code, trace.tb_lineno
        trace = trace.tb_next
    return found
