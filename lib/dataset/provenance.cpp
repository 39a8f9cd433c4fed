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
  Json document{{"program", "maskmill"},
                {"version", version()},
                {"command", provenance.command},
                {"inputs", std::move(inputs)}};
  for (const Provenance::Download& download : provenance.downloads)
    document["downloads"].push_back(to_json(download));
  if (!provenance.licence.empty()) document["licence"] = provenance.licence;
  if (!provenance.citation.empty()) document["citation"] = provenance.citation;
  return to_text(document);
}

Json to_json(const Provenance::Download& download) {
  Json document{{"url", download.url}, {"bytes", download.bytes}};
  if (!download.sha256.empty()) document["sha256"] = download.sha256;
  if (download.members > 0) document["members"] = download.members;
  return document;
}

std::string_view version() {
  return MASKMILL_VERSION;
}

}  // namespace maskmill
