"""`tf.function`: traces, signatures, captures, variables, structures, nesting, errors."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import deras as tf


def test_traces_once_per_kind_of_arguments():
    traces = []

    @tf.function
    def scaled(x, factor=2, *, offset=None):
        traces.append((x.dtype, factor, offset))
        return x * factor if offset is None else x * factor + offset

    assert float(scaled(tf.constant(3.0))) == 6.0
    assert float(scaled(tf.constant(4.0), factor=2)) == 8.0
    assert len(traces) == 1
    assert int(scaled(tf.constant(3), 3)) == 9
    assert float(scaled(np.float32(1.0), 2, offset=tf.constant(1.0))) == 3.0
    assert len(traces) == 3
    # 1, 1.0 and True are equal in Python, but not the same argument.
    assert len({int(scaled(tf.constant(1), v)) for v in (1, True)}) == 1
    assert len(traces) == 5


def test_shapes_and_dtypes_are_kinds():
    double = tf.function(lambda x: x + x)
    for shape in ([2], [3], [2, 2]):
        assert double(tf.ones(shape)).shape == shape
    assert double.experimental_get_tracing_count() == 3
    assert double(tf.ones([2], tf.float64)).dtype == tf.float64


def test_reduce_retracing_shares_a_trace_with_unknown_dims():
    traced = []

    @tf.function(reduce_retracing=True)
    def total(x):
        traced.append(x.shape.as_list())
        return tf.reduce_sum(x)

    for n in (2, 3, 4, 5):
        assert float(total(tf.ones([n, 2]))) == 2.0 * n
    assert traced == [[2, 2], [None, 2]]


def test_input_signature_traces_once_and_refuses_what_does_not_fit():
    @tf.function(
        input_signature=[tf.TensorSpec([None, 2], tf.float32), tf.TensorSpec([], tf.int32)]
    )
    def f(a, b):
        return tf.reduce_sum(a) + tf.cast(b, tf.float32)

    assert float(f([[1, 2], [3, 4]], 3)) == 13.0
    assert float(f(tf.ones([5, 2]), 0)) == 10.0
    assert f.experimental_get_tracing_count() == 1
    with pytest.raises(TypeError, match="input_signature"):
        f(tf.ones([3]), 3)
    with pytest.raises(TypeError, match="input_signature"):
        f(tf.ones([3, 2], tf.float64), 3)
    with pytest.raises(TypeError):
        f(tf.ones([3, 2]))


def test_concrete_function_describes_itself_and_checks_shapes():
    @tf.function
    def f(x, n):
        return {"y": x * n}

    concrete = f.get_concrete_function(tf.TensorSpec([None], tf.float32), 3.0)
    assert concrete.inputs[0].shape.as_list() == [None]
    assert concrete.structured_outputs == {"y": tf.TensorSpec([None], tf.float32)}
    assert concrete(tf.constant([1.0, 2.0]))["y"].numpy().tolist() == [3.0, 6.0]
    with pytest.raises(ValueError, match="shape"):
        concrete(tf.ones([2, 2]))
    assert "f" in concrete.pretty_printed_signature()


def test_results_keep_their_structure():
    @tf.function
    def f(d):
        return {"a": d["x"] + 1, "b": (d["y"], None, 5), "c": [d["x"]]}

    result = f({"x": tf.constant(1), "y": tf.constant([2.0])})
    assert list(result) == ["a", "b", "c"]
    assert int(result["a"]) == 2
    assert result["b"][1] is None
    assert int(result["b"][2]) == 5
    assert isinstance(result["b"], tuple)
    assert isinstance(result["c"], list)
    assert tf.function(lambda: None)() is None


def test_python_side_effects_happen_while_tracing_only():
    seen = []

    @tf.function
    def f(x):
        seen.append(x)
        return x + 1

    for _ in range(3):
        f(tf.constant(1))
    assert len(seen) == 1
    with pytest.raises(TypeError, match="out of scope"):
        seen[0] + 1
    assert not hasattr(seen[0], "numpy")


def test_variable_reads_and_writes_keep_program_order():
    v = tf.Variable(1.0)

    @tf.function
    def f():
        before = v + 0.0
        v.assign_add(1.0)
        between = v + 0.0
        v.assign(v * 10.0)
        return before, between, v

    assert [float(x) for x in f()] == [1.0, 2.0, 20.0]
    assert [float(x) for x in f()] == [20.0, 21.0, 210.0]
    assert float(v) == 210.0


@pytest.mark.parametrize("size", [4, 100_000])
def test_what_was_read_of_state_outlives_steps_that_reuse_its_buffer(size):
    v, u = tf.Variable(tf.zeros([size])), tf.Variable(tf.ones([size]))

    @tf.function
    def add(x):
        v.assign_add(x * tf.ones([size]))
        return tf.reduce_sum(v)

    @tf.function
    def swap(x):
        kept = v.read_value()
        v.assign(u)
        u.assign(kept)
        return x

    one, seen = tf.constant(1.0), []
    for _ in range(5):
        add(one)
        seen.append((v.numpy(), v.read_value(), tf.identity(v), np.from_dlpack(v.value())))
    for step, values in enumerate(seen, 1):
        for value in values:
            np.testing.assert_array_equal(np.asarray(value), np.full(size, step))
    for _ in range(3):
        swap(one)
    assert (float(v[0]), float(u[0])) == (1.0, 5.0)


def test_a_tensor_read_before_keeps_its_value_when_buffers_are_updated_in_place():
    v = tf.Variable(tf.ones([300, 300]))  # large enough to be donated

    @tf.function
    def step():
        v.assign_add(tf.ones([300, 300]))

    step()
    held = v.read_value()
    view = held.numpy()
    step()
    step()
    assert float(held[0, 0]) == 2.0
    assert view[0, 0] == 2.0
    assert float(v[0, 0]) == 4.0


def test_variables_are_created_on_the_first_call_only():
    class Model(tf.Module):
        def __init__(self):
            self.v = None

        @tf.function
        def __call__(self, x):
            if self.v is None:
                self.v = tf.Variable(tf.ones([2]) * 3.0)
            self.v.assign_add(x)
            return self.v * 2.0

    first, second = Model(), Model()
    assert first(tf.ones([2])).numpy().tolist() == [8.0, 8.0]
    assert first(tf.ones([2])).numpy().tolist() == [10.0, 10.0]
    assert second(tf.ones([2])).numpy().tolist() == [8.0, 8.0]

    @tf.function
    def bad():
        return tf.Variable(1.0, name="w") + 1.0

    with pytest.raises(ValueError, match=r"'w'.*(?s:.)*hint: create variables once"):
        bad()

    @tf.function
    def depends(x):
        return tf.Variable(x) + 1.0

    with pytest.raises(ValueError, match="initial value depends on"):
        depends(tf.constant(1.0))


def test_nested_functions_and_closures():
    @tf.function
    def outer(x):
        @tf.function
        def inner(y):
            return y * x

        return inner(x) + inner(2.0 * x)

    x = tf.constant(3.0)
    assert float(outer(x)) == 27.0
    assert float(outer(tf.constant(2.0))) == 12.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = outer(x)
    assert float(tape.gradient(y, x)) == 18.0


def test_gradients_of_every_order_through_calls():
    cube = tf.function(lambda x: x * x * x)
    x = tf.constant(2.0)
    with tf.GradientTape() as third:
        third.watch(x)
        with tf.GradientTape() as second:
            second.watch(x)
            with tf.GradientTape() as first:
                first.watch(x)
                y = cube(x)
            dy = first.gradient(y, x)
        d2y = second.gradient(dy, x)
    assert [float(dy), float(d2y), float(third.gradient(d2y, x))] == [12.0, 12.0, 6.0]


def test_gradients_reach_captured_variables_and_state_is_written_once():
    w = tf.Variable(2.0)
    count = tf.Variable(0, trainable=False)

    @tf.function
    def f(x):
        count.assign_add(1)
        return w * w * x

    with tf.GradientTape() as tape:
        y = f(tf.constant(3.0))
    assert float(tape.gradient(y, w)) == 12.0
    assert int(count) == 1


def test_methods_do_not_keep_their_instances_alive():
    class Holder:
        @tf.function
        def double(self, x):
            return x * 2

    holder = Holder()
    assert int(holder.double(tf.constant(2))) == 4
    reference = weakref.ref(holder)
    del holder
    gc.collect()
    assert reference() is None


def test_branching_on_a_tensor_names_the_line():
    @tf.function(autograph=False)
    def f(x):
        if x > 0:
            return x
        return -x

    with pytest.raises(tf.errors.OperatorNotAllowedInGraphError, match=r"tf.cond"):
        f(tf.constant(1.0))


def test_errors_in_a_program_have_the_eager_class_and_the_user_line():
    def pick(x, i):
        return tf.gather(x, i) * 2.0

    for call in (pick, tf.function(pick), tf.function(pick, jit_compile=True)):
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            call(tf.ones([3]), tf.constant(7))
        text = str(caught.value)
        assert "index 7 is not in [0, 3)" in text
        assert "test_function.py" in text
        assert "tf.gather(x, i)" in text


def test_a_failed_step_changes_no_variable():
    v = tf.Variable(tf.zeros([300, 300]))

    @tf.function
    def step(i):
        v.assign_add(tf.ones([300, 300]))
        return tf.gather(v, i)

    step(tf.constant(0))
    with pytest.raises(tf.errors.InvalidArgumentError):
        step(tf.constant(999))
    assert float(v[0, 0]) == 1.0


def test_static_errors_in_a_graph_are_value_errors_too():
    f = tf.function(lambda a, b: tf.matmul(a, b))
    with pytest.raises(ValueError, match=r"tf.matmul"):
        f(tf.ones([2, 3]), tf.ones([2, 3]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"tf.matmul"):
        tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))


def test_unknown_dimensions_are_followed_through_shape_arithmetic():
    spec = tf.TensorSpec([None, 2, 3])

    def shape_of(fn):
        outputs = tf.function(fn, input_signature=[spec]).get_concrete_function().outputs
        return outputs[0].shape.as_list()

    assert shape_of(lambda x: tf.reshape(x, [tf.shape(x)[0], -1])) == [None, 6]
    assert shape_of(lambda x: tf.zeros([tf.shape(x)[0] * 2, 4])) == [None, 4]
    assert shape_of(lambda x: tf.transpose(x, [2, 0, 1])) == [3, None, 2]
    assert shape_of(lambda x: x[:, tf.newaxis] + tf.zeros([tf.shape(x)[0], 4, 2, 3])) == [
        None,
        4,
        2,
        3,
    ]
    assert shape_of(lambda x: tf.concat([x, x], 0)) == [None, 2, 3]
    assert shape_of(lambda x: tf.reduce_mean(x, axis=[0, 1])) == [3]


def test_one_trace_serves_every_size():
    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def f(x):
        return tf.reshape(x, [-1, 1]) * tf.cast(tf.shape(x)[0], tf.float32)

    for n in (1, 3, 5):
        assert f(tf.ones([n, 2])).numpy().sum() == 2.0 * n * n
    assert f.experimental_get_tracing_count() == 1


def test_host_ops_split_the_program_and_jit_compile_refuses_them():
    def f(x):
        y = tf.py_function(lambda v: v * float(v), [x * 2.0], tf.float32)
        return y + 1.0

    assert float(tf.function(f)(tf.constant(3.0))) == 37.0
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.function(f)(x)
    assert float(tape.gradient(y, x)) == 12.0
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"py_function.*cannot be compiled"):
        tf.function(f, jit_compile=True)(tf.constant(3.0))


def test_data_dependent_shapes_run_on_the_host_and_the_rest_stays_compiled():
    @tf.function
    def f(x):
        kept = tf.boolean_mask(x * 2.0, x > 1.0)
        return tf.reduce_sum(kept) + 1.0

    assert float(f(tf.constant([0.0, 2.0, 3.0]))) == 11.0


def test_printing_from_a_program(capsys):
    import sys

    @tf.function
    def f(x):
        tf.print("x is", x, output_stream=sys.stdout)
        return x + 1.0

    f(tf.constant([1.0, 2.5]))
    assert capsys.readouterr().out == "x is [1 2.5]\n"

    @tf.function
    def g(x):
        tf.print(x, tf.strings.format("({})", [tf.constant(3)]), output_stream=sys.stdout)

    g(tf.constant("a"))
    assert capsys.readouterr().out == '"a" "(3)"\n'


def test_numpy_functions_run_on_the_host():
    f = tf.function(lambda x: tf.numpy_function(lambda a: a[::-1].copy(), [x], tf.int32) + 1)
    assert f(tf.constant([1, 2, 3])).numpy().tolist() == [4, 3, 2]


def test_run_functions_eagerly():
    seen = []

    @tf.function
    def f(x):
        seen.append(tf.executing_eagerly())
        return x

    tf.config.run_functions_eagerly(True)
    try:
        f(tf.constant(1))
    finally:
        tf.config.run_functions_eagerly(False)
    f(tf.constant(1))
    assert seen == [True, False]


def test_sixteen_threads_trace_once():
    traces = []

    @tf.function
    def f(x):
        traces.append(1)
        return x * x

    results = []

    def work():
        results.extend(float(f(tf.constant(float(i)))) for i in range(5))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted([0.0, 1.0, 4.0, 9.0, 16.0] * 16)
    assert len(traces) == 1


def test_variables_of_unknown_shape_in_functions():
    v = tf.Variable([1.0, 2.0], shape=tf.TensorShape([None]))

    @tf.function
    def total():
        return tf.reduce_sum(v)

    assert float(total()) == 3.0
    v.assign([1.0, 2.0, 3.0])
    assert float(total()) == 6.0


def test_the_traceback_of_a_mistake_in_a_trace_holds_the_users_frames():
    def inner(x):
        return x + tf.zeros([5])

    @tf.function
    def outer(x):
        for _ in tf.range(2):
            x = inner(x)
        return x

    with pytest.raises(ValueError, match=r"tf.add: .*(?s:.)*x: float32\[3\]") as caught:
        outer(tf.ones([3]))
    names = [entry.name for entry in caught.traceback]
    files = [entry.path.name for entry in caught.traceback]
    assert names[-1] == "inner"
    assert sum(name != "test_function.py" for name in files) <= 1, files
    assert "test_function.py" in str(caught.value)


def test_a_function_called_under_a_tape_can_be_dropped():
    def train():
        w = tf.Variable(tf.ones([3]))
        f = tf.function(lambda x: tf.reduce_sum(x * w))
        for _ in range(3):
            with tf.GradientTape() as tape:
                y = f(tf.ones([3]))
            tape.gradient(y, w)
        return weakref.ref(w), weakref.ref(f)

    references = train()
    gc.collect()
    assert [r() for r in references] == [None, None]
