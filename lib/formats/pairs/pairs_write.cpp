// SPDX-License-Identifier: Apache-2.0
#include "formats/mask_files/mask_sink.h"
#include "formats/pairs/pairs_halves.h"

namespace maskmill {
namespace {

class PairsSink : public MaskSink {
 public:
  using MaskSink::MaskSink;

 private:
  static std::string below(const std::string& subset, const char* folder) {
    return subset.empty() ? folder : subset + "/" + folder;
  }
  std::string image_folder(const std::string& subset) const override { return below(subset, "images"); }
  std::string mask_folder(const std::string& subset) const override { return below(subset, "masks"); }
};

}  // namespace

std::unique_ptr<Sink> create_pairs(const CreateRequest& request) {
  return std::make_unique<PairsSink>(
      request, parsed_settings<MaskWriteSettings>(request.settings),
      MaskStorage{.values = request.metadata.labels.mask_values(), .stands_alone = true});
}

}  // namespace maskmill
