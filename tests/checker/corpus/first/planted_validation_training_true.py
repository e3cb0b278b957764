import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dropout(0.2), tf.keras.layers.Dense(2)])
val_acc = tf.keras.metrics.SparseCategoricalAccuracy()


def evaluate(val_ds):
    val_acc.reset_state()
    for x, y in val_ds:
        val_acc.update_state(y, model(x, training=True))  # expect: DRS302
    return float(val_acc.result())
