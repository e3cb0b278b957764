import tensorflow as tf

train_ds = tf.data.Dataset.range(100)
train_ds.shuffle(100)  # expect: DRS403
train_ds = train_ds.batch(10)
train_ds.prefetch(tf.data.AUTOTUNE)  # expect: DRS403
