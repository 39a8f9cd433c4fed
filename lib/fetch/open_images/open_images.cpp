// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/open_images.h"

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cstdlib>

#include "base/output.h"
#include "base/staging.h"
#include "base/text.h"
#include "fetch/open_images/class_choice.h"
#include "fetch/open_images/image_files.h"
#include "fetch/open_images/mask_files.h"
#include "fetch/open_images/published_files.h"
#include "fetch/open_images/selection.h"
#include "fetch/open_images/table_files.h"
#include "fetch/open_images/work_folder.h"
#include "fetch/remote_file.h"

namespace maskmill::fetch {
namespace {

std::optional<Path> meta_folder(const OpenImagesRequest& request) {
  if (!request.meta_dir || request.meta_dir->empty()) return std::nullopt;
  return Path(*request.meta_dir);
}

std::vector<ChosenClass> classes_of(const OpenImagesRequest& request, const TableFiles& files,
                                    const Path& otherwise) {
  const ClassRelatives relatives{request.with_subclasses, request.with_parts};
  const bool needs_hierarchy = relatives.subclasses || relatives.parts;
  return choose_classes(request.classes, relatives, files.whole(open_images_classes(), otherwise),
                        needs_hierarchy ? files.whole(open_images_hierarchy(), otherwise) : Path());
}

/// What rows that were found depend on.
std::string key_of(std::span<const ChosenClass> classes) {
  std::string key;
  for (const ChosenClass& chosen : classes) key += chosen.mid + "\n";
  return key;
}

std::string key_of(const Selection& selection) {
  std::string key;
  for (const auto& images : selection.images) {
    for (const std::uint64_t image : images) key.append(reinterpret_cast<const char*>(&image), sizeof image);
    key += '\n';
  }
  return key;
}

ImageTables find_images(const OpenImagesRequest& request, const Selection& selection, const TableFiles& files,
                        const WorkFolder& work, Findings& findings) {
  ImageTables tables;
  if (!needs_image_tables(request)) return tables;
  const Path folder = work.stage("images", key_of(selection));
  for (const OpenImagesSplit split : splits_of(request)) {
    if (selection.images[static_cast<std::size_t>(split)].empty()) continue;
    const Url url = open_images_images(split);
    const Path file = folder / url.file_name();
    boost::system::error_code failure;
    const auto is_chosen = [&](std::string_view cell) {
      const auto image = parse_image_id(cell);
      return image && selection.holds(split, *image);
    };
    if (!fs::is_regular_file(file, failure))
      write_filtered_table(
          files, url,
          [&](RowSinks sinks) {
            return filter_by_cell("ImageID", is_chosen, std::move(sinks), url.file_name());
          },
          file, findings);
    replace_file(work.annotations() / url.file_name(), read_file(file));
    tables[static_cast<std::size_t>(split)] = file;
  }
  return tables;
}

Error nothing_found(const std::vector<ChosenClass>& classes) {
  std::vector<std::string> names;
  for (const ChosenClass& chosen : classes) names.push_back(in_quotes(chosen.name));
  if (names.size() > 5) names.resize(5), names.emplace_back("...");
  return Error(Code::not_found, "Open Images has no such objects of " + joined(names, ", "))
      .hint("allow more splits, annotations or flags; of the 601 classes, 350 have masks");
}

}  // namespace

OpenImagesReport fetch_open_images(const OpenImagesRequest& request, const Path& folder, const Access& access,
                                   Findings& findings) {
  const WorkFolder work(folder);
  const TableFiles files(meta_folder(request), access);
  const Path lists = work.stage("lists", "");
  const std::vector<ChosenClass> classes = classes_of(request, files, lists);
  const std::vector<ObjectTable> tables =
      find_objects(request, classes, files, work.stage("objects", key_of(classes)), findings);
  Selection selection = select_images(tables, classes, request, findings);
  if (selection.size() == 0) throw nothing_found(classes);

  work.prepare(request, selection);
  OpenImagesReport report = write_tables(tables, selection, classes, request, work.annotations());
  replace_file(work.annotations() / open_images_classes().file_name(), class_table_of(classes));
  replace_file(work.annotations() / open_images_hierarchy().file_name(),
               read_file(files.whole(open_images_hierarchy(), lists)));
  const MaskPlaces places{work.masks(), work.stages() / "incoming.png", work.stages() / "shards"};
  for (const ObjectTable& table : tables) {
    if (table.kind != OpenImagesKind::masks) continue;
    const Path made = work.annotations() / table.file.filename();
    const std::vector<std::string> missing =
        fetch_masks({table.split, made}, request.mask_files, files, places, findings);
    report.missing_masks += missing.size();
    // Without boxes nothing would remain of these objects.
    if (!missing.empty() && !wants(request, OpenImagesKind::boxes))
      leave_masks_out(made, table.split, missing, classes, selection);
  }
  const ImageTables image_tables = find_images(request, selection, files, work, findings);
  report.images = selection.size();
  work.remove_other_images(selection);
  report.missing_images =
      fetch_images(selection, request.size, image_tables, work.images(), access, findings);
  return report;
}

namespace {

/// With what the meta_dir or the server says of its size.
PlannedFile seen_file(const Url& url, const TableFiles& files) {
  PlannedFile file{url.printable(), {}, 0};
  if (files.is_there(url))
    file.bytes = file.there = fs::file_size(*files.place(url));
  else if (!files.access().offline)
    file.bytes = look(url, files.access()).bytes;
  return file;
}

std::vector<Url> tables_of(const OpenImagesRequest& request) {
  std::vector<Url> urls{open_images_classes(), open_images_hierarchy()};
  for (Url& url : object_tables(request)) urls.push_back(std::move(url));
  if (needs_image_tables(request))
    for (const OpenImagesSplit split : splits_of(request)) urls.push_back(open_images_images(split));
  return urls;
}

}  // namespace

OpenImagesPlan plan_open_images(const OpenImagesRequest& request, const Access& access) {
  const TableFiles files(meta_folder(request), access);
  boost::system::error_code failure;
  const Path temporary = fs::temp_directory_path(failure);
  const Staging scratch((failure ? Path("/tmp") : temporary) / "maskmill-open-images");
  const std::vector<ChosenClass> classes = classes_of(request, files, scratch.folder());
  OpenImagesPlan plan;
  for (const Url& url : tables_of(request)) plan.tables.push_back(seen_file(url, files));

  const std::vector<Url> needed = object_tables(request);
  const bool is_known = std::ranges::all_of(needed, [&](const Url& url) { return files.is_there(url); });
  std::vector<ObjectTable> tables;
  if (is_known) {
    Findings ignored;  // the fetch has them again
    tables = find_objects(request, classes, files, scratch.folder() / "objects", ignored);
    const Selection selection = select_images(tables, classes, request, ignored);
    plan.found = write_tables(tables, selection, classes, request, scratch.folder() / "tables");
  }
  if (!wants(request, OpenImagesKind::masks)) return plan;
  for (const OpenImagesSplit split : splits_of(request)) {
    std::vector<std::size_t> counts(kOpenImagesShards.size(), 1);
    if (is_known)
      counts =
          count_masks_to_fetch({split, scratch.folder() / "tables" / open_images_masks(split).file_name()},
                               scratch.folder() / "masks");
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (counts[i] > 0)
        plan.shards.push_back(seen_file(open_images_shard(split, kOpenImagesShards[i]), files));
  }
  return plan;
}

}  // namespace maskmill::fetch
