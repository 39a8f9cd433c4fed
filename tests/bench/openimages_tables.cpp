// SPDX-License-Identifier: Apache-2.0
// openimages_tables FOLDER [--masks N] [--boxes N] [--images N] [--seed N]: the tables of Open Images' train
// subset at their real length and in their real form, where its hosts have them (FOLDER/HOST/PATH), in a
// minute: 2.7 million rows of masks, 14.6 million of boxes, 1.7 million of images. No images and no masks.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <cmath>
#include <cstdio>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/random.h"
#include "support/small_openimages.h"

using namespace maskmill;
using maskmill::tests::OpenImagesClass;

namespace {

struct Options {
  std::string folder;
  std::size_t masks = 2'686'666, boxes = 14'610'229, images = 1'743'042;  // of V6's train
  std::uint64_t seed = 1;
};

/// A file that is written in large pieces.
class Table {
 public:
  explicit Table(const Path& path) : path_(path) {
    fs::create_directories(path.parent_path());
    file_ = std::fopen(path.c_str(), "wb");
    if (!file_) throw std::runtime_error("cannot write " + path.string());
    text_.reserve(kPiece + 4096);
  }
  ~Table() {
    if (file_) std::fclose(file_);
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  Table& operator<<(std::string_view text) {
    text_ += text;
    return *this;
  }
  Table& operator<<(char c) {
    text_ += c;
    return *this;
  }
  Table& hex(std::uint64_t number, int digits) {
    for (int i = digits - 1; i >= 0; --i) text_ += "0123456789abcdef"[number >> (4 * i) & 15];
    return *this;
  }
  /// So many digits behind the point, of a number from 0 to 1.
  Table& fraction(double value, int digits) {
    static constexpr std::array<std::uint32_t, 7> kTen{1, 10, 100, 1000, 10000, 100000, 1000000};
    auto whole = static_cast<std::uint32_t>(value * kTen.at(static_cast<std::size_t>(digits)) + 0.5);
    std::array<char, 8> reversed;
    for (int i = 0; i < digits; ++i, whole /= 10)
      reversed.at(static_cast<std::size_t>(digits - 1 - i)) = static_cast<char>('0' + whole % 10);
    text_ += whole == 0 ? "0." : "1.";
    text_.append(reversed.data(), static_cast<std::size_t>(digits));
    return *this;
  }
  void end_row() {
    text_ += '\n';
    if (text_.size() >= kPiece) put();
  }
  void close() {
    put();
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail();
  }

 private:
  static constexpr std::size_t kPiece = 1 << 20;

  [[noreturn]] void fail() const { throw std::runtime_error("cannot write " + path_.string()); }
  void put() {
    if (std::fwrite(text_.data(), 1, text_.size(), file_) != text_.size()) fail();
    text_.clear();
  }

  Path path_;
  std::FILE* file_;
  std::string text_;
};

/// The small set's real ones among 600, at places by which they are about as frequent as they are; the
/// others have made-up names. As many as there are with masks come first.
std::vector<OpenImagesClass> made_classes(Random& random) {
  constexpr std::size_t kCount = 600, kWithMasks = 350;
  std::set<std::string> taken;
  for (const OpenImagesClass& real : tests::small_openimages_classes()) taken.insert(real.mid);
  std::vector<OpenImagesClass> classes;
  while (classes.size() < kCount) {
    std::string mid = "/m/0";
    const std::uint64_t length = 3 + random.below(4);
    for (std::uint64_t i = 0; i < length; ++i) mid += "0123456789bcdfghjklmnpqrstvwxyz_"[random.below(32)];
    if (taken.insert(mid).second)
      classes.push_back({mid, fmt::format("Made-up class {}", classes.size()), classes.size() < kWithMasks});
  }
  const std::vector<std::pair<std::string_view, std::size_t>> places{
      {"Man", 0},         {"Woman", 2},          {"Person", 4},        {"Dog", 60},
      {"Cat", 70},        {"Food", 360},         {"Hot dog", 300},     {"Snack", 380},
      {"Pretzel", 320},   {"Sandwich", 200},     {"Animal", 400},      {"Hamburger", 180},
      {"Fast food", 370}, {"French fries", 210}, {"Baked goods", 365}, {"Submarine sandwich", 330}};
  for (const OpenImagesClass& real : tests::small_openimages_classes()) {
    const auto found = std::ranges::find(places, real.name, [](const auto& place) { return place.first; });
    classes.at(found->second) = real;
  }
  return classes;
}

/// Draws one of the first `count` classes. The n-th is as frequent as 1 / (n + 5)^1.35, which gives the most
/// frequent 7 percent and the last of 600 one in 7,000.
class Share {
 public:
  explicit Share(std::size_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
      sums_.push_back(sum += std::pow(static_cast<double>(i) + 6, -1.35));
  }
  std::size_t draw(Random& random) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(sums_, random.uniform() * sums_.back()) -
                                    sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

struct Sides {
  double left, right, top, bottom;

  explicit Sides(Random& random) {
    const double width = 0.02 + 0.6 * random.uniform() * random.uniform();
    const double height = 0.02 + 0.6 * random.uniform() * random.uniform();
    left = random.uniform() * (1 - width), right = left + width;
    top = random.uniform() * (1 - height), bottom = top + height;
  }
  void write(Table& table) const {
    for (const double side : {left, right, top, bottom}) table.fraction(side, 6) << ',';
  }
};

void write_masks(const Path& file, std::size_t rows, const std::vector<std::uint64_t>& ids,
                 const std::vector<OpenImagesClass>& classes, Random& random) {
  const Share share(static_cast<std::size_t>(std::ranges::count(classes, true, &OpenImagesClass::has_masks)));
  std::vector<std::string> in_names;
  for (const OpenImagesClass& its : classes) {
    in_names.push_back(its.mid);
    std::erase(in_names.back(), '/');
  }
  // A bit more than half of the images have masks, and the rows come in no order.
  const std::size_t images = std::max<std::size_t>(1, ids.size() * 54 / 100);
  Table table(file);
  table << "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks";
  table.end_row();
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint64_t id = ids[random.below(images) * ids.size() / images], box = random.next();
    const std::size_t which = share.draw(random);
    table.hex(id, 16) << '_' << in_names[which] << '_';
    table.hex(box, 8) << ".png,";
    table.hex(id, 16) << ',' << classes[which].mid << ',';
    table.hex(box, 8) << ',';
    Sides(random).write(table);
    table.fraction(random.uniform(0.5, 1), 5) << ',';
    for (std::uint64_t left = 3 + random.below(8); left > 0; --left) {
      table.fraction(random.uniform(), 5) << ' ';
      table.fraction(random.uniform(), 5) << (random.chance(0.5) ? " 0" : " 1") << (left > 1 ? ";" : "");
    }
    table.end_row();
  }
  table.close();
}

/// Image by image, as the official table is.
void write_boxes(const Path& file, std::size_t rows, const std::vector<std::uint64_t>& ids,
                 const std::vector<OpenImagesClass>& classes, Random& random) {
  const Share share(classes.size());
  Table table(file);
  table << "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,"
           "IsDepiction,IsInside,XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y";
  table.end_row();
  for (std::size_t i = 0; i < rows; ++i) {
    const bool is_drawn = random.chance(0.9);
    table.hex(ids[i * ids.size() / rows], 16)
        << (is_drawn ? ",xclick," : ",activemil,") << classes[share.draw(random)].mid << ",1,";
    const Sides sides(random);
    sides.write(table);
    if (is_drawn) {
      for (const double chance : {0.6, 0.25, 0.06, 0.05, 0.01})
        table << (random.chance(chance) ? "1," : "0,");
      const double x = random.uniform(sides.left, sides.right), y = random.uniform(sides.top, sides.bottom);
      for (const double click : {x, sides.left, x, sides.right, sides.top, y, sides.bottom})
        table.fraction(click, 6) << ',';
      table.fraction(y, 6);
    } else {
      table
          << "-1,-1,-1,-1,-1,-1.000000,-1.000000,-1.000000,-1.000000,-1.000000,-1.000000,-1.000000,-1.000000";
    }
    table.end_row();
  }
  table.close();
}

void write_images(const Path& file, const std::vector<std::uint64_t>& ids, Random& random) {
  Table table(file);
  table << "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,"
           "OriginalMD5,Thumbnail300KURL,Rotation";
  table.end_row();
  std::vector<std::uint64_t> shuffled = ids;
  random.shuffle(std::span(shuffled));
  for (const std::uint64_t id : shuffled) {
    const std::uint64_t photo = 1'000'000'000 + random.below(9'000'000'000), secret = random.next();
    const std::uint64_t author = random.below(100'000'000);
    table.hex(id, 16) << fmt::format(
        ",train,https://farm{0}.staticflickr.com/{1}/{2}_{3:010x}_o.jpg,https://www.flickr.com/photos/{4}@N00/{2},"
        "https://creativecommons.org/licenses/by/2.0/,https://www.flickr.com/people/{4}@N00/,Author {4},{5},{6},"
        "{7:016x}{8:06x}==,https://c1.staticflickr.com/{0}/{1}/{2}_{3:010x}_z.jpg,{9}",
        1 + photo % 9, author % 8000, photo, secret >> 24, author,
        photo % 9 == 0 ? "\"Summer, \"\"again\"\"\"" : "IMG 1234", 100'000 + random.below(5'000'000), secret,
        photo % 0xFFFFFF,
        photo % 40 == 0   ? "90.0"
        : photo % 10 == 0 ? ""
                          : "0.0");
    table.end_row();
  }
  table.close();
}

void write_classes(const Path& tables, const std::vector<OpenImagesClass>& classes) {
  std::vector<OpenImagesClass> sorted = classes;
  std::ranges::sort(sorted, {}, &OpenImagesClass::mid);
  Table with_header(tables / "v7/oidv7-class-descriptions-boxable.csv"),
      bare(tables / "v5/class-descriptions-boxable.csv"), masked(tables / "v5/classes-segmentation.txt"),
      hierarchy(tables / "2018_04/bbox_labels_600_hierarchy.json");
  with_header << "LabelName,DisplayName";
  with_header.end_row();
  hierarchy << R"({"LabelName": "/m/0bl9f", "Subcategory": [)";
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const OpenImagesClass& its = sorted[i];
    for (Table* names : {&with_header, &bare}) {
      *names << its.mid << ',' << its.name;
      names->end_row();
    }
    if (its.has_masks) {
      masked << its.mid;
      masked.end_row();
    }
    hierarchy << (i == 0 ? "" : ", ") << "{\"LabelName\": \"" << its.mid << '"';
    if (its.name == "Fast food")
      hierarchy << R"(, "Subcategory": [{"LabelName": "/m/01b9xk"}, {"LabelName": "/m/02y6n"}])";
    hierarchy << '}';
  }
  hierarchy << "]}";
  for (Table* table : {&with_header, &bare, &masked, &hierarchy}) table->close();
}

void write_all(const Options& options) {
  const Path tables = Path(options.folder) / "storage.googleapis.com/openimages";
  Random random{options.seed, stable_hash("openimages tables")};
  const std::vector<OpenImagesClass> classes = made_classes(random);
  std::vector<std::uint64_t> ids(std::max<std::size_t>(1, options.images));
  for (std::uint64_t& id : ids) id = random.next();
  std::ranges::sort(ids);
  write_classes(tables, classes);
  if (options.masks > 0)
    write_masks(tables / "v5/train-annotations-object-segmentation.csv", options.masks, ids, classes, random);
  if (options.boxes > 0)
    write_boxes(tables / "v6/oidv6-train-annotations-bbox.csv", options.boxes, ids, classes, random);
  if (options.images > 0)
    write_images(tables / "2018_04/train/train-images-boxable-with-rotation.csv", ids, random);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes the tables of Open Images' train subset at their real length.");
  Options options;
  app.add_option("FOLDER", options.folder)->required();
  app.add_option("--masks", options.masks, "rows; 0: no table");
  app.add_option("--boxes", options.boxes, "rows; 0: no table");
  app.add_option("--images", options.images, "rows; 0: no table, and one image in the others");
  app.add_option("--seed", options.seed);
  CLI11_PARSE(app, argc, argv);
  try {
    write_all(options);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "openimages_tables: {}\n", error.what());
    return 3;
  }
}
