// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/store/store.hpp"

#include "outputs.hpp"

namespace dropwarden::daemon {

// The store of the running daemon, as far as there is one: what goes wrong with it is logged, and the daemon
// goes on without. Loop's thread, save `set_told`.
class Memory {
 public:
  explicit Memory(const config::Store& settings);

  // Null when there is none.
  store::Store* store() { return store_.get(); }
  // The outputs have written this revision of a finding. Any thread.
  void set_told(const std::string& id, unsigned revision);

  // Gives the outputs what a daemon that was killed had found and not told to its end. Before the monitor is
  // made, which knows it then.
  void tell_unfinished(Outputs& outputs);
  // From now on says every few seconds that the daemon watches.
  void start(boost::asio::io_context& loop);
  // The daemon ends and has told everything, unless `is_clean` is false. Commits what is left.
  void finish(bool is_clean);

 private:
  void keep_alive();

  std::unique_ptr<store::Store> store_;
  std::optional<boost::asio::steady_timer> timer_;
};

}  // namespace dropwarden::daemon
