"""Error classes and the message builder."""

from __future__ import annotations

import copy
import pickle

import pytest

from deras._src import errors
from deras._src.util.callsite import user_site

CODES = {
    "CANCELLED": (1, "CancelledError"),
    "UNKNOWN": (2, "UnknownError"),
    "INVALID_ARGUMENT": (3, "InvalidArgumentError"),
    "DEADLINE_EXCEEDED": (4, "DeadlineExceededError"),
    "NOT_FOUND": (5, "NotFoundError"),
    "ALREADY_EXISTS": (6, "AlreadyExistsError"),
    "PERMISSION_DENIED": (7, "PermissionDeniedError"),
    "RESOURCE_EXHAUSTED": (8, "ResourceExhaustedError"),
    "FAILED_PRECONDITION": (9, "FailedPreconditionError"),
    "ABORTED": (10, "AbortedError"),
    "OUT_OF_RANGE": (11, "OutOfRangeError"),
    "UNIMPLEMENTED": (12, "UnimplementedError"),
    "INTERNAL": (13, "InternalError"),
    "UNAVAILABLE": (14, "UnavailableError"),
    "DATA_LOSS": (15, "DataLossError"),
    "UNAUTHENTICATED": (16, "UnauthenticatedError"),
}


@pytest.mark.parametrize("constant", CODES)
def test_codes(constant):
    code, name = CODES[constant]
    cls = getattr(errors, name)
    assert getattr(errors, constant) == code
    assert errors.exception_type_from_error_code(code) is cls
    assert errors.error_code_from_exception_type(cls) == code
    error = cls("node", "op", "text", {"type": "payload"})
    assert isinstance(error, errors.OpError)
    assert (error.node_def, error.op, error.message) == ("node", "op", "text")
    assert (error.error_code, str(error)) == (code, "text")
    assert error.experimental_payloads == {"type": "payload"}
    assert cls.__module__ == "deras.errors"


def test_no_such_code():
    for code in (errors.OK, 99):
        with pytest.raises(KeyError):
            errors.exception_type_from_error_code(code)
    assert errors.error_code_from_exception_type(ValueError) == errors.UNKNOWN


def test_base_class():
    error = errors.OpError(None, None, "text", errors.ABORTED)
    assert error.error_code == 10
    assert error.experimental_payloads == {}


@pytest.mark.parametrize(
    "error",
    [
        errors.NotFoundError(None, None, "text", {"a": 1}),
        errors.OpError(None, None, "text", 3),
        errors.GraphInvalidArgumentError(None, None, "text"),
    ],
)
def test_copies(error):
    rebuild, arguments = error.__reduce__()
    for again in (copy.copy(error), rebuild(*arguments)):
        assert type(again) is type(error)
        assert (again.message, again.error_code) == (error.message, error.error_code)
        assert again.experimental_payloads == error.experimental_payloads


def test_pickle_of_an_error_without_public_home():
    error = pickle.loads(pickle.dumps(errors.GraphInvalidArgumentError(None, None, "text")))
    assert error.message == "text"


def test_graph_error_is_caught_both_ways():
    for cls in (ValueError, errors.InvalidArgumentError):
        with pytest.raises(cls, match=r"^tf\.matmul: no\.$"):
            raise errors.op_error(errors.GraphInvalidArgumentError, "tf.matmul", "no.")


def test_op_error_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "train.py"
    script.write_text("x = 1\n    y = tf.matmul(a, b)\n")
    error = errors.op_error(
        errors.InvalidArgumentError,
        "tf.matmul",
        "inner dimensions differ: a has 10 columns, b has 12 rows.",
        [("a", "float32[32,10]"), ("b", "float32[12,4]")],
        (str(script), 2, "loss_fn"),
        "no transpose makes these fit.",
    )
    assert type(error) is errors.InvalidArgumentError
    assert error.message == (
        "tf.matmul: inner dimensions differ: a has 10 columns, b has 12 rows.\n"
        "  a: float32[32,10]\n"
        "  b: float32[12,4]\n"
        "  at train.py:2 in loss_fn:  y = tf.matmul(a, b)\n"
        "  hint: no transpose makes these fit."
    )


def test_op_error_of_plain_classes():
    for cls in (ValueError, TypeError):
        error = errors.op_error(cls, "tf.add", "bad.")
        assert type(error) is cls
        assert str(error) == "tf.add: bad."


def test_op_error_with_a_site():
    site = user_site()
    text = str(errors.op_error(ValueError, "tf.add", "bad.", site=site))
    assert text.endswith("in test_op_error_with_a_site:  site = user_site()")


def test_site_without_source():
    assert errors.describe_site(("<stdin-7>", 3, "f")) == "at <stdin-7>:3 in f"
