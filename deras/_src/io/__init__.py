"""Files: paths and file systems, TFRecord files, example messages and their parsing, codecs.

Begin with `file_system.py` (paths, errors), `records.py` (TFRecord) and `parse_example.py`.
Datasets are in `data/`, checkpoints in `train/`. Libraries (protobuf, google-crc32c, Pillow,
fsspec) are imported inside the functions that need them, as `import deras` must stay light.
"""
