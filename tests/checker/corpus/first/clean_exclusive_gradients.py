import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
head = model.layers[-1]
opt = tf.keras.optimizers.Adam()


def step(x, y, head_only):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
    if head_only:
        variables = head.trainable_variables
        grads = tape.gradient(loss, variables)
    else:
        variables = model.trainable_variables
        grads = tape.gradient(loss, variables)
    opt.apply_gradients(zip(grads, variables))
