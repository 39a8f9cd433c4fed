// SPDX-License-Identifier: Apache-2.0
#include <boost/filesystem.hpp>

#include "catch.h"
#include "formats/voc/layout.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

struct Indexed {
  VocIndex index;
  std::vector<Finding> findings;

  std::vector<std::string> items() const {
    std::vector<std::string> listed;
    for (const VocEntry& entry : index.entries)
      listed.push_back((entry.subset == VocEntry::none ? "" : index.subsets[entry.subset - 1U]) + ":" +
                       index.id_of(entry));
    return listed;
  }
  std::vector<std::string> rules() const {
    std::vector<std::string> ids;
    for (const Finding& finding : findings) ids.push_back(finding.rule);
    return ids;
  }
};

Indexed index_of(const Path& source, VocSets sets = VocSets::all) {
  Findings findings;
  Indexed indexed{index_voc(find_voc_folders(source), sets, findings), {}};
  findings.for_each([&](const Finding& finding) { indexed.findings.push_back(finding); });
  return indexed;
}

void add_items(const Scratch& scratch, std::initializer_list<const char*> ids) {
  for (const std::string id : ids) {
    scratch.write("Annotations/" + id + ".xml", "<annotation/>");
    scratch.write("JPEGImages/" + id + ".jpg", "");
  }
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("without lists the items come bytewise, whatever kinds of files they have") {
  const Scratch scratch;
  scratch.write("Annotations/b.xml", "<annotation/>");
  scratch.write("Annotations/._b.xml", "junk of a Mac");
  scratch.write("Annotations/notes.txt", "");
  scratch.write("SegmentationClass/sub/c.PNG", "");
  scratch.write("SegmentationObject/e.png", "");
  scratch.write("JPEGImages/a.JPG", "");
  scratch.write("JPEGImages/b.jpeg", "");
  scratch.write("JPEGImages/Thumbs.db", "");
  const Indexed indexed = index_of(scratch.path());
  CHECK(indexed.items() == Texts{":a", ":b", ":e", ":sub/c"});
  CHECK(indexed.index.subsets.empty());
  CHECK(indexed.findings.empty());

  const VocFolders folders = find_voc_folders(scratch.path());
  const VocEntry& b = indexed.index.entries[1];
  CHECK(indexed.index.file(b, b.image, folders.images) == scratch / "JPEGImages/b.jpeg");
  CHECK(indexed.index.file(b, b.class_mask, folders.class_masks).empty());
  const VocEntry& c = indexed.index.entries[3];
  CHECK(indexed.index.file(c, c.class_mask, folders.class_masks) == scratch / "SegmentationClass/sub/c.PNG");
}

TEST_CASE(
    "with lists the items come a subset after the other in the lists' order, then those that none names") {
  const Scratch scratch;
  add_items(scratch, {"a", "b", "c", "d", "e", "f"});
  scratch.write("ImageSets/Main/val.txt", "d\r\na\r\n\r\n");
  scratch.write("ImageSets/Main/train.txt",
                "\xEF\xBB\xBF"
                "f\nc\n");
  scratch.write("ImageSets/Main/trainval.txt", "a\nc\nd\nf\n");
  const Indexed indexed = index_of(scratch.path());
  CHECK(indexed.items() == Texts{"train:f", "train:c", "val:d", "val:a", ":b", ":e"});
  CHECK(indexed.index.subsets == Texts{"train", "val"});
  CHECK(indexed.rules() == Texts{"unlisted"});
  CHECK(index_of(scratch.path(), VocSets::main).items() == Texts{"train:f", "train:c", "val:d", "val:a"});
}

TEST_CASE("items of trainval alone are its own subset, and the lists of classes are none") {
  const Scratch scratch;
  add_items(scratch, {"a", "b", "c"});
  scratch.write("ImageSets/Main/trainval.txt", "b\na\nc\n");
  scratch.write("ImageSets/Main/train.txt", "a\n");
  scratch.write("ImageSets/Main/dog_train.txt", "a -1\n");
  scratch.write("ImageSets/Main/dog_trainval.txt", "a -1\nb  1\nc  0\n");
  scratch.write("ImageSets/Main/pre_train.txt", "c\n");  // by its lines no class's list
  const Indexed indexed = index_of(scratch.path());
  CHECK(indexed.items() == Texts{"train:a", "trainval:b", "pre_train:c"});
  CHECK(indexed.index.subsets == Texts{"train", "trainval", "pre_train"});
}

TEST_CASE("an item in two subsets is a finding and stays in the first") {
  const Scratch scratch;
  add_items(scratch, {"a", "b"});
  scratch.write("ImageSets/Main/train.txt", "a\nb\na\n");
  scratch.write("ImageSets/Main/val.txt", "\nb\n");
  const Indexed indexed = index_of(scratch.path());
  CHECK(indexed.items() == Texts{"train:a", "train:b"});
  REQUIRE(indexed.rules() == Texts{"listed-twice", "subset-conflict"});
  CHECK(indexed.findings[1].severity == Severity::error);
  CHECK(indexed.findings[1].place == Place{(scratch / "ImageSets/Main/val.txt").string(), 2, ""});
}

TEST_CASE(
    "the lists of Main and of Segmentation are united; where they differ, Segmentation's subset counts") {
  const Scratch scratch;
  add_items(scratch, {"a", "b", "c", "d"});
  scratch.write("ImageSets/Main/train.txt", "b\na\n");
  scratch.write("ImageSets/Main/val.txt", "d\n");
  scratch.write("ImageSets/Segmentation/train.txt", "c\nb\n");
  scratch.write("ImageSets/Segmentation/val.txt", "a\n");
  const Indexed all = index_of(scratch.path());
  CHECK(all.items() == Texts{"train:b", "train:c", "val:a", "val:d"});
  REQUIRE(all.rules() == Texts{"subset-conflict"});
  CHECK(all.findings[0].severity == Severity::warning);
  CHECK(index_of(scratch.path(), VocSets::main).items() == Texts{"train:b", "train:a", "val:d"});
  CHECK(index_of(scratch.path(), VocSets::segmentation).items() == Texts{"train:c", "train:b", "val:a"});
}

TEST_CASE(
    "a line may have blanks in its name, quotes, a mark or an extension; what is not there is a finding") {
  const Scratch scratch;
  add_items(scratch, {"two words", "x 1", "marked", "named", "Käse"});
  scratch.write("ImageSets/Main/train.txt",
                "\"two words\"\nx 1\nmarked -1\nnamed.jpg\nKäse\n../../etc/passwd\ngone\n");
  const Indexed indexed = index_of(scratch.path());
  CHECK(indexed.items() ==
        Texts{"train:two words", "train:x 1", "train:marked", "train:named", "train:Käse"});
  REQUIRE(indexed.rules() == Texts{"listed-absent", "listed-absent"});
  CHECK(indexed.findings[1].place == Place{(scratch / "ImageSets/Main/train.txt").string(), 7, ""});
}

TEST_CASE("lists that are asked for and not there are an error") {
  const Scratch scratch;
  add_items(scratch, {"a"});
  CHECK(thrown_by([&] { index_of(scratch.path(), VocSets::segmentation); }).code() == Code::bad_value);
}

TEST_CASE("two images of one name are a finding") {
  const Scratch scratch;
  add_items(scratch, {"a"});
  scratch.write("JPEGImages/a.png", "");
  const Indexed indexed = index_of(scratch.path());
  CHECK(indexed.rules() == Texts{"same-name"});
  CHECK(indexed.index.entries.size() == 1);
}

TEST_CASE("the data set is found in VOCdevkit/VOC2012, and several are an error that names them") {
  const Scratch scratch;
  scratch.write("VOCdevkit/VOC2012/Annotations/a.xml", "");
  scratch.write("VOCdevkit/VOC2012/JPEGImages/a.jpg", "");
  for (const char* path : {"", "VOCdevkit", "VOCdevkit/VOC2012"})
    CHECK(find_voc_folders(scratch / path).annotations == scratch / "VOCdevkit/VOC2012/Annotations");
  scratch.write("VOCdevkit/VOC2007/SegmentationClass/a.png", "");
  const Error error = thrown_by([&] { find_voc_folders(scratch / "VOCdevkit"); });
  CHECK(error.code() == Code::bad_format);
  CHECK_THAT(error.message(), contains("VOC2007, VOC2012"));
}

TEST_CASE("XML files beside their images are a data set; folders below are none of it") {
  const Scratch scratch;
  scratch.write("b.xml", "");
  scratch.write("b.jpg", "");
  scratch.write("a.jpg", "");
  scratch.write("below/c.xml", "");
  CHECK(index_of(scratch.path()).items() == Texts{":a", ":b"});
}

TEST_CASE("a folder without anything of VOC, a file and a missing path are errors") {
  const Scratch scratch;
  scratch.write("sub/notes.txt", "");
  CHECK(thrown_by([&] { find_voc_folders(scratch.path()); }).code() == Code::bad_format);
  CHECK(thrown_by([&] { find_voc_folders(scratch / "sub/notes.txt"); }).code() == Code::unreadable);
  CHECK(thrown_by([&] { find_voc_folders(scratch / "missing"); }).code() == Code::not_found);
}
