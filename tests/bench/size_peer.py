# SPDX-License-Identifier: Apache-2.0
"""size_peer.py PEER SOURCE: loads a data set's annotations; prints the seconds without the imports, and how many items and annotations it has."""
import contextlib
import io
import pathlib
import sys
import time
import warnings

warnings.filterwarnings("ignore")
peer, source = sys.argv[1], pathlib.Path(sys.argv[2])
name, _, kind = peer.partition(":")
output = sys.stdout
with contextlib.redirect_stdout(io.StringIO()):
    if name == "datumaro":
        import datumaro

        start = time.perf_counter()
        data = datumaro.Dataset.import_from(str(source.parents[1] if kind == "coco" else source.parent), {"coco": "coco_instances"}.get(kind, kind))
        items = annotations = 0
        for item in data:
            items += 1
            annotations += len(item.annotations)
    elif name == "pycocotools":
        from pycocotools.coco import COCO

        start = time.perf_counter()
        data = COCO(str(source))
        items, annotations = len(data.imgs), len(data.anns)
    elif name == "fiftyone":
        import fiftyone

        start = time.perf_counter()
        if kind == "coco":
            data = fiftyone.Dataset.from_dir(dataset_type=fiftyone.types.COCODetectionDataset, data_path="/nowhere", labels_path=str(source),
                                             label_types="segmentations")
        else:
            data = fiftyone.Dataset.from_dir(dataset_type=fiftyone.types.CVATImageDataset, data_path=str(source.parent / "images"),
                                             labels_path=str(source))
        items, annotations = len(data), data.count("segmentations.detections" if kind == "coco" else "polylines.polylines")
    elif name == "labelme":
        # What labelme.LabelFile does without decoding the picture, which it would ask for.
        import json

        start = time.perf_counter()
        items = annotations = 0
        for file in sorted(source.glob("*.json")):
            items += 1
            annotations += len(json.loads(file.read_text())["shapes"])
    elif name == "pandas":
        import pandas

        start = time.perf_counter()
        table = pandas.read_csv(source / "train-annotations-object-segmentation.csv")
        items, annotations = sum(1 for _ in table.groupby("ImageID")), len(table)
    seconds = time.perf_counter() - start
print(f"{seconds:.4f} {items} {annotations}", file=output)
