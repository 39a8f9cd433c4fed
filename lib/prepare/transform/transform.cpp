// SPDX-License-Identifier: Apache-2.0
#include "prepare/transform/transform.h"

#include "base/error.h"
#include "prepare/transform/untile.h"

namespace maskmill {

std::unique_ptr<Source> transformed(std::shared_ptr<Source> source, const TransformSettings& settings,
                                    const Capabilities& target) {
  const RelabelSettings& labels = settings.labels;
  if (!settings.untile && !labels.any() && !settings.reshape.any() && !settings.filter.any())
    throw Error(Code::usage, "nothing is to be changed")
        .hint("to write the data set anew: maskmill convert; what can be changed: maskmill transform --help");
  std::unique_ptr<Source> view;
  const auto step = [&](auto&& make) {
    view = make(view ? std::shared_ptr<Source>(std::move(view)) : std::move(source));
  };
  if (settings.untile) step([&](auto from) { return untiled(std::move(from), settings.pictures, target); });
  if (labels.any()) step([&](auto from) { return relabelled(std::move(from), labels, target); });
  if (settings.reshape.any())
    step([&](auto from) { return reshaped(std::move(from), settings.reshape, settings.pictures, target); });
  if (settings.filter.any())
    step([&](auto from) { return without_unwanted(std::move(from), settings.filter); });
  return view;
}

}  // namespace maskmill
