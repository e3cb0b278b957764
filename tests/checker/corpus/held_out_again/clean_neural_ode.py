import tensorflow as tf

field = tf.keras.Sequential([tf.keras.layers.Dense(16, "tanh"), tf.keras.layers.Dense(2)])
opt = tf.keras.optimizers.Adam()


def rk4(y, h):
    k1 = field(y)
    k2 = field(y + h / 2 * k1)
    k3 = field(y + h / 2 * k2)
    k4 = field(y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@tf.function
def integrate(y0, steps=20, h=0.1):
    path = [y0]
    for _ in range(steps):
        path.append(rk4(path[-1], h))
    return tf.stack(path)


def fit(y0, observed):
    for i in range(100):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(integrate(y0) - observed))
        grads = tape.gradient(loss, field.trainable_variables)
        opt.apply_gradients(zip(grads, field.trainable_variables))
        if i % 10 == 0:
            print(f"{i}: {loss:.4f}")
