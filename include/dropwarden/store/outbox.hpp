// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dropwarden/model/message.hpp"
#include "dropwarden/store/store.hpp"

namespace dropwarden::store {

struct MailboxSettings {
  std::string name;            // by which it is known again after a restart
  std::string encoding;        // of the messages that it gets
  bool has_revisions = false;  // also those after a finding's first
  std::size_t queue = 8192;    // messages in memory; what is beyond waits in the store

  friend bool operator==(const MailboxSettings&, const MailboxSettings&) = default;
};

struct MailboxState {
  std::string name;
  std::uint64_t delivered = 0;  // since the daemon was started, as the others
  std::uint64_t refused = 0;    // that the receiver will never take
  std::uint64_t lost = 0;       // without room in memory or store
  std::uint64_t pending = 0;    // wait for it, in memory or store
  std::uint64_t unstored = 0;   // of these: in memory alone, and lost when the daemon ends
  // How long the oldest of these has waited, by the clock of this process; 0 when none does.
  std::chrono::milliseconds lag{};
};

// What outputs are still to be given: a mailbox for each, with a cursor that says how far it got. Messages
// are kept in memory and, where there is a store, in its database until each mailbox that wants them has
// them, so that a kill loses none. Any thread may call any member.
class Outbox {
 public:
  // `store` may be null: then what does not fit into memory is lost, and all of it at the end. It must
  // outlive the outbox. `on_loss` gets a text for the log when a mailbox begins to lose messages;
  // it may be called until the store has finished.
  Outbox(Store* store, std::function<void(const std::string&)> on_loss);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // From now on these are the mailboxes. One that was there before, or when the store was last open, goes on
  // where it was, and loses what waits for it if its encoding has changed; a new one begins with the next
  // message; of one that is no more its messages are forgotten.
  void open(std::vector<MailboxSettings> mailboxes);

  // A message for each mailbox that wants it; gives it its number. How many mailboxes will get it, and how
  // many have lost it. What is not stored, though there is a store, is told once these have it: the outbox
  // says so to the store itself (Store::set_told).
  struct Added {
    std::size_t takers = 0;
    std::size_t lost = 0;
    bool is_stored = true;  // or there is no store; a kill costs the takers nothing that the store could keep
  };
  Added add(model::Message message);

  // The next messages of a mailbox, which stay in it until they are confirmed: at most `max` of them and, but
  // for the first, `max_bytes`. Waits for one until `until`, or `wake`.
  std::vector<model::SharedMessage> take(const std::string& mailbox, std::size_t max, std::size_t max_bytes,
                                         std::chrono::steady_clock::time_point until);
  // They are delivered up to this one, or refused for ever.
  enum class Outcome { delivered, refused };
  void confirm(const std::string& mailbox, std::uint64_t number, Outcome outcome);
  // Lets every `take` return.
  void wake();

  std::vector<MailboxState> states() const;

 private:
  const std::shared_ptr<Outgoing> outgoing_;
  Store* const store_;
};

}  // namespace dropwarden::store
