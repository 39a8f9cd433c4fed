// SPDX-License-Identifier: Apache-2.0
#include "findings_page.h"

#include <algorithm>

#include "base/text.h"
#include "formats/archives.h"
#include "image/image.h"
#include "prepare/check/descriptions.h"
#include "render/sheet.h"

namespace maskmill::tools {
namespace {

constexpr int kPicturePx = 320;

// Many places are no pictures, or broken ones: those are shown by their words alone.
cv::Mat picture_of(const Place& place) {
  if (!has_image_extension(place.file)) return {};
  try {
    return reduced(read_reduced(unpacked(place.file), kPicturePx), kPicturePx);
  } catch (const Error&) {
    return {};
  }
}

FindingsReport::Rule described(const Finding& finding) {
  FindingsReport::Rule out;
  out.id = finding.rule;
  out.severity = finding.severity;
  out.fix = finding.fix;
  const Description description = description_of(finding.rule);
  out.title = description.title;
  out.harm = description.harm;
  if (!description.fix.empty()) out.fix = description.fix;
  return out;
}

}  // namespace

FindingsReport findings_page(const CheckReport& checked, const std::string& source, const Format& format,
                             int examples) {
  FindingsReport page;
  page.title = source;
  page.subtitle = counted(checked.items, "item") + " checked";
  page.facts = {{"format", std::string(format.title)},
                {"items that could not be read", with_thousands(checked.left_out)}};
  checked.findings.for_each([&](const Finding& finding) {
    auto rule = std::find_if(page.rules.begin(), page.rules.end(),
                             [&](const FindingsReport::Rule& known) { return known.id == finding.rule; });
    if (rule == page.rules.end()) rule = page.rules.insert(rule, described(finding));
    if (rule->count++ < static_cast<std::size_t>(examples))
      rule->examples.push_back({finding, picture_of(finding.place)});
  });
  return page;
}

}  // namespace maskmill::tools
