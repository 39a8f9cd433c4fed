# SPDX-License-Identifier: Apache-2.0
"""peers.py PEER SOURCE FORMAT OUT TARGET IMAGES: one conversion by datumaro or supervision, or with the target none a file only
loaded, by datumaro or pycocotools; prints its seconds without the interpreter's start and the imports, the number of images that it saw,
and the most memory in KB."""
import contextlib
import io
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
peer, source, source_format, out, target, images = sys.argv[1:7]

if peer == "pycocotools":
    from pycocotools.coco import COCO

    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        count = len(COCO(source).imgs)
    seconds = time.perf_counter() - start
elif peer == "datumaro" and target == "none":
    import datumaro

    start = time.perf_counter()
    data = datumaro.Dataset.import_from(source, source_format)
    count = sum(1 for item in data if item.annotations is not None)  # which makes it read all
    seconds = time.perf_counter() - start
elif peer == "datumaro":
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
print(f"{seconds:.4f} {count} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
