// SPDX-License-Identifier: Apache-2.0
#include "grpc_connection.hpp"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace dropwarden::net {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{64} << 10U;

Http2Session::Headers headers_of(GrpcRequest& request) {
  Http2Session::Headers headers{{":method", "POST"},
                                {":scheme", "http"},
                                {":path", request.method},
                                {":authority", "localhost"},
                                {"te", "trailers"},
                                {"content-type", "application/grpc"},
                                {"user-agent", "dropwarden/" DROPWARDEN_VERSION}};
  if (request.timeout.count() > 0) {
    // At most eight digits are allowed.
    headers.emplace_back("grpc-timeout",
                         std::to_string(std::min<std::int64_t>(request.timeout.count(), 99999999)) + "m");
  }
  std::ranges::move(request.metadata, std::back_inserter(headers));
  return headers;
}

}  // namespace

GrpcChannel::Connection::Connection(boost::asio::io_context& loop, GrpcLimits limits)
    : loop_(loop), limits_(limits), socket_(loop), http2_(*this), input_(chunk_bytes) {}

void GrpcChannel::Connection::start(sys::Fd socket) {
  boost::system::error_code error;
  socket_.assign(boost::asio::local::stream_protocol(), socket.number(), error);
  if (error) return fail(GrpcCode::unavailable, "cannot watch the socket: " + error.message());
  socket.release();
  read_next();
  write_next();
}

GrpcCallId GrpcChannel::Connection::call(GrpcRequest request, OnReply on_reply, OnMessage on_message,
                                         OnEnd on_end) {
  const GrpcCallId id{++last_id_};
  const bool is_too_many = calls_.size() >= limits_.calls;
  auto call = std::make_shared<Call>(loop_, limits_.message_bytes);
  call->on_reply = std::move(on_reply);
  call->on_message = std::move(on_message);
  call->on_end = std::move(on_end);
  calls_.emplace(id, call);
  if (failure_ || is_too_many) {
    end(id, failure_.value_or(GrpcStatus{GrpcCode::resource_exhausted, "too many calls at once"}));
  } else if (const auto stream = http2_.submit(headers_of(request), frame_message(request.message)); stream) {
    call->stream = *stream;
    streams_.emplace(*stream, id);
    set_deadline(id, *call, request.timeout);
    write_next();
  } else {
    end(id, {GrpcCode::unavailable, stream.error()});
  }
  deliver_soon();
  return id;
}

void GrpcChannel::Connection::cancel(GrpcCallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const std::int32_t stream = found->second->stream;
  calls_.erase(found);
  if (streams_.erase(stream) == 0 || failure_) return;
  http2_.reset(stream);
  write_next();
}

void GrpcChannel::Connection::abandon() {
  failure_ = {GrpcCode::cancelled, "the channel is gone"};
  calls_.clear();
  streams_.clear();
  notes_.clear();
  close_socket();
}

void GrpcChannel::Connection::set_deadline(GrpcCallId id, Call& call, std::chrono::milliseconds timeout) {
  if (timeout.count() <= 0) return;
  call.deadline.expires_after(timeout);
  call.deadline.async_wait([self = shared_from_this(), id](const boost::system::error_code& error) {
    if (error || !self->calls_.contains(id)) return;
    self->end(id, {GrpcCode::deadline_exceeded, "no answer in time"});
    self->write_next();
    self->deliver();
  });
}

void GrpcChannel::Connection::on_header(std::int32_t stream, std::string_view name, std::string_view value) {
  const auto id = find(stream);
  if (!id) return;
  const auto added = calls_.at(*id)->response.add_header(name, value);
  if (!added) end(*id, added.error());
}

void GrpcChannel::Connection::on_data(std::int32_t stream, std::string_view bytes) {
  const auto id = find(stream);
  if (!id) return;
  auto messages = calls_.at(*id)->response.add_data(bytes);
  if (!messages) return end(*id, std::move(messages.error()));
  Call& call = *calls_.at(*id);
  call.messages += messages->size();
  if (call.on_reply && call.messages > 1)
    return end(*id, {GrpcCode::internal, "more than one message in the answer"});
  for (std::string& message : *messages) {
    noted_bytes_ += message.size();
    notes_.push_back({*id, std::move(message), std::nullopt});
  }
  if (held_bytes() > limits_.memory_bytes)
    end(*id, {GrpcCode::resource_exhausted, "too much unfinished data"});
}

void GrpcChannel::Connection::on_closed(std::int32_t stream, std::uint32_t error_code) {
  if (const auto id = find(stream)) end(*id, calls_.at(*id)->response.finish(error_code), true);
}

void GrpcChannel::Connection::end(GrpcCallId id, GrpcStatus status, bool is_closed_by_server) {
  Call& call = *calls_.at(id);
  if (call.has_ended) return;
  call.has_ended = true;
  call.deadline.cancel();
  if (streams_.erase(call.stream) != 0 && !is_closed_by_server && !failure_) http2_.reset(call.stream);
  notes_.push_back({id, {}, std::move(status)});
}

void GrpcChannel::Connection::fail(GrpcCode code, std::string text) {
  if (failure_) return;
  failure_ = {code, std::move(text)};
  close_socket();
  for (const auto& [id, call] : calls_) end(id, *failure_);
  deliver_soon();
}

void GrpcChannel::Connection::close_socket() {
  boost::system::error_code ignored;  // close(2) frees the descriptor in any case
  socket_.close(ignored);
}

void GrpcChannel::Connection::read_next() {
  socket_.async_read_some(
      boost::asio::buffer(input_), [self = shared_from_this()](const auto& error, std::size_t count) {
        if (self->failure_) return;
        if (error) return self->fail(GrpcCode::unavailable, "connection lost: " + error.message());
        const auto received = self->http2_.receive({self->input_.data(), count});
        if (!received) {
          const std::string& complaint = self->http2_.complaint();
          return self->fail(GrpcCode::unavailable,
                            "not HTTP/2: " + (complaint.empty() ? received.error() : complaint));
        }
        self->write_next();
        self->deliver();
        if (!self->failure_) self->read_next();
      });
}

void GrpcChannel::Connection::write_next() {
  if (failure_ || !output_.empty()) return;
  auto output = http2_.take_output(chunk_bytes);
  if (!output) return fail(GrpcCode::unavailable, output.error());
  if (output->empty()) {
    if (!http2_.is_over()) return;
    const std::string& complaint = http2_.complaint();
    return fail(GrpcCode::unavailable,
                complaint.empty() ? "the server is going away" : "not HTTP/2: " + complaint);
  }
  output_ = std::move(*output);
  boost::asio::async_write(socket_, boost::asio::buffer(output_),
                           [self = shared_from_this()](const auto& error, std::size_t) {
                             self->output_.clear();
                             if (error)
                               self->fail(GrpcCode::unavailable, "connection lost: " + error.message());
                             self->write_next();
                             self->deliver();
                           });
}

void GrpcChannel::Connection::deliver_soon() {
  if (notes_.empty() || is_delivery_posted_) return;
  is_delivery_posted_ = true;
  boost::asio::post(loop_, [self = shared_from_this()] {
    self->is_delivery_posted_ = false;
    self->deliver();
  });
}

void GrpcChannel::Connection::deliver() {
  // A callback may add notes, cancel calls or abandon the connection: nothing is held across it but the note.
  while (!notes_.empty()) {
    Note note = std::move(notes_.front());
    notes_.pop_front();
    noted_bytes_ -= note.message.size();
    deliver(note);
  }
}

void GrpcChannel::Connection::deliver(Note& note) {
  const auto found = calls_.find(note.call);
  if (found == calls_.end()) return;
  const std::shared_ptr<Call> call = found->second;
  if (note.end) {
    calls_.erase(found);
    if (call->on_end) return call->on_end(std::move(*note.end));
    if (note.end->code != GrpcCode::ok) return call->on_reply(std::unexpected(std::move(*note.end)));
    if (call->reply) return call->on_reply(std::move(*call->reply));
    return call->on_reply(std::unexpected(GrpcStatus{GrpcCode::internal, "no message in the answer"}));
  }
  if (call->on_message) return call->on_message(note.message);
  call->reply = std::move(note.message);
}

std::size_t GrpcChannel::Connection::held_bytes() const {
  std::size_t bytes = noted_bytes_;
  for (const auto& [id, call] : calls_) {
    if (call->has_ended) continue;  // gone as soon as its end is delivered, before more is read
    bytes += call->response.held_bytes() + (call->reply ? call->reply->size() : 0);
  }
  return bytes;
}

std::optional<GrpcCallId> GrpcChannel::Connection::find(std::int32_t stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace dropwarden::net
