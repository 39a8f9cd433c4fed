// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "data_options.h"
#include "instance_options.h"
#include "prepare/convert.h"

namespace maskmill::tools {

/// Says what the target cannot hold, before anything is written.
inline std::function<void(const std::vector<Loss>&)> announce_losses(const Format& target) {
  return [&target](const std::vector<Loss>& losses) {
    if (!losses.empty()) notice(std::string(target.title) + " cannot hold everything:\n" + to_text(losses));
  };
}

/// What convert, merge and transform do once they have a source: writes it, prints what came of it, and returns the exit
/// code.
inline int write_converted(const CommandLine& line, Source& source, const Format& target,
                           const OutputOptions& output, const WriteOptions& write,
                           const InstanceOptions& instances, bool lossless, Provenance made_by) {
  Findings findings;
  const ConvertReport report =
      convert(source, target, create_request(output, write, source.metadata()),
              {settings_from(instances), lossless}, std::move(made_by), findings, announce_losses(target));
  Json document = to_json(report);
  document["format"] = target.name;
  document["output"] = output.output;
  document["findings"] = findings.by_rule();
  line.print(to_text(report), document);
  if (const std::string given = stated(instances);
      !given.empty() && report.instances.instances == 0 && report.instances.left_out == 0)
    notice("without effect, since no mask became an instance:" + given);
  summarise(findings);
  return report.left_out > 0 || findings.count(Severity::error) > 0 ? 1 : 0;
}

}  // namespace maskmill::tools
