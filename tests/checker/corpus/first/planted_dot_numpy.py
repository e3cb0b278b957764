import tensorflow as tf

acc = tf.keras.metrics.SparseCategoricalAccuracy()


@tf.function
def test_step(model, x, y):
    p = model(x, training=False)
    acc.update_state(y, p)
    return acc.result().numpy()  # expect: DRS106
