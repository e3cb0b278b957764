import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])


@tf.function
def train_step(x, epoch):
    return model(x, training=True) * tf.cast(epoch, tf.float32)


x = tf.zeros([4, 2])
for epoch in range(50):
    train_step(x, epoch)  # expect: DRS115
