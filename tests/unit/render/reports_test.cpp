// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "pictures.h"
#include "render/data_report.h"
#include "render/evaluation_report.h"
#include "render/findings_report.h"
#include "render/training_report.h"
#include "xml.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

const std::string kNasty = "<i>&\"' \x03 \xfe 漢";
const std::string kNastyShown = "<i>&\"' \u2403 \uFFFD 漢";
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TrainingReport full_report() {
  TrainingReport report;
  report.title = kNasty;
  report.subtitle = kNasty;
  report.headline = {{"mean Dice", "0.843"}};
  report.remarks = {kNasty};
  report.classes = {{kNasty, {1, 2, 3}, 0.5, 0.6, 0.7, 0.8, 1000},
                    {"none", {4, 5, 6}, kNan, kNan, kNan, kNan, 0}};
  report.confusion = {900, 100, 0, 0};
  for (int epoch = 1; epoch <= 3; ++epoch)
    report.epochs.push_back({{"epoch", epoch}, {"train_loss", 1.0 / epoch}, {"val_loss", kNan}, {kNasty, 2}});
  report.best_epoch = 2;
  report.worst = {
      kNasty,
      {{kNasty, kNasty, {{"truth", picture({800, 600}, 1)}, {"prediction", picture({800, 600}, 2)}}}}};
  report.settings = {{"model", kNasty}};
  return report;
}

}  // namespace

TEST_CASE("a training report is one well-formed page with all that it was given") {
  const Scratch scratch;
  write_training_report(full_report(), scratch / "report.html", Overwrite::no);
  const Element page = parse_xml(read_file(scratch / "report.html"));
  CHECK(find_all(page, "h1").at(0).text == kNastyShown);
  CHECK(find_all(page, "section").size() == 5);
  const auto cells = find_all(find_all(page, "table").at(0), "td");
  REQUIRE(cells.size() == 12);
  CHECK(cells[0].text == kNastyShown);
  CHECK(cells[1].text == "0.500");
  CHECK(cells[5].text == "1,000");
  CHECK(cells[7].text == "\u2013");
  CHECK_THAT(find_all(page, "table").at(1).text, contains("10.0 %"));  // of the class taken for the other
  const auto pictures = find_all(find_all(page, "figure").at(0), "img");
  REQUIRE(pictures.size() == 2);
  CHECK(pictures[0].attribute("width") == "640");
  CHECK(find_all(page, "svg").size() == 3);
}

TEST_CASE(
    "a training report without anything is a page, and one whose parts do not fit is a mistake of ours") {
  const Scratch scratch;
  write_training_report({}, scratch / "report.html", Overwrite::no);
  CHECK(find_all(parse_xml(read_file(scratch / "report.html")), "section").empty());
  TrainingReport report = full_report();
  report.confusion.pop_back();
  CHECK(thrown_by([&] { write_training_report(report, scratch / "report.html", Overwrite::yes); }).code() ==
        Code::bug);
  CHECK(find_all(parse_xml(read_file(scratch / "report.html")), "section").empty());  // the old one stays
}

TEST_CASE("curves are a chart a quantity and a line a subset") {
  const auto charts = curves_of(
      {{{"epoch", 1}, {"train_loss", 3}, {"val_loss", 4}, {"val_mean_iou", 0.1}, {"learning_rate", 0.01}},
       {{"epoch", 2}, {"train_loss", 2}, {"val_mean_iou", 0.2}, {"learning_rate", 0.001}}},
      2);
  REQUIRE(charts.size() == 3);
  CHECK(charts[0].title == "loss");
  REQUIRE(charts[0].series.size() == 2);
  CHECK(charts[0].series[0].name == "train");
  CHECK(charts[0].series[0].y == std::vector<double>{3, 2});
  CHECK(charts[0].series[1].x == std::vector<double>{1});
  CHECK(charts[0].marked_x == 2.0);
  CHECK(charts[1].title == "mean IoU");
  CHECK(charts[1].high == 1.0);
  CHECK(charts[2].title == "learning rate");
  CHECK(!charts[2].high);
  CHECK(curves_of({}, {}).empty());
}

TEST_CASE("a findings report lists the rules, worst first, with their examples") {
  const Scratch scratch;
  FindingsReport report{.title = kNasty,
                        .subtitle = kNasty,
                        .facts = {{"items", "10"}},
                        .errors = 1236,
                        .warnings = 0,
                        .notes = 7,
                        .rules = {}};
  const auto finding = [](const std::string& rule, Severity severity) {
    return Finding{rule, severity, Place{kNasty + ".jpg", 3, kNasty}, kNasty, kNasty};
  };
  report.rules.push_back({"a-note", Severity::note, "", "", "", 7, {}});
  report.rules.push_back({"few-errors",
                          Severity::error,
                          kNasty,
                          kNasty,
                          kNasty,
                          2,
                          {{finding("few-errors", Severity::error)},
                           {finding("few-errors", Severity::error),
                            {{picture({900, 600}, 1), kNasty}, {picture({60, 60}, 2), "other"}}}}});
  report.rules.push_back(
      {"many-errors", Severity::error, kNasty, "", "", 1234, {{finding("many-errors", Severity::error)}}});
  report.rules.push_back({"silent", Severity::error, "", "", "", 0, {}});
  write_findings_report(report, scratch / "check.html", Overwrite::no);
  const Element page = parse_xml(read_file(scratch / "check.html"));
  std::vector<std::string> headings;
  for (const Element& heading : find_all(page, "h2")) headings.push_back(heading.text);
  CHECK(headings == std::vector<std::string>{"Rules", "many-errors", "few-errors", "a-note"});
  std::vector<std::string> links, targets;
  for (const Element& link : find_all(page, "a")) links.push_back(link.attribute("href"));
  for (const Element& heading : find_all(page, "h2")) targets.push_back("#" + heading.attribute("id"));
  CHECK(links == std::vector<std::string>(targets.begin() + 1, targets.end()));
  CHECK_THAT(page.text, contains("and 1,233 more"));
  CHECK(find_all(page, "figure").size() == 1);
  CHECK(find_all(find_all(page, "figure").at(0), "img").size() == 2);
  CHECK_THAT(find_all(page, "figure").at(0).text, contains(kNastyShown));
  CHECK(find_all(page, "span", "bad").size() == 2);
  CHECK_THAT(find_all(page, "dl", "headline").at(0).text, contains("1,236"));
}

TEST_CASE("a data set without findings gets a report that says so") {
  const Scratch scratch;
  write_findings_report(
      {.title = "t", .subtitle = "", .facts = {}, .errors = 0, .warnings = 0, .notes = 0, .rules = {}},
      scratch / "check.html", Overwrite::no);
  const Element page = parse_xml(read_file(scratch / "check.html"));
  REQUIRE(find_all(page, "p", "good").size() == 1);
}

TEST_CASE("a page of distributions shows every label, its shares a subset, and the largest as bars") {
  const Scratch scratch;
  DataReport report;
  report.title = kNasty;
  report.headline = {{"items", "6"}};
  report.items = 6;
  report.pixels_counted = true;
  report.subsets = {{"train", 4}, {"val", 2}};
  for (int i = 0; i < 50; ++i)
    report.labels.push_back({.name = kNasty + std::to_string(i),
                             .colour = {1, 2, 3},
                             .annotations = i,
                             .items = 3,
                             .pixels = 100,
                             .items_of_subset = {1, 2}});
  report.histograms.push_back({.title = "sizes", .edges = {0, 1, 2}, .counts = {3, 4}});
  write_data_report(report, scratch / "page.html", Overwrite::no);
  const Element page = parse_xml(read_file(scratch / "page.html"));
  CHECK(find_all(page, "h1").at(0).text == kNastyShown);
  const auto cells = find_all(find_all(page, "tbody").at(0), "td");
  REQUIRE(cells.size() == 50 * 8);
  CHECK(cells[0].text == kNastyShown + "0");
  CHECK(cells[5].text == "2.0 %");
  CHECK(cells[6].text == "0.250");
  CHECK(cells[7].text == "1.000");
  CHECK(find_all(page, "svg").size() == 4);
  CHECK_THAT(read_file(scratch / "page.html"), contains("the first 30 of 49"));  // one has no annotation
  CHECK_THAT(read_file(scratch / "page.html"), contains("50.0 %"));              // of the items

  report.pixels_counted = false;
  write_data_report(report, scratch / "fast.html", Overwrite::no);
  CHECK(find_all(find_all(parse_xml(read_file(scratch / "fast.html")), "tbody").at(0), "td").size() ==
        50 * 3);
  write_data_report({}, scratch / "none.html", Overwrite::no);
  CHECK(find_all(parse_xml(read_file(scratch / "none.html")), "section").empty());
}

namespace {

EvaluationPage evaluation_page(std::size_t classes) {
  EvaluationPage page;
  page.title = kNasty;
  page.headline = {{"AP", "0.412"}};
  page.facts = {{"images evaluated", "7"}};
  page.remarks = {kNasty};
  EvaluationPage::Compared compared{"Masks", 7, 3, 2, {}, {}};
  compared.overall = {{"AP", .4, .3, .1, std::pair(.02, .18), .99}, {"APl", kNan, kNan, kNan, {}, {}}};
  page.comparison = {compared};
  EvaluationPage::Metric metric;
  metric.title = "Masks";
  metric.scores = {{"AP", kNasty, .412, std::pair(.398, .426)}, {"APl", "", kNan, {}}};
  metric.curves = {{.title = "All classes", .series = {{"IoU .5", {0, 1}, {1, .5}}}}};
  metric.score_columns = {"AP"};
  metric.amount_columns = {"objects"};
  for (std::size_t i = 0; i < classes; ++i) {
    metric.class_curves.push_back({.title = kNasty, .series = {{"IoU .5", {0, 1}, {1, .5}}}});
    metric.classes.push_back({kNasty, {1, 2, 3}, {i == 0 ? kNan : .25}, {1234}});
  }
  metric.errors = {{"Loc", kNasty, 12, .25}, {"Bkg", "", 0, kNan}};
  page.metrics = {metric};
  page.worst = {
      kNasty,
      {{kNasty, "1 found", {{"truth", picture({800, 600}, 1)}, {"prediction", picture({800, 600}, 2)}}}}};
  return page;
}

}  // namespace

TEST_CASE(
    "an evaluation's report is one well-formed page with numbers, intervals, curves, errors and pictures") {
  const Scratch scratch;
  write_evaluation_report(evaluation_page(2), scratch / "report.html", Overwrite::no);
  const Element page = parse_xml(read_file(scratch / "report.html"));
  CHECK(find_all(page, "h1").at(0).text == kNastyShown);
  const auto tables = find_all(page, "table");
  REQUIRE(tables.size() == 4);  // differences, scores, errors, classes
  const auto differences = find_all(tables[0], "td");
  CHECK(differences[3].text == "+0.100");
  CHECK(differences[4].text == "+0.020 to +0.180");
  CHECK(differences[5].text == "99.0 %");
  CHECK(differences[10].text == "\u2013");
  const auto scores = find_all(tables[1], "td");
  CHECK(scores[1].text == "0.412");
  CHECK(scores[2].text == "0.398 to 0.426");
  CHECK_THAT(scores[0].text, contains(kNastyShown));
  CHECK(find_all(tables[3], "td")[2].text == "1,234");
  CHECK(find_all(page, "svg").size() == 1 + 1 + 2 + 2);
  CHECK(find_all(page, "details").empty());
  const auto pictures = find_all(find_all(page, "figure").at(0), "img");
  REQUIRE(pictures.size() == 2);
  CHECK_THAT(pictures[1].attribute("alt"), contains("prediction"));
}

TEST_CASE("of many classes the first curves are shown and the others fold, and all are there") {
  const Scratch scratch;
  write_evaluation_report(evaluation_page(30), scratch / "report.html", Overwrite::no);
  const Element page = parse_xml(read_file(scratch / "report.html"));
  const auto folded = find_all(page, "details");
  REQUIRE(folded.size() == 1);
  CHECK(find_all(folded[0], "summary").at(0).text == "Curves of 18 more classes");
  CHECK(find_all(folded[0], "svg").size() == 18);
  CHECK(find_all(page, "svg").size() == 1 + 1 + 30 + 2);
}

TEST_CASE(
    "an evaluation's report without anything is a page, and one whose parts do not fit a mistake of ours") {
  const Scratch scratch;
  write_evaluation_report({}, scratch / "report.html", Overwrite::no);
  CHECK(find_all(parse_xml(read_file(scratch / "report.html")), "section").empty());
  EvaluationPage page = evaluation_page(1);
  page.metrics[0].classes[0].scores.clear();
  CHECK(thrown_by([&] { write_evaluation_report(page, scratch / "report.html", Overwrite::yes); }).code() ==
        Code::bug);
}
