// SPDX-License-Identifier: Apache-2.0
#include "prepare/check/rule.h"

namespace maskmill {
namespace {

void find_broken_files(const Item&, const ItemFacts& facts, const Metadata&, const Report& report) {
  for (const FileFacts* file : facts.files())
    if (file->exists && file->unreadable) {
      report(file->unreadable->place(), file->unreadable->message(), file->unreadable->hint_text());
      report.repairable();
    }
}

}  // namespace

extern const Rule broken_file;
const Rule broken_file{.id = "broken-file",
                       .severity = Severity::error,
                       .title = "a file that cannot be read to its end",
                       .harm = "Training stops at it, or learns from a picture whose lower part is gray.",
                       .fix = "Fetch or export the file again, or leave the item out.",
                       .run = find_broken_files,
                       .repair_text = "left out, since its picture or mask cannot be read",
                       .repair = leave_out};

}  // namespace maskmill
