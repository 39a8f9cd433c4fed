// SPDX-License-Identifier: Apache-2.0
#include "fetch/local_inputs.h"

#include <boost/filesystem.hpp>
#include <optional>
#include <variant>

#include "base/error.h"
#include "fetch/download.h"

namespace maskmill::fetch {

LocalInputs::LocalInputs(const std::vector<std::string>& inputs, const Access& access) {
  std::vector<Wanted> wanted;
  for (const std::string& input : inputs) {
    if (!is_url(input)) {
      paths_.push_back(input);
      printable_.push_back(input);
      continue;
    }
    const Url url(input);
    if (!staging_) staging_ = std::make_unique<Staging>(fs::temp_directory_path() / "fetched");
    // A folder each: two servers may call their files alike.
    const Path folder = staging_->folder() / (std::to_string(wanted.size()) + "-" + url.host());
    wanted.push_back({url, folder / url.file_name()});
    paths_.push_back(wanted.back().target.string());
    printable_.push_back(url.printable());
  }
  std::size_t begun = 0;
  download_all([&] { return begun == wanted.size() ? std::nullopt : std::optional(wanted[begun++]); },
               [](const Wanted&, const DownloadResult& result) {
                 if (const auto* error = std::get_if<Error>(&result)) throw *error;
               },
               access);
}

}  // namespace maskmill::fetch
