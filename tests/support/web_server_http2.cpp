// SPDX-License-Identifier: Apache-2.0
#include "support/web_server_http2.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"

namespace maskmill::tests {
namespace {

using StreamId = std::int32_t;

struct Stream {
  WebRequest request;
  std::optional<WebReply> reply;
  std::optional<Pace> pace;
  bool has_headers_sent = false;
  std::optional<WebClock::time_point> wakes;  ///< when headers or more of the body are due
  bool is_over = false;                       ///< to be cut, once the client has taken what came before
  bool is_cut = false;                        ///< to be cut now
};

class Http2 {
 public:
  Http2(Wire& wire, const Answering& answering, std::size_t most_streams)
      : wire_(wire), answering_(answering) {
    nghttp2_session_callbacks* callbacks = nullptr;
    ::nghttp2_session_callbacks_new(&callbacks);
    ::nghttp2_session_callbacks_set_on_begin_headers_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          return of(self).guarded([&] { of(self).streams_[frame->hd.stream_id]; });
        });
    ::nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_length,
           const std::uint8_t* value, std::size_t value_length, std::uint8_t, void* self) {
          return of(self).guarded([&] {
            of(self).on_header(frame->hd.stream_id, {reinterpret_cast<const char*>(name), name_length},
                               {reinterpret_cast<const char*>(value), value_length});
          });
        });
    ::nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
            return of(self).guarded([&] { of(self).on_pong(frame->ping.opaque_data); });
          const bool is_request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
          if (!is_request || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
          return of(self).guarded([&] { of(self).on_request(frame->hd.stream_id); });
        });
    ::nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, StreamId id, std::uint32_t, void* self) {
          return of(self).guarded([&] { of(self).on_close(id); });
        });
    ::nghttp2_session_server_new(&session_, callbacks, this);
    ::nghttp2_session_callbacks_del(callbacks);
    const std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                                     static_cast<std::uint32_t>(most_streams)}};
    ::nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }
  ~Http2() {
    while (!streams_.empty()) on_close(streams_.begin()->first);
    ::nghttp2_session_del(session_);
  }
  Http2(const Http2&) = delete;
  Http2& operator=(const Http2&) = delete;

  void run(const std::string& begin) {
    std::vector<char> block(1 << 16);
    if (!receive(begin)) return;
    while (send() && (::nghttp2_session_want_read(session_) || ::nghttp2_session_want_write(session_))) {
      switch (wire_.wait_readable(next_wake())) {
        case Wire::Waited::stopped:
          return;
        case Wire::Waited::readable: {
          const std::size_t got = wire_.read(block.data(), block.size());
          if (got == 0 || !receive({block.data(), got})) return;
          break;
        }
        case Wire::Waited::timed_out:
          break;
      }
      wake();
    }
    wire_.finish();
  }

 private:
  static Http2& of(void* self) { return *static_cast<Http2*>(self); }

  /// No exception may pass through the library.
  template <class Action>
  int guarded(Action&& action) {
    try {
      action();
      return 0;
    } catch (const std::exception&) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  bool receive(std::string_view bytes) {
    return ::nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                      bytes.size()) == static_cast<ssize_t>(bytes.size());
  }

  void on_header(StreamId id, std::string_view name, std::string_view value) {
    WebRequest& request = streams_[id].request;
    if (name == ":method")
      request.method = value;
    else if (name == ":path")
      request.target = value;
    else if (name == ":authority")
      request.headers["host"] = value;
    else if (!name.starts_with(":"))
      request.headers[std::string(name)] = value;
  }

  void on_request(StreamId id) {
    Stream& stream = streams_[id];
    if (stream.reply) return;
    stream.request.protocol = "HTTP/2";
    stream.reply = answering_.answer(stream.request);
    stream.wakes = WebClock::now() + stream.reply->delay;
    if (stream.reply->delay.count() == 0) send_headers(id, stream);
  }

  void on_close(StreamId id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    if (found->second.reply) answering_.finished();
    streams_.erase(found);
  }

  void send_headers(StreamId id, Stream& stream) {
    const WebReply& reply = *stream.reply;
    stream.has_headers_sent = true;
    stream.wakes.reset();
    if (reply.unanswered) {
      stream.is_cut = true;
      return;
    }
    const std::string status = reply.status.substr(0, 3);
    const bool has_body = stream.request.method != "HEAD" && status != "304" && status != "204";
    stream.pace.emplace(reply, has_body);
    std::vector<std::pair<std::string, std::string>> fields{{":status", status}};
    bool has_length = status == "304" || status == "204" || reply.framing != Framing::length;
    for (const auto& [name, value] : reply.headers) {
      std::string key = lower_case(name);
      if (key == "connection" || key == "keep-alive" || key == "transfer-encoding") continue;
      has_length = has_length || key == "content-length";
      fields.emplace_back(std::move(key), value);
    }
    if (!has_length) fields.emplace_back("content-length", std::to_string(reply.size()));
    std::vector<nghttp2_nv> lines;
    for (auto& [name, value] : fields)
      lines.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                       reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(),
                       NGHTTP2_NV_FLAG_NONE});
    nghttp2_data_provider body{};
    body.read_callback = [](nghttp2_session*, StreamId of_stream, std::uint8_t* bytes, std::size_t most,
                            std::uint32_t* flags, nghttp2_data_source*, void* self) {
      return of(self).read(of_stream, reinterpret_cast<char*>(bytes), most, *flags);
    };
    const bool is_bare = !has_body && !reply.held;
    ::nghttp2_submit_response(session_, id, lines.data(), lines.size(), is_bare ? nullptr : &body);
    if (reply.closes) ::nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR, nullptr, 0);
  }

  ssize_t read(StreamId id, char* bytes, std::size_t most, std::uint32_t& flags) {
    Stream& stream = streams_.at(id);
    Pace& pace = *stream.pace;
    const auto is_early = [&] {
      if (pace.ready() <= WebClock::now()) return false;
      stream.wakes = pace.ready();
      return true;
    };
    if (is_early()) return NGHTTP2_ERR_DEFERRED;
    const auto count = static_cast<std::size_t>(pace.next(most));
    if (!read_body(*stream.reply, pace.at(), bytes, count)) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    pace.advance(count);
    const ssize_t went = count > 0 ? static_cast<ssize_t>(count) : ssize_t{NGHTTP2_ERR_DEFERRED};
    if (!pace.done() || is_early()) return went;
    if (!pace.is_cut() && !stream.reply->held) {
      flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(count);
    }
    if (pace.is_cut() && !std::exchange(stream.is_over, true)) ping(id);
    return went;
  }

  /// Clients drop what they have not handed on when they learn that its stream is cut. Who answers a ping has
  /// seen all that was sent before.
  void ping(StreamId id) {
    std::array<std::uint8_t, 8> data{};
    std::memcpy(data.data(), &id, sizeof id);
    ::nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, data.data());
  }

  void on_pong(const std::uint8_t* data) {
    StreamId id = 0;
    std::memcpy(&id, data, sizeof id);
    if (const auto found = streams_.find(id); found != streams_.end())
      found->second.is_cut = found->second.is_over;
  }

  /// Sends what is due. False where the connection has ended.
  bool send() {
    do {
      if (!send_frames()) return false;
    } while (cut_streams());
    return !is_ended_;
  }

  bool send_frames() {
    out_.clear();
    for (;;) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t count = ::nghttp2_session_mem_send(session_, &bytes);
      if (count < 0) return false;
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
      if (count > 0 && out_.size() < kBatch) continue;
      if (!wire_.write(out_)) return false;
      out_.clear();
      if (count == 0) return true;
    }
  }

  /// True where a stream was cut, and so there is a frame to send.
  bool cut_streams() {
    bool any = false;
    for (auto& [id, stream] : streams_) {
      if (!std::exchange(stream.is_cut, false)) continue;
      const WebReply& reply = *stream.reply;
      if (reply.cut == Cut::stream) {
        ::nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id,
                                    reply.unanswered ? NGHTTP2_REFUSED_STREAM : NGHTTP2_INTERNAL_ERROR);
        any = true;
        continue;
      }
      reply.cut == Cut::reset ? wire_.reset() : wire_.finish();
      is_ended_ = true;
      return false;
    }
    return any;
  }

  std::optional<WebClock::time_point> next_wake() const {
    std::optional<WebClock::time_point> first;
    for (const auto& [id, stream] : streams_)
      if (stream.wakes && (!first || *stream.wakes < *first)) first = stream.wakes;
    return first;
  }

  void wake() {
    const auto now = WebClock::now();
    for (auto& [id, stream] : streams_) {
      if (!stream.wakes || *stream.wakes > now) continue;
      stream.wakes.reset();
      if (stream.has_headers_sent)
        ::nghttp2_session_resume_data(session_, id);
      else
        send_headers(id, stream);
    }
  }

  static constexpr std::size_t kBatch = 1 << 18;

  Wire& wire_;
  const Answering& answering_;
  nghttp2_session* session_ = nullptr;
  std::map<StreamId, Stream> streams_;
  std::string out_;
  bool is_ended_ = false;
};

}  // namespace

void serve_http2(Wire& wire, const std::string& begin, const Answering& answering, std::size_t most_streams) {
  Http2(wire, answering, most_streams).run(begin);
}

}  // namespace maskmill::tests
