import tensorflow as tf

features = tf.random.normal([1000, 8])
targets = tf.random.normal([1000])
ds = tf.data.Dataset.from_tensor_slices((features, targets)).shuffle(1000).batch(32)
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.SGD(0.01)
for xb, yb in ds:
    with tf.GradientTape() as tape:
        error = model(xb, training=True) - yb  # expect: DRS304
        loss = tf.reduce_mean(error**2)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
