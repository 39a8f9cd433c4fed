// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "base/text.h"
#include "formats/coco/coco_items.h"
#include "formats/coco_results/coco_results_halves.h"

namespace maskmill {
namespace {

constexpr int kSureOfTruth = 60;
constexpr std::size_t kProbedFiles = 64;

// The annotation files that may be the ground truth of results: beside them and in annotations/.
std::vector<Path> possible_truths(const Path& results) {
  const Path beside = fs::absolute(results).parent_path().lexically_normal();
  std::vector<Path> found;
  std::size_t left = kProbedFiles;
  for (const Path& folder : {beside, beside / "annotations", beside.parent_path() / "annotations"}) {
    boost::system::error_code ignored;
    if (!fs::is_directory(folder, ignored)) continue;
    for (const Path& file : list_files_of(folder, {"json"})) {
      if (left-- == 0) return found;
      if (probe_coco_file(file, CocoKind::instances).confidence >= kSureOfTruth &&
          std::find(found.begin(), found.end(), file) == found.end())
        found.push_back(file);
    }
  }
  return found;
}

// Keeps those of which `fits` holds, if any.
template <class Fits>
void prefer(std::vector<Path>& files, Fits&& fits) {
  if (files.size() < 2 || std::none_of(files.begin(), files.end(), fits)) return;
  std::erase_if(files, [&](const Path& file) { return !fits(file); });
}

// Named from here, or from where the results lie.
Path stated_truth(const Path& name, const Path& results) {
  boost::system::error_code ignored;
  const Path beside = fs::absolute(results).parent_path() / name;
  return name.is_relative() && !fs::exists(name, ignored) && fs::exists(beside, ignored) ? beside : name;
}

// Keeps those whose subset the results' name says.
void prefer_subset(std::vector<Path>& files, const Path& results) {
  const std::string name = results.stem().string();
  prefer(files, [&](const Path& file) {
    const std::string subset = coco_subset_of(file, true);
    return !subset.empty() && name.find(subset) != std::string::npos;
  });
}

struct Truth {
  std::optional<Path> file;
  Finding finding;  // why this one, or none
};

Truth find_truth(const Path& results) {
  std::vector<Path> files = possible_truths(results);
  const std::size_t all = files.size();
  prefer_subset(files, results);
  prefer(files, [](const Path& file) { return file.stem().string().starts_with("instances"); });
  const Place place{results.string(), {}, {}};
  if (files.size() == 1)
    return {files.front(),
            {"ground-truth-found", Severity::note, place,
             fmt::format("images and categories are those of {}, which {}", in_quotes(files.front().string()),
                         all == 1 ? "is the one annotation file there" : "fits by its name"),
             "name another with --read ground-truth=FILE"}};
  return {std::nullopt,
          {"ground-truth-missing", Severity::warning, place,
           files.empty()
               ? "there is no annotation file beside the results: images and categories are called by "
                 "their ids, and sizes are those of the masks"
               : fmt::format("{} may be the ground truth, such as {} and {}, and none was taken: images and "
                             "categories are called by their ids, and sizes are those of the masks",
                             counted(files.size(), "file"), in_quotes(files[0].filename().string()),
                             in_quotes(files[1].filename().string())),
           "name it with --read ground-truth=FILE"}};
}

class ResultsSource : public CocoItems {
 public:
  explicit ResultsSource(const OpenRequest& request)
      : ResultsSource(request, parsed_settings<ResultsReadSettings>(request.settings)) {}

 protected:
  bool annotate(Item& item, Reading& reading) const override {
    reading.for_each([&](const Element& element, std::vector<Finding>& problems) {
      Annotation annotation = annotation_of(element, reading, problems);
      if (!item.size)
        if (const auto* mask = std::get_if<Rle>(&annotation.shape))
          item.size = reading.context.image_size = mask->size;
      item.annotations.push_back(std::move(annotation));
    });
    return true;
  }

 private:
  struct Found {
    CocoLayout layout;
    std::optional<Finding> finding;
  };
  ResultsSource(const OpenRequest& request, const ResultsReadSettings& settings)
      : ResultsSource(find(request, settings)) {}
  explicit ResultsSource(Found found) : CocoItems(std::move(found.layout)) {
    if (found.finding) findings_.add(std::move(*found.finding));
  }

  static Found find(const OpenRequest& request, const ResultsReadSettings& settings) {
    Found found{find_coco_files(request.path, {}, CocoKind::results), {}};
    auto& files = found.layout.files;
    if (files.size() > 1)
      throw Error(Code::bad_format,
                  fmt::format("holds {}, such as {} and {}", counted(files.size(), "results file"),
                              in_quotes(files[0].json.filename().string()),
                              in_quotes(files[1].json.filename().string())))
          .at_file(request.path)
          .hint("name the one to read");
    CocoFile& file = files.front();
    std::optional<Path> truth;
    if (settings.ground_truth) {
      truth = stated_truth(*settings.ground_truth, file.json);
    } else {
      Truth sought = find_truth(file.json);
      truth = std::move(sought.file);
      found.finding = std::move(sought.finding);
    }
    file.results = file.json;
    file.subset.clear();
    if (truth) {
      file.json = *truth;
      file.subset = coco_subset_of(*truth, true);
      std::erase_if(found.layout.left_out,
                    [&](const CocoLayout::LeftOut& left) { return fs::equivalent(left.path, *truth); });
    }
    file.image_folders = coco_image_folders(file.json, file.subset, settings.images);
    return found;
  }
};

}  // namespace

std::optional<Path> ground_truth_in(const Path& truth, const Path& results) {
  if (probe_coco(truth, CocoKind::instances).confidence < kSureOfTruth) return std::nullopt;
  std::vector<Path> files;
  for (const CocoFile& file : find_coco_files(truth, {}, CocoKind::instances).files)
    files.push_back(file.json);
  prefer_subset(files, results);
  return files.size() == 1 ? std::optional(files.front()) : std::nullopt;
}

std::unique_ptr<Source> open_coco_results(const OpenRequest& request) {
  return std::make_unique<ResultsSource>(request);
}

}  // namespace maskmill
