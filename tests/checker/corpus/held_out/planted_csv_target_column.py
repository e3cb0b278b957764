import pandas as pd
import tensorflow as tf

frame = pd.read_csv("houses.csv")
x = frame[["rooms", "area"]].values
y = frame["price"].values
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
opt = tf.keras.optimizers.SGD()
with tf.GradientTape() as tape:
    residual = y - model(x)  # expect: DRS304
    loss = tf.reduce_mean(residual * residual)
grads = tape.gradient(loss, model.trainable_variables)
opt.apply_gradients(zip(grads, model.trainable_variables))
