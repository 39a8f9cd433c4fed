// SPDX-License-Identifier: Apache-2.0
#include "learn/sweep.h"

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::learn;
using maskmill::tests::thrown_by;

using Texts = std::vector<std::string>;

TEST_CASE("a sweep is every combination, the last key changing fastest") {
  CHECK((sweep_of({"epochs=3", "batch-size=2,4", "seed=0,1"}) ==
         std::vector<Texts>{{"epochs=3", "batch-size=2", "seed=0"},
                            {"epochs=3", "batch-size=2", "seed=1"},
                            {"epochs=3", "batch-size=4", "seed=0"},
                            {"epochs=3", "batch-size=4", "seed=1"}}));
  CHECK((sweep_of({}) == std::vector<Texts>{{}}));
}

TEST_CASE("lists have their alternatives between semicolons") {
  CHECK(
      (sweep_of({"loss.terms=ce;ce,dice"}) == std::vector<Texts>{{"loss.terms=ce"}, {"loss.terms=ce,dice"}}));
}

TEST_CASE("a key that is not there, or twice, is refused") {
  CHECK(thrown_by([] { sweep_of({"epoch=3"}); }).code() == Code::usage);
  CHECK(thrown_by([] { sweep_of({"epochs=3", "epochs=4"}); }).place().field == "epochs");
}
