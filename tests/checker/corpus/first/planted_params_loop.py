import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])


def sgd(grads, lr=0.1):
    for p, g in zip(model.trainable_variables, grads):
        p = p - lr * g  # expect: DRS309
