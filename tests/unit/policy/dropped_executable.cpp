// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/dropped_executable.hpp"

#include <gtest/gtest.h>

namespace dropwarden::policy {
namespace {

model::WriteEvent event_of(std::optional<model::FileKind> kind) {
  model::WriteEvent event;
  event.file.kind = std::move(kind);
  return event;
}

model::FileKind script() {
  return {.format = model::Format::script, .elf = {}, .script = {}};
}

TEST(DroppedExecutable, FiresForAKindThatIsWanted) {
  EXPECT_EQ(detect(event_of(script()), {}), dropped_executable);
  EXPECT_EQ(detect(event_of(script()), {.scripts = false}), std::nullopt);
  EXPECT_EQ(detect(event_of(std::nullopt), {}), std::nullopt);
}

TEST(DroppedExecutable, DoesNotFireForTheImagesOwnContent) {
  auto event = event_of(script());
  for (const auto origin : {model::Origin::created, model::Origin::modified, model::Origin::unknown}) {
    event.file.origin = origin;
    EXPECT_TRUE(detect(event, {})) << model::name_of(origin);
  }
  event.file.origin = model::Origin::unchanged;
  EXPECT_FALSE(detect(event, {}));
}

// Rules of others are keyed on them.
TEST(DroppedExecutable, CarriesTheIdentifiersThatAreKnownForIt) {
  EXPECT_EQ(dropped_executable.id, "TRC-1022");
  EXPECT_EQ(dropped_executable.version, "1");
  EXPECT_EQ(dropped_executable.name, "New executable dropped");
  EXPECT_EQ(dropped_executable.event_name, "dropped_executable");
  EXPECT_EQ(dropped_executable.category, "defense-evasion");
  EXPECT_EQ(dropped_executable.technique, "Masquerading");
  EXPECT_EQ(dropped_executable.technique_id, "T1036");
  EXPECT_EQ(dropped_executable.stix_id, "attack-pattern--42e8de7b-37b2-4258-905a-6897815e58e0");
}

}  // namespace
}  // namespace dropwarden::policy
