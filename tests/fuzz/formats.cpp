// SPDX-License-Identifier: Apache-2.0
// A folder of bytes as each registered format reads it. What is read must also be checked and written, as
// every format that is written.
#include <boost/filesystem.hpp>
#include <cstdint>

#include "base/hash.h"
#include "base/hash_index.h"
#include "base/parallel.h"
#include "formats/registry.h"
#include "prepare/check/check.h"
#include "prepare/convert.h"
#include "prepare/statistics.h"
#include "support/packed_folder.h"
#include "target.h"

using namespace maskmill;
using namespace maskmill::fuzz;

namespace {

const Format* named(std::string_view name) {
  for (const Format* format : formats::all())
    if (format->name == name) return format;
  return nullptr;
}

bool all_annotated(Source& source) {
  bool all = true;
  Findings findings;
  for_each_item(source, findings, [&](Item&& item) { all = all && item.annotated; });
  return all;
}

void write_and_read(Source& source, const Format& target, const Path& out) {
  ConvertReport report;
  Findings findings;
  if (!answers([&] {
        report = convert(source, target, {.target = out, .metadata = source.metadata()}, {},
                         {.command = "fuzz", .inputs = {}}, findings, [](const std::vector<Loss>&) {});
      }))
    return;
  // Images alone are no data set to formats that know one by its annotations.
  if (report.items == 0 || !all_annotated(source) || findings.by_rule().contains("images-absent")) return;
  try {
    Findings ignored;
    for_each_item(*target.open({out, {}}), ignored, [](Item&&) {});
  } catch (const Error& error) {
    require(false, (std::string("what was written cannot be read: ") + error.what()).c_str());
  }
}

/// Among thousands of inputs each target meets many; a corpus is shown to all of them.
bool is_target_of(const Format& target, const Format& format, std::uint64_t input) {
#ifdef MASKMILL_SAMPLED_TARGETS
  constexpr std::uint64_t kShare = 6;
  return &target == &format || (input + hash_of(target.name)) % kShare == 0;
#else
  static_cast<void>(input);
  static_cast<void>(format);
  return target.create != nullptr;
#endif
}

void read_and_write(const Format& format, const OpenRequest& request, const Path& out, std::uint64_t input) {
  std::unique_ptr<Source> source;
  if (!answers([&] { source = format.open(request); })) return;
  answers([&] { check(*source); });
  answers([&] {
    Findings findings;
    statistics_of(*source, {}, findings);
  });
  for (const Format* target : formats::all())
    if (target->create && is_target_of(*target, format, input))
      write_and_read(*source, *target, out / std::string(target->name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Jobs jobs(1);
  const tests::Scratch scratch;
  const tests::PackedFolder packed = tests::unpacked({reinterpret_cast<const char*>(data), size});
  const Format* format = named(packed.format);
  if (!format) return 0;
  put(packed, scratch / "in");
  answers([&] { formats::detect(scratch / "in"); });
  read_and_write(*format, {scratch / "in", packed.settings}, scratch / "out",
                 digest_of({reinterpret_cast<const char*>(data), size}).low);
  return 0;
}
