"""The public random functions against TensorFlow's numbers, eagerly and in functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deras as tf

INF = float("inf")


def floats() -> list[Any]:
    return [
        tf.random.stateless_uniform([3], [5, -7], dtype=dtype)
        for dtype in (tf.float16, tf.bfloat16, tf.float32, tf.float64)
    ] + [tf.random.stateless_uniform([2], [1, 2], [0.0, 5.0], [1.0, 6.0], alg="philox")]


def integers() -> list[Any]:
    seed = tf.constant([2**40, -1], tf.int64)
    return [
        tf.random.stateless_uniform([3], seed, -3, 1000, tf.int32),
        tf.random.stateless_uniform([3], seed, -3, 2**40, tf.int64),
        *(
            tf.random.stateless_uniform([2], seed, None, None, dtype)
            for dtype in (tf.int32, tf.int64, tf.uint32, tf.uint64)
        ),
    ]


def normals() -> list[Any]:
    return [
        tf.random.stateless_normal([2, 2], [1, 2], [1.0, 2.0], [[1.0], [3.0]]),
        tf.random.stateless_normal([], [1, 2], dtype=tf.float64),
        tf.random.stateless_truncated_normal([3], [1, 2], 10.0, 2.0),
    ]


def categories() -> list[Any]:
    logits = tf.math.log([[0.1, 0.6, 0.3], [0.5, 0.5, 0.0]])
    return [
        tf.random.stateless_categorical(logits, 5, [1, 2]),
        tf.random.stateless_categorical(logits, 5, [1, 2], tf.int32),
    ]


def parameterized() -> list[Any]:
    return [
        tf.random.stateless_gamma([3, 2], [1, 2], [1.0, 2.0], [[3.0], [1.0], [1.0]]),
        tf.random.stateless_poisson([2, 3], [1, 2], [0.5, 4.0, 30.0]),
        tf.random.stateless_poisson([2, 1], [1, 2], [3], tf.float64),
        tf.random.stateless_binomial([2, 3], [1, 2], [10, 20, 90], [0.5, 0.1, 0.9]),
        tf.random.stateless_binomial([2], [1, 2], 9.0, 0.5, tf.float16),
    ]


def truncated() -> list[Any]:
    return [
        tf.random.stateless_parameterized_truncated_normal(
            [3, 2], [1, 2], [0.0, 1.0], 1.0, [-1.0, 2.0], [1.0, INF]
        )
    ]


def shuffles() -> list[Any]:
    shuffle = tf.random.experimental.stateless_shuffle
    index_shuffle = tf.random.experimental.index_shuffle
    return [
        shuffle(tf.range(8), [1, 2]),
        shuffle(tf.reshape(tf.range(6.0), [3, 2]), [3, 4]),
        index_shuffle(tf.range(10), [1, 2], 9),
        index_shuffle(tf.constant(3, tf.uint64), [1, 2], tf.constant(99, tf.uint64)),
    ]


def seeds() -> list[Any]:
    return [
        tf.random.split([1, 2], 3),
        tf.random.split(tf.constant([1, 2**40], tf.int64)),
        tf.random.fold_in([1, 2], 3),
        tf.random.experimental.stateless_fold_in([1, 2], tf.constant(2**40, tf.int64)),
    ]


def stateless_dropout() -> list[Any]:
    return [
        tf.nn.experimental.stateless_dropout(tf.ones([5]), 0.3, [1, 0]),
        tf.nn.experimental.stateless_dropout(tf.ones([2, 3]), 0.5, [1, 0], noise_shape=[2, 1]),
        tf.nn.experimental.general_dropout(
            tf.ones([2]), 0.5, lambda shape, dtype: tf.fill(shape, 0.7)
        ),
    ]


def stateful() -> list[Any]:
    x = tf.ones([2, 4])
    return [
        tf.random.uniform([2]),
        tf.random.normal([2], 1.0, 2.0),
        tf.random.uniform([2], seed=3),
        tf.random.uniform([2], seed=3),
        tf.random.uniform([3], 0, 100, tf.int32),
        tf.random.truncated_normal([2]),
        tf.random.shuffle(tf.range(6)),
        tf.random.categorical([[0.0, 1.0, 2.0]], 4),
        tf.random.gamma([2], [1.0, 3.0]),
        tf.random.poisson([2], [1.0, 30.0]),
        tf.nn.dropout(x, 0.5),
        tf.nn.dropout(x, 0.5, noise_shape=[None, 1]),
        tf.nn.dropout(x, tf.constant(0.25), seed=4),
        tf.nn.dropout(x, 0),
        tf.nn.dropout(x, 0.25),
        tf.random_normal_initializer(seed=4)([2]),
        tf.random_uniform_initializer()([2]),
        tf.random_normal_initializer()([2]),
    ]


def loop() -> list[Any]:
    def body(i: Any, total: Any) -> Any:
        return i + 1, total + tf.random.uniform([2]) + tf.random.normal([2], seed=5)

    total = tf.while_loop(lambda i, _: i < 3, body, (tf.constant(0), tf.zeros([2])))[1]
    return [total, tf.random.uniform([2])]


STATELESS = (
    floats,
    integers,
    normals,
    categories,
    parameterized,
    truncated,
    shuffles,
    seeds,
    stateless_dropout,
)
STATEFUL = (stateful, loop)


def gradients(function: Any, *values: Any) -> list[Any]:
    inputs = [tf.constant(v) for v in values]
    with tf.GradientTape() as tape:
        for x in inputs:
            tape.watch(x)
        result = function(*inputs)
    return tape.gradient(result, inputs)


def normal_gradients() -> list[Any]:
    def draw(mean: Any, stddev: Any) -> Any:
        return tf.random.stateless_normal([3, 2], [1, 2], mean, stddev)

    return gradients(draw, [1.0, 2.0], 3.0)


def uniform_gradients() -> list[Any]:
    def draw(low: Any, high: Any) -> Any:
        return tf.random.stateless_uniform([3, 2], [1, 2], low, high)

    return gradients(draw, 1.0, 3.0)


def gamma_gradients() -> list[Any]:
    def draw(alpha: Any, beta: Any) -> Any:
        return tf.random.stateless_gamma([3, 2], [1, 2], alpha, beta)

    return gradients(draw, [1.5, 2.0], [[3.0], [1.0], [1.0]])


def dropout_gradients() -> list[Any]:
    return gradients(lambda x: tf.nn.experimental.stateless_dropout(x, 0.5, [1, 0]), [1.0] * 5)


GRADIENTS = (normal_gradients, uniform_gradients, gamma_gradients, dropout_gradients)


def programs() -> dict[str, Any]:
    """Everything recorded: a function that returns tensors, under each name."""

    def seeded(program: Any, calls: int) -> Any:
        def run() -> list[Any]:
            tf.random.set_seed(7)
            return [value for _ in range(calls) for value in program()]

        return run

    found = {p.__name__: p for p in STATELESS + GRADIENTS}
    for program in STATEFUL:
        found[f"{program.__name__} eager"] = seeded(program, 1)
        # TensorFlow notes the global seed while a function is traced.
        found[f"{program.__name__} function"] = lambda p=program: seeded(tf.function(p), 2)()
    return found


# TensorFlow 2.21's answers on one CPU.
EXPECTED: dict[str, Any] = {
    "floats": [
        ("float16", [0.3632812, 0.1435547, 0.1308594]),
        ("bfloat16", [0.90625, 0.1484375, 0.046875]),
        ("float32", [0.5455766, 0.1969169, 0.2314613]),
        ("float64", [0.3646134701, 0.8516906247, 0.6621983878]),
        ("float32", [0.8440604, 5.192045]),
    ],
    "integers": [
        ("int32", [642, 574, 149]),
        ("int64", [682293618140, 441715969329, 267764324668]),
        ("int32", [-572192734, -1394556514]),
        ("int64", [-5989574616330991582, -2424617311044510903]),
        ("uint32", [3722774562, 2900410782]),
        ("uint64", [12457169457378560034, 16022126762665040713]),
    ],
    "normals": [
        ("float32", [[1.54411, 2.20738], [1.220693, 2.139304]]),
        ("float64", -0.14231181),
        ("float32", [11.08822, 10.41476, 10.14713]),
    ],
    "categories": [
        ("int64", [[2, 2, 1, 2, 1], [1, 1, 0, 1, 1]]),
        ("int32", [[2, 2, 1, 2, 1], [1, 1, 0, 1, 1]]),
    ],
    "parameterized": [
        ("float32", [[1.166481, 0.6413788], [2.248735, 2.218281], [0.2299483, 1.49507]]),
        ("int32", [[3, 6, 25], [2, 6, 35]]),
        ("float64", [[5.0], [5.0]]),
        ("int32", [[6, 3, 81], [6, 2, 80]]),
        ("float16", [6.0, 6.0]),
    ],
    "truncated": [
        ("float32", [[0.6881208, 2.508306], [-0.6159093, 2.991703], [0.9924464, 2.455696]])
    ],
    "shuffles": [
        ("int32", [4, 2, 1, 7, 3, 6, 0, 5]),
        ("float32", [[2.0, 3.0], [4.0, 5.0], [0.0, 1.0]]),
        ("int32", [5, 0, 1, 4, 3, 6, 9, 8, 7, 2]),
        ("uint64", 81),
    ],
    "seeds": [
        ("int32", [[1105988140, 1738052849], [-335576002, 370444179], [10670227, -246211131]]),
        (
            "int64",
            [
                [7350032266256828704, 1119561447027654565],
                [-3504248440285271949, -5142365507661040930],
            ],
        ),
        ("int32", [1105988140, 3]),
        ("int64", [7464880146280614444, 1099511627776]),
    ],
    "stateless_dropout": [
        ("float32", [1.428571, 1.428571, 1.428571, 1.428571, 0.0]),
        ("float32", [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]),
        ("float32", [2.0, 2.0]),
    ],
    "normal_gradients": [("float32", [3.0, 3.0]), ("float32", -1.383957)],
    "uniform_gradients": [("float32", 2.885947), ("float32", 3.114053)],
    "gamma_gradients": [
        ("float32", [3.08199, 2.433757]),
        ("float32", [[-0.4541681], [-4.847471], [-3.169937]]),
    ],
    "dropout_gradients": [("float32", [2.0, 0.0, 2.0, 0.0, 0.0])],
    "stateful eager": [
        ("float32", [0.8344538, 0.2333666]),
        ("float32", [-3.546662, -2.318421]),
        ("float32", [0.4010879, 0.3768389]),
        ("float32", [0.3426403, 0.3479159]),
        ("int32", [28, 84, 29]),
        ("float32", [-1.320182, -0.8914788]),
        ("int32", [2, 5, 4, 3, 1, 0]),
        ("int64", [[1, 2, 1, 2]]),
        ("float32", [[0.7496228, 6.129771], [1.523827, 0.7003952]]),
        ("float32", [[2.0, 35.0], [2.0, 23.0]]),
        ("float32", [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]]),
        ("float32", [[0.0, 0.0, 0.0, 0.0], [2.0, 2.0, 2.0, 2.0]]),
        ("float32", [[0.0, 1.333333, 0.0, 1.333333], [0.0, 1.333333, 0.0, 1.333333]]),
        ("float32", [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]),
        ("float32", [[1.333333, 1.333333, 1.333333, 0.0], [0.0, 0.0, 1.333333, 0.0]]),
        ("float32", [-0.02909243, 0.04326795]),
        ("float32", [0.02623831, -0.04801561]),
        ("float32", [0.0641515, 0.04937434]),
    ],
    "stateful function": [
        ("float32", [0.7537285, 0.0779376]),
        ("float32", [-0.0816108, 3.244066]),
        ("float32", [0.4010879, 0.3768389]),
        ("float32", [0.4010879, 0.3768389]),
        ("int32", [45, 41, 66]),
        ("float32", [0.9447038, -0.9667907]),
        ("int32", [3, 2, 4, 0, 5, 1]),
        ("int64", [[2, 2, 2, 1]]),
        ("float32", [[0.09060817, 2.067665], [2.38579, 3.202499]]),
        ("float32", [[0.0, 19.0], [0.0, 39.0]]),
        ("float32", [[0.0, 2.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]),
        ("float32", [[2.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0]]),
        ("float32", [[0.0, 1.333333, 0.0, 1.333333], [0.0, 1.333333, 0.0, 1.333333]]),
        ("float32", [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]),
        ("float32", [[0.0, 0.0, 1.333333, 1.333333], [1.333333, 1.333333, 1.333333, 1.333333]]),
        ("float32", [-0.02909243, 0.04326795]),
        ("float32", [0.03988301, 0.02412326]),
        ("float32", [0.03797021, -0.009996573]),
        ("float32", [0.3971016, 0.6849351]),
        ("float32", [2.495435, 0.5945503]),
        ("float32", [0.3426403, 0.3479159]),
        ("float32", [0.3426403, 0.3479159]),
        ("int32", [43, 63, 57]),
        ("float32", [1.195247, -0.8447083]),
        ("int32", [3, 2, 1, 0, 4, 5]),
        ("int64", [[1, 2, 2, 2]]),
        ("float32", [[0.02543422, 2.021647], [0.1578407, 5.034456]]),
        ("float32", [[1.0, 32.0], [2.0, 30.0]]),
        ("float32", [[0.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]]),
        ("float32", [[2.0, 2.0, 2.0, 2.0], [0.0, 0.0, 0.0, 0.0]]),
        ("float32", [[1.333333, 0.0, 1.333333, 1.333333], [0.0, 0.0, 1.333333, 1.333333]]),
        ("float32", [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]),
        (
            "float32",
            [[1.333333, 1.333333, 1.333333, 1.333333], [1.333333, 1.333333, 1.333333, 1.333333]],
        ),
        ("float32", [-0.02909243, 0.04326795]),
        ("float32", [-0.04737591, 0.04916514]),
        ("float32", [0.01233842, -0.04046801]),
    ],
    "loop eager": [("float32", [0.8254999, 3.511286]), ("float32", [0.2811668, 0.6554723])],
    "loop function": [
        ("float32", [1.049445, 3.955219]),
        ("float32", [0.7537285, 0.0779376]),
        ("float32", [-0.2183963, 1.509299]),
        ("float32", [0.3971016, 0.6849351]),
    ],
}


def plain(tensor: Any) -> Any:
    array = tensor.numpy()
    return [
        tensor.dtype.name,
        array.astype(np.float64 if array.dtype.kind not in "iu" else array.dtype).tolist(),
    ]


def assert_recorded(values: list[Any], name: str) -> None:
    wanted = EXPECTED[name]
    assert len(values) == len(wanted)
    for number, (value, (dtype, numbers)) in enumerate(zip(values, wanted, strict=True)):
        found_dtype, found = plain(value)
        assert found_dtype == dtype
        if dtype.startswith(("int", "uint")):
            assert found == numbers, f"{name}, result {number}"
        else:
            np.testing.assert_allclose(
                found, numbers, rtol=2e-6, atol=1e-6, err_msg=f"{name}, result {number}"
            )


@pytest.mark.parametrize("name", [p.__name__ for p in STATELESS])
def test_stateless_functions_give_tensorflows_numbers(name):
    program = programs()[name]
    assert_recorded(program(), name)
    assert_recorded(tf.function(program)(), name)


@pytest.mark.parametrize("mode", ["eager", "function"])
@pytest.mark.parametrize("program", STATEFUL, ids=lambda p: p.__name__)
def test_seeds_give_tensorflows_sequences(program, mode):
    name = f"{program.__name__} {mode}"
    assert_recorded(programs()[name](), name)


@pytest.mark.parametrize("name", [p.__name__ for p in GRADIENTS])
def test_gradients_are_tensorflows(name):
    assert_recorded(programs()[name](), name)


def test_shapes_are_known_while_tracing_as_far_as_they_can_be():
    found = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3]), tf.TensorSpec([2], tf.int32)])
    def function(x, seed):
        size = tf.shape(x)[0]
        found.extend(
            [
                tf.random.stateless_normal([4, 2], seed).shape.as_list(),
                tf.random.stateless_uniform([size, 2], seed).shape.as_list(),
                tf.random.stateless_gamma([2, size, 3], seed, tf.exp(x)).shape.as_list(),
                tf.random.split(seed, size).shape.as_list(),
                tf.nn.dropout(x, 0.5).shape.as_list(),
                tf.random.experimental.stateless_shuffle(x, seed).shape.as_list(),
            ]
        )
        return tf.random.stateless_poisson(tf.shape(x), seed, tf.exp(x))

    assert function(tf.zeros([5, 3]), [1, 2]).shape == [5, 3]
    known = [[4, 2], [None, 2], [2, None, 3], [None, 2], [None, 3], [None, 3]]
    assert found[: len(known)] == known


invalid = tf.errors.InvalidArgumentError


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda r: r.stateless_uniform([2], [1, 2], alg="threefry"), invalid, "ThreeFry"),
        (lambda r: r.stateless_uniform([2], [1, 2], alg=7), ValueError, "alg must be 1"),
        (lambda r: r.stateless_uniform([2], [1, 2], alg="foo"), ValueError, "'foo'"),
        (lambda r: r.stateless_uniform([2], [1, 2], alg=2.5), TypeError, "alg"),
        (lambda r: r.stateless_normal([2], [1, 2, 3]), invalid, "shape \\[2\\]"),
        (lambda r: r.stateless_normal([2], [1.0, 2.0]), invalid, "seed is float32"),
        (lambda r: r.stateless_normal(3, [1, 2]), invalid, "shape must be a vector"),
        (lambda r: r.normal(3), invalid, "shape must be a vector"),
        (lambda r: r.stateless_normal([-3], [1, 2]), invalid, "non-negative"),
        (lambda r: r.stateless_normal([3.0], [1, 2]), invalid, "shape is float32"),
        (lambda r: r.stateless_normal([3], [1, 2], dtype=tf.int32), TypeError, "int32"),
        (lambda r: r.stateless_uniform([2], [1, 2], None, 5, tf.int32), ValueError, "both None"),
        (lambda r: r.stateless_uniform([2], [1, 2], 0, 5, tf.uint32), ValueError, "uint32"),
        (lambda r: r.stateless_uniform([2], [1, 2], 0, 5, tf.int8), ValueError, "int8"),
        (lambda r: r.stateless_uniform([2], [1, 2], 5, 5, tf.int32), invalid, "minval < maxval"),
        (lambda r: r.stateless_uniform([2], [1, 2], [0, 1], 5, tf.int32), invalid, "0-D"),
        (lambda r: r.stateless_categorical([1.0], 2, [1, 2]), invalid, "matrix"),
        (lambda r: r.stateless_categorical([[1.0]], -2, [1, 2]), invalid, "num_samples"),
        (lambda r: r.stateless_categorical([[1.0]], 2, [1, 2], tf.int8), ValueError, "int8"),
        (lambda r: r.stateless_gamma([3], [1, 2], [1.0, 2.0]), invalid, "must end with"),
        (lambda r: r.stateless_poisson([3], [1, 2], [1.0, 2.0]), invalid, "must end with"),
        (lambda r: r.stateless_binomial([], [1, 2], [1, 2], 0.5), invalid, "must end with"),
        (
            lambda r: r.stateless_parameterized_truncated_normal([3], [1, 2], 0.0, -1.0),
            invalid,
            "stddevs > 0",
        ),
        (lambda r: r.experimental.index_shuffle(13, [1, 2], 9), invalid, "max_index"),
        (lambda r: r.experimental.index_shuffle(-1, [1, 2], 9), invalid, ">= 0"),
        (lambda r: r.experimental.index_shuffle(1, [1, 2, 3], 9), invalid, "seed"),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call(tf.random)


@pytest.mark.parametrize(
    ("x", "rate", "match"),
    [
        ([1.0], 1.0, "rate"),
        ([1.0], -0.1, "rate"),
        ([1], 0.5, "floating"),
        ([1.0], [0.5], "rate must be a number"),
        ([1.0], tf.constant([0.5]), "rank 0"),
        ([1.0], tf.constant(0.5, tf.float64), "dtype of x"),
    ],
)
def test_dropout_refuses(x, rate, match):
    with pytest.raises(ValueError, match=match):
        tf.nn.dropout(x, rate)


def test_dropout_of_rate_zero_is_the_input():
    x = tf.ones([3])
    assert tf.nn.dropout(x, 0.0) is x


def test_index_shuffle_permutes_and_takes_a_seed_for_each_index():
    many = tf.random.experimental.index_shuffle(tf.range(100), [3, 4], 99)
    assert sorted(many.numpy().tolist()) == list(range(100))
    apart = [tf.random.experimental.index_shuffle(1, seed, 9).numpy() for seed in ([1, 2], [3, 4])]
    both = tf.random.experimental.index_shuffle([1, 1], [[1, 2], [3, 4]], 9)
    assert both.numpy().tolist() == apart


def test_shuffle_gradients_are_put_back_in_order():
    def weighted(x: Any) -> Any:
        return tf.random.experimental.stateless_shuffle(x, [1, 2]) * [1.0, 2.0, 3.0]

    order = tf.random.experimental.stateless_shuffle(tf.range(3), [1, 2]).numpy().tolist()
    (found,) = gradients(weighted, [1.0, 2.0, 3.0])
    assert [found.numpy()[row] for row in order] == [1.0, 2.0, 3.0]


def test_initializers_keep_their_configuration():
    for initializer in (
        tf.zeros_initializer(),
        tf.ones_initializer(),
        tf.constant_initializer([1, 2]),
        tf.random_normal_initializer(1.0, 2.0, seed=3),
        tf.random_uniform_initializer(1.0, 2.0, seed=3),
    ):
        config = initializer.get_config()
        again = type(initializer).from_config({**config, "dtype": "float32"})
        assert again.get_config() == config
        np.testing.assert_array_equal(again([2]), initializer([2]))
        with pytest.raises(TypeError, match="foo"):
            initializer([2], foo=1)
    assert tf.random_normal_initializer(1.0, 2.0, seed=3).get_config() == {
        "mean": 1.0,
        "stddev": 2.0,
        "seed": 3,
    }


def test_initializers_take_parts_and_dtypes():
    assert tf.zeros_initializer()([4], tf.bool, partition_shape=[2]).numpy().tolist() == [False] * 2
    assert tf.ones_initializer()([2], "complex64").dtype == tf.complex64
    assert tf.constant_initializer(3)([2]).dtype == tf.int32
    assert tf.constant_initializer([1, 2, 3, 4])([2, 2], tf.float32).shape == [2, 2]
    with pytest.raises(ValueError, match="partition"):
        tf.constant_initializer(3)([2], partition_shape=[2])
    with pytest.raises(TypeError, match="initial value"):
        tf.constant_initializer(tf.constant(3))
    with pytest.raises(ValueError, match="numeric or boolean"):
        tf.zeros_initializer()([2], tf.string)
    with pytest.raises(ValueError, match="floating point"):
        tf.random_normal_initializer()([2], tf.int32)
    with pytest.raises(ValueError, match="numeric or boolean"):
        tf.random_uniform_initializer()([2], tf.bool)
