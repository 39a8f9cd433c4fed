// SPDX-License-Identifier: Apache-2.0
#include "learn/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <string_view>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/staging.h"

namespace maskmill::learn {
namespace {

template <class Number>
std::string little_endian(Number number) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

/// Protocol buffers' wire format: a field is a varint of its number and kind, then its value.
class Message {
 public:
  void add(int field, double value) { key(field, kFixed64), bytes_ += little_endian(value); }
  void add(int field, float value) { key(field, kFixed32), bytes_ += little_endian(value); }
  void add(int field, std::int64_t value) { key(field, kVarint), varint(static_cast<std::uint64_t>(value)); }
  void add(int field, std::string_view value) {
    key(field, kLengthDelimited), varint(value.size());
    bytes_ += value;
  }
  void add(int field, const Message& message) { add(field, std::string_view(message.bytes_)); }
  const std::string& bytes() const { return bytes_; }

 private:
  enum Kind { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };
  void key(int field, Kind kind) { varint(static_cast<std::uint64_t>(field) << 3 | kind); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

/// The numbers of the fields that are used, as those files have them.
struct EventField {
  enum : int { wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7 };
};
struct SessionLogField {
  enum : int { status = 1 };
};
struct SummaryField {
  enum : int { value = 1 };
};
struct ValueField {
  enum : int { tag = 1, simple_value = 2, image = 4 };
};
struct ImageField {
  enum : int { height = 1, width = 2, colorspace = 3, encoded_image_string = 4 };
};
constexpr std::int64_t kSessionStart = 1, kColorspaceRgb = 3;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Message event_at(std::int64_t step) {
  Message event;
  event.add(EventField::wall_time, seconds_now());
  event.add(EventField::step, step);
  return event;
}

/// A CRC of bytes that hold CRCs is weak, so TensorFlow turns and moves it.
std::string masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian((crc >> 15 | crc << 17) + 0xA282EAD8U);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
}

}  // namespace

EventFile::EventFile(const Path& folder, std::int64_t first_step)
    : path_(folder / fmt::format("{}{:010}.{}.{}", prefix, static_cast<std::int64_t>(seconds_now()),
                                 host_name(), ::getpid())),
      descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw cannot_write(path_, errno);
  Message version;
  version.add(EventField::wall_time, seconds_now());
  version.add(EventField::file_version, "brain.Event:2");
  add_event(version.bytes());
  Message log;
  log.add(SessionLogField::status, kSessionStart);
  Message start = event_at(first_step);
  start.add(EventField::session_log, log);
  add_event(start.bytes());
}

EventFile::~EventFile() {
  ::close(descriptor_);
}

void EventFile::add_scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  Message all;
  for (const auto& [tag, number] : values) {
    if (!std::isfinite(number)) continue;
    Message one;
    one.add(ValueField::tag, std::string_view(tag));
    one.add(ValueField::simple_value, static_cast<float>(number));
    all.add(SummaryField::value, one);
  }
  Message event = event_at(step);
  event.add(EventField::summary, all);
  add_event(event.bytes());
}

void EventFile::add_image(std::int64_t step, const std::string& tag, int width, int height,
                          const std::string& png) {
  Message picture;
  picture.add(ImageField::height, static_cast<std::int64_t>(height));
  picture.add(ImageField::width, static_cast<std::int64_t>(width));
  picture.add(ImageField::colorspace, kColorspaceRgb);
  picture.add(ImageField::encoded_image_string, std::string_view(png));
  Message one;
  one.add(ValueField::tag, std::string_view(tag));
  one.add(ValueField::image, picture);
  Message all;
  all.add(SummaryField::value, one);
  Message event = event_at(step);
  event.add(EventField::summary, all);
  add_event(event.bytes());
}

/// In one write, so that a reader or a crash meets whole records but for the last.
void EventFile::add_event(const std::string& event) {
  const std::string length = little_endian(static_cast<std::uint64_t>(event.size()));
  write_all(descriptor_, length + masked_crc(length) + event + masked_crc(event), path_);
}

}  // namespace maskmill::learn
