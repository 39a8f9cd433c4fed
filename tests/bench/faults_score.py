# SPDX-License-Identifier: Apache-2.0
"""faults_score.py BUILD CORPUS [--json FILE] [--jobs N]: what `maskmill check` finds of the faults that faults.py made.

Runs the check of the build folder BUILD on every data set of CORPUS and prints Markdown tables: by kind and magnitude of
fault how many were injected and found, by rule how many clean items it is wrong about. A fault counts as found where a
rule that may speak of its kind, and none else, names one of its items (either of two that are alike or swapped). A finding
about a clean item is a false alarm, save one that names the original of a copy as a copy. --json also writes all of it to FILE,
with the items missed and the false alarms."""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import time

BETWEEN = {"values-between", "unknown-value", "lossy-mask"}
ALIKE = {"duplicate-content", "near-duplicate", "leaking-group"}
BROKEN = {"broken-file", "gray-tail", "unreadable-image", "unreadable-mask"}

# Which rules may speak of a kind; of the others what is said of its items is a side effect, and counted apart.
ALLOWED = {
    "mask saved as JPEG": BETWEEN,
    "mask once JPEG, saved as PNG": BETWEEN,
    "mask resized with smoothing": BETWEEN,
    "mask shifted": {"shifted-mask", "unrelated-mask"},
    "mask flipped": {"turned-mask", "unrelated-mask"},
    "mask turned by 90 degrees": {"turned-mask", "size-differs", "exif-rotation"},
    "EXIF turns the image alone": {"exif-rotation", "turned-mask", "size-differs"},
    "masks swapped": {"shifted-mask", "turned-mask", "size-differs", "unrelated-mask"},
    "unknown value": {"unknown-value"},
    "mask missing": {"pair-missing", "unlabelled-item"},
    "mask truncated": BROKEN,
    "mask of another size": {"size-differs"},
    "mask empty": {"empty-item", "void-share"},
    "specks": {"specks"},
    "pin-holes": {"pin-holes"},
    "mask saved as RGB": {"unknown-value", "unusual-pixel-format", "unreadable-mask", "broken-file"},
    "mostly void": {"void-share", "empty-item"},
    "image missing": {"pair-missing"},
    "image truncated": BROKEN,
    "wrong extension": {"wrong-extension"},
    "16 bits a channel": {"unusual-pixel-format"},
    "CMYK": {"unusual-pixel-format"},
    "alpha": {"unusual-pixel-format"},
    "black": {"flat-picture", "exposure-outlier"},
    "blown out": {"flat-picture", "exposure-outlier"},
    "outlying size": {"size-outlier"},
    "duplicate": ALIKE,
    "video across subsets": ALIKE,
    "burst across subsets": ALIKE,
    "real video across subsets": ALIKE,
    "self-crossing polygon": {"self-crossing"},
    "box outside the image": {"outside-image", "box-outside", "box-differs"},
    "box without area": {"empty-shape", "box-empty", "box-inverted", "box-differs", "unreadable-annotation", "unreadable-value"},
    "box disagrees with mask": {"box-differs"},
    "annotated twice": {"duplicate-annotation", "label-conflict", "same-box"},
    "one instance in two far parts": {"far-parts"},
    "specks of an instance": {"specks", "empty-shape"},
    "pin-holes of an instance": {"pin-holes"},
    "polygon outside the image": {"outside-image"},
    "polygon without area": {"empty-shape", "unreadable-annotation", "unreadable-value"},
    "unknown category": {"unknown-label", "unreadable-annotation"},
    "stated size is not the image's": {"size-differs"},
    "annotations of a missing file": {"pair-missing", "image-missing"},
    "label renamed": {"similar-label-names"},
    "label in one subset only": {"label-in-some-subsets"},
    "0 and 255 for 0 and 1": {"binary-values", "unknown-value"},
}

# What cannot be found, and why.
REMARKS = {
    ("0 and 255 for 0 and 1", "all masks"): "read rightly: 255 is the only label",
    ("label renamed", "synonym"): "takes knowledge of the language",
}


def check(program, corpus, dataset, jobs):
    """The document of one data set, the seconds it took, and why there is none."""
    started = time.monotonic()
    run = subprocess.run([program, dataset, "--json", "--quiet", "--jobs", str(jobs)], cwd=corpus, capture_output=True, text=True)
    seconds = time.monotonic() - started
    return (json.loads(run.stdout) if run.returncode < 2 else None), seconds, run.stderr.strip()


class Places:
    """From the place of a finding to the items ("subset/name") that it is about."""

    def __init__(self, corpus, dataset):
        self.images, self.annotations, self.by_name = {}, {}, {}
        for path in sorted((corpus / dataset / "annotations").glob("*.json")):
            file, subset, document = str(path.relative_to(corpus)), path.stem.removeprefix("instances_"), json.loads(path.read_text())
            of_id = {image["id"]: f"{subset}/{pathlib.Path(image['file_name']).stem}" for image in document["images"]}
            self.images[file] = list(of_id.values())
            self.annotations[file] = [of_id[annotation["image_id"]] for annotation in document["annotations"]]
            self.by_name.update((item.split("/")[1], item) for item in of_id.values())

    def item(self, place):
        """None where it is the data set's as a whole. Elements of a JSON file are called annotations[0] and the like."""
        path = pathlib.PurePath(place["file"])
        element = re.match(r"(images|annotations)\[(\d+)\]", place.get("field", ""))
        if place["file"] in self.images:
            return getattr(self, element[1])[place["file"]][int(element[2])] if element else None
        if self.by_name:
            return self.by_name.get(path.stem)
        subset = next((part for part in path.parts if part in ("train", "val", "test")), None)
        return f"{subset}/{path.stem}" if subset and path.suffix else None


def score(program, corpus, jobs):
    truth = json.loads((corpus / "truth.json").read_text())
    names = sorted({row["dataset"] for row in truth["faults"]} | set(truth["clean"]))
    kinds = collections.defaultdict(lambda: {"injected": 0, "found": 0, "by": collections.Counter(), "also": collections.Counter(), "missed": []})
    alarms = collections.defaultdict(lambda: collections.defaultdict(list))  # rule, "dataset: item", messages
    of_sets, seconds, failures = collections.Counter(), {}, {}
    for dataset in names:
        document, took, complaint = check(program, corpus, dataset, jobs)
        group = dataset.split("/")[0]
        seconds[group] = seconds.get(group, 0) + took
        if document is None:
            failures[dataset] = complaint
            document = {"findings": []}
        places = Places(corpus, dataset)
        rules_of, messages = collections.defaultdict(set), {}
        for finding in document["findings"]:
            item = places.item(finding["place"]) or ""
            rules_of[item].add(finding["rule"])
            messages[item, finding["rule"]] = finding["message"]
        explained = collections.defaultdict(set)  # what a clean item may be told for a fault it is a part of
        for row in truth["faults"]:
            if row["dataset"] != dataset:
                continue
            allowed = ALLOWED[row["kind"]]
            told = set().union(*(rules_of[item] for item in row["items"])) if row["items"] else set().union(*rules_of.values(), set())
            entry = kinds[row["kind"], row["magnitude"]]
            entry["injected"] += 1
            entry["found"] += bool(told & allowed)
            entry["by"].update(told & allowed)
            entry["also"].update(told - allowed)
            if not told & allowed:
                entry["missed"].append(f"{dataset}: {' '.join(row['items'])}")
            for item in row["items"]:
                explained[item] |= allowed
        for item, origin in truth["clean"].get(dataset, {}).items():
            for rule in rules_of[item] - explained[item] if item else set().union(*rules_of.values(), set()):
                alarms[rule][f"{dataset}: {item}"].append(messages.get((item, rule), ""))
        if group != "sets":
            of_sets.update(f"{dataset}: {rule}: {messages['', rule]}" for rule in rules_of[""])
    clean = max(len(items) for items in truth["clean"].values())
    sets = sum(1 for name in truth["clean"] if name.startswith("sets/"))
    return {
        "kinds": [{"kind": kind, "magnitude": magnitude, **entry, "by": dict(entry["by"]), "also": dict(entry["also"])}
                  for (kind, magnitude), entry in kinds.items()],
        "rules": [{"rule": rule, **false_alarms(places, clean, sets)} for rule, places in sorted(alarms.items())],
        "clean_items": clean, "clean_sets": sets, "of_whole_sets": sorted(of_sets), "seconds": seconds, "failures": failures,
    }


def false_alarms(places, clean, sets):
    """A clean item counts once, in however many data sets it is."""
    of_sets = [place for place in places if place.startswith("sets/")]
    items = {place.split(": ")[1] for place in places if place not in of_sets}
    return {"items": len(items), "percent": round(100 * len(items) / clean, 2), "sets": len(of_sets),
            "percent_of_sets": round(100 * len(of_sets) / sets, 1) if sets else 0,
            "examples": [{"place": place, "message": messages[0]} for place, messages in places.items()]}


def counted(counter):
    return ", ".join(f"{rule} {count}" for rule, count in sorted(counter.items(), key=lambda entry: (-entry[1], entry[0])))


def print_tables(result):
    print("| fault | magnitude | injected | found | recall | by | told besides |\n|---|---|---|---|---|---|---|")
    for entry in result["kinds"]:
        recall = f"{100 * entry['found'] / entry['injected']:.0f} %"
        by = counted(entry["by"]) or REMARKS.get((entry["kind"], entry["magnitude"]), "")
        print(f"| {entry['kind']} | {entry['magnitude']} | {entry['injected']} | {entry['found']} | {recall} | {by} | {counted(entry['also'])} |")
    print(f"\n| rule | of {result['clean_items']:,} clean items | % | of {result['clean_sets']} small clean sets |\n|---|---|---|---|")
    for rule in result["rules"]:
        print(f"| {rule['rule']} | {rule['items']} | {rule['percent']} | {rule['sets']} |")
    print()
    for line in result["of_whole_sets"]:
        print(f"of a whole data set: {line}")
    for dataset, complaint in result["failures"].items():
        print(f"not checked: {dataset}: {complaint}")
    print("seconds: " + ", ".join(f"{group} {took:.1f}" for group, took in result["seconds"].items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    result = score((arguments.build / "bin" / "maskmill-check").resolve(), arguments.corpus, arguments.jobs)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))
    print_tables(result)


if __name__ == "__main__":
    main()
