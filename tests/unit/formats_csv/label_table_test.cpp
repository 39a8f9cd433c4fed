// SPDX-License-Identifier: Apache-2.0
#include "formats/csv/label_table.h"

#include "support/data_sets.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

LabelFile read_table(const std::string& text) {
  const Scratch scratch;
  return read_label_table(scratch.write("df_label.csv", text));
}

std::map<int, std::string> names(const LabelFile& file) {
  std::map<int, std::string> all;
  for (std::size_t i = 0; i < file.labels.size(); ++i) {
    CHECK(file.labels[i].id == file.values[i]);
    all[file.values[i]] = file.labels[i].name;
  }
  return all;
}

}  // namespace

TEST_CASE("a label table names values, in any order of rows and columns") {
  CHECK(names(read_table("label_id,label_name\n0,ground\n1,\"road, wet\"\n")) ==
        std::map<int, std::string>{{0, "ground"}, {1, "road, wet"}});
  CHECK(names(read_table("\xEF\xBB\xBFlabel_name;label_id\r\ncar;2\r\nsky;1\r\n")) ==
        std::map<int, std::string>{{1, "sky"}, {2, "car"}});
}

TEST_CASE("an id without a name is unknown_x, counted among those without one") {
  CHECK(names(read_table("label_id,label_name\n0,ground\n1,\n3,car\n4,\n")) ==
        std::map<int, std::string>{{0, "ground"}, {1, "unknown_1"}, {3, "car"}, {4, "unknown_3"}});
}

TEST_CASE("values without a name get one where they occur") {
  LabelFile file = read_table("label_id,label_name\n0,ground\n1,road\n");
  name_unknown(file, {1, 2, 5});
  CHECK(names(file) ==
        std::map<int, std::string>{{0, "ground"}, {1, "road"}, {2, "unknown_1"}, {5, "unknown_4"}});
  LabelFile taken = read_table("label_id,label_name\n0,unknown_1\n");
  name_unknown(taken, {1});
  CHECK(names(taken) == std::map<int, std::string>{{0, "unknown_1"}, {1, "unknown_1_"}});
}

TEST_CASE("what is wrong with a label table is said, with its line") {
  const auto refused = [](const std::string& text) { return thrown_by([&] { read_table(text); }); };
  CHECK_THAT(refused("id,name\n0,a\n").message(), contains("label_id"));
  CHECK(refused("").code() == Code::bad_format);
  CHECK(refused("label_id,label_name\n0,a\nx,b\n").place().line == 3u);
  CHECK(refused("label_id,label_name\n0,a\n0,b\n").place().line == 3u);
  CHECK(refused("label_id,label_name\n0,a\n1,a\n").place().field == "label_name");
  CHECK(refused("label_id,label_name\n70000,a\n").code() == Code::bad_value);
  CHECK(refused("label_id,label_name\n0\n").place().line == 2u);
}

TEST_CASE("a written table reads back") {
  const LabelFile file = read_table("label_id,label_name\n5,\"a,b\"\n0,c\n");
  CHECK(label_table_text(file) == "label_id,label_name\n0,c\n5,\"a,b\"\n");
  CHECK(names(read_table(label_table_text(file))) == names(file));
}

TEST_CASE("lists of values are NumPy's") {
  CHECK(values_listed("[ 0  1\n 22]") == std::set<int>{0, 1, 22});
  CHECK(values_listed("7") == std::set<int>{7});
  CHECK(values_listed("[] 99999999999999999999 70000").empty());
  CHECK(listed_values(std::vector<std::uint16_t>{0, 1, 22}) == "[0 1 22]");
}
