import tensorflow as tf


def make(units):
    return tf.keras.Sequential([tf.keras.layers.Dense(units)])


encoder = make(8)
classifier = make(2)
opt = tf.keras.optimizers.Adam()
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = ce(y, classifier(x, training=True))
    grads = tape.gradient(loss, encoder.trainable_variables)  # expect: DRS205
    opt.apply_gradients(zip(grads, encoder.trainable_variables))
