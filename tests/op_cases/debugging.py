"""Rows of `tf.debugging`. Assertions return no tensor, so these rows give back their input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .case import FLOATS, Case, Raises, bools, given, normal, values

NAN, INF = float("nan"), float("inf")


def asserting(name: str, **options: Any) -> Callable[..., Any]:
    """A call that asserts and then gives its first argument."""

    def call(tf: Any, x: Any, *rest: Any) -> Any:
        getattr(tf.debugging, name)(x, *rest, **options)
        return tf.identity(x)

    return call


def assert_case(
    name: str, good: list[Any], bad: list[tuple[list[Any], str]], **options: Any
) -> Case:
    return Case(
        f"debugging.{name}",
        good,
        call=asserting(name, **options),
        grad=None,
        dtypes=("float32",),
        unknown="compatible",
        raises=[Raises(inputs, match=match) for inputs, match in bad],
    )


def assert_rank_at_run_time(tf: Any, x: Any) -> Any:
    """The rank is not known while this is traced."""
    function = tf.function(
        lambda y: asserting("assert_rank", message="ranks")(tf, y, 2),
        input_signature=[tf.TensorSpec(None)],
        autograph=False,
    )
    return function(x)


def assert_shapes_at_run_time(tf: Any, x: Any, y: Any) -> Any:
    def body(a: Any, b: Any) -> Any:
        tf.debugging.assert_shapes([(a, ("N", 3)), (b, (..., "N"))], message="shapes")
        return a

    spec = [tf.TensorSpec([None, None]), tf.TensorSpec([None])]
    return tf.function(body, input_signature=spec, autograph=False)(x, y)


def pairs(tf: Any, x: Any, y: Any) -> Any:
    tf.debugging.assert_shapes([(x, ("N", 3)), (y, "N"), (x, (..., 3)), (y, [None])], message="hey")
    return x


def texts(tf: Any, x: Any, y: Any) -> Any:
    tf.debugging.assert_equal(x, y, message="names")
    return tf.constant(1)


def with_data(tf: Any, x: Any, condition: Any) -> Any:
    tf.debugging.Assert(condition, ["the data", x])
    return x


I12, I13 = given([1, 2], "int32"), given([1, 3], "int32")
ONE_TWO, PLUS, MINUS = values([1.0, 2.0]), values([1.0, 0.5]), values([-1.0, -0.5])
ZERO = values([0.0, 1.0])

CASES = [
    assert_case(
        "assert_equal",
        [I12, I12],
        [
            ([I12, I13], r"assert_equal: labels\nCondition x == y did not hold"),
            ([I12, given([1, 2, 3], "int32")], "broadcast"),
            ([I12, given([1.0, 2.0], "float32")], "float32"),
        ],
        message="labels",
    ),
    Case(
        "debugging.assert_equal",
        [["a", "b"], ["a", "b"]],
        id="assert_equal-strings",
        call=texts,
        jit=False,
        grad=None,
        raises=[
            Raises(
                [["a", "b"], ["a", "c"]],
                match="assert_equal: names",
                error="InvalidArgumentError",
                modes=("eager", "function"),
            )
        ],
    ),
    assert_case("assert_none_equal", [ONE_TWO, 3.0], [([ONE_TWO, 2.0], "Condition x != y")]),
    assert_case("assert_less", [ONE_TWO, 3.0], [([ONE_TWO, 2.0], "Condition x < y")]),
    assert_case("assert_less_equal", [ONE_TWO, 2.0], [([ONE_TWO, 1.5], "Condition x <= y")]),
    assert_case("assert_greater", [ONE_TWO, 0.0], [([ONE_TWO, 1.0], "Condition x > y")]),
    assert_case("assert_greater_equal", [ONE_TWO, 1.0], [([ONE_TWO, 1.5], "Condition x >= y")]),
    assert_case(
        "assert_near",
        [values([1.0, -2.0]), [1.0, -2.0000001]],
        [
            ([ONE_TWO, [1.0, 2.1]], "assert_near: .*not equal to tolerance"),
            ([values([NAN]), [NAN]], "not equal to tolerance"),
            ([I12, [1, 2]], "assert_near: x is int32"),
        ],
    ),
    assert_case("assert_positive", [PLUS], [([ZERO], r"hey\nCondition x > 0")], message="hey"),
    assert_case("assert_negative", [MINUS], [([ZERO], "Condition x < 0")]),
    assert_case("assert_non_negative", [ZERO], [([MINUS], "Condition x >= 0")]),
    assert_case("assert_non_positive", [MINUS], [([ZERO], "Condition x <= 0")]),
    Case(
        "debugging.Assert",
        [normal(2), bools()],
        id="Assert-true",
        call=lambda tf, x, c: with_data(tf, x, tf.logical_or(c, True)),
        grad=None,
        unknown="compatible",
        raises=[
            Raises(
                [normal(2), bools()],
                call=lambda tf, x, c: with_data(tf, x, tf.logical_and(c, False)),
                match="Assert: Expected the condition to be true. Data: the data",
            ),
            Raises(
                [normal(2), True],
                call=lambda tf, x, c: tf.debugging.Assert(c, x),
                match="Assert: data must be a list",
                error="TypeError",
                graph_error="TypeError",
            ),
        ],
    ),
    # Numbers.
    Case(
        "debugging.check_numerics",
        [normal(2, 3), "weights"],
        dtypes=(*FLOATS, "int32"),
        raises=[
            Raises([values([1.0, NAN]), "weights"], match="weights : Tensor had NaN values"),
            Raises([values([1.0, -INF]), "weights"], match="weights : Tensor had Inf values"),
            Raises([values([NAN, INF]), "w"], match="w : Tensor had Inf and NaN values"),
        ],
    ),
    Case(
        "debugging.assert_all_finite",
        [normal(2, 3), "weights"],
        raises=[Raises([values([NAN]), "weights"], match="weights : Tensor had NaN values")],
    ),
    # Dtypes.
    Case(
        "debugging.assert_type",
        [normal(2)],
        call=lambda tf, x: (tf.debugging.assert_type(x, x.dtype), x)[1],
        grad=None,
        raises=[
            Raises(
                [normal(2)],
                call=lambda tf, x: tf.debugging.assert_type(x, tf.int32, message="hey"),
                match=r"assert_type: hey\ntensor is float32; int32 is wanted",
            )
        ],
    ),
    assert_case("assert_integer", [I12], [([PLUS], "assert_integer: x is float32")]),
    Case(
        "debugging.assert_same_float_dtype",
        [[normal(2), normal(3)]],
        grad=None,
        call=lambda tf, xs: str(tf.debugging.assert_same_float_dtype(xs)),
        empty=False,
        unknown=False,
        raises=[
            Raises(
                [[normal(2), given([1], "float64")]],
                match="a tensor is float64; float32 is wanted",
            ),
            Raises([[I12]], match="the dtype is int32; floating point is wanted"),
        ],
    ),
    Case(
        "debugging.is_numeric_tensor",
        [normal(2), bools(2), 1.0],
        call=lambda tf, *xs: [str(tf.debugging.is_numeric_tensor(x)) for x in xs],
        grad=None,
        unknown=False,
        empty=False,
    ),
    Case(
        "debugging.assert_proper_iterable",
        [[normal(2)]],
        grad=None,
        unknown=False,
        empty=False,
        call=lambda tf, xs: (tf.debugging.assert_proper_iterable(xs), xs)[1],
        raises=[
            Raises([normal(2)], match="assert_proper_iterable: values is a"),
            Raises([3], match="values is a int, which cannot be iterated over"),
            Raises(["ab"], match="assert_proper_iterable: values is a str"),
        ],
    ),
    # Ranks and shapes.
    assert_case(
        "assert_rank",
        [normal(2, 3), 2],
        [
            ([normal(2), 2], r"assert_rank: hey\nx has rank 1; rank 2 is wanted"),
            ([normal(2), [1, 2]], "rank must be a scalar"),
            ([normal(2), 1.5], "assert_rank: rank is float32; an int"),
        ],
        message="hey",
    ),
    Case(
        "debugging.assert_rank",
        [normal(2, 3)],
        id="assert_rank-later",
        call=assert_rank_at_run_time,
        dtypes=("float32",),
        grad=None,
        unknown=False,
        raises=[Raises([normal(3)], match="ranks\nx has rank 1; rank 2 is wanted")],
    ),
    assert_case(
        "assert_rank_at_least",
        [normal(2, 3), 1],
        [([normal(2), 2], "assert_rank_at_least: x has rank 1; rank 2 or more")],
    ),
    assert_case(
        "assert_rank_in",
        [normal(2, 3), [1, 2]],
        [([normal(2), [2, 3]], r"assert_rank_in: x has rank 1; a rank in .2, 3.")],
    ),
    Case(
        "debugging.assert_scalar",
        [normal()],
        grad=None,
        unknown=False,
        raises=[Raises([normal(2)], match="assert_scalar: a scalar is wanted")],
    ),
    Case(
        "debugging.assert_shapes",
        [normal(2, 3), normal(2)],
        call=pairs,
        grad=None,
        unknown="compatible",
        empty=False,
        raises=[
            Raises([normal(3, 3), normal(2)], match=r"hey\ndimension 0 of tensor 1 is 2; 3 is"),
            Raises([normal(2, 4), normal(2)], match="dimension 1 of tensor 0 is 4; 3 is wanted"),
            Raises([normal(2, 3), normal(2, 2)], match="tensor 1 has rank 2; 1 is wanted"),
            Raises(
                [normal(2), normal(2)],
                call=lambda tf, x, y: tf.debugging.assert_shapes([(x, 1)]),
                match="a shape must be a list or string",
            ),
        ],
    ),
    Case(
        "debugging.assert_shapes",
        [normal(2, 3), normal(2)],
        id="assert_shapes-later",
        call=assert_shapes_at_run_time,
        dtypes=("float32",),
        grad=None,
        unknown=False,
        empty=False,
        raises=[Raises([normal(4, 3), normal(2)], match="shapes\ndimension 0 of tensor 1 is 2")],
    ),
]
