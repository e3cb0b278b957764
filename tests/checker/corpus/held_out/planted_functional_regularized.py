import tensorflow as tf
from tensorflow import keras

reg = keras.regularizers.L2(1e-3)
inputs = keras.Input(shape=(28, 28, 1))
x = keras.layers.Conv2D(8, 3, kernel_regularizer=reg)(inputs)
x = keras.layers.Flatten()(x)
outputs = keras.layers.Dense(10)(x)
net = keras.Model(inputs, outputs)
opt = keras.optimizers.Adam()
ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def train(ds):
    for x, y in ds:
        with tf.GradientTape() as tape:
            loss = ce(y, net(x, training=True))  # expect: DRS303
        opt.apply_gradients(
            zip(tape.gradient(loss, net.trainable_weights), net.trainable_weights)
        )
