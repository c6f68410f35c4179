// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "box.hpp"
#include "method.hpp"

namespace dropwarden::test {

// One method in one container at one place.
struct Cell {
  const Method& method;
  const Place& place;

  std::string directory() const { return std::string(place.path) + "/" + method.name; }
  std::string program() const;
  // Methods on files of the image have names that begin so.
  bool is_on_image() const;
};

// The files that it needs from the image, into the lower directory; before the container starts.
void put_into_image(const Cell& cell, const Box& box);
// Makes its directory, and what the method needs before the monitor starts.
void prepare(const Cell& cell, const Box& box);
// Throws UnsupportedHere or std::runtime_error. `other` is another container.
void act(const Cell& cell, const Box& box, const Box& other);

}  // namespace dropwarden::test
