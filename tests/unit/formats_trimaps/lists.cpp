// SPDX-License-Identifier: Apache-2.0
#include "formats/trimaps/lists.h"

#include "support/scratch.h"

using namespace maskmill;
using maskmill::tests::contains;
using maskmill::tests::thrown_by;

TEST_CASE("a list line is a name and three numbers; the name may hold blanks") {
  CHECK(parse_list_line("Abyssinian_100 1 1 1") == TrimapEntry{"Abyssinian_100", 1, 1, 1});
  CHECK(parse_list_line("  yorkshire_terrier_9\t37 2  25 ") == TrimapEntry{"yorkshire_terrier_9", 37, 2, 25});
  CHECK(parse_list_line("my old cat 3 0 1 2") == TrimapEntry{"my old cat 3", 0, 1, 2});
  CHECK(parse_list_line("alone") == TrimapEntry{"alone"});
  CHECK(!parse_list_line("#Image CLASS-ID SPECIES BREED ID"));
  CHECK(!parse_list_line(" \t"));
  CHECK(!parse_list_line(""));
}

TEST_CASE("a line that is neither is an error that quotes it") {
  for (const char* line : {"two words", "a 1 2", "a 1 2 x", "a 1 -2 3", "1 2 3", "a 1 2 99999999999"})
    CHECK_THAT(thrown_by([&] { parse_list_line(line); }).message(), contains(line));
}

TEST_CASE("a line that is written parses to the same entry, or is refused") {
  for (const char* name : {"a", "a b", "a 1 2 3", "caf\xC3\xA9 \xE2\x98\x83", "it's \"it\"", "sub/x", "a#b"})
    CHECK(parse_list_line(to_list_line({name, 7, 2, 3})) == TrimapEntry{name, 7, 2, 3});
  for (const char* name : {"", " a", "a ", "#a", "a\nb", "a\r", "a\t"})
    CHECK(thrown_by([&] { to_list_line({name, 1, 1, 1}); }).code() == Code::bad_value);
}

TEST_CASE("numbers become attributes and come back; 0 is unknown") {
  const TrimapEntry cat{"Maine_Coon_12", 21, 1, 8};
  const Attributes attributes = attributes_of(cat);
  CHECK(attributes == Attributes{{"class_id", std::int64_t{21}},
                                 {"species", std::string("cat")},
                                 {"breed_id", std::int64_t{8}},
                                 {"breed", std::string("Maine_Coon")}});
  CHECK(entry_of(cat.name, attributes) == cat);
  CHECK(attributes_of({"x", 0, 0, 0}).empty());
  CHECK(attributes_of({"sub/pug_1", 0, 2, 0}) ==
        Attributes{{"species", std::string("dog")}, {"breed", std::string("pug")}});
  CHECK(entry_of("x", attributes_of({"x", 0, 3, 0})) == TrimapEntry{"x", 0, 3, 0});
  CHECK(entry_of("x", {{"species", std::string("bird")}, {"class_id", -1.5}}) == TrimapEntry{"x"});
}
