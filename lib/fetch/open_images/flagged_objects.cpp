// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/flagged_objects.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include "base/csv.h"
#include "base/shared_file.h"
#include "fetch/open_images/object_rows.h"
#include "formats/openimages/oid_pairing.h"

namespace maskmill::fetch {
namespace {

/// Rows of one image that follow each other in a table.
struct Run {
  std::uint64_t image = 0, offset = 0;
  std::uint32_t bytes = 0, first_row = 0, table = 0;
};

/// The numbers of an image's rows in their tables, and what stands in them.
struct NumberedRows {
  std::vector<OpenImagesRow> rows;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;  ///< table and row
};

class Joiner {
 public:
  Joiner(const std::vector<ObjectTable>& tables, std::span<const ChosenClass> classes,
         const ObjectFlags& flags, Findings& findings)
      : tables_(tables), flags_(flags), findings_(findings), remaining_(tables.size()) {
    for (const ObjectTable& table : tables) {
      ObjectRows rows(table.file, classes);
      table_kinds_.push_back(rows.table());
      cells_.push_back(cells_of(rows.table()));
      files_.push_back(std::make_unique<SharedFile>(table.file));
      add_runs(rows);
    }
  }

  std::vector<std::vector<bool>> run() {
    std::ranges::sort(runs_, {}, [&](const Run& run) {
      return std::tuple(run.image, tables_[run.table].split, run.table, run.offset);
    });
    for (std::size_t i = 0; i < runs_.size();) {
      std::size_t end = i + 1;
      while (end < runs_.size() && runs_[end].image == runs_[i].image &&
             tables_[runs_[end].table].split == tables_[runs_[i].table].split)
        ++end;
      join(std::span(runs_).subspan(i, end - i));
      i = end;
    }
    return std::move(remaining_);
  }

 private:
  void add_runs(ObjectRows& rows) {
    const auto table = static_cast<std::uint32_t>(files_.size() - 1);
    std::uint64_t end = 0;
    rows.for_each([&](const ObjectRow& row) {
      remaining_[table].push_back(false);
      if (!row.image) return;
      const auto bytes = static_cast<std::uint32_t>(row.line.end - row.line.offset);
      constexpr std::uint32_t most = 1 << 24;
      if (!runs_.empty() && runs_.back().table == table && runs_.back().image == *row.image &&
          end == row.line.offset && runs_.back().bytes < most)
        runs_.back().bytes += bytes;
      else
        runs_.push_back({*row.image, row.line.offset, bytes, row.number, table});
      end = row.line.end;
    });
  }

  void join(std::span<const Run> runs) {
    NumberedRows boxes, masks;
    for (const Run& run : runs) read(run, boxes, masks);
    std::vector<bool> is_wanted;
    for (std::size_t i = 0; i < boxes.rows.size(); ++i) {
      is_wanted.push_back(flags_.hold(boxes.rows[i]));
      if (is_wanted.back()) keep(boxes.places[i]);
    }
    OpenImagesPairing pairing(boxes.rows);
    for (std::size_t i = 0; i < masks.rows.size(); ++i) {
      const auto box = pairing.take(masks.rows[i]);
      if (box ? is_wanted[*box] : flags_.hold_unknown()) keep(masks.places[i]);
    }
  }

  void keep(const std::pair<std::uint32_t, std::uint32_t>& place) {
    remaining_[place.first][place.second] = true;
  }

  void read(const Run& run, NumberedRows& boxes, NumberedRows& masks) {
    const ObjectTable& table = tables_[run.table];
    files_[run.table]->read(run.offset, run.bytes, text_);
    CsvReader reader(std::string_view(text_).substr(0, run.bytes), table.file, 1);
    NumberedRows& rows = table.kind == OpenImagesKind::masks ? masks : boxes;
    CsvRow row;
    for (std::uint32_t number = run.first_row;; ++number) try {
        if (!reader.next(row)) return;
        std::vector<Finding> ignored;  // the format's reader has them again
        rows.rows.push_back(parse_row(table_kinds_[run.table], cells_[run.table], row.fields,
                                      {table.file.filename().string(), {}, {}}, ignored));
        rows.places.emplace_back(run.table, number);
      } catch (Error& error) {
        findings_.add(to_finding(error.at_file(table.file.filename()), "unreadable-row", Severity::warning));
      }
  }

  const std::vector<ObjectTable>& tables_;
  const ObjectFlags& flags_;
  Findings& findings_;
  std::vector<std::vector<bool>> remaining_;
  std::vector<OpenImagesTable> table_kinds_;
  std::vector<std::vector<OpenImagesCell>> cells_;
  std::vector<std::unique_ptr<SharedFile>> files_;
  std::vector<Run> runs_;
  std::string text_;
};

Flag attribute_flag(const OpenImagesRow& row, std::string_view name) {
  const AttributeValue* value = find_attribute(row.attributes, name);
  const auto* flag = value ? std::get_if<bool>(value) : nullptr;
  return flag ? Flag(*flag) : std::nullopt;
}

}  // namespace

FlagChoice::FlagChoice(const std::vector<std::string>& names) {
  const auto holds = [&](const char* name) { return std::ranges::find(names, name) != names.end(); };
  yes = holds("yes"), no = holds("no"), unknown = holds("unknown");
}

ObjectFlags::ObjectFlags(const OpenImagesRequest& request)
    : occluded_(request.occluded),
      truncated_(request.truncated),
      group_of_(request.group_of),
      depiction_(request.depiction),
      inside_(request.inside) {}

bool ObjectFlags::is_restricted() const {
  return !(occluded_.is_all() && truncated_.is_all() && group_of_.is_all() && depiction_.is_all() &&
           inside_.is_all());
}

bool ObjectFlags::hold(const OpenImagesRow& box) const {
  return occluded_.holds(box.flags.occluded) && truncated_.holds(box.flags.truncated) &&
         group_of_.holds(box.flags.crowd) && depiction_.holds(attribute_flag(box, "IsDepiction")) &&
         inside_.holds(attribute_flag(box, "IsInside"));
}

bool ObjectFlags::hold_unknown() const {
  return hold(OpenImagesRow{});
}

std::vector<std::vector<bool>> remaining_objects(const std::vector<ObjectTable>& tables,
                                                 std::span<const ChosenClass> classes,
                                                 const ObjectFlags& flags, Findings& findings) {
  if (!flags.is_restricted()) return std::vector<std::vector<bool>>(tables.size());
  return Joiner(tables, classes, flags, findings).run();
}

}  // namespace maskmill::fetch
