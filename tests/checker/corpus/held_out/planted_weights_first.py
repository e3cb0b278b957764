import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(5)])
opt = tf.keras.optimizers.Nadam()


def train(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.huber(y, model(x, training=True)))
    weights = model.trainable_weights
    grads = tape.gradient(loss, weights)
    opt.apply_gradients(zip(weights, grads))  # expect: DRS209
