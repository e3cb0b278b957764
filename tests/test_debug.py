"""`deras.debug.gradients`: planted cuts, zeros and NaNs are in the table."""

import numpy as np
import pytest

import deras as tf


def test_norms_and_shares():
    w = tf.Variable([3.0, 0.0, -4.0, 1.0], name="w")
    report = tf.debug.gradients(lambda: tf.reduce_sum(tf.nn.relu(w) ** 2), [w])
    row = report["w"]
    assert row.kind == "ok"
    np.testing.assert_allclose(row.norm, np.hypot(6.0, 2.0))
    assert (row.dead, row.bad) == (0.5, 0)
    assert "50% of the elements" in row.remark
    np.testing.assert_allclose(report.norm, row.norm)


def test_causes_of_missing_gradients():
    w = [tf.Variable(2.0, name=f"w{i}") for i in range(5)]
    early = w[4] * 2.0

    def loss():
        cut = tf.stop_gradient(w[0]) + tf.constant((w[1] * 1.0).numpy())
        return cut + tf.cast(tf.cast(w[2], tf.int32), tf.float32) + w[3] + early

    report = tf.debug.gradients(loss, w)
    assert [row.kind for row in report.rows] == ["none", "none", "none", "ok", "none"]
    assert "stop_gradient" in report["w0"].remark
    assert "numpy" in report["w1"].remark
    assert "cast" in report["w2"].remark
    assert report["w4"].remark
    text = str(report)
    assert "None" in text
    assert "global norm 1" in text
    assert "<table>" in report._repr_html_()


def test_zero_and_not_finite():
    dead, wild = tf.Variable([-1.0, -2.0], name="dead"), tf.Variable([0.0, 1.0], name="wild")
    report = tf.debug.gradients(
        lambda: tf.reduce_sum(tf.nn.relu(dead)) + tf.reduce_sum(tf.sqrt(wild)), [dead, wild]
    )
    assert report["dead"].kind == "zero"
    assert (report["wild"].kind, report["wild"].bad) == ("not finite", 1)


def test_rows_of_an_embedding():
    table = tf.Variable(tf.ones([10, 3]), name="table")
    report = tf.debug.gradients(lambda: tf.reduce_sum(tf.gather(table, [1, 2])), table)
    assert report["table"].dead == pytest.approx(0.8)


def test_with_a_tape():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    assert tf.debug.gradients(y, [x], tape).rows[0].name == "source 0"
    with pytest.raises(TypeError, match="persistent=True"):
        tf.debug.gradients(y, [x])
