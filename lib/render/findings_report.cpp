// SPDX-License-Identifier: Apache-2.0
#include "render/findings_report.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"
#include "render/sheet.h"

namespace maskmill {
namespace {

constexpr int kPicturePx = 480;

html::Tone tone_of(Severity severity) {
  return severity == Severity::error     ? html::Tone::bad
         : severity == Severity::warning ? html::Tone::warning
                                         : html::Tone::plain;
}

using Rules = std::vector<const FindingsReport::Rule*>;

void write_overview(html::Page& page, const FindingsReport& report, const Rules& rules) {
  html::KeyValues totals;
  for (const auto& [what, count] :
       {std::pair("error", report.errors), {"warning", report.warnings}, {"note", report.notes}})
    totals.emplace_back(std::string(what) + (count == 1 ? "" : "s"), with_thousands(count));
  page.headline(totals);
  if (!report.facts.empty()) page.key_values(report.facts);
  if (rules.empty()) {
    page.note("Nothing was found: every rule holds for every item.", html::Tone::good);
    return;
  }
  const std::array columns{html::Column{"severity"}, html::Column{"rule"}, html::Column{"what is wrong"},
                           html::Column{"findings", true}};
  std::vector<html::Row> rows;
  for (const auto* rule : rules)
    rows.push_back({html::badge(to_string(rule->severity), tone_of(rule->severity)), html::section_link(rule->id),
                    html::text(rule->title), html::count(static_cast<std::int64_t>(rule->count))});
  page.section("Rules");
  page.table(columns, rows);
}

void write_figure(html::Page& page, const FindingsReport::Example& example) {
  std::vector<Markup> pictures;
  for (const auto& picture : example.pictures)
    pictures.push_back(html::jpeg_picture(reduced(picture.rgb, kPicturePx), picture.what));
  page.figure(pictures, example.finding.place.text(), example.finding.message);
}

void write_rule(html::Page& page, const FindingsReport::Rule& rule) {
  page.section(rule.id, rule.title);
  if (!rule.harm.empty()) page.paragraph(rule.harm);
  if (!rule.fix.empty()) page.paragraph("What to do: " + rule.fix);
  std::vector<html::Row> rows;
  bool fixes = false;
  for (const auto& example : rule.examples) {
    const Finding& finding = example.finding;
    if (!example.pictures.empty()) continue;
    fixes = fixes || !finding.fix.empty();
    rows.push_back({html::text(finding.place.text()), html::text(finding.message), html::text(finding.fix)});
  }
  std::vector<html::Column> columns{{"where"}, {"what"}};
  if (fixes) columns.push_back({"what to do"});
  if (!rows.empty()) page.table(columns, rows);
  for (const auto& example : rule.examples)
    if (!example.pictures.empty()) write_figure(page, example);
  if (rule.examples.size() < rule.count)
    page.paragraph("and " + with_thousands(rule.count - rule.examples.size()) + " more");
}

}  // namespace

void write_findings_report(const FindingsReport& report, const Path& target, Overwrite overwrite) {
  Rules rules;
  for (const auto& rule : report.rules)
    if (rule.count > 0) rules.push_back(&rule);
  std::stable_sort(rules.begin(), rules.end(), [](const auto* a, const auto* b) {
    return std::tuple(a->severity, a->count) > std::tuple(b->severity, b->count);
  });
  OutputFile file(target, overwrite);
  html::Page page([&](std::string_view bytes) { file.write(bytes); }, report.title, report.subtitle);
  write_overview(page, report, rules);
  for (const auto* rule : rules) write_rule(page, *rule);
  page.close();
  file.commit();
}

}  // namespace maskmill
