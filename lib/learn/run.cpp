// SPDX-License-Identifier: Apache-2.0
#include "learn/run.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/filesystem.hpp>
#include <cmath>
#include <ctime>

#include "base/error.h"
#include "base/text.h"
#include "learn/event_file.h"

namespace maskmill::learn {
namespace {

constexpr std::string_view kConfig = "config.json", kCard = "model.json", kLabels = "labels.txt",
                           kMetrics = "metrics.csv", kProvenance = "provenance.json", kWeights = "model.pth",
                           kPredictions = "predictions";
/// What a new run in the place of an old one must not inherit.
constexpr std::array<std::string_view, 11> kRunFiles{
    kConfig,    "environment.json",    kProvenance,      kCard,        kLabels, kMetrics, kWeights,
    "last.pth", RunFolder::checkpoint, "lost_batch.png", "report.html"};

bool is_run_file(std::string_view name) {
  constexpr std::string_view kBefore = "epoch_", kAfter = ".pth";
  const bool kept_weights =
      name.starts_with(kBefore) && name.ends_with(kAfter) &&
      to_integer(name.substr(kBefore.size(), name.size() - kBefore.size() - kAfter.size()));
  return kept_weights || name.starts_with(EventFile::prefix) ||
         std::ranges::find(kRunFiles, name) != kRunFiles.end();
}

std::vector<std::string> run_files_in(const Path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (std::string name = entry.path().filename().string(); is_run_file(name))
      names.push_back(std::move(name));
  return names;
}

Path joined_path(const Path& folder, std::string_view name) {
  return folder / std::string(name);
}

bool holds(const Path& folder, std::string_view name) {
  return fs::is_regular_file(joined_path(folder, name));
}

constexpr std::string_view kEpoch = "epoch";

enum class Holds { nothing, a_run, something_else };

/// What a killed command left of a run is one too.
Holds look_into(const Path& folder) {
  if (holds(folder, kConfig) || holds(folder, kCard)) return Holds::a_run;
  Holds found = Holds::nothing;
  for (const Path& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.filename().string();
    if (name == Claim::file_name) continue;
    if (!is_run_file(name)) return Holds::something_else;
    found = Holds::a_run;
  }
  return found;
}

/// And those above it; which ones had to be made, the innermost first.
std::vector<Path> make_folder(const Path& path) {
  boost::system::error_code failure;
  std::vector<Path> made;
  for (Path folder = path; !folder.empty() && !fs::exists(folder, failure); folder = folder.parent_path())
    made.push_back(folder);
  fs::create_directories(path, failure);
  if (failure)
    throw Error(Code::write_failed, "the folder cannot be made: " + failure.message()).at_file(path);
  return made;
}

std::vector<Path> make_dated_folders() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  const Path day = Path("runs") / fmt::format("{:%Y-%m-%d}", local);
  const std::string time = fmt::format("{:%H-%M-%S}", local);
  std::vector<Path> made = make_folder(day);
  // Two runs may start within a second; create_directory says which of them made the folder.
  for (int number = 1;; ++number) {
    Path path = day / (number == 1 ? time : fmt::format("{}-{}", time, number));
    boost::system::error_code failure;
    if (fs::create_directory(path, failure)) {
      made.insert(made.begin(), std::move(path));
      return made;
    }
    if (failure)
      throw Error(Code::write_failed, "the folder cannot be made: " + failure.message()).at_file(path);
  }
}

/// Predictions that `maskmill test` wrote.
bool is_of_test(const Path& folder) {
  const Path provenance = joined_path(folder, kProvenance);
  if (!fs::is_regular_file(provenance)) return false;
  try {
    return read_json(provenance).at("command").get<std::string>().starts_with("maskmill test ");
  } catch (const std::exception&) {
    return false;  // somebody else's
  }
}

std::string cell(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

std::vector<std::string> header_of(const MetricsRow& row) {
  std::vector<std::string> columns;
  for (const auto& [name, value] : row) {
    const bool plain = !name.empty() && name.find_first_of(",\"\r\n") == std::string::npos;
    if (!plain || std::count(columns.begin(), columns.end(), name) != 0)
      throw Error(Code::bug, fmt::format("a metric cannot be named {}", in_quotes(name)));
    columns.push_back(name);
  }
  return columns;
}

std::string line_of(const MetricsRow& row, const std::vector<std::string>& columns) {
  std::vector<std::string> cells(columns.size());
  for (const auto& [name, value] : row) {
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end())
      throw Error(Code::bug, fmt::format("metric {} is not among the first epoch's", in_quotes(name)));
    cells[static_cast<std::size_t>(found - columns.begin())] = cell(value);
  }
  return joined(cells, ",") + "\n";
}

std::vector<std::string> columns_of(const std::string& table) {
  std::vector<std::string> columns;
  for (const std::string_view column : split_text(lines_of(table).front(), ',')) columns.emplace_back(column);
  return columns;
}

}  // namespace

RunFolder RunFolder::create(const Path& path, Overwrite overwrite) {
  if (path.empty()) {
    std::vector<Path> made = make_dated_folders();
    Path run = made.front();
    auto claim = std::make_shared<Claim>(run);
    return RunFolder(std::move(run), std::move(made), std::move(claim));
  }
  boost::system::error_code failure;
  const auto kind = fs::status(path, failure).type();
  if (kind == fs::status_error)
    throw Error(Code::write_failed, "cannot be looked at: " + failure.message()).at_file(path);
  if (kind != fs::file_not_found && kind != fs::directory_file)
    throw Error(Code::write_failed, "is a file where the run's folder is to be").at_file(path);
  std::vector<Path> made = make_folder(path);
  for (const std::string_view name : kRunFiles) remove_leftovers(joined_path(path, name));
  // What a living command is just making looks like something else: its lock says what it is.
  std::shared_ptr<Claim> claim;
  if (fs::exists(path / Claim::file_name, failure)) claim = std::make_shared<Claim>(path);
  if (look_into(path) == Holds::something_else)  // into which not even a lock is put
    throw Error(Code::write_failed, "is a folder with something else in it")
        .at_file(path)
        .hint("name a folder that is new or empty");
  if (!claim) claim = std::make_shared<Claim>(path);
  if (look_into(path) == Holds::a_run && overwrite == Overwrite::no)
    throw Error(Code::write_failed, "there is a run already").at_file(path).hint("replace it with --force");
  return RunFolder(path, std::move(made), std::move(claim));
}

Path RunFolder::make_dated_folder() {
  return make_dated_folders().front();
}

RunFolder RunFolder::open(const Path& path) {
  boost::system::error_code failure;
  const auto kind = fs::status(path, failure).type();
  if (kind == fs::file_not_found)
    throw Error(Code::not_found, "there is no such run directory").at_file(path);
  if (kind == fs::status_error)
    throw Error(Code::unreadable, "cannot be looked at: " + failure.message()).at_file(path);
  if (kind != fs::directory_file)
    throw Error(Code::bad_format, "is no run directory")
        .at_file(path)
        .hint("name the folder that train wrote");
  for (const std::string_view name : {kConfig, kCard})
    if (!holds(path, name))
      throw Error(Code::bad_format, fmt::format("is no run directory: {} is missing", name))
          .at_file(path)
          .hint("name the folder that train wrote");
  return RunFolder(path);
}

RunFolder RunFolder::resume(const Path& path) {
  const RunFolder run = open(path);
  auto claim = std::make_shared<Claim>(path);
  if (!holds(path, checkpoint))
    throw Error(Code::bad_format, fmt::format("cannot be resumed: {} is missing", checkpoint))
        .at_file(path)
        .hint("begin a new run with init=" + path.string());
  for (const std::string& name : run_files_in(path)) remove_leftovers(path / name);
  return RunFolder(path, {}, std::move(claim));
}

Path RunFolder::place_of_predictions() const {
  Path place = joined_path(path_, kPredictions);
  if (fs::exists(place) && !is_of_test(place))
    throw Error(Code::write_failed, "is where test keeps its predictions, and holds something else")
        .at_file(place)
        .hint("move it to another place");
  return place;
}

void RunFolder::begin(const Files& files) const {
  OutputFile first(file(files.front().first), Overwrite::yes);
  first.write(files.front().second);
  for (std::size_t i = 1; i < files.size(); ++i)
    first.add(file(files[i].first), files[i].second, Overwrite::yes);
  for (const std::string& name : run_files_in(path_)) {
    boost::system::error_code failure;
    fs::remove(joined_path(path_, name), failure);
    if (failure)
      throw Error(Code::write_failed, "cannot be replaced: " + failure.message())
          .at_file(joined_path(path_, name));
  }
  if (const Path former = joined_path(path_, kPredictions); is_of_test(former)) fs::remove_all(former);
  first.commit();
}

void RunFolder::remove_if_unused() const noexcept {
  if (claim_) claim_->release();
  boost::system::error_code failure;
  for (const Path& folder : made_)
    if (!fs::remove(folder, failure) || failure) return;  // not empty
}

void RunFolder::write(const std::string& name, std::string_view bytes) const {
  replace_file(file(name), bytes);
}

ModelCard RunFolder::card() const {
  return read_model_card(joined_path(path_, kCard));
}

TrainSettings RunFolder::settings() const {
  const Path path = joined_path(path_, kConfig);
  const Json document = read_json(path);
  TrainSettings settings;
  try {
    assign_document(settings_of(settings), document);
    validate(settings);
  } catch (const Error& error) {
    throw Error(Code::bad_format, error.message())
        .at_file(path)
        .at_field(error.place().field)
        .hint(error.hint_text());
  }
  return settings;
}

std::string RunFolder::fingerprint() const {
  const Path path = joined_path(path_, kProvenance);
  try {
    const Json document = read_json(path);
    return document.at("inputs").at(0).value("fingerprint", "");
  } catch (const Json::exception& error) {
    throw Error(Code::bad_format, fmt::format("says nothing of the data: {}", error.what())).at_file(path);
  }
}

void RunFolder::append_metrics(const MetricsRow& row) const {
  const Path path = joined_path(path_, kMetrics);
  std::string text = fs::exists(path) ? read_file(path) : "";
  if (text.empty())
    text = metrics_text(row);
  else
    text += line_of(row, columns_of(text));
  replace_file(path, text);
}

void RunFolder::keep_metrics_before(int epoch) const {
  const std::vector<MetricsRow> rows = metrics();
  const auto is_kept = [&](const MetricsRow& row) {
    const auto named = std::ranges::find(row, kEpoch, &MetricsRow::value_type::first);
    return named != row.end() && named->second < epoch;
  };
  if (std::ranges::all_of(rows, is_kept)) return;
  const Path path = joined_path(path_, kMetrics);
  const std::string text = read_file(path);
  const auto lines = lines_of(text);
  std::string kept = std::string(lines.front()) + "\n";
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (is_kept(rows[i])) kept += std::string(lines[i + 1]) + "\n";
  replace_file(path, kept);
}

std::vector<MetricsRow> RunFolder::metrics() const {
  const Path path = joined_path(path_, kMetrics);
  if (!fs::exists(path)) return {};
  const std::string text = read_file(path);
  const auto lines = lines_of(text);
  if (lines.empty()) throw Error(Code::bad_format, "is empty; expected a line of column names").at_file(path);
  const auto columns = split_text(lines.front(), ',');
  std::vector<MetricsRow> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split_text(lines[i], ',');
    if (cells.size() != columns.size())
      throw Error(Code::bad_format,
                  fmt::format("found {} cells; the first line names {}", cells.size(), columns.size()))
          .at_file(path)
          .at_line(i + 1);
    MetricsRow row;
    for (std::size_t column = 0; column < cells.size(); ++column) {
      if (cells[column].empty()) continue;
      const auto value = to_number(cells[column]);
      if (!value)
        throw Error(Code::bad_format, in_quotes(cells[column]) + " is no number")
            .at_file(path)
            .at_line(i + 1)
            .at_field(columns[column]);
      row.emplace_back(columns[column], *value);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string metrics_text(const MetricsRow& row) {
  const std::vector<std::string> columns = header_of(row);
  return joined(columns, ",") + "\n" + line_of(row, columns);
}

RunFolder::Files files_of(const ModelCard& card) {
  std::string names;
  for (const Label& label : card.classes) names += printable(label.name) + "\n";
  return {{std::string(kLabels), names}, {std::string(kCard), to_text(to_json(card))}};
}

}  // namespace maskmill::learn
