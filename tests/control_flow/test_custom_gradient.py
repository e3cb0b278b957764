"""`tf.custom_gradient`, `tf.recompute_grad`, `tf.grad_pass_through`; numbers from TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

import deras as tf

MODES = ["eager", "function", "outside"]
E3 = 20.085536923187668  # exp(3)


def function(f):
    return tf.function(f, autograph=False)


def gradients(mode, f, x, *sources):
    """Gradients of f(x): all eager, all in one function, or of a function from outside."""
    inner = function(f) if mode == "outside" else f

    def run():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = inner(x)
        return tape.gradient(y, [x, *sources])

    return (function(run) if mode == "function" else run)()


@tf.custom_gradient
def square(x):
    """A docstring."""
    return x * x, lambda dy: dy * 100.0


@tf.custom_gradient
def by_intermediate(x):
    s = tf.exp(x)  # of use to the gradient only
    return x * x, lambda dy: dy * s * 10.0


@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_given_is_taken(mode):
    x = tf.constant(3.0)
    assert float(square(x)) == 9.0
    assert float(gradients(mode, square, x)[0]) == 100.0
    (found,) = gradients(mode, lambda x: by_intermediate(x) * 2.0, x)
    np.testing.assert_allclose(found, 20 * E3, rtol=1e-6)
    assert square.__name__ == "square"
    assert square.__doc__ == "A docstring."


@pytest.mark.parametrize("mode", MODES)
def test_inside_of_control_flow(mode):
    x = tf.constant(3.0)

    def loop(x):
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, square(y)), (0, x))[1]

    def unbounded(x):
        return tf.while_loop(lambda y: y < 50.0, lambda y: (square(y),), (x,))[0]

    def branch(x):
        return tf.cond(x > 0.0, lambda: by_intermediate(x), lambda: x)

    assert float(gradients(mode, loop, x)[0]) == 1e6
    assert float(gradients(mode, unbounded, x)[0]) == 1e4
    np.testing.assert_allclose(gradients(mode, branch, x)[0], 10 * E3, rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_call_inside_a_function(mode):
    x = tf.constant(3.0)
    inner = function(lambda q: by_intermediate(q) + 1.0)
    np.testing.assert_allclose(gradients(mode, lambda x: inner(x) * 2.0, x)[0], 20 * E3, rtol=1e-6)


def test_several_arguments_and_outputs():
    @tf.custom_gradient
    def two(x, y):
        return (x * y, x + y), lambda da, db: (da * 2.0 + db, None)

    def run():
        a, b = tf.constant(2.0), tf.constant(5.0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([a, b])
            u, v = two(a, b)
            w = u * 3.0
        for target, wanted in ((w, 6.0), (v, 1.0), ([u, v], 3.0)):
            da, db = tape.gradient(target, [a, b])
            assert db is None
            results.append((da, wanted))
        return [da for da, _ in results[-3:]]

    results: list = []
    assert [float(g) for g in run()] == [6.0, 1.0, 3.0]
    assert [float(g) for g in function(run)()] == [6.0, 1.0, 3.0]


def test_structures_in_and_out():
    @tf.custom_gradient
    def f(d):
        return {"a": d["x"] * 2.0, "b": [d["y"]]}, lambda da, db: {"x": da * 3.0, "y": db * 5.0}

    x, y = tf.constant(2.0), tf.constant(4.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        out = f({"y": y, "x": x})
    assert {k: np.asarray(v).tolist() for k, v in out.items()} == {"a": 4.0, "b": [4.0]}
    # An output without a gradient has zeros.
    assert [float(g) for g in tape.gradient(out["a"], [x, y])] == [3.0, 0.0]
    assert [float(g) for g in tape.gradient(out["b"], [x, y])] == [0.0, 5.0]


def test_values_that_are_no_tensors():
    seen = []

    @tf.custom_gradient
    def f(x, n, scale=1.0, flag="a"):
        seen.append((type(n).__name__, scale, flag))
        return x * scale, lambda dy: (dy * scale * 7.0, None)

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, 2, scale=3.0, flag="b")
    assert float(tape.gradient(y, x)) == 21.0
    assert seen == [("int", 3.0, "b")]
    assert float(f(3.0, 1)) == 3.0


def test_a_keyword_tensor_has_no_gradient():
    @tf.custom_gradient
    def f(x, scale=1.0):
        return x * scale, lambda dy: dy * scale * 7.0

    x, scale = tf.constant(3.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([x, scale])
        y = f(x, scale=scale)
    dx, dscale = tape.gradient(y, [x, scale])
    assert float(dx) == 21.0
    assert dscale is None


def test_what_a_closure_holds_has_no_gradient():
    x, c = tf.constant(3.0), tf.constant(4.0)
    f = tf.custom_gradient(lambda x: (x * c, lambda dy: dy * 2.0))
    with tf.GradientTape() as tape:
        tape.watch([x, c])
        y = f(x)
    dx, dc = tape.gradient(y, [x, c])
    assert float(dx) == 2.0
    assert dc is None


def test_methods():
    class Scaled:
        factor = 2.0

        @tf.custom_gradient
        def call(self, x):
            return x * self.factor, lambda dy: dy * 3.0

    assert float(gradients("eager", Scaled().call, tf.constant(1.0))[0]) == 3.0


@pytest.mark.parametrize("mode", MODES)
def test_an_argument_returned_as_it_is(mode):
    f = tf.custom_gradient(lambda x: (x, lambda dy: dy * 9.0))
    x = tf.constant(3.0)
    assert f(x) is not x
    assert float(gradients(mode, f, x)[0]) == 9.0


def test_integer_outputs_get_zeros():
    seen = []

    @tf.custom_gradient
    def f(x):
        def grad(a, b):
            seen.append(a.dtype)
            return b * 3.0

        return (tf.cast(x, tf.int32), x * 2.0), grad

    assert float(gradients("eager", lambda x: f(x)[1], tf.constant(3.0))[0]) == 3.0
    assert seen == [tf.int32]


# -- variables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_variables_get_their_gradients(mode):
    v = tf.Variable(2.0, name="v")
    seen = []

    @tf.custom_gradient
    def f(x):
        def grad(dy, variables=None):
            seen.append([w.name for w in variables])
            return dy * 7.0 * v, [dy * 11.0 * x]

        return x * v, grad

    x = tf.constant(3.0)
    assert [float(g) for g in gradients(mode, lambda x: f(x) * 2.0, x, v)] == [28.0, 66.0]
    assert all(names == ["v:0"] for names in seen)

    def loop(x):
        return tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, f(y) * 0.1), (0, x))[1]

    found = [float(g) for g in gradients(mode, loop, x, v)]
    # Two trips: each multiplies by 7 v 0.1; the second is at y = 0.6.
    np.testing.assert_allclose(found, [1.96, 1.1 * 0.6 + 1.4 * 1.1 * 3.0], rtol=1e-6)


def test_variables_must_be_accepted():
    v = tf.Variable(2.0, name="v")
    f = tf.custom_gradient(lambda x: (x * v, lambda dy: dy * 7.0))
    with pytest.raises(
        TypeError,
        match=r"grad_fn must accept keyword argument 'variables', since function uses variables: "
        r"\[<tf.Variable 'v:0'",
    ):
        f(tf.constant(1.0))


@pytest.mark.parametrize("trainable", [True, False])
def test_which_variables_count(trainable):
    v = tf.Variable(2.0, trainable=trainable)
    seen = []

    def maker(use):
        @tf.custom_gradient
        def f(x, *rest):
            def grad(dy, variables=None):
                seen.append(variables)
                return [dy * 5.0] * (1 + len(rest))

            return (x * v if use else x * 1.0), grad

        return f

    # Not used, not trainable, or an argument: the keyword stays away.
    x = tf.constant(3.0)
    gradients("eager", maker(False), x)
    if not trainable:
        gradients("eager", maker(True), x)
    else:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = maker(True)(x, v)
        assert [float(g) for g in tape.gradient(y, [x, v])] == [5.0, 5.0]
    assert all(s is None for s in seen)


@pytest.mark.parametrize("mode", MODES)
def test_sparse_gradients(mode):
    table = tf.Variable(tf.ones([4, 2]))
    ids = tf.constant([1, 1, 3])

    @tf.custom_gradient
    def rows(table, ids):
        def grad(dy):
            return tf.IndexedSlices(dy * 2.0, ids, tf.shape(table)), None

        return tf.gather(table, ids), grad

    def f(x):
        return rows(table, ids)

    found = gradients(mode, f, tf.constant(1.0), table)[1]
    assert tf.convert_to_tensor(found).numpy().tolist() == [[0, 0], [4, 4], [0, 0], [2, 2]]


# -- higher orders --------------------------------------------------------------------------------


def second(f, x, *sources):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    return first, outer.gradient(first, [x, *sources])


@pytest.mark.parametrize("mode", MODES)
def test_second_order_differentiates_the_gradient_given(mode):
    cube = tf.custom_gradient(lambda x: (x**3, lambda dy: dy * 5.0 * x * x))
    x = tf.constant(3.0)

    def run(f):
        return lambda: second(function(f) if mode == "outside" else f, x)

    def both(f):
        first, (again,) = (function(run(f)) if mode == "function" else run(f))()
        return float(first), float(again)

    assert both(cube) == (45.0, 30.0)
    # What the function computed for its gradient is differentiated too.
    np.testing.assert_allclose(both(by_intermediate), [10 * E3, 10 * E3], rtol=1e-6)


def test_a_custom_gradient_of_the_gradient():
    @tf.custom_gradient
    def f(x):
        s = tf.sigmoid(x)

        @tf.custom_gradient
        def grad(dy):
            return dy * s, lambda ddy: ddy * 42.0

        return s, grad

    x, dy = tf.constant(3.0), tf.constant(1.5)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch([x, dy])
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        found = inner.gradient(y, x, output_gradients=dy)
    np.testing.assert_allclose(found, 1.4288611, rtol=1e-6)
    assert outer.gradient(found, x) is None
    assert float(outer.gradient(found, dy)) == 42.0


def test_a_chain_through_a_function_keeps_the_gradient_at_second_order():
    # square's own gradient is 100 at every order of what comes after it: y = square(x)^2.
    f = function(lambda x: square(x) ** 2)
    first, (again,) = second(f, tf.constant(3.0))
    assert float(first) == 2 * 9.0 * 100
    assert float(again) == 2 * 100 * 100


def test_a_tape_inside():
    @tf.custom_gradient
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        return y, lambda dy: dy * g * 10.0

    for mode in MODES:
        assert float(gradients(mode, f, tf.constant(3.0))[0]) == 60.0


def test_jacobians():
    def jacobian():
        x = tf.constant([1.0, 2.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = square(x)
        return tape.jacobian(y, x)

    for run in (jacobian, function(jacobian)):
        assert run().numpy().tolist() == [[100.0, 0.0], [0.0, 100.0]]


def test_forward_mode_goes_by_what_is_computed():
    x = tf.constant([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 2.0])) as acc:
        y = square(x)
    assert acc.jvp(y).numpy().tolist() == [2.0, 8.0]


# -- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "count"),
    [(lambda d: d, 1), (lambda d: [d], 1), (lambda d: (d, d, d), 3), (lambda d: None, 1)],
)
@pytest.mark.parametrize("mode", ["eager", "function"])
def test_a_wrong_number_of_gradients(mode, given, count):
    f = tf.custom_gradient(lambda x, y: (x * y, given))
    b = tf.constant(5.0)
    with pytest.raises(
        ValueError, match=f"expected to return 2 gradients, but returned {count} instead"
    ):
        gradients(mode, lambda x: f(x, b), tf.constant(2.0))


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_number_of_variable_gradients(mode):
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        return x * v, lambda dy, variables=None: (dy, [dy, dy])

    with pytest.raises(
        (ValueError, tf.errors.InvalidArgumentError), match="gradient for each variable"
    ):
        gradients(mode, f, tf.constant(2.0))


def test_a_gradient_that_fails_does_so_only_when_it_is_wanted():
    def broken(dy):
        raise RuntimeError("broken on purpose")

    f = tf.custom_gradient(lambda x: (x * 2.0, broken))
    g = function(lambda x: f(x))
    assert float(g(tf.constant(1.0))) == 2.0
    for mode in MODES:
        with pytest.raises(RuntimeError, match="broken on purpose"):
            gradients(mode, f, tf.constant(1.0))


def test_results_that_are_no_tensors():
    with pytest.raises(TypeError, match="iterate"):
        tf.custom_gradient(lambda x: x)(tf.constant(1.0))
    with pytest.raises(ValueError, match="result holds None"):
        tf.custom_gradient(lambda x: (None, lambda: x))(tf.constant(1.0))
    with pytest.raises(ValueError, match="None"):
        tf.custom_gradient(lambda x, n: (x, lambda dy: dy))(tf.constant(1.0), None)


def test_gradients_are_not_registered_by_name():
    for call in (tf.RegisterGradient, tf.no_gradient):
        with pytest.raises(tf.errors.UnimplementedError, match=r"tf\.custom_gradient"):
            call("Foo")
        with pytest.raises(TypeError, match="op_type must be a string"):
            call(5)


# -- shapes that are not known --------------------------------------------------------------------


def test_unknown_dimensions():
    @tf.custom_gradient
    def mean(x):
        n = tf.cast(tf.shape(x)[0], tf.float32)
        return tf.reduce_sum(x) / n, lambda dy: dy * tf.ones_like(x) * n

    f = tf.function(mean, input_signature=[tf.TensorSpec([None])], autograph=False)
    for size in (3, 4):
        x = tf.range(1.0, size + 1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        assert float(y) == (size + 1) / 2
        assert tape.gradient(y, x).numpy().tolist() == [float(size)] * size


# -- recompute_grad, grad_pass_through ------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_recompute_grad(mode):
    v = tf.Variable([3.0, 4.0])
    calls = []

    @tf.recompute_grad
    def block(x, scale=2.0):
        calls.append(1)
        return x * x * v * scale

    x = tf.constant([1.0, 2.0])
    dx, dv = gradients(mode, lambda x: block(x, scale=3.0), x, v)
    assert dx.numpy().tolist() == [18.0, 48.0]
    assert dv.numpy().tolist() == [3.0, 12.0]
    assert len(calls) == 2 if mode == "eager" else len(calls) >= 2


def test_recompute_grad_twice():
    v = tf.Variable([3.0, 4.0])
    block = tf.recompute_grad(lambda x: x * x * v * 2.0)
    first, (xx, xv) = second(block, tf.constant([1.0, 2.0]), v)
    assert first.numpy().tolist() == [12.0, 32.0]
    assert xx.numpy().tolist() == [12.0, 16.0]
    assert xv.numpy().tolist() == [4.0, 8.0]


@pytest.mark.parametrize("mode", MODES)
def test_grad_pass_through(mode):
    v = tf.Variable([3.0, 4.0])
    x = tf.constant([1.0, 2.0])
    dx, dv = gradients(mode, tf.grad_pass_through(lambda x: x * x * v), x, v)
    assert dx.numpy().tolist() == [1.0, 1.0]
    if mode != "outside":
        assert dv is None
    else:
        assert dv is None or not dv.numpy().any()
    with pytest.raises(ValueError, match="expected to return 2 gradients, but returned 1"):
        gradients("eager", lambda x: tf.grad_pass_through(tf.multiply)(x, x), x)
