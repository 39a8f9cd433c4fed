// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/output.h"
#include "base/random.h"
#include "base/text.h"
#include "fetch/open_images/flagged_objects.h"
#include "fetch/open_images/object_rows.h"
#include "formats/openimages/oid_layout.h"

namespace maskmill::fetch {
namespace {

constexpr std::size_t kSplits = enum_names<OpenImagesSplit>.size();

std::size_t index_of(OpenImagesSplit split) {
  return static_cast<std::size_t>(split);
}

/// Draws for each class the images with the smallest random numbers, which the seed and the id alone decide.
class Draw {
 public:
  Draw(std::size_t classes, const OpenImagesRequest& request)
      : most_(static_cast<std::size_t>(request.max)),
        seed_(static_cast<std::uint64_t>(request.seed)),
        drawn_(most_ > 0 ? classes : 0) {}

  void consider(int label, OpenImagesSplit split, std::uint64_t image) {
    if (most_ == 0) {
      std::vector<std::uint64_t>& images = all_[index_of(split)];
      if (images.empty() || images.back() != image) images.push_back(image);
      return;
    }
    std::set<Ticket>& drawn = drawn_[static_cast<std::size_t>(label)];
    const Ticket ticket{Random({seed_, image}).next(), image, split};
    if (drawn.size() == most_ && *drawn.rbegin() < ticket) return;
    if (drawn.insert(ticket).second && drawn.size() > most_) drawn.erase(std::prev(drawn.end()));
  }

  std::array<std::vector<std::uint64_t>, kSplits> finish() && {
    for (const std::set<Ticket>& drawn : drawn_)
      for (const Ticket& ticket : drawn) all_[index_of(ticket.split)].push_back(ticket.image);
    for (std::vector<std::uint64_t>& images : all_) {
      std::ranges::sort(images);
      images.erase(std::unique(images.begin(), images.end()), images.end());
      images.shrink_to_fit();
    }
    return std::move(all_);
  }

 private:
  struct Ticket {
    std::uint64_t number = 0, image = 0;
    OpenImagesSplit split = OpenImagesSplit::train;
    friend auto operator<=>(const Ticket&, const Ticket&) = default;
  };
  std::size_t most_;
  std::uint64_t seed_;
  std::vector<std::set<Ticket>> drawn_;
  std::array<std::vector<std::uint64_t>, kSplits> all_;
};

/// Counts images a class, each once.
class ClassCounts {
 public:
  explicit ClassCounts(std::span<const ChosenClass> classes) : images_(classes.size()) {
    for (const ChosenClass& chosen : classes) counts_.push_back({chosen.name, chosen.mid});
  }
  void add(int label, OpenImagesKind kind, std::uint64_t image) {
    const auto number = static_cast<std::size_t>(label);
    ++(kind == OpenImagesKind::masks ? counts_[number].masks : counts_[number].boxes);
    if (images_[number].empty() || images_[number].back() != image) images_[number].push_back(image);
  }
  std::vector<OpenImagesClassCount> finish() && {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      std::ranges::sort(images_[i]);
      const auto unique = std::unique(images_[i].begin(), images_[i].end());
      counts_[i].images = static_cast<std::size_t>(unique - images_[i].begin());
    }
    return std::move(counts_);
  }

 private:
  std::vector<OpenImagesClassCount> counts_;
  std::vector<std::vector<std::uint64_t>> images_;
};

bool remains(const Selection& selection, std::size_t table, std::uint32_t row) {
  const std::vector<bool>& remaining = selection.remaining[table];
  return remaining.empty() || remaining[row];
}

}  // namespace

std::optional<std::uint64_t> parse_image_id(std::string_view text) {
  if (!is_openimages_id(text)) return std::nullopt;
  std::uint64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id, 16);
  return id;
}

std::string image_id_text(std::uint64_t id) {
  return fmt::format("{:016x}", id);
}

bool Selection::holds(OpenImagesSplit split, std::uint64_t image) const {
  return std::ranges::binary_search(images[index_of(split)], image);
}

bool wants(const OpenImagesRequest& request, OpenImagesKind kind) {
  const char* const name = kind == OpenImagesKind::masks ? "masks" : "boxes";
  return std::ranges::find(request.annotations, name) != request.annotations.end();
}

bool restricts_flags(const OpenImagesRequest& request) {
  return ObjectFlags(request).is_restricted();
}

Selection select_images(const std::vector<ObjectTable>& tables, std::span<const ChosenClass> classes,
                        const OpenImagesRequest& request, Findings& findings) {
  Selection selection;
  selection.remaining = remaining_objects(tables, classes, ObjectFlags(request), findings);
  Draw draw(classes.size(), request);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!wants(request, tables[i].kind)) continue;
    ObjectRows rows(tables[i].file, classes);
    rows.for_each([&](const ObjectRow& row) {
      if (!row.image)
        findings.add({"unreadable-row",
                      Severity::warning,
                      {tables[i].file.filename().string(), {}, "ImageID"},
                      in_quotes(rows.cell(row.line, rows.table().image)) +
                          " is no image of Open Images, whose ids have 16 hexadecimal digits",
                      {}});
      else if (row.label && remains(selection, i, row.number))
        draw.consider(*row.label, tables[i].split, *row.image);
    });
  }
  selection.images = std::move(draw).finish();
  return selection;
}

OpenImagesReport write_tables(const std::vector<ObjectTable>& tables, const Selection& selection,
                              std::span<const ChosenClass> classes, const OpenImagesRequest& request,
                              const std::optional<Path>& folder) {
  OpenImagesReport report;
  report.images = selection.size();
  ClassCounts counts(classes);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!wants(request, tables[i].kind)) continue;
    ObjectRows rows(tables[i].file, classes);
    std::optional<OutputFile> file;
    if (folder) file.emplace(*folder / tables[i].file.filename(), Overwrite::yes);
    std::string waiting = rows.header() + "\n";
    rows.for_each([&](const ObjectRow& row) {
      if (!row.image || !row.label || !remains(selection, i, row.number) ||
          !selection.holds(tables[i].split, *row.image))
        return;
      counts.add(*row.label, tables[i].kind, *row.image);
      ++(tables[i].kind == OpenImagesKind::masks ? report.masks : report.boxes);
      if (!file) return;
      waiting.append(row.line.text).append("\n");
      if (waiting.size() < 1 << 20) return;
      file->write(waiting);
      waiting.clear();
    });
    if (!file) continue;
    file->write(waiting);
    file->commit();
  }
  report.classes = std::move(counts).finish();
  return report;
}

void leave_masks_out(const Path& table, OpenImagesSplit split, const std::vector<std::string>& names,
                     std::span<const ChosenClass> classes, Selection& selection) {
  const std::set<std::string> left_out(names.begin(), names.end());
  ObjectRows rows(table, classes);
  const auto path = rows.table().column("MaskPath");
  if (!path) throw Error(Code::bad_format, "has no column MaskPath").at_file(table);
  OutputFile file(table, Overwrite::yes);
  file.write(rows.header() + "\n");
  std::vector<std::uint64_t> images;
  rows.for_each([&](const ObjectRow& row) {
    if (!row.image || left_out.contains(rows.cell(row.line, *path))) return;
    file.write(std::string(row.line.text) + "\n");
    images.push_back(*row.image);
  });
  file.commit();
  std::ranges::sort(images);
  images.erase(std::unique(images.begin(), images.end()), images.end());
  selection.images[index_of(split)] = std::move(images);
}

}  // namespace maskmill::fetch
