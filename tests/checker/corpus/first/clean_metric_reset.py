import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(10)])
acc = tf.keras.metrics.SparseCategoricalAccuracy()
mean_loss = tf.keras.metrics.Mean()


def fit(train_ds):
    for epoch in range(5):
        for metric in (acc, mean_loss):
            metric.reset_state()
        for x, y in train_ds:
            acc.update_state(y, model(x))
            mean_loss.update_state(0.0)
        print(epoch, float(acc.result()), float(mean_loss.result()))
