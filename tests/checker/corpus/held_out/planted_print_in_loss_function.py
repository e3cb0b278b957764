import tensorflow as tf


def focal(y_true, y_pred):
    print(y_pred)  # expect: DRS101
    p = tf.where(y_true > 0.5, y_pred, 1.0 - y_pred)
    return -tf.reduce_mean((1.0 - p) ** 2 * tf.math.log(p + 1e-7))


inputs = tf.keras.Input((8,))
outputs = tf.keras.layers.Dense(1, activation="sigmoid")(inputs)
model = tf.keras.Model(inputs, outputs)
model.compile("adam", loss=focal)
