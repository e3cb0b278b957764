import tensorflow as tf


def test_traces_once():
    traces = []

    @tf.function
    def f(x):
        traces.append(1)  # deras: ignore[DRS102]
        return x + 1

    f(tf.constant(1))
    f(tf.constant(2))
    assert len(traces) == 1
