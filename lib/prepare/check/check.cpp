// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/progress.h"
#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::size_t kMostFixes = 3;

struct Looked {
  std::optional<Item> item;
  ItemFacts facts;
  ItemFindings findings;
  std::vector<const Rule*> repairs;
  Sightings sightings;
};

Report report_to(const Rule& rule, Looked& looked, std::size_t position = 0,
                 const ItemPlaces* places = nullptr) {
  return {rule,
          &looked.findings,
          [&](Finding finding) { looked.findings.all().push_back(std::move(finding)); },
          [&](std::size_t) {
            if (std::ranges::find(looked.repairs, &rule) == looked.repairs.end())
              looked.repairs.push_back(&rule);
          },
          position,
          places,
          &looked.sightings};
}

Looked look(ReadItem& read, const Metadata& metadata) {
  Looked looked;
  looked.item = read(looked.findings.all(), Look::masks);
  if (!looked.item) return looked;
  looked.facts = facts_of(*looked.item, metadata.labels);
  for (const Rule* rule : rules())
    if (rule->run) rule->run(*looked.item, looked.facts, metadata, report_to(*rule, looked));
  // Pixels and regions are much, and rules that compare items have no use for them.
  looked.facts.objects = {};
  looked.facts.instance_parts = {};
  return looked;
}

Json to_json(const Finding& finding) {
  Json json{{"rule", finding.rule},
            {"severity", to_string(finding.severity)},
            {"place", to_json(finding.place)},
            {"message", finding.message},
            {"fix", finding.fix}};
  if (finding.region) json["region"] = *finding.region;
  for (const Place& place : finding.related) json["related"].push_back(to_json(place));
  return json;
}

/// Without the last line break.
std::string indented(std::string_view text, std::size_t blanks) {
  std::string result;
  for (const std::string_view line : lines_of(text))
    result += (result.empty() ? "" : "\n") + std::string(blanks, ' ') + std::string(line);
  return result;
}

void sort_repairs(std::vector<PlannedRepair>& repairs) {
  std::ranges::stable_sort(repairs, {}, &PlannedRepair::position);
  const auto same = [](const PlannedRepair& a, const PlannedRepair& b) {
    return a.position == b.position && a.rule == b.rule;
  };
  repairs.erase(std::unique(repairs.begin(), repairs.end(), same), repairs.end());
}

}  // namespace

Json to_json(const Place& place) {
  Json json{{"file", place.file}};
  if (place.line) json["line"] = *place.line;
  if (!place.field.empty()) json["field"] = place.field;
  return json;
}

Finding finding_of(const Rule& rule, Place place, std::string message, std::string fix,
                   std::optional<Severity> severity, Evidence evidence) {
  Finding finding{std::string(rule.id), severity.value_or(rule.severity), std::move(place),
                  std::move(message), fix.empty() ? std::string(rule.fix) : std::move(fix)};
  if (const auto& region = evidence.region)
    finding.region = {region->x, region->y, region->width, region->height};
  finding.related = std::move(evidence.related);
  return finding;
}

void Report::operator()(Place place, std::string message, std::string fix, std::optional<Severity> severity,
                        Evidence evidence) const {
  if (has_said(rule_.id, place)) return;
  add_(
      finding_of(rule_, std::move(place), std::move(message), std::move(fix), severity, std::move(evidence)));
}

void Report::unusual(int sort, Place place, std::string message, Evidence evidence) const {
  if (!sightings_) throw Error(Code::bug, "a habit was reported where there is no item");
  if (has_said(rule_.id, place)) return;
  looks_for(sort);
  sightings_->seen.push_back(
      {&rule_, sort, finding_of(rule_, std::move(place), std::move(message), {}, {}, std::move(evidence))});
}

void Report::looks_for(int sort) const {
  sightings_->looked_for.emplace(&rule_, sort);
}

bool Report::has_said(std::string_view rule, const Place& place) const {
  return said_ && said_->have(rule, place);
}

bool ItemFindings::have(std::string_view rule, const Place& place) const {
  const auto hash_of = [](std::string_view of, const Place& at) {
    const std::hash<std::string_view> hash;
    return hash(of) ^ 31 * hash(at.file) ^ 961 * hash(at.field) ^ at.line.value_or(0) * 0x9E3779B97F4A7C15u;
  };
  for (; indexed_ < findings_.size(); ++indexed_)
    index_.emplace(hash_of(findings_[indexed_].rule, findings_[indexed_].place), indexed_);
  const auto [first, last] = index_.equal_range(hash_of(rule, place));
  return std::any_of(first, last, [&](const auto& entry) {
    return findings_[entry.second].rule == rule && findings_[entry.second].place == place;
  });
}

CheckReport check(Source& source) {
  CheckReport report;
  const Metadata& metadata = source.metadata();
  std::vector<std::pair<const Rule*, std::unique_ptr<AcrossItems>>> across;
  for (const Rule* rule : rules())
    if (rule->across) across.emplace_back(rule, rule->across(metadata));

  source.findings().for_each([&](const Finding& finding) { report.findings.add(finding); });
  ItemPlaces places;
  Progress progress("checking", source.size());
  Habits habits;
  std::size_t position = 0;
  map_items(
      source, [&](ReadItem&& read) { return look(read, metadata); },
      [&](Looked&& looked) {
        progress.advance();
        places.add(looked.item ? &*looked.item : nullptr);
        if (looked.item) {
          ++report.items;
          for (const auto& [rule, state] : across)
            state->observe(*looked.item, looked.facts, report_to(*rule, looked, position, &places));
        } else {
          ++report.left_out;
        }
        report.findings.add(std::move(looked.findings.all()));
        habits.add(std::move(looked.sightings));
        for (const Rule* rule : looked.repairs) report.repairs.push_back({position, rule});
        ++position;
      });
  habits.finish(metadata.labels, [&](Finding finding) { report.findings.add(std::move(finding)); });
  for (auto& entry : across) {
    const Rule& rule = *entry.first;
    entry.second->finish({rule, nullptr, [&](Finding finding) { report.findings.add(std::move(finding)); },
                          [&](std::size_t of) {
                            report.repairs.push_back({of, &rule});
                          },
                          0, &places});
    entry.second.reset();  // the next rule's finish may need the memory
  }
  sort_repairs(report.repairs);
  return report;
}

std::string to_text(const CheckReport& report, std::size_t examples) {
  struct Shown {
    Severity severity = Severity::note;
    std::string lines;
    std::vector<std::string> fixes;
    std::size_t count = 0;
  };
  std::map<std::string, Shown> by_rule;
  report.findings.for_each([&](const Finding& finding) {
    Shown& shown = by_rule[finding.rule];
    shown.severity = std::max(shown.severity, finding.severity);
    const bool is_known =
        finding.fix.empty() || std::ranges::find(shown.fixes, finding.fix) != shown.fixes.end();
    if (!is_known && shown.fixes.size() < kMostFixes) shown.fixes.push_back(finding.fix);
    if (shown.count++ >= examples) return;
    if (!finding.place.empty()) shown.lines += fmt::format("  {}\n", finding.place.text());
    shown.lines += fmt::format("      {}\n", printable(finding.message));
  });
  std::string text;
  for (const Severity severity : {Severity::error, Severity::warning, Severity::note})
    for (const auto& [rule, shown] : by_rule) {
      if (shown.severity != severity) continue;
      text +=
          fmt::format("{} {}: {}\n{}", to_string(severity), rule, with_thousands(shown.count), shown.lines);
      if (shown.count > examples)
        text += fmt::format("  ... and {} more\n", with_thousands(shown.count - examples));
      for (const std::string& fix : shown.fixes) text += fmt::format("  what to do: {}\n", fix);
      text += "\n";
    }
  const Findings& findings = report.findings;
  text += fmt::format("{} checked", counted(report.items, "item"));
  if (report.left_out > 0) text += fmt::format(", {} left out", with_thousands(report.left_out));
  text += findings.empty() ? std::string(": nothing found\n")
                           : fmt::format(": {}, {}, {}\n", counted(findings.count(Severity::error), "error"),
                                         counted(findings.count(Severity::warning), "warning"),
                                         counted(findings.count(Severity::note), "note"));
  return text;
}

void write_json(const CheckReport& report, const Json& head,
                const std::function<void(std::string_view)>& write) {
  Json document = head;
  const Findings& findings = report.findings;
  document["findings"] = Json::array({nullptr});  // where the findings go
  document["counts"] = {{"error", findings.count(Severity::error)},
                        {"warning", findings.count(Severity::warning)},
                        {"note", findings.count(Severity::note)}};
  document["rules"] = findings.by_rule();
  document["items"] = report.items;
  document["left_out"] = report.left_out;
  const std::string text = to_text(document);
  constexpr std::string_view mark = "\n    null\n  ";
  const std::size_t at = text.find(mark);
  write(text.substr(0, at));
  bool is_first = true;
  findings.for_each([&](const Finding& finding) {
    write(std::string(is_first ? "" : ",") + "\n" + indented(to_text(to_json(finding)), 4));
    is_first = false;
  });
  write((is_first ? "" : "\n  ") + text.substr(at + mark.size()));
}

}  // namespace maskmill
