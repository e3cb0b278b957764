"""`deras.errors`: the public names of TensorFlow's `tf.errors`."""

# Written by scripts/gen_api.py from the @export declarations in _src; do not edit.
# isort: skip_file

from deras._src.compat.missing import missing_attribute as _missing
from deras._src.errors import AbortedError as AbortedError
from deras._src.errors import AlreadyExistsError as AlreadyExistsError
from deras._src.errors import CancelledError as CancelledError
from deras._src.errors import DataLossError as DataLossError
from deras._src.errors import DeadlineExceededError as DeadlineExceededError
from deras._src.errors import FailedPreconditionError as FailedPreconditionError
from deras._src.errors import InternalError as InternalError
from deras._src.errors import InvalidArgumentError as InvalidArgumentError
from deras._src.errors import NotFoundError as NotFoundError
from deras._src.errors import OpError as OpError
from deras._src.errors import OperatorNotAllowedInGraphError as OperatorNotAllowedInGraphError
from deras._src.errors import OutOfRangeError as OutOfRangeError
from deras._src.errors import PermissionDeniedError as PermissionDeniedError
from deras._src.errors import ResourceExhaustedError as ResourceExhaustedError
from deras._src.errors import UnauthenticatedError as UnauthenticatedError
from deras._src.errors import UnavailableError as UnavailableError
from deras._src.errors import UnimplementedError as UnimplementedError
from deras._src.errors import UnknownError as UnknownError

ABORTED = 10
ALREADY_EXISTS = 6
CANCELLED = 1
DATA_LOSS = 15
DEADLINE_EXCEEDED = 4
FAILED_PRECONDITION = 9
INTERNAL = 13
INVALID_ARGUMENT = 3
NOT_FOUND = 5
OK = 0
OUT_OF_RANGE = 11
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
UNAUTHENTICATED = 16
UNAVAILABLE = 14
UNIMPLEMENTED = 12
UNKNOWN = 2

__getattr__ = _missing(__name__)
