import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])


def update(x, y):
    optimizer = tf.keras.optimizers.Adam(0.01)  # expect: DRS113
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return loss


def run(dataset):
    for x, y in dataset:
        update(x, y)
