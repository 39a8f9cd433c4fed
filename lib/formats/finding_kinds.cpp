// SPDX-License-Identifier: Apache-2.0
#include "formats/finding_kinds.h"

#include <array>

namespace maskmill {

std::span<const FindingKind> reader_findings() {
  static constexpr auto kinds = std::to_array<FindingKind>({
      {"apple-double", "a file that macOS left beside another, by its name `._*`: passed over"},
      {"bad-attribute", "an attribute that cannot be read: left out"},
      {"bad-flag", "a flag that is neither 0 nor 1: taken as unknown"},
      {"bad-object", "an object that cannot be read: left out"},
      {"bad-size", "an image size in an annotation that is no size: passed over"},
      {"box-empty", "a box without width or height"},
      {"box-inverted", "a box whose right or lower side lies before its left or upper one"},
      {"class-count-differs", "a stated number of classes that is not that of their names"},
      {"duplicate-file-name", "two images of one file name"},
      {"duplicate-id", "two elements of one id where it must be unique"},
      {"duplicate-name", "two labels of one name"},
      {"file-left-out", "a file beside those that are read, and why it is not read"},
      {"file-size-differs", "an image whose file has another size in bytes than when it was annotated"},
      {"filename-differs", "an annotation that names another image than the one of its own name"},
      {"files-differ", "several files of a data set that disagree: the first one's word is kept"},
      {"ground-truth-found", "the annotation file that was taken to describe the images of results"},
      {"ground-truth-missing",
       "results without the annotation file that describes their images: ids are names"},
      {"group-crosses", "items of one group in several subsets, as lists say them"},
      {"image-left-out", "an annotation whose image was left out"},
      {"image-missing", "an annotation without its image, where there are no images at all"},
      {"in-two-subsets", "an item that the lists of two subsets name: it stays in the first"},
      {"label-attribute", "which of several attributes of regions is taken for their label"},
      {"label-file-missing", "images without a label file: not annotated, unless a setting says otherwise"},
      {"label-mask-missing",
       "a label that has masks of other images, and none of this one: it counts as not there"},
      {"label-missing", "regions of which nothing says what they are: all get one label"},
      {"labels-guessed", "masks whose numbers nothing names: the names found elsewhere count in their order"},
      {"listed-absent", "a line of a list for which there is no file"},
      {"listed-ambiguous", "a line of a list that may mean several items: passed over"},
      {"listed-twice", "an item that a list names twice: it counts once"},
      {"lossy-mask", "a mask stored as JPEG, which changes values near every border"},
      {"mask-missing", "a mask that an annotation names and that is not there: its box is read"},
      {"mask-outside", "a mask that leaves its image: cut"},
      {"mask-stretched", "a mask of other proportions than its image, to whose size it is resized"},
      {"masks-missing", "a data set whose folder of masks is not there"},
      {"mixed-rows", "rows of several kinds beside each other, which the format's own trainer misreads"},
      {"no-file-name", "an image that is given no file name"},
      {"no-group", "an item of which nothing says to which group it belongs: it stands alone"},
      {"no-list", "a value where a list is needed: read as an empty one"},
      {"not-a-list", "a text file that is no list of a subset: passed over"},
      {"not-an-image", "a file among images that is none by its name: passed over"},
      {"not-listed", "a file that no list names: left out"},
      {"object-mask-alone", "an object mask without the class mask that says what its objects are: left out"},
      {"parts-differ", "parts of one object that say different things: the first one's word is kept"},
      {"paths-moved", "paths of another machine, and from where they are read instead"},
      {"rows-left-out", "rows of a table whose images are not there"},
      {"same-box", "two annotations of one class and one box, of which other programs keep one"},
      {"same-name", "two files of one name but for the extension, or two items of one id: the first stays"},
      {"score-outside-range", "a score that is not between 0 and 1"},
      {"second-trimaps", "a second folder of trimaps: not read"},
      {"segment-without-pixels", "a segment of which no pixel is there: left out"},
      {"several-labels", "an annotation with several labels: the first counts"},
      {"size-unknown", "an image whose size neither the annotations nor the file say"},
      {"stray-json", "a JSON file that the fine-tuning demo would take for its list of categories"},
      {"stuff-apart", "two segments of one stuff label in an image, where all of it is one"},
      {"subset-conflict", "an item that the lists of two subsets name: the message says which counts"},
      {"subset-left-out", "a folder that may be a subset, and where it is not clear which file describes it"},
      {"text-id", "an id that is a text where a number is meant: kept, under a number of its own"},
      {"unknown-image", "an annotation whose image is not there"},
      {"unknown-label", "an annotation whose label the data set does not name"},
      {"unknown-segment", "pixels of a segment that the annotations do not list: read as void"},
      {"unlisted", "items that no list names: they are in no subset"},
      {"unnamed-category", "a label without a name: it is called by its number"},
      {"unreadable-annotation", "an annotation, or a file of them, that cannot be read: left out"},
      {"unreadable-attribute", "an attribute that cannot be read: left out"},
      {"unreadable-category", "a label that cannot be read: left out"},
      {"unreadable-flag", "a flag that is neither true nor false: taken as unknown"},
      {"unreadable-image", "an image that cannot be read, or its entry: left out"},
      {"unreadable-item", "an item of which a file cannot be read: left out"},
      {"unreadable-licence", "a licence that cannot be read: left out"},
      {"unreadable-list-line", "a line of a list that cannot be read: left out"},
      {"unreadable-mask", "a mask that cannot be read: its item is left out"},
      {"unreadable-row", "a row of a table that cannot be read: left out"},
      {"unreadable-value", "a value of an annotation that cannot be read: left out"},
      {"unsafe-file-name", "a file name that leads out of the data set's folder: not followed"},
      {"value-left-out", "a value that is too large to be kept for a program that has no use for it"},
  });
  return kinds;
}

std::span<const FindingKind> writer_findings() {
  static constexpr auto kinds = std::to_array<FindingKind>({
      {"annotation-left-out", "an annotation that the target cannot hold: left out"},
      {"attribute-lost", "an attribute for which the target has no place"},
      {"boxes-added", "boxes of masks that were written since others state theirs"},
      {"empty-object", "an object without a pixel: left out"},
      {"holes-filled", "objects that lost their holes, with the IoU of what is written"},
      {"holes-slit", "objects whose outline has a slit to each of their holes"},
      {"ids-lost", "label ids for which the target has no place"},
      {"ids-made", "images without an id that got one"},
      {"ids-renumbered", "ids that two elements had: one got a new one"},
      {"images-absent", "images that are not in an output whose layout is read by its images"},
      {"keypoints-apart",
       "keypoints of an annotation that has a shape: written as an annotation of their own"},
      {"keypoints-lost", "keypoints for which the target has no place"},
      {"kind-guessed", "labels of which nothing says whether they are things or stuff: written as things"},
      {"label-recoloured", "a label whose colour means something else in the target: it gets another"},
      {"label-renumbered", "a label whose number is another in the target"},
      {"labels-merged", "an image of several labels in a target that has a place for one: they became one"},
      {"objects-joined",
       "objects or areas of one label that the target does not tell apart: they become one"},
      {"objects-overlap", "objects that cover the same pixels, which go to the last of them"},
      {"parts-joined", "objects of several parts that became one ring each"},
      {"parts-split", "objects of several parts that became several objects"},
      {"pose-area-lost", "areas of objects with keypoints, for which a row has no place"},
      {"renamed", "a file or an item that got another name"},
      {"stuff-merged", "annotations of stuff that became one segment"},
      {"subset-lost", "a subset whose name means that an item is in none"},
      {"subsets-missing", "subsets that the format's own trainer asks for and the data set does not have"},
      {"unannotated-lost", "an item that nobody annotated, in a target that cannot say so"},
      {"unknown-flag-lost", "a flag that is not known, in a target that always says it"},
      {"unlabelled-pixels", "pixels without a label that became void"},
      {"void-lost",
       "void or background that a target has no place for: it becomes background, or areas of it are left out"},
      {"wide-object-mask", "an object mask of more objects than 8 bits hold: written with 16"},
  });
  return kinds;
}

std::span<const FindingKind> evaluation_findings() {
  static constexpr auto kinds = std::to_array<FindingKind>({
      {"annotation-id-zero", "an annotation of the id 0: what finds it counts as wrong, as in pycocotools"},
      {"item-not-predicted", "an item that the predictions do not have: one without detections"},
      {"item-unknown", "a predicted item that the truth does not have: left out"},
      {"label-unknown", "a predicted label that the truth does not have: its detections are left out"},
      {"mask-not-compared", "an object whose pixels cannot be had: it overlaps nothing"},
      {"no-score", "a detection without a score: left out"},
      {"not-compared", "an item that cannot be compared, such as one of two sizes: left out"},
  });
  return kinds;
}

std::span<const FindingKind> fetch_findings() {
  static constexpr auto kinds = std::to_array<FindingKind>({
      {"image-changed", "an image that is not the one of which a checksum is published: left out"},
      {"image-missing", "an image that is no longer where it was published: left out"},
      {"mask-missing", "a mask that the published archives do not have: its object is left out"},
  });
  return kinds;
}

}  // namespace maskmill
