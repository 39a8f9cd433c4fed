// SPDX-License-Identifier: Apache-2.0
#include "support/small_openimages.h"

#include <openssl/evp.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <numbers>
#include <set>
#include <stdexcept>
#include <string_view>

#include "base/base64.h"
#include "base/random.h"
#include "base/zip.h"
#include "image/image.h"
#include "support/drawn.h"
#include "support/made_archive.h"

namespace maskmill::tests {
namespace {

constexpr const char* kTables = "storage.googleapis.com/openimages";
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr int kMostObjects = 4;

const std::vector<OpenImagesClass> kClasses{
    {"/m/01_bhs", "Fast food", false},
    {"/m/01b9xk", "Hot dog"},
    {"/m/01f91_", "Pretzel"},
    {"/m/01g317", "Person"},
    {"/m/01ww8y", "Snack", false},
    {"/m/01yrx", "Cat"},
    {"/m/02wbm", "Food", false},
    {"/m/02y6n", "French fries"},
    {"/m/03bt1vf", "Woman"},
    {"/m/04yx4", "Man"},
    {"/m/052lwg6", "Baked goods", false},
    {"/m/06pcq", "Submarine sandwich"},
    {"/m/0bt9lr", "Dog"},
    {"/m/0cdn1", "Hamburger"},
    {"/m/0jbk", "Animal", false},
    {"/m/0l515", "Sandwich"},
};

/// Of bbox_labels_600_hierarchy.json what is about these classes. A pretzel is both a snack and baked; the
/// root is no class of the tables.
constexpr const char* kHierarchy = R"({
  "LabelName": "/m/0bl9f",
  "Subcategory": [
    {"LabelName": "/m/01g317",
     "Part": [{"LabelName": "/m/02p0tk3", "Part": [{"LabelName": "/m/014sv8"}, {"LabelName": "/m/0dzct"}]}],
     "Subcategory": [{"LabelName": "/m/04yx4"}, {"LabelName": "/m/03bt1vf"}]},
    {"LabelName": "/m/02wbm",
     "Subcategory": [
       {"LabelName": "/m/01_bhs", "Subcategory": [{"LabelName": "/m/01b9xk"}, {"LabelName": "/m/02y6n"}]},
       {"LabelName": "/m/01ww8y", "Subcategory": [{"LabelName": "/m/01f91_"}]},
       {"LabelName": "/m/052lwg6", "Subcategory": [{"LabelName": "/m/01f91_"}]},
       {"LabelName": "/m/0l515", "Subcategory": [{"LabelName": "/m/0cdn1"}, {"LabelName": "/m/06pcq"}]}]},
    {"LabelName": "/m/0jbk", "Subcategory": [{"LabelName": "/m/01yrx"}, {"LabelName": "/m/0bt9lr"}]}
  ]
}
)";

/// An object as it is drawn, its box in fractions of the sides.
struct Drawn {
  std::size_t which;
  double x, y, width, height;
  bool is_round;

  /// Whether the point, in fractions, is of the object.
  bool has(double at_x, double at_y) const {
    const double across = (at_x - x) / width * 2 - 1, down = (at_y - y) / height * 2 - 1;
    return is_round ? across * across + down * down <= 1 : std::max(std::abs(across), std::abs(down)) <= 1;
  }
};

void put(const Path& file, std::string_view bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file.string(), std::ios::binary);
  out << bytes;
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::string printed(const char* format, double value) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string hex_of(Random& random, std::size_t digits) {
  std::string text;
  for (std::size_t i = 0; i < digits; ++i) text += kDigits[random.below(16)];
  return text;
}

std::string md5_base64(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int length = 0;
  ::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, ::EVP_md5(), nullptr);
  return to_base64({reinterpret_cast<const char*>(digest.data()), length});
}

std::string between_quotes(std::string_view text) {
  std::string cell = "\"";
  for (const char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + "\"";
}

/// A cell, in quotes where it needs them (RFC 4180).
std::string cell_of(std::string_view text) {
  return text.find_first_of(",\"\n") == std::string_view::npos ? std::string(text) : between_quotes(text);
}

std::string row_of(const std::vector<std::string>& cells, bool in_quotes = false) {
  std::string row;
  for (const std::string& cell : cells)
    row += (row.empty() ? "" : ",") + (in_quotes ? between_quotes(cell) : cell_of(cell));
  return row + "\n";
}

std::string without_slashes(std::string mid) {
  std::erase(mid, '/');
  return mid;
}

/// What an image shows, in the order in which it is drawn: the largest first, so that none is hidden.
std::vector<Drawn> draw_objects(Random& random, std::size_t first_class) {
  std::vector<Drawn> objects;
  const int count = 1 + static_cast<int>(random.below(kMostObjects));
  for (int i = 0; i < count; ++i) {
    const double width = random.uniform(0.15, 0.6), height = random.uniform(0.15, 0.6);
    objects.push_back({i == 0 ? first_class : static_cast<std::size_t>(random.below(kClasses.size())),
                       random.uniform(0, 1 - width), random.uniform(0, 1 - height), width, height,
                       random.chance(0.6)});
  }
  std::ranges::sort(objects, std::greater(), [](const Drawn& drawn) { return drawn.width * drawn.height; });
  return objects;
}

cv::Mat draw_picture(Size size, const std::vector<Drawn>& objects, std::uint64_t seed) {
  cv::Mat pixels = picture(size, seed);
  for (const Drawn& drawn : objects) {
    Random colours{stable_hash(kClasses[drawn.which].mid)};
    const cv::Vec3b colour(static_cast<std::uint8_t>(colours.below(256)),
                           static_cast<std::uint8_t>(colours.below(256)),
                           static_cast<std::uint8_t>(colours.below(256)));
    for (int y = 0; y < size.height; ++y)
      for (int x = 0; x < size.width; ++x)
        if (drawn.has((x + 0.5) / size.width, (y + 0.5) / size.height)) pixels.at<cv::Vec3b>(y, x) = colour;
  }
  return pixels;
}

/// White where the object is, at a size of its own: the official ones are of the image as it was uploaded.
std::string draw_mask(Size image, const Drawn& drawn, double scale) {
  const int width = std::max(1, static_cast<int>(std::lround(image.width * scale)));
  const int height = std::max(1, static_cast<int>(std::lround(image.height * scale)));
  cv::Mat mask(height, width, CV_8UC1);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      mask.at<std::uint8_t>(y, x) = drawn.has((x + 0.5) / width, (y + 0.5) / height) ? 255 : 0;
  return encode_png(mask);
}

/// One subset: its tables, its images and its zip files of masks.
class Subset {
 public:
  Subset(const Path& folder, std::string name, int count, const SmallOpenImagesOptions& options)
      : folder_(folder), name_(std::move(name)), count_(count), options_(options) {}

  std::vector<OpenImagesImage> write() {
    Random random{options_.seed, stable_hash(name_)};
    std::set<std::string> ids;
    for (int i = 0; i < count_; ++i)
      ids.insert(std::string(1, kDigits[static_cast<std::size_t>(i % 16)]) + hex_of(random, 15));
    std::size_t number = 0;
    for (const std::string& id : ids) images_.push_back(add(id, number++));
    put_tables(random);
    put_masks();
    return std::move(images_);
  }

 private:
  bool is_train() const { return name_ == "train"; }

  /// Six digits after the point in train, nine that count elsewhere, as the official tables have them.
  std::string fraction(double value) const {
    return is_train() ? printed("%.6f", value) : printed("%.9g", value);
  }
  double as_written(double value) const { return std::stod(fraction(value)); }

  OpenImagesImage add(const std::string& id, std::size_t number) {
    Random random{options_.seed, stable_hash(id)};
    const auto side = [&] {
      return options_.longest_side / 2 +
             static_cast<int>(random.below(static_cast<std::uint64_t>(options_.longest_side / 2 + 1)));
    };
    OpenImagesImage image;
    image.id = id;
    image.subset = name_;
    image.size = {side(), side()};
    (random.chance(0.7) ? image.size.width : image.size.height) = options_.longest_side;
    image.is_absent = options_.traps && is_train() && number == 2;
    image.title =
        options_.traps && number % 5 == 1 ? "A \"very\" good day, with friends" : "IMG_" + id.substr(0, 4);
    const std::vector<Drawn> objects = draw_objects(random, number % kClasses.size());
    static constexpr std::array kScales{0.75, 1.0, 1.5, 2.0};
    const double scale = kScales[random.below(kScales.size())];
    const std::string jpeg = encode_jpeg(draw_picture(image.size, objects, random.next()));
    if (!image.is_absent) put_image(id, jpeg);
    for (const Drawn& drawn : objects) image.objects.push_back(add_object(image, drawn, scale, random));
    add_image_row(image, jpeg.size(), number, random);
    return image;
  }

  void put_image(const std::string& id, const std::string& jpeg) const {
    const std::string path = name_ + "/" + id + ".jpg";
    const Path bucket = folder_ / "open-images-dataset.s3.amazonaws.com" / path;
    const Path by_path = folder_ / "s3.amazonaws.com/open-images-dataset" / path;
    put(bucket, jpeg);
    fs::create_directories(by_path.parent_path());
    fs::remove(by_path);
    fs::create_hard_link(bucket, by_path);
  }

  OpenImagesObject add_object(const OpenImagesImage& image, const Drawn& drawn, double scale,
                              Random& random) {
    const OpenImagesClass& its_class = kClasses[drawn.which];
    OpenImagesObject object;
    object.mid = its_class.mid;
    const double left = as_written(drawn.x), right = as_written(drawn.x + drawn.width);
    const double top = as_written(drawn.y), bottom = as_written(drawn.y + drawn.height);
    object.box = {left, top, right - left, bottom - top};
    const bool is_unknown = random.chance(0.1);
    for (int& flag : object.flags) flag = is_unknown ? -1 : random.chance(0.2) ? 1 : 0;
    const std::vector<std::string> sides{fraction(left), fraction(right), fraction(top), fraction(bottom)};
    add_box_row(image.id, object, sides, is_unknown, random);
    if (its_class.has_masks && !random.chance(0.2)) {
      object.box_id = hex_of(random, 8);
      object.mask_path = image.id + "_" + without_slashes(object.mid) + "_" + object.box_id + ".png";
      object.mask_is_absent = options_.traps && mask_rows_.size() % 17 == 5;
      if (!object.mask_is_absent)
        masks_[image.id.front()].push_back({object.mask_path, draw_mask(image.size, drawn, scale)});
      add_mask_row(image.id, object, sides, random);
    }
    return object;
  }

  void add_box_row(const std::string& id, const OpenImagesObject& object,
                   const std::vector<std::string>& sides, bool is_unknown, Random& random) {
    std::vector<std::string> cells{id, is_unknown ? "activemil" : "xclick", object.mid, "1"};
    cells.insert(cells.end(), sides.begin(), sides.end());
    for (const int flag : object.flags) cells.push_back(std::to_string(flag));
    if (is_train()) {  // the four clicks, on the box's sides
      const Box& box = object.box;
      const double x = random.uniform(box.x, box.x + box.width),
                   y = random.uniform(box.y, box.y + box.height);
      for (const double click : {box.x, x, box.x + box.width, x, y, box.y, y, box.y + box.height})
        cells.push_back(is_unknown ? "-1.000000" : fraction(click));
    }
    boxes_ += row_of(cells);
    labels_.insert({id, object.mid});
  }

  void add_mask_row(const std::string& id, const OpenImagesObject& object,
                    const std::vector<std::string>& sides, Random& random) {
    std::vector<std::string> cells{object.mask_path, id, object.mid, object.box_id};
    cells.insert(cells.end(), sides.begin(), sides.end());
    std::string iou, clicks;
    if (is_train()) {
      iou = printed("%.5f", random.uniform(0.6, 1));
      const std::uint64_t count = 1 + random.below(8);
      for (std::uint64_t i = 0; i < count; ++i)
        clicks += (i == 0 ? "" : ";") + printed("%.5f", random.uniform()) + " " +
                  printed("%.5f", random.uniform()) + (random.chance(0.5) ? " 1" : " 0");
    }
    cells.push_back(iou);
    cells.push_back(clicks);
    mask_rows_.push_back(row_of(cells, options_.traps && mask_rows_.size() % 7 == 3));
  }

  void add_image_row(const OpenImagesImage& image, std::size_t bytes, std::size_t number, Random& random) {
    const std::string photo = std::to_string(1000000 + random.below(9000000));
    const std::string rotation = number % 4 == 3 ? "" : number % 7 == 4 ? "90.0" : "0.0";
    // Size and MD5 are of the picture as it was uploaded; the host has it smaller.
    image_rows_ += row_of(
        {image.id, name_, "https://farm1.staticflickr.com/1/" + photo + "_o.jpg",
         "https://www.flickr.com/photos/somebody/" + photo, "https://creativecommons.org/licenses/by/2.0/",
         "https://www.flickr.com/people/somebody/", "Some Body", image.title, std::to_string(7 * bytes),
         md5_base64("uploaded " + image.id), "https://c1.staticflickr.com/1/" + photo + "_z.jpg", rotation});
  }

  void put_tables(Random& random) {
    const Path tables = folder_ / kTables;
    std::string boxes =
        "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,"
        "IsInside";
    if (is_train()) boxes += ",XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y";
    put(tables /
            (is_train() ? "v6/oidv6-train-annotations-bbox.csv" : "v5/" + name_ + "-annotations-bbox.csv"),
        boxes + "\n" + boxes_);

    random.shuffle(std::span(mask_rows_));
    std::string masks =
        "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n";
    for (const std::string& row : mask_rows_) masks += row;
    put(tables / ("v5/" + name_ + "-annotations-object-segmentation.csv"), masks);

    put(tables / ("2018_04/" + name_ + "/" + name_ + (is_train() ? "-images-boxable" : "-images") +
                  "-with-rotation.csv"),
        "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,"
        "OriginalMD5,Thumbnail300KURL,Rotation\n" +
            image_rows_);

    std::string labels = "ImageID,Source,LabelName,Confidence\n";
    for (const auto& [id, mid] : labels_) labels += row_of({id, "verification", mid, "1"});
    put(tables / ("v5/" + name_ + "-annotations-human-imagelabels-boxable.csv"), labels);
  }

  /// Every second one is deflated, with sizes behind the data; the others are stored. Both kinds are about.
  void put_masks() const {
    for (std::size_t i = 0; i < kDigits.size(); ++i) {
      const Path file =
          folder_ / kTables / "v5" / (name_ + "-masks") / (name_ + "-masks-" + kDigits[i] + ".zip");
      const auto found = masks_.find(kDigits[i]);
      const std::vector<ArchiveEntry> entries =
          found == masks_.end() ? std::vector<ArchiveEntry>() : found->second;
      fs::create_directories(file.parent_path());
      if (i % 2 == 0) {
        write_archive(file, entries);
      } else {
        ZipWriter zip;
        for (const ArchiveEntry& entry : entries) zip.add(entry.name, entry.content);
        put(file, zip.finish());
      }
    }
  }

  const Path& folder_;
  std::string name_;
  int count_;
  const SmallOpenImagesOptions& options_;
  std::vector<OpenImagesImage> images_;
  std::string boxes_, image_rows_;
  std::vector<std::string> mask_rows_;
  std::set<std::pair<std::string, std::string>> labels_;
  std::map<char, std::vector<ArchiveEntry>> masks_;
};

}  // namespace

std::span<const OpenImagesClass> small_openimages_classes() {
  return kClasses;
}

std::vector<OpenImagesImage> write_small_openimages(const Path& folder,
                                                    const SmallOpenImagesOptions& options) {
  const Path tables = folder / kTables;
  std::string names, with_masks;
  for (const OpenImagesClass& its : kClasses) {
    names += row_of({its.mid, its.name});
    if (its.has_masks) with_masks += its.mid + "\n";
  }
  put(tables / "v7/oidv7-class-descriptions-boxable.csv", "LabelName,DisplayName\n" + names);
  put(tables / "v5/class-descriptions-boxable.csv", names);
  put(tables / "v5/classes-segmentation.txt", with_masks);
  put(tables / "2018_04/bbox_labels_600_hierarchy.json", kHierarchy);
  std::vector<OpenImagesImage> all;
  for (const auto& [name, count] :
       {std::pair("train", options.train), std::pair("validation", options.validation),
        std::pair("test", options.test)}) {
    std::vector<OpenImagesImage> images = Subset(folder, name, count, options).write();
    std::ranges::move(images, std::back_inserter(all));
  }
  return all;
}

}  // namespace maskmill::tests
