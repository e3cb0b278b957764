"""`fn.explain()`: each planted cause is named, and programs without any are left in peace."""

import random

import numpy as np
import pytest

import deras as tf

# Each case makes and calls a function, and gives it with what must be named:
# (finding's kind, a word of its message).
CASES = []


def planted(kind, word):
    def add(case):
        CASES.append(pytest.param(case, kind, word, id=case.__name__))
        return case

    return add


def ones(*shape):
    return tf.ones(shape)


@planted("retrace", "value of rate")
def changing_float():
    f = tf.function(lambda x, rate: x * rate)
    for rate in (0.1, 0.2, 0.3):
        f(ones(2), rate)
    return f


@planted("retrace", "value of step")
def changing_int_by_keyword():
    @tf.function
    def f(x, *, step=0):
        return x + float(step)

    for step in range(3):
        f(ones(2), step=step)
    return f


@planted("retrace", "value of mode")
def changing_string():
    f = tf.function(lambda x, mode: x if mode == "a" else -x)
    for mode in ("a", "b", "c"):
        f(ones(2), mode)
    return f


@planted("retrace", "shape of x")
def last_batch_is_smaller():
    f = tf.function(lambda x: x * 2.0)
    f(ones(4, 3))
    f(ones(2, 3))
    return f


@planted("retrace", "shape of words")
def growing_sequences():
    f = tf.function(lambda words: tf.reduce_sum(words))
    for length in range(1, 5):
        f(ones(length))
    return f


@planted("retrace", "dtype of x")
def another_dtype():
    f = tf.function(lambda x: x + x)
    f(tf.constant(1.0))
    f(tf.constant(1.0, tf.float64))
    return f


@planted("retrace", "kind of scale")
def tensor_then_number():
    f = tf.function(lambda x, scale: x * scale)
    f(ones(2), tf.constant(2.0))
    f(ones(2), 2.0)
    return f


@planted("retrace", "structure of parts")
def longer_list():
    f = tf.function(lambda parts: tf.add_n(parts))
    f([ones(2)])
    f([ones(2), ones(2)])
    return f


@planted("retrace", "structure of batch")
def other_keys():
    f = tf.function(lambda batch: batch["x"] * 1.0)
    f({"x": ones(2)})
    f({"x": ones(2), "y": ones(2)})
    return f


@planted("retrace", "structure of pair")
def list_then_tuple():
    f = tf.function(lambda pair: pair[0] + pair[1])
    f([ones(2), ones(2)])
    f((ones(2), ones(2)))
    return f


@planted("retrace", "object of loss")
def new_lambda_each_time():
    f = tf.function(lambda x, loss: loss(x))
    for _ in range(2):
        f(ones(2), lambda x: x * 2.0)
    return f


@planted("retrace", "object of settings")
def new_object_each_time():
    class Settings:
        rate = 0.5

    f = tf.function(lambda x, settings: x * settings.rate)
    made = [Settings(), Settings()]
    for settings in made:
        f(ones(2), settings)
    return f


@planted("retrace", "shape of batch['x'][1]")
def inside_of_a_structure():
    f = tf.function(lambda batch: tf.reduce_sum(batch["x"][1]))
    f({"x": [ones(1), ones(2)]})
    f({"x": [ones(1), ones(3)]})
    return f


@planted("remade", "6 times")
def decorated_in_a_loop():
    for _ in range(6):

        @tf.function
        def f(x):
            return x * 3.0

        f(ones(1))
    return f


@planted("host", "py_function")
def py_function_inside():
    @tf.function
    def f(x):
        return tf.py_function(lambda v: v * 2.0, [x], tf.float32) + 1.0

    f(ones(2))
    return f


@planted("host", "numpy_function")
def numpy_function_inside():
    @tf.function
    def f(x):
        y = tf.numpy_function(np.cumsum, [x * 2.0], tf.float32)
        return tf.reduce_sum(y)

    f(ones(2))
    return f


@planted("host", "splits")
def shape_depends_on_values():
    f = tf.function(lambda x: tf.reduce_sum(tf.boolean_mask(x, x > 0.5)))
    f(ones(4))
    return f


@planted("host", "loop")
def loop_with_a_host_op():
    @tf.function
    def f(x):
        def body(i, total):
            more = tf.py_function(lambda v: v, [x[i]], tf.float32)
            return i + 1, total + tf.ensure_shape(more, [])

        return tf.while_loop(lambda i, total: i < 3, body, (0, 0.0))[1]

    f(ones(3))
    return f


@planted("effect", "seen")
def list_append():
    seen = []

    @tf.function
    def f(x):
        seen.append(x.shape)
        return x + 1.0

    f(ones(2))
    return f


@planted("effect", "calls")
def counting_in_a_closure():
    calls = 0

    @tf.function
    def f(x):
        nonlocal calls
        calls += 1
        return x + 2.0

    f(ones(2))
    return f


@planted("effect", "self.steps")
def counting_on_the_object():
    class Trainer:
        def __init__(self):
            self.steps = 0

        @tf.function
        def step(self, x):
            self.steps += 1
            return x * 2.0

    trainer = Trainer()
    trainer.step(ones(2))
    counting_on_the_object.kept = trainer
    return trainer.step


@planted("effect", "np.random")
def numpy_noise():
    @tf.function
    def f(x):
        return x + np.random.normal()

    f(tf.constant(1.0, tf.float64))
    return f


@planted("effect", "random")
def python_noise():
    @tf.function
    def f(x):
        return x * random.random()

    f(ones(1))
    return f


@planted("stale", "rate was 0.1")
def closure_changed_later():
    rate = 0.1

    @tf.function
    def f(x):
        return x * rate

    f(ones(1))
    rate = 0.2
    return f


@planted("stale", "self.rate was 0.5")
def attribute_changed_later():
    class Trainer:
        def __init__(self):
            self.rate = 0.5

        @tf.function
        def step(self, x):
            return x * self.rate

    trainer = Trainer()
    trainer.step(ones(2))
    trainer.rate = 0.25
    attribute_changed_later.kept = trainer
    return trainer.step


@planted("unrolled", "nodes")
def python_loop_over_numbers():
    @tf.function
    def f(x):
        for i in range(100):
            x = x + float(i)
        return x

    f(ones(2))
    return f


@planted("constant", "MB")
def large_constant():
    table = tf.constant(np.random.default_rng(0).normal(size=[600, 600]).astype(np.float32))

    @tf.function
    def f(x):
        return tf.matmul(x, table)

    f(ones(2, 600))
    return f


@pytest.mark.parametrize(("case", "kind", "word"), CASES)
def test_planted_cause_is_named_and_no_other(case, kind, word):
    explanation = case().explain()
    assert [f.kind for f in explanation.findings] == [kind], explanation.findings
    assert word in explanation.findings[0].message, explanation.findings
    assert explanation.findings[0].advice


def test_a_sound_training_step_gives_no_finding():
    class Model(tf.Module):
        def __init__(self):
            self.w = None

        def __call__(self, x, training=False):
            if self.w is None:
                self.w = tf.Variable(tf.ones([3, 1]))
            y = tf.matmul(x, self.w)
            return tf.nn.dropout(y, 0.5) if training else y

    model = Model()

    @tf.function(reduce_retracing=True)
    def step(x, y, training=True):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x, training) - y) ** 2)
        model.w.assign_sub(0.1 * tape.gradient(loss, model.w))
        return loss

    for size in (4, 4, 2):
        step(ones(size, 3), ones(size, 1))
    step(ones(4, 3), ones(4, 1), training=False)
    explanation = step.explain()
    kinds = [f.kind for f in explanation.findings]
    assert kinds in ([], ["retrace"]), explanation.findings  # the smaller batch, told once
    first = explanation.traces[0]
    assert first.cause.kind == "first"
    assert first.created == ["Variable:0"]
    assert first.variables == ["Variable:0"]
    assert first.programs[0].seconds > 0


def test_fields_and_forms():
    w = tf.Variable(ones(4))

    @tf.function
    def f(x):
        w.assign_add(x)
        return tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + x), (0, x))[1]

    f(ones(4))
    explanation = f.explain()
    assert explanation.count == 1
    (trace,) = explanation.traces
    assert trace.signature == "x: float32[4]"
    assert trace.site.filename == __file__
    (loop,) = trace.loops
    assert (loop.form, loop.trips) == ("while_loop", 5)
    (program,) = trace.programs
    assert program.shapes == ["float32[4]"]
    assert program.donated == ["Variable"]
    assert "first call" in str(explanation)
    assert "<table" in explanation._repr_html_()


def test_many_traces_are_warned_about_once(caplog):
    f = tf.function(lambda x, n: x * n)
    with caplog.at_level("WARNING"):
        for n in range(20):
            f(ones(1), float(n))
    warnings = [r.getMessage() for r in caplog.records if "traced" in r.getMessage()]
    assert len(warnings) == 1
    assert "n: value, 7.0 (before: 6.0)" in warnings[0]


def test_memory_of_traces_is_bounded_and_dropped_ones_are_told():
    f = tf.function(lambda x, n: x * n)
    for n in range(3):
        f(ones(1), n=float(n))
    f._traces.clear()
    f._forget()
    assert [t.programs for t in f.explain().traces] == [[], [], []]


def test_programs_of_calls_under_a_tape():
    w = tf.Variable(2.0)
    f = tf.function(lambda x: x * w)
    for _ in range(2):
        with tf.GradientTape() as tape:
            y = f(tf.constant(3.0))
        assert float(tape.gradient(y, w)) == 3.0
    (trace,) = f.explain().traces
    assert sorted(p.under for p in trace.programs) == ["tape: backward", "tape: forward"]
    assert all(p.seconds > 0 for p in trace.programs)
