// SPDX-License-Identifier: Apache-2.0
#include "grpc_server.hpp"

#include <algorithm>
#include <cstring>
#include <sys/socket.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <nghttp2/nghttp2.h>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {
namespace {

std::vector<nghttp2_nv> to_nv(const Fields& fields) {
  std::vector<nghttp2_nv> out;
  for (const auto& [name, value] : fields) {
    const auto bytes = [](const std::string& text) {
      return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    out.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return out;
}

}  // namespace

std::pair<sys::Fd, sys::Fd> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    throw sys::SystemError(sys::last_error("socketpair"));
  }
  return {sys::Fd{ends[0]}, sys::Fd{ends[1]}};
}

std::string grpc_frame(const std::string& message) {
  std::string out(5, '\0');
  for (int i = 0; i < 4; ++i) out[4 - i] = static_cast<char>(message.size() >> (8 * i) & 0xff);
  return out + message;
}

Answer Answer::raw(const std::string& body) {
  Answer answer;
  answer.body = body;
  return answer;
}

Answer Answer::open(const std::string& body) {
  Answer answer = raw(body);
  answer.stays_open = true;
  return answer;
}

Answer Answer::silent() {
  Answer answer;
  answer.is_silent = true;
  return answer;
}

Answer Answer::reset(std::uint32_t code) {
  Answer answer;
  answer.reset_code = code;
  return answer;
}

Answer Answer::status(int code, const std::string& message) {
  Answer answer;
  answer.headers.emplace_back("grpc-status", std::to_string(code));
  answer.headers.emplace_back("grpc-message", message);
  answer.trailers = std::nullopt;
  return answer;
}

class GrpcServer::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::io_context& loop, sys::Fd socket) : socket_(loop), input_(65536) {
    socket_.assign(boost::asio::local::stream_protocol(), socket.release());
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
           const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
          Call& call = static_cast<Session*>(user)->streams_[frame->hd.stream_id].call;
          call.headers.emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                                    std::string(reinterpret_cast<const char*>(value), value_size));
          if (call.headers.back().first == ":path") call.method = call.headers.back().second;
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                      std::size_t size, void* user) {
          static_cast<Session*>(user)->streams_[stream].call.message.append(
              reinterpret_cast<const char*>(bytes), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          auto* self = static_cast<Session*>(user);
          if (frame->hd.type == NGHTTP2_RST_STREAM) ++self->resets_;
          const bool is_message = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
          if (is_message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            self->answer(frame->hd.stream_id);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
          static_cast<Session*>(user)->streams_.erase(stream);
          return 0;
        });
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    // The answers of these tests may break the rules of HTTP.
    nghttp2_option_set_no_http_messaging(option, 1);
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Session() { nghttp2_session_del(session_); }

  void start() {
    read();
    write();
  }

  void read() {
    socket_.async_read_some(boost::asio::buffer(input_),
                            [self = shared_from_this()](auto error, std::size_t count) {
                              if (error) return self->close();
                              const auto* bytes = reinterpret_cast<const std::uint8_t*>(self->input_.data());
                              if (nghttp2_session_mem_recv(self->session_, bytes, count) < 0)
                                return self->close();
                              self->write();
                              self->read();
                            });
  }

  void write() {
    if (!output_.empty() || !socket_.is_open()) return;
    const std::uint8_t* bytes = nullptr;
    while (output_.size() < 65536) {
      const auto size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) break;
      output_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    if (output_.empty()) return;
    boost::asio::async_write(socket_, boost::asio::buffer(output_),
                             [self = shared_from_this()](auto error, std::size_t) {
                               self->output_.clear();
                               if (!error) self->write();
                             });
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  void answer(std::int32_t id) {
    Stream& stream = streams_[id];
    if (stream.call.message.size() >= 5) stream.call.message.erase(0, 5);
    ++calls_[stream.call.method];
    const auto handler = handlers_.find(stream.call.method);
    stream.answer =
        handler == handlers_.end() ? Answer::status(12, "unknown method") : handler->second(stream.call);
    const Answer& answer = stream.answer;
    if (answer.is_silent) return;
    if (answer.reset_code) {
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, *answer.reset_code);
      return;
    }
    const auto headers = to_nv(answer.headers);
    nghttp2_data_provider provider{};
    provider.read_callback = [](nghttp2_session*, std::int32_t stream_id, std::uint8_t* into,
                                std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                                void* user) -> ssize_t {
      auto* self = static_cast<Session*>(user);
      return self->send_body(stream_id, into, size, *flags);
    };
    const bool is_header_only = answer.body.empty() && !answer.trailers && !answer.stays_open;
    nghttp2_submit_response(session_, id, headers.data(), headers.size(),
                            is_header_only ? nullptr : &provider);
  }

  ssize_t send_body(std::int32_t id, std::uint8_t* into, std::size_t size, std::uint32_t& flags) {
    Answer& answer = streams_[id].answer;
    const std::size_t count = std::min(size, answer.body.size());
    std::memcpy(into, answer.body.data(), count);
    answer.body.erase(0, count);
    if (!answer.body.empty()) return static_cast<ssize_t>(count);
    if (answer.stays_open && count == 0) return NGHTTP2_ERR_DEFERRED;
    if (answer.stays_open) return static_cast<ssize_t>(count);
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (answer.trailers) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto trailers = to_nv(*answer.trailers);
      nghttp2_submit_trailer(session_, id, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(count);
  }

  std::size_t for_each_open(const std::string& method, const std::function<void(Answer&)>& change) {
    std::size_t count = 0;
    for (auto& [id, stream] : streams_) {
      if (stream.call.method != method || !stream.answer.stays_open) continue;
      ++count;
      change(stream.answer);
      nghttp2_session_resume_data(session_, id);
    }
    write();
    return count;
  }

  struct Stream {
    Call call;
    Answer answer;
  };

  boost::asio::local::stream_protocol::socket socket_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  std::map<std::string, Handler> handlers_;
  std::map<std::string, std::size_t> calls_;
  std::size_t resets_ = 0;
  std::vector<char> input_;
  std::string output_;
};

GrpcServer::GrpcServer(boost::asio::io_context& loop, sys::Fd socket)
    : session_(std::make_shared<Session>(loop, std::move(socket))) {
  session_->start();
}

GrpcServer::~GrpcServer() {
  session_->close();
}

void GrpcServer::on(const std::string& method, Handler handler) {
  session_->handlers_[method] = std::move(handler);
}

std::size_t GrpcServer::push(const std::string& method, const std::string& bytes) {
  return session_->for_each_open(method, [&](Answer& answer) { answer.body += bytes; });
}

void GrpcServer::finish(const std::string& method, Fields trailers) {
  session_->for_each_open(method, [&](Answer& answer) {
    answer.stays_open = false;
    answer.trailers = trailers;
  });
}

void GrpcServer::go_away() {
  nghttp2_submit_goaway(session_->session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_->session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  session_->write();
}

void GrpcServer::close() {
  session_->close();
}

std::size_t GrpcServer::calls(const std::string& method) const {
  const auto found = session_->calls_.find(method);
  return found == session_->calls_.end() ? 0 : found->second;
}

std::size_t GrpcServer::resets() const {
  return session_->resets_;
}

}  // namespace dropwarden::test
