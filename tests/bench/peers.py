# SPDX-License-Identifier: Apache-2.0
"""peers.py PEER SOURCE FORMAT OUT TARGET IMAGES: one conversion by datumaro or supervision; prints its seconds without the
interpreter's start and the imports, and the number of images that it saw."""
import sys
import time
import warnings

warnings.filterwarnings("ignore")
peer, source, source_format, out, target, images = sys.argv[1:7]

if peer == "datumaro":
    import datumaro

    start = time.perf_counter()
    data = datumaro.Dataset.import_from(source, source_format)
    data.export(out, target, save_media=False)
    seconds = time.perf_counter() - start
    count = len(data)
else:
    import supervision

    assert (source_format, target) == ("coco", "voc"), "supervision reads no masks from files"
    start = time.perf_counter()
    data = supervision.DetectionDataset.from_coco(images_directory_path=images, annotations_path=source, force_masks=True)
    data.as_pascal_voc(annotations_directory_path=out)
    seconds = time.perf_counter() - start
    count = len(data)
print(f"{seconds:.4f} {count}")
