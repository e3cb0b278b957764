import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(1)])
sgd = tf.keras.optimizers.SGD(1e-2)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(net(x, training=True) - y))
    tape.gradient(loss, net.trainable_variables)  # expect: DRS208
    return loss
