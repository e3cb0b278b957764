import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(3)])
loss_fn = tf.keras.losses.CategoricalCrossentropy(from_logits=True)
adam = tf.keras.optimizers.Adam()


@tf.function
def step(x, y):
    logits = net(x, training=True)  # expect: DRS201
    with tf.GradientTape() as tape:
        loss = loss_fn(y, logits)
    g = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(g, net.trainable_variables))
    return loss
