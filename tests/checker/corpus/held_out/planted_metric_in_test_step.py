import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(3)])


@tf.function
def test_step(x, y):
    accuracy = tf.keras.metrics.SparseCategoricalAccuracy()  # expect: DRS112
    accuracy.update_state(y, model(x, training=False))
    return accuracy.result()
