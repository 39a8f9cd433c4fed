// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/fix.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/text.h"
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

constexpr std::string_view kRepaired = "repaired";  // the id of what was done, among convert's findings
constexpr std::size_t kShownRepairs = 20;

Finding done(const Rule& rule, const Item& item) {
  return {std::string(kRepaired), Severity::note, item.origin,
          fmt::format("{}: {}", rule.id, rule.repair_text), ""};
}

/// A view of a source with its items repaired.
class RepairedSource : public Source {
 public:
  RepairedSource(Source& source, const std::vector<PlannedRepair>& repairs)
      : source_(source), repairs_(repairs) {}

  const Metadata& metadata() const override { return source_.metadata(); }
  std::size_t size() const override { return source_.size(); }
  const Findings& findings() const override { return source_.findings(); }
  void rewind() override {
    source_.rewind();
    position_ = 0;
  }
  ReadItem next() override {
    ReadItem read = source_.next();
    if (!read) return read;
    const std::span<const PlannedRepair> planned = planned_for(position_++);
    if (planned.empty()) return read;
    return [this, read = std::move(read), planned](std::vector<Finding>& findings,
                                                   Look look) -> std::optional<Item> {
      std::optional<Item> item = read(findings, with_sizes(look));
      for (const PlannedRepair& repair : planned) {
        if (!item) break;
        findings.push_back(done(*repair.rule, *item));
        item = repair.rule->repair(std::move(*item), metadata());
      }
      return item;
    };
  }

 private:
  std::span<const PlannedRepair> planned_for(std::size_t position) const {
    const auto first = std::ranges::lower_bound(repairs_, position, {}, &PlannedRepair::position);
    const auto last = std::ranges::upper_bound(repairs_, position, {}, &PlannedRepair::position);
    return {first, last};
  }

  Source& source_;
  const std::vector<PlannedRepair>& repairs_;
  std::size_t position_ = 0;
};

std::map<std::string, std::size_t> counted_by_rule(const std::vector<PlannedRepair>& repairs) {
  std::map<std::string, std::size_t> counts;
  for (const PlannedRepair& repair : repairs) ++counts[std::string(repair.rule->id)];
  return counts;
}

std::string counts_in_words(const CheckReport& report) {
  const Findings& findings = report.findings;
  return findings.empty() ? "nothing found"
                          : fmt::format("{}, {}, {}", counted(findings.count(Severity::error), "error"),
                                        counted(findings.count(Severity::warning), "warning"),
                                        counted(findings.count(Severity::note), "note"));
}

}  // namespace

FixReport fix(Source& source, const CheckReport& checked, const Format& target, const CreateRequest& request,
              Provenance provenance) {
  FixReport report;
  report.repairs = counted_by_rule(checked.repairs);
  RepairedSource repaired(source, checked.repairs);
  report.written =
      convert(repaired, target, request, {}, std::move(provenance), report.done, [](const auto&) {});
  const std::unique_ptr<Source> copy = target.open({request.target, {}});
  report.remaining = check(*copy);
  return report;
}

std::string to_text(const FixReport& report, const std::string& output) {
  std::string text =
      fmt::format("{}: a copy of {}", printable(output), counted(report.written.items, "item"));
  if (report.written.left_out > 0)
    text += fmt::format(", {} left out", with_thousands(report.written.left_out));
  text += "\n";
  std::size_t shown = 0, all = 0;
  report.done.for_each([&](const Finding& finding) {
    if (finding.rule != kRepaired) return;
    ++all;
    if (shown++ < kShownRepairs)
      text += fmt::format("  {}: {}\n", finding.place.text(), printable(finding.message));
  });
  if (all > kShownRepairs) text += fmt::format("  ... and {} more\n", with_thousands(all - kShownRepairs));
  if (all == 0) text += "  nothing was found that can safely be repaired\n";
  return text + fmt::format("the copy, checked: {}\n", counts_in_words(report.remaining));
}

Json to_json(const FixReport& report) {
  Json repairs = Json::array();
  report.done.for_each([&](const Finding& finding) {
    if (finding.rule != kRepaired) return;
    const std::size_t colon = finding.message.find(": ");
    repairs.push_back({{"rule", finding.message.substr(0, colon)},
                       {"place", to_json(finding.place)},
                       {"done", finding.message.substr(colon + 2)}});
  });
  const Findings& left = report.remaining.findings;
  return {{"items", report.written.items},
          {"left_out", report.written.left_out},
          {"repairs", repairs},
          {"remaining",
           {{"error", left.count(Severity::error)},
            {"warning", left.count(Severity::warning)},
            {"note", left.count(Severity::note)}}}};
}

}  // namespace maskmill
