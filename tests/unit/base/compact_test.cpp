// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <string>

#include "base/hash_index.h"
#include "base/name_arena.h"
#include "base/random.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

TEST_CASE("names come back, also long, empty and odd ones, and wherever the arena is moved") {
  NameArena arena;
  Random random(1);
  std::map<NameArena::Number, std::string> known;
  for (int i = 0; i < 20'000; ++i) {
    std::string name(random.below(40), static_cast<char>(random.below(256)));
    if (i % 1000 == 0) name.assign(random.below(65'000), 'x');
    known.emplace(arena.add(name), name);
  }
  CHECK(known.size() == 20'000);
  const NameArena moved = std::move(arena);
  bool same = true;
  for (const auto& [number, name] : known) same = same && moved[number] == name;
  CHECK(same);
  CHECK(moved[NameArena::none].empty());
}

TEST_CASE("a name that is too long is refused") {
  NameArena arena;
  CHECK(thrown_by([&] { arena.add(std::string(65'536, 'x')); }).code() == Code::unsupported);
}

TEST_CASE("an index finds what was added, among equal hashes too, and nothing else") {
  std::vector<std::string> names;
  HashIndex index;
  const auto find = [&](const std::string& name, std::uint64_t hash) {
    return index.find(hash, [&](std::uint32_t number) { return names[number] == name; });
  };
  const auto hash = [](const std::string& name) { return name.starts_with("same") ? 7 : hash_of(name); };
  for (int i = 0; i < 5000; ++i) {
    names.push_back((i % 100 == 0 ? "same" : "name") + std::to_string(i));
    index.add(hash(names.back()), static_cast<std::uint32_t>(i));
  }
  bool all = true;
  for (std::uint32_t i = 0; i < names.size(); ++i) all = all && find(names[i], hash(names[i])) == i;
  CHECK(all);
  CHECK_FALSE(find("same1", 7));
  CHECK_FALSE(find("other", hash_of("other")));
  CHECK(index.size() == 5000);
}
