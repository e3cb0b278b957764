import numpy as np
import pandas as pd
import tensorflow as tf

df = pd.read_csv("cars.csv")
y = df.pop("mpg").to_numpy()
x = df.to_numpy().astype("float32")
order = np.random.default_rng(3).permutation(len(x))
x, y = x[order], y[order]
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
model.compile("adam", tf.keras.losses.MeanAbsoluteError())
model.fit(x, y, epochs=2)
errors = y - model.predict(x).flatten()
print("mean error", np.mean(np.abs(errors)))
