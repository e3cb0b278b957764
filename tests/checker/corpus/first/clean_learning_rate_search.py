import tensorflow as tf


def make_model():
    return tf.keras.Sequential([tf.keras.layers.Dense(1)])


def search(ds):
    results = {}
    for lr in (0.1, 0.01, 0.001):
        model = make_model()
        optimizer = tf.keras.optimizers.Adam(lr)
        for x, y in ds:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables))
        results[lr] = float(loss)
    return results
