import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
mse = tf.keras.losses.MeanSquaredError()


def fit(dataset, epochs=10):
    for epoch in range(epochs):
        optimizer = tf.keras.optimizers.Adam(1e-3)  # expect: DRS113
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = mse(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables))
