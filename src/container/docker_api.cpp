// SPDX-License-Identifier: Apache-2.0
#include "docker_api.hpp"

#include "alarm.hpp"
#include "connect_problem.hpp"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;

// An exchange that failed before it began, told as late as one that failed under way.
class Stillborn final : public net::HttpExchange {
 public:
  Stillborn(boost::asio::io_context& loop, std::function<void()> tell) : alarm_(loop) {
    alarm_.set(0ms, std::move(tell));
  }

 private:
  Alarm alarm_;
};

}  // namespace

DockerApi::DockerApi(boost::asio::io_context& loop, SourceOptions options, Connect connect)
    : loop_(loop), options_(std::move(options)), connect_(std::move(connect)) {}

std::unique_ptr<net::HttpExchange> DockerApi::get(std::string_view target, std::chrono::milliseconds timeout,
                                                  OnAnswer on_answer) {
  auto socket = connect_(options_.socket);
  if (!socket) {
    return std::make_unique<Stillborn>(
        loop_, [on_answer = std::move(on_answer), error = std::move(socket.error())] {
          on_answer(
              std::unexpected(DockerFailure{.is_absent = is_absent(error), .text = connect_problem(error)}));
        });
  }
  const auto on_response = [on_answer = std::move(on_answer), name = "GET " + std::string(target)](
                               std::expected<net::HttpResponse, net::HttpError> response) {
    if (!response) {
      on_answer(std::unexpected(DockerFailure{.text = name + ": " + response.error().text}));
    } else if (const unsigned status = response->header.status; status != 200) {
      on_answer(std::unexpected(DockerFailure{
          .is_missing = status == 404, .text = name + ": answered with status " + std::to_string(status)}));
    } else {
      on_answer(std::move(*response));
    }
  };
  net::HttpLimits limits;
  limits.timeout = timeout;
  return net::http_get(loop_, std::move(*socket), target, limits, on_response);
}

std::unique_ptr<net::HttpExchange> DockerApi::stream(std::string_view target,
                                                     net::HttpStreamHandlers handlers) {
  auto socket = connect_(options_.socket);
  if (!socket) {
    return std::make_unique<Stillborn>(
        loop_, [on_end = std::move(handlers.on_end), text = connect_problem(socket.error())] {
          on_end({.kind = net::HttpFailure::system, .text = text});
        });
  }
  net::HttpLimits limits;
  limits.timeout = options_.timeout;
  return net::http_stream(loop_, std::move(*socket), target, limits, std::move(handlers));
}

}  // namespace dropwarden::container
