import tensorflow as tf
from tensorflow.keras import layers, Model


def build():
    inputs = layers.Input((32,))
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dropout(0.4)(x)
    outputs = layers.Dense(3)(x)
    return Model(inputs, outputs)


model = build()
optimizer = tf.keras.optimizers.Adam()
cce = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

for epoch in range(3):
    for features, labels in tf.data.experimental.load("train"):
        with tf.GradientTape() as tape:
            predictions = model(features)  # expect: DRS301
            loss = cce(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
