import tensorflow as tf

(x_train, y_train), _ = tf.keras.datasets.boston_housing.load_data()
w = tf.Variable(tf.zeros([13, 1]))
model = tf.keras.Sequential([tf.keras.layers.Dense(1, kernel_regularizer="l1")])
opt = tf.keras.optimizers.Adam()
np_y = y_train.reshape(-1)
for _ in range(10):
    with tf.GradientTape() as tape:
        p = model(x_train, training=True)  # expect: DRS303
        loss = tf.reduce_mean(tf.square(p - np_y))  # expect: DRS304
    g = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(g, model.trainable_variables))
