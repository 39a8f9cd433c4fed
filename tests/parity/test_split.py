# SPDX-License-Identifier: Apache-2.0
"""split beside scikit-multilearn's iterative stratification and scikit-learn's StratifiedGroupKFold, on the same labels and groups:
at least as near to the whole's shares, with exact numbers."""
import json

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold
from skmultilearn.model_selection import IterativeStratification

from conftest import maskmill_json


def write_coco(path, present):
    """Images without files; image i has a box of each label for which present[i] holds."""
    images = [{"id": i, "file_name": f"i{i:05}.jpg", "width": 32, "height": 32} for i in range(len(present))]
    boxes = [{"id": number, "image_id": int(i), "category_id": int(label), "bbox": [1, 1, 9, 9], "area": 81, "iscrowd": 0}
             for number, (i, label) in enumerate(zip(*np.nonzero(present)))]
    categories = [{"id": label, "name": f"label{label}"} for label in range(present.shape[1])]
    path.mkdir(parents=True)
    (path / "instances.json").write_text(json.dumps({"images": images, "annotations": boxes, "categories": categories}))


def subsets_of(folder, names):
    """The number of each image's subset, from the files that split wrote."""
    subset_of = {}
    for number, name in enumerate(names):
        (file,) = folder.glob(f"**/*{name}.json")
        for image in json.loads(file.read_text())["images"]:
            subset_of[int(image["file_name"].rsplit("i", 1)[1].split(".")[0])] = number
    return np.array([subset_of[i] for i in range(len(subset_of))])


def label_distribution(present, subset_of):
    """LD of Sechidis, Tsoumakas and Vlahavas (2011): how far the odds of a label in the subsets are from those of the whole."""
    total, number = present.sum(0), len(present)
    distances = []
    for label in np.flatnonzero((total > 0) & (total < number)):
        odds = [present[subset_of == s, label].sum() / max((1 - present[subset_of == s, label]).sum(), 1e-9)
                for s in range(subset_of.max() + 1)]
        distances.append(np.mean(np.abs(np.array(odds) - total[label] / (number - total[label]))))
    return np.mean(distances)


def furthest(present, subset_of):
    return max(np.abs(present[subset_of == s].mean(0) - present.mean(0)).max() for s in range(subset_of.max() + 1))


@pytest.mark.parametrize("number,labels,ratios", [(1000, 20, (8, 1, 1)), (600, 30, (7, 2, 1)), (1500, 40, (1, 1, 1, 1, 1))])
def test_labels_are_nearer_than_by_iterative_stratification(tmp_path, number, labels, ratios):
    random = np.random.default_rng(1)
    present = (random.random((number, labels)) < np.minimum(0.9, 0.8 / np.arange(1, labels + 1) ** 1.1)).astype(int)
    write_coco(tmp_path / "data", present)
    names = [f"s{i}" for i in range(len(ratios))]
    report = maskmill_json("split", tmp_path / "data", "-o", tmp_path / "out", "--to", "coco", "--media", "none", "--stratify",
                           "--ratio", ",".join(f"{name}={ratio}" for name, ratio in zip(names, ratios)))
    ours = subsets_of(tmp_path / "out", names)
    shares = np.array(ratios) / sum(ratios)
    assert np.array_equal(np.bincount(ours), shares * number)
    assert report["largest_difference"]["items"]["subset"] in names
    difference = report["largest_difference"]["items"]
    assert abs(abs(difference["share"] - difference["share_of_all"]) - furthest(present, ours)) < 1e-9
    for order in (1, 2):
        theirs = np.zeros(number, int)
        folds = IterativeStratification(n_splits=len(ratios), order=order, sample_distribution_per_fold=list(shares))
        for fold, (_, chosen) in enumerate(folds.split(np.zeros((number, 1)), present)):
            theirs[chosen] = fold
        print(f"order {order}: LD {label_distribution(present, ours):.5f} against {label_distribution(present, theirs):.5f}, "
              f"furthest {furthest(present, ours):.5f} against {furthest(present, theirs):.5f}, sizes {np.bincount(theirs)}")
        assert label_distribution(present, ours) <= label_distribution(present, theirs)
        assert furthest(present, ours) <= furthest(present, theirs)


@pytest.mark.parametrize("number,groups,labels,folds", [(2000, 200, 10, 5), (500, 25, 3, 4)])
def test_groups_are_nearer_than_by_stratified_group_k_fold(tmp_path, number, groups, labels, folds):
    random = np.random.default_rng(3)
    sizes = random.pareto(1.5, groups) + 1
    label_shares = random.dirichlet(np.ones(labels) * 0.5, size=groups)
    group = random.choice(groups, number, p=sizes / sizes.sum())
    label = np.array([random.choice(labels, p=label_shares[g]) for g in group])
    present = np.eye(labels, dtype=int)[label]
    write_coco(tmp_path / "data", present)
    (tmp_path / "groups.csv").write_text("id,group\n" + "".join(f"i{i:05},{g}\n" for i, g in enumerate(group)))
    names = [f"s{i}" for i in range(folds)]
    report = maskmill_json("split", tmp_path / "data", "-o", tmp_path / "out", "--to", "coco", "--media", "none", "--stratify",
                           "--ratio", ",".join(f"{name}=1" for name in names), "--group-by-table", tmp_path / "groups.csv")
    ours = subsets_of(tmp_path / "out", names)
    assert all(len(set(ours[group == g])) == 1 for g in set(group))
    assert report["groups"]["count"] == len(set(group)) and report["groups"]["crossing"] == 0
    theirs = np.zeros(number, int)
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for fold, (_, chosen) in enumerate(split.split(np.zeros(number), label, group)):
        theirs[chosen] = fold

    def uneven(subset_of):  # what StratifiedGroupKFold makes small
        return np.mean([np.std([present[subset_of == s, l].sum() / present[:, l].sum() for s in range(folds)])
                        for l in range(labels)])

    print(f"uneven {uneven(ours):.5f} against {uneven(theirs):.5f}, sizes {np.bincount(ours)} against {np.bincount(theirs)}")
    assert uneven(ours) <= uneven(theirs)
    assert np.std(np.bincount(ours)) <= np.std(np.bincount(theirs))
