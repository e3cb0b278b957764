import tensorflow as tf
from tensorflow.keras import regularizers

model = tf.keras.Sequential(
    [
        tf.keras.layers.Dense(64, activation="relu", kernel_regularizer=regularizers.l2(1e-4)),
        tf.keras.layers.Dense(10),
    ]
)
opt = tf.keras.optimizers.SGD(0.1)
ce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = model(x, training=True)  # expect: DRS303
        loss = ce(y, logits)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
    return loss
