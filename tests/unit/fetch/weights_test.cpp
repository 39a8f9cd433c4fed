// SPDX-License-Identifier: Apache-2.0
#include "fetch/weights.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

TEST_CASE(
    "published weights have torchvision's names, and the digits in their files' names are the digest's") {
  CHECK(published_weights().size() == 4);
  for (const PublishedWeights& weights : published_weights()) {
    INFO(weights.name);
    CHECK_THAT(weights.url, contains("-" + weights.sha256 + ".pth"));
    CHECK(find_weights(weights.name)->url == weights.url);
  }
}

TEST_CASE("a misspelt name is pointed out, and any other word is none") {
  CHECK_THAT(thrown_by([] { find_weights("ResNet50_Weights.IMAGENET1K_V3"); }).what(),
             contains("did you mean ResNet50_Weights."));
  CHECK_THAT(thrown_by([] { find_weights("VGG16_Weights.FEATURES"); }).what(),
             contains("there are: ResNet50"));
  for (const char* path : {"model", "runs/a/model.pth", "runs/My_Weights/last", "My_Weights.pth"})
    CHECK_FALSE(find_weights(path));
}

TEST_CASE("a catalogue's mistakes are errors with their place") {
  const Json entry{{"name", "a"},
                   {"url", "https://example.org/a"},
                   {"sha256", "01234567"},
                   {"network", "n"},
                   {"description", "d"}};
  const auto refusal = [&](const std::string& key, const Json& value) {
    Json changed = entry;
    changed[key] = value;
    return std::string(thrown_by([&] {
                         parse_weights(to_text({{"weights", {entry, changed}}}), "mine.json");
                       }).what());
  };
  CHECK_THAT(refusal("url", "a.pth"), contains("mine.json: weights[1].url"));
  CHECK_THAT(refusal("sha256", "0123"), contains("weights[1].sha256"));
  CHECK_THAT(refusal("sha256", "0123456G"), contains("weights[1].sha256"));
  CHECK_THAT(refusal("nmae", "b"), contains("nmae"));
  CHECK_THAT(refusal("url", "https://example.org/b"), contains("stands here twice"));
}
