// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/file_destination.hpp"

#include <utility>

namespace dropwarden::sink {
namespace {

class File final : public Destination {
 public:
  explicit File(sys::AppendFileSettings settings) : file_(std::move(settings)) {}

  std::size_t max_messages() const override { return 256; }

  Sent send(std::span<const model::SharedMessage> messages) override {
    Sent sent;
    for (const auto& message : messages) {
      const auto written = file_.append(message->body + '\n');
      if (!written) {
        sent.problem = written.error().text();
        return sent;
      }
      ++sent.taken;
    }
    return sent;
  }

  // Nothing here waits for anybody but the disk.
  void cancel() override {}
  void reopen() override {
    // Why not, the next message says, which tries again.
    static_cast<void>(file_.reopen());
  }

 private:
  sys::AppendFile file_;
};

}  // namespace

std::unique_ptr<Destination> open_file_destination(sys::AppendFileSettings settings) {
  return std::make_unique<File>(std::move(settings));
}

}  // namespace dropwarden::sink
