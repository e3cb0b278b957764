import numpy as np
import tensorflow as tf


def dice_loss(y_true, y_pred):
    inter = np.sum(y_true * y_pred)  # expect: DRS105
    return 1.0 - 2.0 * inter / (tf.reduce_sum(y_true) + tf.reduce_sum(y_pred))


unet = tf.keras.Sequential([tf.keras.layers.Conv2D(1, 3, activation="sigmoid")])
opt = tf.keras.optimizers.Adam()


@tf.function
def train_step(images, masks):
    with tf.GradientTape() as tape:
        loss = dice_loss(masks, unet(images, training=True))
    grads = tape.gradient(loss, unet.trainable_variables)
    opt.apply_gradients(zip(grads, unet.trainable_variables))
    return loss.numpy()  # expect: DRS106
