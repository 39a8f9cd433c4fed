// SPDX-License-Identifier: Apache-2.0
#include "dataset/provenance.h"

#include "base/json.h"

namespace maskmill {

std::string to_json_text(const Provenance& provenance) {
  Json inputs = Json::array();
  for (const Provenance::Input& input : provenance.inputs)
    inputs.push_back({{"path", input.path},
                      {"format", input.format},
                      {"items", input.items},
                      {"fingerprint", input.fingerprint}});
  return to_text(Json{{"program", "maskmill"},
                      {"version", version()},
                      {"command", provenance.command},
                      {"inputs", std::move(inputs)}});
}

std::string_view version() {
  return MASKMILL_VERSION;
}

}  // namespace maskmill
