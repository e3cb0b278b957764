import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.BatchNormalization(), tf.keras.layers.Dense(2)])
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def run(train_data, val_data, train_step):
    for epoch in range(10):
        for x, y in train_data:
            train_step(x, y)
        total = 0.0
        for x, y in val_data:
            logits = model(x, training=True)  # expect: DRS302
            total += float(loss_fn(y, logits))
        print(epoch, total)
