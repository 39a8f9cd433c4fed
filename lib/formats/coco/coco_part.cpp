// SPDX-License-Identifier: Apache-2.0
#include "formats/coco/coco_part.h"

#include <fmt/format.h>

#include "base/text.h"
#include "formats/coco/coco_keys.h"

namespace maskmill {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 18;

}  // namespace

void CocoListWriter::begin(std::string_view key) {
  if (key.empty())
    add("[");
  else
    add(fmt::format(",\n\"{}\":[", key));
  is_first_ = true;
}

void CocoListWriter::element(std::string_view text) {
  add(is_first_ ? "\n" : ",\n");
  add(text);
  is_first_ = false;
}

void CocoListWriter::add(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
}

void CocoListWriter::flush() {
  file_.write(buffer_);
  buffer_.clear();
}

void CocoPart::append(const CocoItemText& item) {
  images_.append(item.image);
  image_ids_.add(item.id);
  annotation_counts_.push_back(static_cast<std::uint32_t>(item.annotations.size()));
  for (const CocoAnnotationText& annotation : item.annotations) {
    const char* const crowd = annotation.is_whole ? "-"
                              : !annotation.crowd ? "?"
                              : *annotation.crowd ? "1"
                                                  : "0";
    annotations_.append(crowd + annotation.text);
    annotation_ids_.add(annotation.id);
    if (annotation.is_whole) continue;
    crowd_is_unknown_ |= !annotation.crowd;
    crowd_is_denied_ |= annotation.crowd == false;
  }
}

void CocoPart::write(ByteWriter& file, const CocoHeader& header, const std::vector<std::string>& subsets,
                     Findings& findings) {
  // COCO's own evaluation needs iscrowd. Where no annotation says 0, a 0 can stand for unknown, and `info`
  // says so; where some do, the unknown ones go without.
  const bool zero_is_unknown = crowd_is_unknown_ && !crowd_is_denied_;
  Json info = header.info;
  if (!subsets.empty()) info[std::string(coco_key::kOurs)]["subsets"] = subsets;
  if (zero_is_unknown) info[std::string(coco_key::kOurs)]["iscrowd_0"] = "unknown";
  CocoListWriter out(file);
  out.add("{\"info\":" + to_line(info));
  for (const auto& [key, list] :
       {std::pair("licenses", &header.licences), {"categories", &header.categories}}) {
    out.begin(key);
    for (const Json& element : *list) out.element(to_line(element));
    out.end();
  }
  for (const auto& [key, value] : header.others.items())
    out.add(",\n" + to_line(Json(key)) + ":" + to_line(value));

  const std::deque<std::int64_t> image_ids = resolved_ids(std::move(image_ids_), "images", findings);
  out.begin("images");
  std::size_t image = 0;
  images_.for_each(
      [&](std::string_view line) { out.element(fmt::format("{{\"id\":{}{}", image_ids[image++], line)); });
  out.end();

  const std::deque<std::int64_t> ids = resolved_ids(std::move(annotation_ids_), "annotations", findings);
  out.begin("annotations");
  std::size_t annotation = 0, left = 0;
  image = 0;
  annotations_.for_each([&](std::string_view line) {
    while (left == 0) left = annotation_counts_[image++];
    --left;
    const std::int64_t id = ids[annotation++], image_id = image_ids[image - 1];
    const char crowd = line.front() == '?' && zero_is_unknown ? '0' : line.front();
    line.remove_prefix(1);
    if (crowd == '-')
      out.element(fmt::format("{{\"image_id\":{}{}", image_id, line));
    else
      out.element(fmt::format("{{\"id\":{},\"image_id\":{}{}{}", id, image_id,
                              crowd == '?' ? "" : fmt::format(",\"iscrowd\":{}", crowd), line));
  });
  out.end();
  out.add("}\n");
  out.flush();
}

std::deque<std::int64_t> resolved_ids(IdList&& list, std::string_view what, Findings& findings) {
  IdList::Resolved result = std::move(list).resolve();
  if (result.renumbered > 0)
    findings.add(
        {"ids-renumbered",
         Severity::note,
         {{}, {}, std::string(what)},
         fmt::format("{} had the id of another and got new ones", counted(result.renumbered, "element")),
         {}});
  return std::move(result.ids);
}

std::string coco_name_for(const Item& item) {
  const Path& named = item.file_name.empty() ? item.image : Path(item.file_name);
  const std::string whole = item.id + named.extension().string();
  const bool is_text = is_utf8(whole);
  std::string name;
  for (const std::string& part : split_text(whole, '/')) {
    if (!name.empty()) name += '/';
    if (part.empty() || part == "." || part == "..") {
      name += '_';
      continue;
    }
    for (const char character : part) {
      if (is_text || static_cast<unsigned char>(character) < 0x80)
        name += character;
      else
        name += fmt::format("%{:02X}", static_cast<unsigned char>(character));
    }
  }
  std::erase(name, '\0');
  return name;
}

void require_coco_subset(const std::string& subset) {
  if (!subset.empty() && (!is_safe_relative(subset) || subset.find('/') != std::string::npos))
    throw Error(Code::bad_value,
                fmt::format("the subset {} cannot be part of a file's name", in_quotes(subset)));
}

}  // namespace maskmill
