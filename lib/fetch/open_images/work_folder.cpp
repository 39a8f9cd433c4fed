// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/work_folder.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <functional>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "base/output.h"
#include "base/text.h"
#include "fetch/open_images/published_files.h"
#include "fetch/open_images/row_filter.h"
#include "formats/openimages/mask_names.h"

namespace maskmill::fetch {
namespace {

constexpr const char* kPlan = "plan.json";

Path made_folder(const Path& folder) {
  boost::system::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) throw cannot_write(folder, failure.value());
  return folder;
}

void remove_tree(const Path& path) {
  boost::system::error_code failure;
  fs::remove_all(path, failure);
  if (failure) throw cannot_write(path, failure.value());
}

std::vector<Path> entries_of(const Path& folder) {
  boost::system::error_code failure;
  std::vector<Path> entries;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    entries.push_back(entry->path());
  return entries;
}

/// Files in the folders of splits below `folder` for which `is_wanted` is false.
void remove_others(const Path& folder,
                   const std::function<bool(OpenImagesSplit, const std::string& name)>& is_wanted) {
  for (std::size_t i = 0; i < enum_names<OpenImagesSplit>.size(); ++i)
    for (const Path& entry : entries_of(folder / std::string(enum_names<OpenImagesSplit>[i])))
      if (!is_wanted(static_cast<OpenImagesSplit>(i), entry.filename().string())) remove_tree(entry);
}

/// How images of the folder were made; nothing where no plan says it.
std::optional<std::string> planned_size(const Path& plan) {
  try {
    return read_json(plan).at("request").at("image-size").get<std::string>();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::vector<OpenImagesSplit> splits_of(const OpenImagesRequest& request) {
  std::vector<OpenImagesSplit> splits;
  for (std::size_t i = 0; i < enum_names<OpenImagesSplit>.size(); ++i)
    if (std::ranges::find(request.splits, enum_names<OpenImagesSplit>[i]) != request.splits.end())
      splits.push_back(static_cast<OpenImagesSplit>(i));
  return splits;
}

bool needs_image_tables(const OpenImagesRequest& request) {
  return request.with_image_table || request.size == OpenImagesSize::original ||
         request.size == OpenImagesSize::thumbnail;
}

std::vector<Url> object_tables(const OpenImagesRequest& request) {
  std::vector<Url> urls;
  for (const OpenImagesSplit split : splits_of(request)) {
    if (wants(request, OpenImagesKind::boxes) || restricts_flags(request))
      urls.push_back(open_images_boxes(split));
    if (wants(request, OpenImagesKind::masks)) urls.push_back(open_images_masks(split));
  }
  return urls;
}

std::vector<ObjectTable> find_objects(const OpenImagesRequest& request, std::span<const ChosenClass> classes,
                                      const TableFiles& files, const Path& folder, Findings& findings) {
  std::vector<std::string> mids;
  for (const ChosenClass& chosen : classes) mids.push_back(chosen.mid);
  std::vector<ObjectTable> tables;
  for (const OpenImagesSplit split : splits_of(request))
    for (const OpenImagesKind kind : {OpenImagesKind::boxes, OpenImagesKind::masks}) {
      const Url url = kind == OpenImagesKind::masks ? open_images_masks(split) : open_images_boxes(split);
      const std::vector<Url> needed = object_tables(request);
      if (std::ranges::find(needed, url.text(), &Url::text) == needed.end()) continue;
      tables.push_back({split, kind, folder / url.file_name()});
      boost::system::error_code failure;
      if (fs::is_regular_file(tables.back().file, failure)) continue;
      const auto filter = [&](RowSinks sinks) {
        return filter_by_mids("LabelName", mids, std::move(sinks), url.file_name());
      };
      write_filtered_table(files, url, filter, tables.back().file, findings);
    }
  return tables;
}

WorkFolder::WorkFolder(const Path& folder) : folder_(made_folder(folder)), claim_(folder) {
  made_folder(stages());
}

Path WorkFolder::stage(const std::string& name, const std::string& depends_on) const {
  const std::string wanted = name + "-" + digest_of(depends_on).hex().substr(0, 16);
  for (const Path& other : entries_of(stages()))
    if (const std::string found = other.filename().string(); found != wanted && found.starts_with(name + "-"))
      remove_tree(other);
  return made_folder(stages() / wanted);
}

void WorkFolder::prepare(const OpenImagesRequest& request, const Selection& selection) const {
  remove_tree(annotations());
  const Path plan = stages() / kPlan;
  auto settings = request;
  const Json document{{"request", to_json(settings_of(settings))}};
  const std::string size(enum_names<OpenImagesSize>[static_cast<std::size_t>(request.size)]);
  if (planned_size(plan) != size) remove_tree(images());
  replace_file(plan, to_text(document));
  remove_others(masks(), [&](OpenImagesSplit split, const std::string& name) {
    const auto mask = parse_mask_name(name);
    const auto image = mask ? parse_image_id(mask->image) : std::nullopt;
    return image && selection.holds(split, *image);
  });
}

void WorkFolder::remove_other_images(const Selection& selection) const {
  remove_others(images(), [&](OpenImagesSplit split, const std::string& name) {
    const auto image = parse_image_id(name.substr(0, name.find('.')));
    return image && selection.holds(split, *image);
  });
}

}  // namespace maskmill::fetch
