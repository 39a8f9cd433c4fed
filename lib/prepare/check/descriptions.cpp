// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/descriptions.h"

#include "formats/finding_kinds.h"
#include "prepare/check/rule.h"

namespace maskmill {

Description description_of(std::string_view id) {
  for (const Rule* rule : rules())
    if (rule->id == id) return {rule->title, rule->harm, rule->fix};
  for (const FindingKind& kind : reader_findings())
    if (kind.id == id) return {.title = kind.meaning, .harm = {}, .fix = {}};
  return {};
}

}  // namespace maskmill
