// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <boost/filesystem.hpp>
#include <fstream>
#include <random>

#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

using Fields = std::vector<std::string>;

struct Table {
  std::vector<Fields> rows;
  std::vector<std::size_t> lines;
  std::vector<Error> errors;
};

Table read(const Path& file, char separator = ',') {
  CsvReader reader(file, separator);
  Table table;
  CsvRow row;
  for (;;) try {
      if (!reader.next(row)) return table;
      table.rows.push_back(row.fields);
      table.lines.push_back(row.line);
    } catch (const Error& error) {
      table.errors.push_back(error);
    }
}

/// The same by way of CsvScanner, each row of which is then read from memory.
Table scanned(const Path& file, char separator) {
  CsvScanner scanner(file, separator);
  const std::string bytes = read_file(file);
  Table table;
  CsvLine line;
  for (;;) try {
      if (!scanner.next(line)) return table;
      REQUIRE(line.text == std::string_view(bytes).substr(line.offset, line.text.size()));
      REQUIRE(line.end <= bytes.size());
      CsvRow row;
      CsvReader reader(line.text, file, line.line, separator);
      REQUIRE(reader.next(row));
      REQUIRE(row.line == line.line);
      if (line.is_plain)
        for (std::size_t i = 0; i <= row.fields.size(); ++i)
          REQUIRE(plain_csv_field(line.text, i, separator) ==
                  (i < row.fields.size() ? row.fields[i] : std::string()));
      table.rows.push_back(row.fields);
      table.lines.push_back(row.line);
    } catch (const Error& error) {
      table.errors.push_back(error);
    }
}

/// What both readers say; they must agree.
Table parsed(const std::string& text, char separator = ',') {
  const Scratch scratch;
  const Path file = scratch.write("t.csv", text);
  const Table table = read(file, separator), other = scanned(file, separator);
  REQUIRE(other.rows == table.rows);
  REQUIRE(other.lines == table.lines);
  REQUIRE(other.errors.size() == table.errors.size());
  for (std::size_t i = 0; i < table.errors.size(); ++i)
    REQUIRE(std::string(other.errors[i].what()) == table.errors[i].what());
  return table;
}

}  // namespace

TEST_CASE("fields may be quoted, and lines may end in three ways") {
  CHECK(parsed("a,b\r\n1,\"x,y\"\n\"say \"\"hi\"\"\",\r\"\",last").rows ==
        std::vector<Fields>{{"a", "b"}, {"1", "x,y"}, {"say \"hi\"", ""}, {"", "last"}});
  CHECK(parsed("5\" pipe,b").rows == std::vector<Fields>{{"5\" pipe", "b"}});
  CHECK(parsed("a;b,c\n", ';').rows == std::vector<Fields>{{"a", "b,c"}});
  CHECK(parsed("").rows.empty());
}

TEST_CASE("a byte order mark and blank lines are passed over; lines count from 1, with those in quotes") {
  const Table table = parsed(
      "\xEF\xBB\xBF"
      "a,b\n\n\"one\r\ntwo\",x\n\r\n\"\"\nlast,y\n");
  CHECK(table.rows == std::vector<Fields>{{"a", "b"}, {"one\r\ntwo", "x"}, {""}, {"last", "y"}});
  CHECK(table.lines == std::vector<std::size_t>{1, 3, 6, 7});
}

TEST_CASE("a row that cannot be read costs itself, not its neighbours") {
  const Table table = parsed("a,b\n\"x\"y,1\ngood,2\n\"never closed,3\nfine,4\n");
  CHECK(table.rows == std::vector<Fields>{{"a", "b"}, {"good", "2"}, {"fine", "4"}});
  REQUIRE(table.errors.size() == 2);
  CHECK(table.errors[0].place().line == 2u);
  CHECK_THAT(table.errors[0].message(), contains("behind a closing quote"));
  CHECK(table.errors[1].place().line == 4u);
  CHECK_THAT(table.errors[1].message(), contains("not closed"));
}

TEST_CASE("a quote that is not closed costs its row in a large file, too") {
  std::string text = "a,b\n\"never closed,1\n";
  for (int i = 0; i < 200'000; ++i) text += "row,with some text to read\n";
  const Table table = parsed(text);
  CHECK(table.errors.size() == 1);
  CHECK(table.rows.size() == 200'001);
}

TEST_CASE("rows are the same wherever a window ends in them") {
  std::string text;
  std::vector<Fields> rows;
  for (std::size_t i = 0; text.size() < 40'000; ++i) {
    rows.push_back({std::string(i % 97, 'x'), "a\"b\r\n,", std::string(i % 5000, 'y')});
    text += rows.back()[0] + ",\"a\"\"b\r\n,\"," + rows.back()[2] + "\r\n";
    if (rows.back() == Fields{""}) rows.pop_back();
  }
  CHECK(parsed(text).rows == rows);
}

TEST_CASE("a row is found again by its place") {
  const Scratch scratch;
  const Path file = scratch.write("t.csv", "a,b\n\"1\n2\",x\nthird,y\n");
  CsvReader reader(file);
  CsvRow row;
  while (reader.next(row) && row.fields[0] != "third") {
  }
  CsvReader again(file);
  again.seek(row.offset, row.line);
  CsvRow found;
  REQUIRE(again.next(found));
  CHECK(found.fields == Fields{"third", "y"});
  CHECK(found.line == 4);
  CHECK_FALSE(again.next(found));
}

TEST_CASE("the separator is that of the first line, outside quotes") {
  const Scratch scratch;
  CHECK(find_separator(scratch.write("a", "image,mask\na;b;c\n")) == ',');
  CHECK(find_separator(scratch.write("b", "image;\"m,a,s,k\"\n")) == ';');
  CHECK(find_separator(scratch.write("c", "image\tmask\r\n")) == '\t');
  CHECK(find_separator(scratch.write("d", "image")) == ',');
}

TEST_CASE("what is written reads back") {
  const std::vector<Fields> rows{{"plain", "with, comma", "\"quoted\"", "two\nlines", ""}, {""}, {"", ""}};
  std::string text;
  for (const Fields& row : rows) text += to_csv_line(row);
  CHECK(parsed(text).rows == rows);
}

TEST_CASE("a table in UTF-16 is refused with what to do") {
  const Scratch scratch;
  const Path file = scratch.write("t.csv", std::string_view("\xFF\xFE"
                                                            "a\0",
                                                            4));
  CHECK_THAT(thrown_by([&] { CsvReader reader(file); }).hint_text(), contains("UTF-8"));
}

TEST_CASE("rows that are scanned are those that are read, whatever stands in them") {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int length = static_cast<int>(random() % 40); length > 0; --length)
      text += "ab,\"\r\n"[random() % 6];
    parsed(text);
  }
}

TEST_CASE("rows are scanned across the pieces in which a file is read") {
  std::string plain, quoted;
  for (int i = 0; i < 40000; ++i) {
    plain += std::to_string(i) + ",a field,another field of some length\n";
    quoted += std::to_string(i) + (i % 1000 == 7 ? ",\"a\nb\",c\r\n" : ",a field,another field\r\n");
  }
  CHECK(parsed(plain).rows.size() == 40000);
  CHECK(parsed(quoted).rows.size() == 40000);
  CHECK_FALSE(parsed(std::string(std::size_t{3} << 20, 'x') + "\na,b\n").errors.empty());
}
