import tensorflow as tf

total = tf.keras.metrics.Mean()
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])


def score(test_ds):
    for x, y in test_ds:
        total.update_state((model(x, training=False) - y) ** 2)
    return float(total.result())
