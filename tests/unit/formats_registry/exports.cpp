// SPDX-License-Identifier: Apache-2.0
// What programs and data sets leave on disk, file by file as their documentation and releases have it; the
// content is the least that says what it is.
#include <boost/filesystem.hpp>

#include "formats/registry.h"
#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const std::string kJpeg = jpeg_picture({6, 4});
const std::string kMask = png_mask({1}, {6, 4});

constexpr const char* kCoco =
    R"({"info":{},"licenses":[],"categories":[{"id":1,"name":"cat","supercategory":""}],
"images":[{"id":1,"file_name":"a.jpg","width":6,"height":4}],
"annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[0,0,2,2],"area":4,"iscrowd":0,"segmentation":[[0,0,2,0,2,2]]}]})";
constexpr const char* kVocXml =
    "<annotation><folder>f</folder><filename>a.jpg</filename><size><width>6</width><height>4</height><depth>3"
    "</depth></size><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax><ymax>3</ymax>"
    "</bndbox></object></annotation>";
constexpr const char* kCvatXml =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n<version>1.1</version>\n<meta><task><labels><label>"
    "<name>cat</name></label></labels></task></meta>\n<image id=\"0\" name=\"a.jpg\" width=\"6\" height=\"4\">\n"
    "</image>\n</annotations>\n";
constexpr const char* kYolo = "0 0.1 0.1 0.5 0.1 0.5 0.5\n";
constexpr const char* kLabelMe =
    R"({"version":"5.4.1","flags":{},"shapes":[{"label":"cat","points":[[0,0],[2,0],[2,2]],"group_id":null,
"description":"","shape_type":"polygon","flags":{},"mask":null}],"imagePath":"a.jpg","imageData":null,
"imageHeight":4,"imageWidth":6})";
constexpr const char* kVia =
    R"({"a.jpg100":{"filename":"a.jpg","size":100,"regions":[{"shape_attributes":{"name":"polygon",
"all_points_x":[0,2,2],"all_points_y":[0,0,2]},"region_attributes":{"class":"cat"}}],"file_attributes":{}}})";

/// Opened without a format's name, it is the one that is meant, and holds that many items.
struct Export {
  const char* what;
  const char* format;
  std::size_t items;
  std::vector<std::pair<std::string, std::string>> files;
};

std::vector<Export> exports() {
  return {
      {"CVAT: CVAT for images 1.1", "cvat", 1, {{"annotations.xml", kCvatXml}, {"images/a.jpg", kJpeg}}},
      {"CVAT: COCO 1.0", "coco", 1, {{"annotations/instances_default.json", kCoco}, {"images/a.jpg", kJpeg}}},
      {"CVAT: PASCAL VOC 1.1",
       "voc",
       1,
       {{"Annotations/a.xml", kVocXml},
        {"ImageSets/Main/default.txt", "a\n"},
        {"JPEGImages/a.jpg", kJpeg},
        {"labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\n"}}},
      {"CVAT: Segmentation mask 1.1",
       "cvat_mask",
       1,
       {{"ImageSets/Segmentation/default.txt", "a\n"},
        {"SegmentationClass/a.png", kMask},
        {"SegmentationObject/a.png", kMask},
        {"labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\n"}}},
      {"CVAT: YOLO 1.1",
       "yolo",
       1,
       {{"obj.data", "classes = 1\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n"},
        {"obj.names", "cat\n"},
        {"train.txt", "data/obj_train_data/a.jpg\n"},
        {"obj_train_data/a.jpg", kJpeg},
        {"obj_train_data/a.txt", kYolo}}},
      {"CVAT: Ultralytics YOLO Segmentation 1.0",
       "yolo",
       1,
       {{"data.yaml", "names:\n  0: cat\npath: .\ntrain: train.txt\n"},
        {"train.txt", "data/images/train/a.jpg\n"},
        {"images/train/a.jpg", kJpeg},
        {"labels/train/a.txt", kYolo}}},
      {"Roboflow: COCO",
       "coco",
       2,
       {{"README.roboflow.txt", "exported\n"},
        {"train/_annotations.coco.json", kCoco},
        {"train/a.jpg", kJpeg},
        {"valid/_annotations.coco.json", kCoco},
        {"valid/a.jpg", kJpeg}}},
      {"Roboflow: YOLOv8",
       "yolo",
       2,
       {{"README.roboflow.txt", "exported\n"},
        {"data.yaml",
         "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 1\nnames: ['cat']\n"},
        {"train/images/a.jpg", kJpeg},
        {"train/labels/a.txt", kYolo},
        {"valid/images/b.jpg", kJpeg},
        {"valid/labels/b.txt", kYolo}}},
      {"Roboflow: Pascal VOC",
       "voc",
       2,
       {{"README.roboflow.txt", "exported\n"},
        {"train/a.xml", kVocXml},
        {"train/a.jpg", kJpeg},
        {"valid/a.xml", kVocXml},
        {"valid/a.jpg", kJpeg}}},
      {"Roboflow: Semantic Segmentation Masks",
       "pairs",
       1,
       {{"README.roboflow.txt", "exported\n"},
        {"train/_classes.csv", "Pixel Value, Class\n0, background\n1, cat\n"},
        {"train/a.jpg", kJpeg},
        {"train/a_mask.png", kMask}}},
      {"Label Studio: COCO", "coco", 1, {{"result.json", kCoco}, {"images/a.jpg", kJpeg}}},
      {"Label Studio: YOLO",
       "yolo",
       1,
       {{"classes.txt", "cat\n"},
        {"notes.json", R"({"categories":[{"id":0,"name":"cat"}],"info":{"year":2024,"version":"1.0"}})"},
        {"images/a.jpg", kJpeg},
        {"labels/a.txt", kYolo}}},
      {"labelImg: Pascal VOC", "voc", 1, {{"a.jpg", kJpeg}, {"a.xml", kVocXml}}},
      {"labelImg: YOLO",
       "yolo",
       1,
       {{"a.jpg", kJpeg}, {"a.txt", "0 0.5 0.5 0.2 0.2\n"}, {"classes.txt", "cat\n"}}},
      {"labelme, beside the images", "labelme", 1, {{"a.jpg", kJpeg}, {"a.json", kLabelMe}}},
      {"labelme, by subset",
       "labelme",
       2,
       {{"train/a.jpg", kJpeg}, {"train/a.json", kLabelMe}, {"val/b.jpg", kJpeg}, {"val/b.json", kLabelMe}}},
      {"VIA: annotations as JSON", "via", 1, {{"via_export_json.json", kVia}, {"a.jpg", kJpeg}}},
      {"Matterport's balloon data (VIA 1)",
       "via",
       2,
       {{"train/via_region_data.json", kVia},
        {"train/a.jpg", kJpeg},
        {"val/via_region_data.json", kVia},
        {"val/a.jpg", kJpeg}}},
      {"coco128-seg",
       "yolo",
       1,
       {{"LICENSE", "GPL\n"},
        {"README.txt", "read\n"},
        {"images/train2017/a.jpg", kJpeg},
        {"labels/train2017/a.txt", kYolo}}},
      {"COCO 2017, one subset with captions and keypoints",
       "coco",
       1,
       {{"annotations/instances_val2017.json", kCoco},
        {"annotations/captions_val2017.json",
         R"({"info":{},"images":[{"id":1,"file_name":"a.jpg","width":6,"height":4}],"licenses":[],
"annotations":[{"image_id":1,"id":9,"caption":"A cat."}]})"},
        {"val2017/a.jpg", kJpeg}}},
      {"COCO 2017 panoptic",
       "coco_panoptic",
       1,
       {{"annotations/panoptic_val2017.json",
         R"({"info":{},"images":[{"id":1,"file_name":"a.jpg","width":6,"height":4}],"annotations":[{"image_id":1,
"file_name":"a.png","segments_info":[{"id":65793,"category_id":1,"iscrowd":0,"bbox":[0,0,6,4],"area":24}]}],
"categories":[{"supercategory":"animal","isthing":1,"id":1,"name":"cat","color":[1,1,1]}]})"},
        {"annotations/panoptic_val2017/a.png", encode_png(cv::Mat(4, 6, CV_8UC3, cv::Scalar(1, 1, 1)))},
        {"val2017/a.jpg", kJpeg}}},
      {"LVIS",
       "coco",
       1,
       {{"lvis_v1_val.json",
         R"({"info":{},"licenses":[],"categories":[{"id":1,"name":"cat","synset":"cat.n.01","synonyms":["cat"],
"def":"d","frequency":"f","image_count":1,"instance_count":1}],"images":[{"id":1,"coco_url":
"http://images.cocodataset.org/val2017/a.jpg","width":6,"height":4,"neg_category_ids":[],
"not_exhaustive_category_ids":[]}],"annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[0,0,2,2],"area":4,
"segmentation":[[0,0,2,0,2,2]]}]})"},
        {"val2017/a.jpg", kJpeg}}},
      {"VOCdevkit",
       "voc",
       1,
       {{"VOCdevkit/VOC2012/Annotations/a.xml", kVocXml},
        {"VOCdevkit/VOC2012/ImageSets/Main/train.txt", "a\n"},
        {"VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt", "a\n"},
        {"VOCdevkit/VOC2012/JPEGImages/a.jpg", kJpeg},
        {"VOCdevkit/VOC2012/SegmentationClass/a.png", kMask},
        {"VOCdevkit/VOC2012/SegmentationObject/a.png", kMask}}},
      {"ADE20K scene parsing",
       "pairs",
       2,
       {{"objectInfo150.txt", "Idx\tRatio\tTrain\tVal\tStuff\tName\n1\t.1\t1\t1\t1\twall\n"},
        {"sceneCategories.txt", "ADE_train_00000001 airport\n"},
        {"images/training/ADE_train_00000001.jpg", kJpeg},
        {"images/validation/ADE_val_00000001.jpg", kJpeg},
        {"annotations/training/ADE_train_00000001.png", kMask},
        {"annotations/validation/ADE_val_00000001.png", kMask}}},
      {"Kvasir-SEG",
       "pairs",
       1,
       {{"kavsir_bboxes.json", R"({"a":{"height":4,"width":6,"bbox":[{"label":"polyp","xmin":0}]}})"},
        {"images/a.jpg", kJpeg},
        {"masks/a.jpg", kJpeg}}},
      {"DAVIS 2017",
       "pairs",
       1,
       {{"JPEGImages/480p/bear/00000.jpg", kJpeg},
        {"Annotations/480p/bear/00000.png", kMask},
        {"ImageSets/2017/train.txt", "bear\n"}}},
      {"Cityscapes",
       "cityscapes",
       1,
       {{"README", "read\n"},
        {"license.txt", "license\n"},
        {"leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png",
         encode_png(cv::Mat::zeros(4, 6, CV_8UC3))},
        {"gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png", kMask},
        {"gtFine/train/aachen/aachen_000000_000019_gtFine_instanceIds.png",
         encode_index_png(cv::Mat(4, 6, CV_16UC1, cv::Scalar(1)))},
        {"gtFine/train/aachen/aachen_000000_000019_gtFine_color.png",
         encode_png(cv::Mat::zeros(4, 6, CV_8UC4))},
        {"gtFine/train/aachen/aachen_000000_000019_gtFine_polygons.json",
         R"({"imgHeight":4,"imgWidth":6,"objects":[{"label":"ego vehicle","polygon":[[0,0],[6,0],[6,4],[0,4]]}]})"}}},
      {"KITTI semantics",
       "kitti",
       1,
       {{"training/image_2/000000_10.png", encode_png(cv::Mat::zeros(4, 6, CV_8UC3))},
        {"training/semantic/000000_10.png", png_mask({7}, {6, 4})},
        {"training/semantic_rgb/000000_10.png", encode_png(cv::Mat::zeros(4, 6, CV_8UC3))},
        {"training/instance/000000_10.png", encode_index_png(cv::Mat(4, 6, CV_16UC1, cv::Scalar(7 * 256)))}}},
      {"MVTec AD, one category",
       "mvtec",
       3,
       {{"license.txt", "CC\n"},
        {"readme.txt", "read\n"},
        {"train/good/000.png", kMask},
        {"test/good/000.png", kMask},
        {"test/bent/000.png", kMask},
        {"ground_truth/bent/000_mask.png", png_mask({255}, {6, 4})}}},
      {"fast.ai's CamVid",
       "camvid",
       1,
       {{"codes.txt",
         "Animal\nArchway\nBicyclist\nBridge\nBuilding\nCar\nCartLuggagePram\nChild\nColumn_Pole\nFence\n"
         "LaneMkgsDriv\nLaneMkgsNonDriv\nMisc_Text\nMotorcycleScooter\nOtherMoving\nParkingBlock\n"
         "Pedestrian\nRoad\nRoadShoulder\nSidewalk\nSignSymbol\nSky\nSUVPickupTruck\nTrafficCone\n"
         "TrafficLight\nTrain\nTree\nTruck_Bus\nTunnel\nVegetationMisc\nVoid\nWall\n"},
        {"valid.txt", "0001TP_006690.png\n"},
        {"images/0001TP_006690.png", kMask},
        {"labels/0001TP_006690_P.png", png_mask({17, 21, 30, 26}, {6, 4})}}},
  };
}

}  // namespace

TEST_CASE("what programs and data sets leave on disk is told, in a folder and packed") {
  for (const Export& one : exports()) {
    INFO(one.what);
    const Scratch scratch;
    for (const auto& [name, bytes] : one.files) scratch.write("export/" + name, bytes);
    try {
      const formats::Opened opened = formats::open(scratch / "export");
      CHECK(opened.format->name == one.format);
      CHECK(!opened.probe.reasons.empty());
      Findings findings;
      CHECK(read_all(*opened.source, findings).size() == one.items);
    } catch (const Error& error) {
      FAIL_CHECK(error.what());
    }
  }
}
