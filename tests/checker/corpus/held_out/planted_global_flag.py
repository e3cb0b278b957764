import tensorflow as tf

warm = True
model = tf.keras.Sequential([tf.keras.layers.Dense(4)])


@tf.function
def predict(x):
    y = model(x)
    return y * 0.1 if warm else y


def main(ds):
    global warm
    for i, x in enumerate(ds):
        predict(x)
        warm = False  # expect: DRS116
