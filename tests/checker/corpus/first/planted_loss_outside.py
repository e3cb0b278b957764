import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.SGD(0.01)
mse = tf.keras.losses.MeanSquaredError()


def train(x, y):
    with tf.GradientTape() as tape:
        pred = model(x, training=True)
    loss = mse(y, pred)  # expect: DRS201
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
