// SPDX-License-Identifier: Apache-2.0
#include "fetch/open_images/row_filter.h"

#include <algorithm>
#include <set>

#include "base/csv.h"
#include "base/random.h"
#include "catch.h"
#include "support/scratch.h"

using namespace maskmill;
using namespace maskmill::fetch;
using namespace maskmill::tests;

namespace {

struct Found {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t unreadable = 0;

  RowSinks sinks() {
    return {[this](std::string_view, const std::vector<std::string>& columns) { header = columns; },
            [this](std::string_view text) {
              CsvRow row;
              CsvReader reader(text, "row", 1);
              REQUIRE(reader.next(row));
              rows.push_back(row.fields);
              CHECK_FALSE(reader.next(row));
            },
            [this](const Error&) { ++unreadable; }};
  }
};

void feed(RowFilter& filter, std::string_view table, const std::function<std::size_t()>& piece) {
  while (!table.empty()) {
    const std::size_t bytes = std::min(piece(), table.size());
    const std::string copy(table.substr(0, bytes));  // so that sanitizers see a read past its end
    filter.add(copy);
    table.remove_prefix(bytes);
  }
  filter.finish();
}

const std::vector<std::string> kMids{"/m/01b9xk", "/m/0k4j", "/g/11b6c"};

Found filtered(const std::string& table, const std::function<std::size_t()>& piece, bool by_mids) {
  Found found;
  const std::set<std::string, std::less<>> mids(kMids.begin(), kMids.end());
  const auto filter = by_mids ? filter_by_mids("LabelName", kMids, found.sinks(), "a.csv")
                              : filter_by_cell(
                                    "LabelName", [&](std::string_view cell) { return mids.contains(cell); },
                                    found.sinks(), "a.csv");
  feed(*filter, table, piece);
  return found;
}

/// What CsvReader reads, row by row.
Found read_all(const Path& file) {
  Found found;
  CsvReader reader(file);
  CsvRow row;
  for (;;) try {
      if (!reader.next(row)) return found;
      if (found.header.empty()) {
        found.header = row.fields;
        continue;
      }
      const std::size_t label =
          static_cast<std::size_t>(std::ranges::find(found.header, "LabelName") - found.header.begin());
      if (row.fields.size() > label && std::ranges::find(kMids, row.fields[label]) != kMids.end())
        found.rows.push_back(row.fields);
    } catch (const Error&) {
      ++found.unreadable;
    }
}

/// Cells that hold what could be taken for rows, classes and line ends.
std::string made_table(Random& random) {
  const std::vector<std::string> ends{"\n", "\r\n", "\r"};
  static const std::vector<std::string> cells{"0001eeaf4aed83f9",
                                              "xclick",
                                              "/m/01b9xk",
                                              "/m/0k4j",
                                              "/m/0k4j2",
                                              "/m/0k4",
                                              "/g/11b6c",
                                              "/",
                                              "//",
                                              "/m/",
                                              "",
                                              "1",
                                              "/,",
                                              "x/m/0k4j",
                                              " /m/01b9xk",
                                              "/m/01b9xk ",
                                              "\"/m/0k4j\"",
                                              "\"a,/m/0k4j,b\"",
                                              "\"\"",
                                              "\"a\n/m/0k4j,\r\nb\"",
                                              "\"say \"\"/m/01b9xk\"\"\"",
                                              "5\" pipe",
                                              "-1",
                                              "/m/01b9xk/m/01b9xk"};
  const bool may_quote = random.chance(0.6), may_break = random.chance(0.2);
  const std::string& usual_end = ends[random.below(ends.size())];
  const std::size_t columns = 1 + random.below(4), label = random.below(columns);
  std::string table = random.chance(0.3) ? "\xEF\xBB\xBF" : "";
  for (std::size_t i = 0; i < columns; ++i)
    table += (i > 0 ? "," : "") + (i == label ? std::string("LabelName") : "Column" + std::to_string(i));
  table += usual_end;
  for (std::uint64_t row = random.below(12); row > 0; --row) {
    for (std::size_t i = 0; i < (random.chance(0.9) ? columns : random.below(6)); ++i) {
      std::string cell = cells[random.below(cells.size())];
      if (i == label && random.chance(0.6)) cell = cells[2 + random.below(5)];
      if (!may_quote) std::erase(cell, '"');
      if (!may_quote) std::erase_if(cell, [](char c) { return c == '\n' || c == '\r'; });
      table += (i > 0 ? "," : "") + cell;
    }
    if (may_break && random.chance(0.2)) table += "\"";
    table += random.chance(0.9) ? usual_end : ends[random.below(ends.size())];
    if (random.chance(0.1)) table += usual_end;
  }
  if (random.chance(0.3)) table.erase(table.size() - random.below(std::min<std::size_t>(table.size(), 3)));
  return table;
}

std::string plain_row(const std::string& id, const std::string& mid, std::size_t clicks) {
  return id + "_" + mid.substr(1, 1) + mid.substr(3) + "_9a041d52.png," + id + "," + mid +
         ",9a041d52,0.1,0.2,0.3,0.4,0.9," + std::string(clicks, 'c') + "\n";
}

}  // namespace

TEST_CASE("a row filter finds exactly the rows that CsvReader reads, however the bytes come") {
  const Scratch scratch;
  std::size_t rows = 0, unreadable = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    Random random(seed);
    const std::string table = made_table(random);
    const Found expected = read_all(scratch.write("a.csv", table));
    rows += expected.rows.size();
    unreadable += expected.unreadable;
    if (std::ranges::find(expected.header, "LabelName") == expected.header.end()) continue;
    INFO(table);
    const std::size_t most = 1 + random.below(40);
    for (const bool by_mids : {true, false}) {
      const auto check = [&](const Found& found) {
        CHECK(found.header == expected.header);
        CHECK(found.rows == expected.rows);
        CHECK(found.unreadable == expected.unreadable);
      };
      check(filtered(
          table, [&] { return 1 + random.below(most); }, by_mids));
      check(filtered(
          table, [&] { return table.size(); }, by_mids));
    }
  }
  CHECK(rows > 1000);
  CHECK(unreadable > 30);
}

TEST_CASE("a table cut in two at every place gives the same rows") {
  const std::string table =
      "\xEF\xBB\xBFImageID,LabelName,Title\r\na,/m/0k4j,1\r\n\r\nb,/m/0k4j,\"two\r\nlines, /m/01b9xk,\"\r\nc,/m/0k4x,\r\n"
      "d,\"/m/01b9xk\",\"\"\"\"\r\ne,/g/11b6c,5\" pipe\rf,/m/0k4j";
  const std::vector<std::vector<std::string>> expected{{"a", "/m/0k4j", "1"},
                                                       {"b", "/m/0k4j", "two\r\nlines, /m/01b9xk,"},
                                                       {"d", "/m/01b9xk", "\""},
                                                       {"e", "/g/11b6c", "5\" pipe"},
                                                       {"f", "/m/0k4j"}};
  for (std::size_t cut = 1; cut < table.size(); ++cut)
    for (const bool by_mids : {true, false}) {
      std::size_t next = cut;
      const Found found = filtered(
          table, [&] { return std::exchange(next, table.size()); }, by_mids);
      INFO(cut);
      CHECK(found.rows == expected);
      CHECK(found.unreadable == 0);
    }
}

TEST_CASE("rows longer than what is looked through at once, and large pieces") {
  Random random(7);
  std::string table =
      "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n";
  std::size_t expected = 0;
  for (int i = 0; i < 3000; ++i) {
    const bool is_it = random.chance(0.1);
    expected += is_it;
    table += plain_row(std::to_string(1'000'000'000 + i), is_it ? "/m/0k4j" : "/m/0k4k",
                       random.chance(0.01) ? 40'000 : random.below(300));
  }
  for (const std::size_t piece : {1000UL, 16'384UL, 100'000UL, table.size()})
    for (const bool by_mids : {true, false})
      CHECK(filtered(
                table, [&] { return piece; }, by_mids)
                .rows.size() == expected);
}

TEST_CASE("a quote that is never closed costs its row, not those after it") {
  std::string table = "ImageID,LabelName\n\"a,/m/0k4j\n";
  for (int i = 0; i < 200'000; ++i) table += "b,/m/0k4j\n";
  for (const std::size_t piece : {5000UL, table.size()}) {
    const Found found = filtered(
        table, [&] { return piece; }, true);
    CHECK(found.unreadable == 1);
    CHECK(found.rows.size() == 200'000);
  }
}

TEST_CASE("what is no table of this kind is refused") {
  const auto refused = [](const std::string& table) {
    return thrown_by([&] {
      filtered(
          table, [&] { return table.size() + 1; }, true);
    });
  };
  CHECK_THAT(refused("<!DOCTYPE html>\n<html></html>\n").message(), contains("lacks LabelName"));
  CHECK_THAT(refused("").message(), contains("empty"));
  CHECK(refused("\xFF\xFEI\0m\0").code() == Code::unsupported);
}
