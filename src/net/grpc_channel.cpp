// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/net/grpc.hpp"

#include "grpc_connection.hpp"

namespace dropwarden::net {

GrpcChannel::GrpcChannel(boost::asio::io_context& loop, sys::Fd socket, GrpcLimits limits)
    : connection_(std::make_shared<Connection>(loop, limits)) {
  connection_->start(std::move(socket));
}

GrpcChannel::~GrpcChannel() {
  connection_->abandon();
}

GrpcCallId GrpcChannel::unary(GrpcRequest request, OnReply on_reply) {
  return connection_->call(std::move(request), std::move(on_reply), {}, {});
}

GrpcCallId GrpcChannel::server_stream(GrpcRequest request, OnMessage on_message, OnEnd on_end) {
  return connection_->call(std::move(request), {}, std::move(on_message), std::move(on_end));
}

void GrpcChannel::cancel(GrpcCallId call) {
  connection_->cancel(call);
}

}  // namespace dropwarden::net
