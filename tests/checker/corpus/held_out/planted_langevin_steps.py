import tensorflow as tf

energy = tf.keras.Sequential([tf.keras.layers.Dense(1)])


@tf.function
def langevin(x):
    for _ in range(600):  # expect: DRS110
        with tf.GradientTape() as tape:
            tape.watch(x)
            e = tf.reduce_sum(energy(x))
        x = x - 0.1 * tape.gradient(e, x)
    return x
