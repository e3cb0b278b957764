from tensorflow.keras.layers import Dense, Flatten
from tensorflow.keras.models import Sequential

model = Sequential()
model.add(Flatten(input_shape=(28, 28)))
model.add(Dense(128, activation="relu"))
model.add(Dense(10))
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")  # expect: DRS306
