// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "formats/cityscapes/cityscapes_halves.h"
#include "formats/cityscapes/layout.h"
#include "formats/cityscapes/polygons.h"
#include "formats/item_files.h"
#include "formats/scenes/scene_sink.h"

namespace maskmill {
namespace {

/// One part of city_sequence_frame.
std::string as_part(const std::string& text) {
  std::string part;
  for (const char letter : text) part += letter == '_' || letter == '/' ? '-' : letter;
  return part.empty() ? "-" : part;
}

bool is_evaluable(const std::string& id) {
  const std::vector<std::string> parts = split_text(id, '/');
  if (parts.size() != 2 || parts[0].empty()) return false;
  const std::vector<std::string> words = split_text(parts[1], '_');
  return words.size() == 3 && std::ranges::none_of(words, &std::string::empty) &&
         parts[1].find('.') == std::string::npos;
}

/// What cityscapesScripts' evaluation can parse: <city>/<city>_<sequence>_<frame>. The id's hash keeps it the
/// only one of its name.
std::string evaluable(const std::string& id) {
  if (is_evaluable(id)) return id;
  if (const std::string in_city = as_part(split_text(id, '_').front()) + "/" + id; is_evaluable(in_city))
    return in_city;
  const std::size_t slash = id.rfind('/');
  std::string city = slash == std::string::npos ? "city" : as_part(id.substr(0, slash));
  std::string name = as_part(id.substr(slash == std::string::npos ? 0 : slash + 1));
  std::ranges::replace(name, '.', '-');
  return fmt::format("{0}/{0}_{1}_{2}", city, name, digest_of(id).hex().substr(0, 8));
}

class CityscapesSink : public SceneSink {
 public:
  CityscapesSink(const CreateRequest& request, CityscapesWriteSettings settings)
      : SceneSink(request, kCityscapesNumbers), settings_(std::move(settings)) {
    if (!settings_.truth.starts_with("gt") || settings_.truth.find_first_of("/_") != std::string::npos)
      throw Error(Code::usage,
                  fmt::format("{} is no name for the folder of masks: gtFine, gtCoarse and the like",
                              in_quotes(settings_.truth)))
          .at_field("truth");
  }

 private:
  Names names_of(const Item& item, std::vector<Finding>& found) const override {
    require_file_names(item);
    std::string id = item.id;
    // What tells items of one name in several subsets apart is the subset's folder here.
    if (!item.subset.empty() && id.starts_with(item.subset + "/") &&
        is_evaluable(id.substr(item.subset.size() + 1)))
      id = id.substr(item.subset.size() + 1);
    if (!settings_.keep_names) {
      std::string name = evaluable(id);
      if (name != id)
        found.push_back(
            {"renamed", Severity::warning, item.origin,
             fmt::format("the item {} is written as {}: Cityscapes' evaluation takes names of the form "
                         "city_sequence_frame only",
                         in_quotes(item.id), in_quotes(name)),
             "--write keep-names=true keeps it"});
      id = std::move(name);
    }
    const std::string subset = item.subset.empty() ? std::string(kNoSubset) : item.subset;
    const std::string truth = fmt::format("{0}/{1}/{2}_{0}", settings_.truth, subset, id);
    const Path image = item.file_name.empty() ? item.image : Path(item.file_name);
    Names names;
    names.image_folder = "leftImg8bit/" + subset;
    names.image = id + "_leftImg8bit" + image.extension().string();
    names.labels = truth + std::string(ending_of(cityscapes_file::label_ids));
    names.numbers = truth + std::string(ending_of(cityscapes_file::instance_ids));
    names.polygons = truth + std::string(ending_of(cityscapes_file::polygons));
    if (settings_.colours) names.colours = truth + std::string(ending_of(cityscapes_file::colour));
    if (settings_.train_ids)
      names.train_labels = truth + std::string(ending_of(cityscapes_file::label_train_ids));
    return names;
  }

  std::string polygons_of(const Item& item, const Painted& painted) const override {
    if (!item.size || painted.empty()) return {};
    return cityscapes_polygons_text(*item.size, painted, labels()).value_or("");
  }

  const CityscapesWriteSettings settings_;
};

}  // namespace

std::unique_ptr<Sink> create_cityscapes(const CreateRequest& request) {
  return std::make_unique<CityscapesSink>(request,
                                          parsed_settings<CityscapesWriteSettings>(request.settings));
}

}  // namespace maskmill
