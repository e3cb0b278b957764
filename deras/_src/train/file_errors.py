"""What the operating system says about a file, as TensorFlow's errors."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import Any

from deras._src import errors

_CLASSES: dict[int, Any] = {
    errno.ENOENT: errors.NotFoundError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.ENOSPC: errors.ResourceExhaustedError,
    errno.EDQUOT: errors.ResourceExhaustedError,
    errno.EFBIG: errors.ResourceExhaustedError,
    errno.EMFILE: errors.ResourceExhaustedError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
}


@contextlib.contextmanager
def translated(what: str, consequence: str = "") -> Iterator[None]:
    """Raises TensorFlow's class in place of an OSError.

    Args:
      what: What was tried, such as `"writing checkpoint 'a/ckpt-1'"`.
      consequence: What that means for the user, as a sentence.
    """
    try:
        yield
    except OSError as error:
        kind = _CLASSES.get(error.errno or 0, errors.UnknownError)
        place = f" ({error.filename})" if error.filename else ""
        text = f"{what}: {error.strerror or error}{place}."
        raise kind(None, None, f"{text} {consequence}".rstrip()) from error
