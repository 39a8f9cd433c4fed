// SPDX-License-Identifier: Apache-2.0
#include "formats/yolo/yolo.h"

#include "formats/yolo/yolo_layout.h"
#include "formats/yolo/yolo_sink.h"

namespace maskmill {
namespace {

constexpr std::string_view kDescription =
    "A text file an image, with a row an object: the class number and fractions of the image's width and height, "
    "as Ultralytics trains on.\n\n"
    "Read: data.yaml (or another YAML file with names), which names the classes and says where train, val, test "
    "and minival are: folders, lists of folders, or text files that list images; Roboflow's ../train/images and "
    "paths of another machine are found below the folder. Without it darknet's obj.data, obj.names and train.txt "
    "(CVAT's YOLO 1.1), or classes.txt (labelImg, Label Studio) beside images/ and labels/, <subset>/images/ and "
    "<subset>/labels/, or beside images and text files in one folder; without any names classes are called by "
    "their numbers. Label files are where Ultralytics looks for them: the last /images/ of an image's path as "
    "/labels/. Four numbers are a box (centre, width, height); six or more of an even number are a polygon; with "
    "kpt_shape in data.yaml, as many as that needs are a box and keypoints. Four points are a polygon unless obb=true "
    "makes them a turned box. A fifth number behind a box, or one more behind keypoints, is a score between 0 and "
    "1, or a track's number; behind a polygon only extra=score, track or score-track says so. An empty label file "
    "is an image without an object. One that is missing means the same to Ultralytics; here the image is not "
    "annotated unless missing=background. Coordinates are of the displayed image, whose size is read from its "
    "header; while only annotations are looked at, they stay fractions. Rows with the class and box of another, "
    "which Ultralytics and JSON2YOLO drop, stay and are reported, as is what makes Ultralytics leave an image out: "
    "coordinates more than 1 % outside, classes past the last.\n\n"
    "Written: data.yaml, images/<subset>/ and labels/<subset>/ (without the subset where there is none), numbers of "
    "up to 11 decimals, which bring pixel coordinates of up to 6 decimals back exactly, and of more where one "
    "needs them. A row is one ring: the parts of an object are joined by lines without width, as Ultralytics' "
    "converter does, or become rows of their own (parts=rows); holes are filled, or get a slit (holes=slit); how "
    "well the pixels are kept is measured and reported. Annotations with keypoints become boxes with keypoints, "
    "where labels have a skeleton; its edges are lost. Ultralytics trains one task a data set: rows of several "
    "kinds are reported, and task=segment or task=detect makes them one. Labels are numbered from 0 in their "
    "order; background and void are no classes, and what is annotated as void is left out. An image that is not "
    "annotated gets no label file. Images must lie in the data set.";

Capabilities held() {
  Capabilities holds;
  holds.box = holds.polygon = holds.keypoints = true;
  holds.unannotated = holds.subsets = true;
  return holds;
}

}  // namespace

const Format& yolo() {
  static const Format format{.name = "yolo",
                             .title = "YOLO (Ultralytics)",
                             .description = kDescription,
                             .extensions = {"txt", "yaml"},
                             .holds = held(),
                             .probe = probe_yolo,
                             .open = open_yolo,
                             .create = create_yolo,
                             .read_settings = declared_settings<YoloReadSettings>,
                             .write_settings = declared_settings<YoloWriteSettings>};
  return format;
}

}  // namespace maskmill
