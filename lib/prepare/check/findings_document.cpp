// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/findings_document.h"

#include <set>

#include "base/json_field.h"
#include "base/text.h"
#include "formats/archives.h"
#include "formats/json_elements.h"

namespace maskmill {
namespace {

constexpr std::string_view kHint = "it is to be what maskmill check SRC --json printed: make it anew";

Place place_in(const JsonField& entry) {
  Place place{entry.at("file").text(), {}, {}};
  if (const auto line = entry.find("line")) place.line = static_cast<std::size_t>(line->integer());
  if (const auto field = entry.find("field")) place.field = field->text();
  return place;
}

Finding finding_in(const JsonField& entry) {
  Finding finding;
  finding.rule = entry.at("rule").text();
  finding.message = entry.at("message").text();
  finding.place = place_in(entry.at("place"));
  if (const auto region = entry.find("region")) {
    const std::vector<JsonField> numbers = region->elements();
    if (numbers.size() != 4) throw region->unexpected("x, y, width and height");
    finding.region.emplace();
    for (std::size_t i = 0; i < 4; ++i) (*finding.region)[i] = numbers[i].number();
  }
  if (const auto related = entry.find("related"))
    for (const JsonField& place : related->elements()) finding.related.push_back(place_in(place));
  return finding;
}

std::string text_at(const SharedFile& file, const JsonRange& where) {
  std::string text;
  file.read(where.offset, where.length, text);
  text.resize(static_cast<std::size_t>(where.length));
  return text;
}

/// A place in a file that is not one item's alone.
std::string whole_place(const Place& place, const Path& root) {
  return relative_name(place.file, root) + '\n' + (place.line ? std::to_string(*place.line) : "") + '\n' +
         place.field;
}

}  // namespace

void read_findings(const Path& document,
                   const std::function<void(const Finding&, const std::string&)>& visit) try {
  std::optional<std::string> root;
  bool has_list = false;
  const SharedFile file(document);
  JsonVisitor visitor;
  visitor.is_list = [](const std::string& key) { return key == "findings"; };
  visitor.list = [&](const std::string&) { has_list = true; };
  visitor.value = [&](const std::string& key, const JsonRange& where) {
    if (key == "root") root = JsonField(parse_json(text_at(file, where), {})).text();
  };
  // What check prints has the root before the findings.
  visitor.element = [&](const std::string&, const JsonRange& where, std::string_view text) {
    try {
      if (!root) throw Error(Code::bad_value, "no \"root\" stands before the findings");
      const Json entry = parse_json(text, {});
      visit(finding_in(JsonField(entry)), *root);
    } catch (const Error& error) {
      throw Error(error.code(), error.message())
          .at_line(static_cast<std::size_t>(where.line))
          .at_field(error.place().field);
    }
  };
  scan(file, visitor);
  if (!has_list) throw Error(Code::bad_format, "has no list of findings");
} catch (Error& error) {
  throw error.at_file(document).hint(std::string(kHint));
}

void PlacesInItems::add(std::size_t number, const Place& place, const Path& root) {
  if (place.file.empty()) return;  // of the data set as a whole
  numbers_[whole_place(place, root)].push_back(number);
  numbers_[relative_name(place.file, root)].push_back(number);
}

std::vector<std::size_t> PlacesInItems::in(const Item& item, const Path& root) const {
  std::set<std::size_t> found;
  const auto add = [&](const std::string& key) {
    if (const auto known = numbers_.find(key); known != numbers_.end())
      found.insert(known->second.begin(), known->second.end());
  };
  const auto add_file = [&](const Path& file) {
    if (!file.empty()) add(relative_name(in_archive(Place{file.string(), {}, {}}).file, root));
  };
  add_file(item.image);
  for (const auto* mask : {&item.semantic, &item.instances})
    if (*mask) add_file((*mask)->file);
  const bool has_own_file = !item.origin.line && item.origin.field.empty();
  if (!item.origin.file.empty())
    add(has_own_file ? relative_name(item.origin.file, root) : whole_place(item.origin, root));
  for (const Annotation& annotation : item.annotations) {
    if (const auto* mask = std::get_if<MaskRef>(&annotation.shape)) add_file(mask->file);
    add(whole_place(annotation.origin, root));
  }
  return {found.begin(), found.end()};
}

FindingsOfItems::FindingsOfItems(const Path& document, const std::optional<std::string>& rule,
                                 const Path& root)
    : root_(root) {
  std::set<std::string> rules;
  read_findings(document, [&](const Finding& finding, const std::string& was) {
    rules.insert(finding.rule);
    if (rule && finding.rule != *rule) return;
    places_.add(words_.size(), finding.place, was);
    for (const Place& place : finding.related) places_.add(words_.size(), place, was);
    words_.push_back(finding.rule + ": " + finding.message);
  });
  if (!rule || rules.contains(*rule)) return;
  const std::vector<std::string> known(rules.begin(), rules.end());
  throw Error(Code::usage, "there is no finding of a rule " + in_quotes(*rule))
      .at_file(document)
      .hint(known.empty() ? "it has no findings" : "rules that found something: " + joined(known, ", "));
}

std::vector<std::string> FindingsOfItems::of(const Item& item) const {
  std::vector<std::string> words;
  for (const std::size_t number : places_.in(item, root_)) words.push_back(words_[number]);
  return words;
}

}  // namespace maskmill
