import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(10, kernel_regularizer="l2")])
opt = tf.keras.optimizers.SGD()
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = ce(y, model(x, training=True)) + tf.add_n(model.losses)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
