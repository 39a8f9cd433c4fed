// SPDX-License-Identifier: Apache-2.0
#include "fetch/sha256.h"

#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::fetch;
using maskmill::tests::Scratch;
using maskmill::tests::thrown_by;

// NIST's examples for FIPS 180-4.
TEST_CASE("digests are those that the standard gives") {
  Sha256 sum;
  CHECK(sum.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  sum.add("a");
  sum.add("bc");
  CHECK(sum.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sum.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.add(std::string(1000, 'a'));
  CHECK(million.hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a file's digest is its bytes'") {
  const Scratch scratch;
  CHECK(sha256_of(scratch.write("a", "abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(thrown_by([&] { sha256_of(scratch / "absent"); }).code() == Code::not_found);
}
