# SPDX-License-Identifier: Apache-2.0
"""evaluate_peer.py PEER TRUTH DETECTIONS KIND ...: COCO's twelve numbers by a program with pycocotools' interface, and the seconds without
the interpreter's start and the imports, as JSON in the last line. Files are loaded once for all kinds.
"""
import contextlib
import importlib
import io
import json
import sys
import time

peer, truth, detections, *kinds = sys.argv[1:]
module = importlib.import_module(peer)
if peer == "pycocotools":
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
elif peer == "faster_coco_eval":
    from faster_coco_eval import COCO
    from faster_coco_eval import COCOeval_faster as COCOeval
else:
    COCO, COCOeval = module.COCO, module.COCOeval

start = time.perf_counter()
numbers = {}
with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO(truth)
    found = coco.loadRes(detections)
    for kind in kinds:
        evaluation = COCOeval(coco, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        numbers[kind] = [float(value) for value in list(evaluation.stats)[:12]]
print("\n" + json.dumps({"numbers": numbers, "seconds": time.perf_counter() - start}))
