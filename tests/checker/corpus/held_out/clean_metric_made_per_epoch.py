import tensorflow as tf


def run(model, ds, epochs):
    for epoch in range(epochs):
        acc = tf.keras.metrics.SparseCategoricalAccuracy()
        for x, y in ds:
            acc.update_state(y, model(x, training=False))
        print(epoch, acc.result().numpy())
